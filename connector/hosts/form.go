// Package hosts writes what data-integration hosts take, in their own words:
// the credential's form for Nexla, Airbyte and react-jsonschema-form.
//
// Every form is derived from connector.Form and the embedded schema; nothing is
// written twice. What a host's names rest on stands beside each function.
package hosts

import (
	"encoding/json"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/schema"
)

// NexlaField is one field as Nexla's form SDK consumes it.
type NexlaField struct {
	Name        string `json:"name"`
	DisplayName string `json:"display_name"`
	Description string `json:"description"`
	Required    bool   `json:"required"`
	Type        string `json:"type"`      // text or password; Nexla knows more, the form needs none
	InputType   string `json:"inputType"` // of the HTML input
	Placeholder string `json:"placeholder,omitempty"`
}

// NexlaFields is the form for Nexla's Add New Credential overlay.
func NexlaFields() []NexlaField {
	var fields []NexlaField
	for _, f := range connector.Form() {
		kind := "text"
		if f.Secret {
			kind = "password"
		}
		n := NexlaField{Name: f.Name, DisplayName: f.Title, Description: f.Help, Required: f.Required, Type: kind, InputType: kind}
		if len(f.Examples) > 0 {
			n.Placeholder = f.Examples[0]
		}
		fields = append(fields, n)
	}
	return fields
}

// AirbyteSpecification is an Airbyte connectionSpecification: draft-07, secrets
// marked, and additionalProperties true, as Airbyte's acceptance tests demand
// (Airbyte docs, connector specification). A configuration that follows it, and
// has no keys beyond it, is a credential document.
func AirbyteSpecification() map[string]any {
	doc := document()
	delete(doc, "$id") // it would name a document that this is not
	doc["additionalProperties"] = true
	properties := doc["properties"].(map[string]any)
	delete(properties, "$schema")
	for _, f := range connector.Form() {
		p := properties[f.Name].(map[string]any)
		if p["pattern"] != nil {
			p["pattern_descriptor"] = "not blank" // shown in the pattern's place
		}
		if f.Secret {
			p["airbyte_secret"] = true
			p["pattern_descriptor"] = "header.payload.signature"
		}
	}
	return doc
}

// RJSFForm is what react-jsonschema-form takes: a schema and a uiSchema.
type RJSFForm struct {
	Schema   map[string]any `json:"schema"`
	UISchema map[string]any `json:"uiSchema"`
}

// RJSF is the form for react-jsonschema-form.
func RJSF() RJSFForm {
	doc := document()
	properties := doc["properties"].(map[string]any)
	delete(properties, "$schema")
	ui := map[string]any{}
	order := []string{}
	for _, f := range connector.Form() {
		order = append(order, f.Name)
		field := map[string]any{} // the help is shown from the schema's description
		if f.Secret {
			field["ui:widget"] = "password"
			field["ui:options"] = map[string]any{"autocomplete": "off"}
		}
		if len(f.Examples) > 0 {
			field["ui:placeholder"] = f.Examples[0]
			delete(properties[f.Name].(map[string]any), "examples") // else offered as choices
		}
		ui[f.Name] = field
	}
	ui["ui:order"] = order
	return RJSFForm{doc, ui}
}

// document is a fresh copy of the credential schema.
func document() map[string]any {
	var doc map[string]any
	if err := json.Unmarshal([]byte(schema.Credential), &doc); err != nil {
		panic("hosts: the embedded schema: " + err.Error())
	}
	return doc
}
