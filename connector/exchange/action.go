package exchange

import (
	"encoding/json"
	"slices"

	"github.com/100ms-connector/connector-go/schema"
)

// Action is a kind of record that can be written: a row of the table. Actions and
// FindAction give them; one made elsewhere cannot be written.
type Action struct {
	Name       string
	Path       string // of its call, below the base URL; what stands in braces is a field of the record
	Does       string // what a record of it does, for people
	Danger     string // what it does to people in a call, or costs; empty if nothing. Such an action needs Destination.Consent
	Repeatable bool   // a record that is written twice does what it does once: hosts write again what failed

	write func(*writing, *item) Ack
}

// Schema is the JSON Schema of the action's records.
func (a Action) Schema() json.RawMessage {
	document, _ := schema.Action(a.Name) // each row has one, a test holds it
	return document
}

// Actions lists the actions, in the order in which the documentation shows them.
func Actions() []Action { return slices.Clone(actions) }

// FindAction gives the action of a name.
func FindAction(name string) (Action, bool) {
	i := slices.IndexFunc(actions, func(a Action) bool { return a.Name == name })
	if i < 0 {
		return Action{}, false
	}
	return actions[i], true
}
