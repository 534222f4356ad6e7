package schema

import (
	"embed"
)

//go:embed actions/*.schema.json
var actions embed.FS

// Action is the JSON Schema of the records of an action, as in actions/NAME.schema.json;
// ok is false if there is no action of that name.
func Action(name string) (document []byte, ok bool) {
	document, err := actions.ReadFile("actions/" + name + streamSuffix)
	return document, err == nil
}
