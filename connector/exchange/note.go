package exchange

import "github.com/100ms-connector/connector-go/connector"

// NoteKind says what a Note is about.
type NoteKind string

// What is worth knowing of a read that goes on.
const (
	SkippedParent NoteKind = "skipped_parent" // the API refuses one parent's records; they were passed over
	UnknownField  NoteKind = "unknown_field"  // a field that the schema does not have; it is passed on
	DuplicateKey  NoteKind = "duplicate_key"  // two records of one walk have a key, and differ
	NoKey         NoteKind = "no_key"         // a record lacks a field of its key
	Unordered     NoteKind = "unordered"      // the list is not newest first, so it is read to its end
	Restarted     NoteKind = "restarted"      // the API refused the place at which to go on; the walk began anew
	GivenUp       NoteKind = "given_up"       // a record is not asked for any longer, though it may still change
	Renewed       NoteKind = "renewed"        // the API refused the token, and another was minted
)

// Note is something worth knowing of a read that goes on, once for each cause.
type Note struct {
	Kind   NoteKind
	Parent string         // the id of the parent or of the record; empty if it is about the stream
	Field  string         // the path of a field, as in recording_info.upload_info
	Code   connector.Code // why a parent was refused
	Status int            // with which the API answered
}
