package hosts

import (
	"fmt"
	"strings"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/exchange"
)

// NexlaSink is a sink as Nexla's agent API creates it (POST /sinks). The ids of the
// credential and of the Nexset are to be put in.
type NexlaSink struct {
	Name         string            `json:"name"`
	Description  string            `json:"description"`
	Connector    string            `json:"connector"`
	NexsetID     int               `json:"nexset_id"`     // 0: Nexla gives it to the records
	CredentialID int               `json:"credential_id"` // 0: Nexla gives it to the credential when it is created
	Config       map[string]string `json:"config"`
}

// nexlaSinks are the actions whose bare call does no harm: Nexla makes it for each record
// without a look before, and again if it failed. That {record.FIELD} stands for a field is
// Nexla's public reference for URLs; that it does in a body too is not confirmed.
var nexlaSinks = map[string]struct{ path, body, needs string }{
	"room_codes":  {"/room-codes/room/{record.room_id}", `{}`, "a field room_id; a role that has a code keeps it"},
	"room_status": {"/rooms/{record.id}", `{"enabled":{record.enabled}}`, "the fields id and enabled, which is true or false"},
}

// NexlaSinkOf is the sink by which Nexla carries out an action by itself. The error is
// about an action that needs a look before the call.
func NexlaSinkOf(name string) (*NexlaSink, error) {
	action, ok := exchange.FindAction(name)
	sink, safe := nexlaSinks[name]
	switch {
	case !ok:
		return nil, fmt.Errorf("there is no action %.100q; Nexla can do room_codes and room_status", name)
	case name == "rooms":
		return nil, fmt.Errorf("rooms cannot be written by Nexla itself: POST /rooms writes over the room that has the name, without a word; connector write looks before, and so do connector airbyte destination and connector singer target. Nexla can do room_codes and room_status")
	case !action.Repeatable:
		return nil, fmt.Errorf("%s cannot be written by Nexla: it sends again what failed, and %s; connector write does it once", name, action.Danger)
	case !safe:
		return nil, fmt.Errorf("%s cannot be written by Nexla: what becomes of it is to be followed, which connector write does", name)
	}
	return &NexlaSink{
		Name: "100ms " + strings.ReplaceAll(name, "_", " "), Connector: "custom_rest",
		Description: "For each record it " + action.Does + ". A record has " + sink.needs + ".",
		Config: map[string]string{
			"url.template": connector.DefaultBaseURL + sink.path, "method": "POST", "content.type": "application/json", "body.template": sink.body,
		},
	}, nil
}
