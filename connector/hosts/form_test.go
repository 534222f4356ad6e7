package hosts

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/100ms-connector/connector-go/connector"
)

// plain is v as a host sees it that reads its JSON.
func plain(t *testing.T, v any) map[string]any {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var object map[string]any
	if err := json.Unmarshal(data, &object); err != nil {
		t.Fatal(err)
	}
	return object
}

// visit calls do for every JSON object in v, with the place at which it stands.
func visit(at string, v any, do func(at string, object map[string]any)) {
	switch v := v.(type) {
	case map[string]any:
		do(at, v)
		for key, child := range v {
			visit(at+"/"+key, child, do)
		}
	case []any:
		for _, child := range v {
			visit(at+"/-", child, do)
		}
	}
}

// The rules are those of Airbyte's connector acceptance tests.
func TestAirbyteAcceptsTheSpecification(t *testing.T) {
	spec := plain(t, AirbyteSpecification())
	forbidden := []string{
		"not", "anyOf", "allOf", "if", "then", "else", "patternProperties", "prefixItems", "dependentSchemas", "dependencies",
		"oneOf", "$ref", "definitions", "$defs", // oneOf and $ref have rules of their own; none is needed
	}
	secretLike := regexp.MustCompile(`(?i)token|secret|password|passwd|private|credential|api_?key|apikey|access_?key`)
	visit("", spec, func(at string, object map[string]any) {
		if strings.HasSuffix(at, "/properties") {
			for name, p := range object {
				property := p.(map[string]any)
				kind, single := property["type"].(string)
				if !single || kind == "" {
					t.Errorf("%s/%s: the type is %v, not one", at, name, property["type"])
				}
				if secretLike.MatchString(name) && property["airbyte_secret"] != true {
					t.Errorf("%s/%s has the name of a secret and is not airbyte_secret", at, name)
				}
				if property["title"] == nil || property["description"] == nil {
					t.Errorf("%s/%s has no title or no description", at, name)
				}
				if _, isInt := property["order"].(float64); !isInt {
					t.Errorf("%s/%s has no order", at, name)
				}
			}
			return
		}
		for _, keyword := range forbidden {
			if _, ok := object[keyword]; ok {
				t.Errorf("%s has the keyword %s", at, keyword)
			}
		}
		if more, given := object["additionalProperties"]; (given || at == "") && more != true {
			t.Errorf("%s: additionalProperties is %v", at, more)
		}
		if object["pattern_descriptor"] != nil && object["pattern"] == nil {
			t.Errorf("%s describes a pattern that it does not have", at)
		}
		if secret := object["airbyte_secret"]; secret != nil && (secret != true || object["type"] != "string") {
			t.Errorf("%s: airbyte_secret is %v of a %v", at, secret, object["type"])
		}
	})
	if spec["$schema"] != "http://json-schema.org/draft-07/schema#" || spec["type"] != "object" {
		t.Errorf("$schema is %v, type is %v", spec["$schema"], spec["type"])
	}
	if spec["$id"] != nil {
		t.Errorf("it calls itself %v, which is another document", spec["$id"])
	}
	properties := spec["properties"].(map[string]any)
	orders := map[any]string{}
	for name, p := range properties {
		order := p.(map[string]any)["order"]
		if other, taken := orders[order]; taken {
			t.Errorf("%s and %s are both number %v", name, other, order)
		}
		orders[order] = name
	}
	if len(properties) != len(connector.Form()) {
		t.Errorf("%d properties, %d fields", len(properties), len(connector.Form()))
	}
	for _, name := range spec["required"].([]any) {
		if properties[name.(string)] == nil {
			t.Errorf("%v is required and does not exist", name)
		}
	}
	secret := properties["api_key_value"].(map[string]any)
	if secret["airbyte_secret"] != true || secret["pattern_descriptor"] != "header.payload.signature" {
		t.Errorf("the token's field is %v", secret)
	}
}

func TestAConfigurationThatAirbyteAcceptsIsACredentialDocument(t *testing.T) {
	data, err := json.Marshal(AirbyteSpecification())
	if err != nil {
		t.Fatal(err)
	}
	spec, err := jsonschema.CompileString("mem:///airbyte.json", string(data))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		doc string
		ok  bool
	}{
		{`{"name":"100ms production","api_key_value":"aaa.bbb.ccc"}`, true},
		{`{"name":"100ms production","description":"d","api_key_value":"aaa.bbb.ccc"}`, true},
		{`{"name":"100ms production"}`, false},
		{`{"name":" ","api_key_value":"aaa.bbb.ccc"}`, false},
		{`{"name":"100ms production","api_key_value":"changeme"}`, false},
	} {
		var v any
		if err := json.Unmarshal([]byte(c.doc), &v); err != nil {
			t.Fatal(err)
		}
		if err := spec.Validate(v); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.doc, err)
		}
		if _, err := connector.ParseCredential([]byte(c.doc)); c.ok && err != nil {
			t.Errorf("%s: %v", c.doc, err)
		}
	}
}

