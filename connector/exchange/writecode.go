package exchange

import "slices"

// Codes of an Ack, beside those of connector.Codes.
const (
	CodeSchema      = "schema"
	CodeRedacted    = "redacted_value"
	CodeNotFound    = "not_found"
	CodeForbidden   = "forbidden"
	CodeConflict    = "conflict"
	CodeChangedMore = "changed_more"
	CodeRefused     = "refused"
	CodeNoAnswer    = "no_answer"
)

// WriteCode is a cause that an Ack can have.
type WriteCode struct {
	Code    string
	Status  Status // with which it occurs
	Meaning string
	Remedy  string // the next step
}

var writeCodes = []WriteCode{
	{CodeSchema, Invalid, "The record breaks a rule of the action's schema.", "Mend what the message names; connector actions --format json shows the schema."},
	{CodeRedacted, Invalid, "A value holds [redacted], which a read puts in the place of a secret.", "Give the value itself, or leave the field out."},
	{CodeNotFound, Failed, "The API does not know the room, or it is not active.", "Check the id or the name; people can be reached in active rooms only."},
	{CodeForbidden, Failed, "The API refuses this room to a credential that works: it is disabled, as a rule.", "Enable the room with the action room_status."},
	{CodeConflict, Failed, "What the record asks for does not go together with what is there.", "The message says what is there; a template cannot be changed by name."},
	{CodeChangedMore, Failed, "More was changed than the record asks for, so the run stopped.", "Compare the room with what it was; the message names the fields."},
	{CodeRefused, Failed, "The API refuses the record.", "The message has the API's words."},
	{CodeNoAnswer, Uncertain, "The call was sent and no answer came, so it may have been carried out.", "Look, and write the record again only if it was not."},
}

// WriteCodes lists the causes that an Ack can have beside those of connector.Codes.
func WriteCodes() []WriteCode { return slices.Clone(writeCodes) }