func TestTheNexlaFormHasTheFieldsOfItsOverlay(t *testing.T) {
	const want = `[
  {
    "name": "name",
    "display_name": "Credential Name",
    "description": "The name to find this credential by. Name the workspace, for example.",
    "required": true,
    "type": "text",
    "inputType": "text",
    "placeholder": "100ms production"
  },
  {
    "name": "description",
    "display_name": "Credential Description",
    "description": "What the credential is for and who looks after it.",
    "required": false,
    "type": "text",
    "inputType": "text",
    "placeholder": "Rooms and recordings for the weekly report; owner: data team"
  },
  {
    "name": "api_key_value",
    "display_name": "API Key Value",
    "description": "The Management Token of the workspace. In the 100ms dashboard open Developer and copy Management Token, without the word Bearer. It is neither the App Secret nor an app token, and it expires after 7 days, 14 at most.",
    "required": true,
    "type": "password",
    "inputType": "password",
    "placeholder": "\u003cheader\u003e.\u003cpayload\u003e.\u003csignature\u003e"
  }
]`
	got, err := json.MarshalIndent(NexlaFields(), "", "  ")
	if err != nil || string(got) != want {
		t.Errorf("got %s (%v)", got, err)
	}
}

func TestTheRJSFFormMasksTheTokenAndKeepsTheOrder(t *testing.T) {
	const want = `{
  "api_key_value": {
    "ui:options": {
      "autocomplete": "off"
    },
    "ui:placeholder": "\u003cheader\u003e.\u003cpayload\u003e.\u003csignature\u003e",
    "ui:widget": "password"
  },
  "description": {
    "ui:placeholder": "Rooms and recordings for the weekly report; owner: data team"
  },
  "name": {
    "ui:placeholder": "100ms production"
  },
  "ui:order": [
    "name",
    "description",
    "api_key_value"
  ]
}`
	form := plain(t, RJSF())
	got, err := json.MarshalIndent(form["uiSchema"], "", "  ")
	if err != nil || string(got) != want {
		t.Errorf("got %s (%v)", got, err)
	}
	properties := form["schema"].(map[string]any)["properties"].(map[string]any)
	if len(form) != 2 || len(properties) != 3 || properties["$schema"] != nil {
		t.Errorf("the form asks for %v", properties)
	}
	// react-jsonschema-form refuses an order that lacks a property.
	for _, name := range form["uiSchema"].(map[string]any)["ui:order"].([]any) {
		if properties[name.(string)] == nil {
			t.Errorf("%v is in the order and not in the form", name)
		}
	}
	data, err := json.Marshal(form["schema"])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := jsonschema.CompileString("mem:///rjsf.json", string(data)); err != nil {
		t.Error(err)
	}
}

func TestNoFormHoldsAValueThatCouldBeAToken(t *testing.T) {
	for name, form := range map[string]any{"Nexla": NexlaFields(), "Airbyte": AirbyteSpecification(), "RJSF": RJSF()} {
		data, err := json.Marshal(form)
		if err != nil {
			t.Fatal(err)
		}
		if found := regexp.MustCompile(`eyJ|[A-Za-z0-9_-]{30,}`).Find(data); found != nil {
			t.Errorf("%s: %s", name, found)
		}
	}
}

func TestAFormBelongsToWhoAskedForIt(t *testing.T) {
	wreck := func(v any) {
		visit("", v, func(_ string, object map[string]any) { clear(object) })
	}
	airbyte, rjsf := plain(t, AirbyteSpecification()), plain(t, RJSF())
	wreck(AirbyteSpecification())
	wreck(RJSF().Schema)
	wreck(RJSF().UISchema)
	same := func(a, b any) bool {
		x, _ := json.Marshal(a)
		y, _ := json.Marshal(b)
		return slices.Equal(x, y)
	}
	if !same(plain(t, AirbyteSpecification()), airbyte) || !same(plain(t, RJSF()), rjsf) {
		t.Error("a form that was changed changed the next one")
	}
}
