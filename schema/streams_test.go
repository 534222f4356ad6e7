package schema_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/100ms-connector/connector-go/schema"
)

// keys of all streams (exchange contract).
var keys = map[string][]string{
	"rooms": {"id"}, "sessions": {"id"}, "session_peers": {"session_id", "id"}, "active_rooms": {"room_id"}, "active_room_peers": {"room_id", "id"},
	"recordings": {"id"}, "recording_assets": {"id"}, "live_streams": {"id"}, "external_streams": {"id"}, "templates": {"id"},
	"template_settings": {"template_id"}, "template_destinations": {"template_id", "kind", "name"}, "template_roles": {"template_id", "name"},
	"room_codes": {"room_id", "role", "created_at"}, "stream_keys": {"id"}, "analytics_events": {"id"},
	"feedback": {"session_id", "peer_id", "timestamp"}, "webhook_deliveries": {"event_id"},
}

func TestEveryStreamHasASchemaThatCompilesInBothDrafts(t *testing.T) {
	if names := schema.StreamNames(); len(names) != len(keys) {
		t.Errorf("%d schemas for %d streams: %v", len(names), len(keys), names)
	}
	for name, key := range keys {
		document, ok := schema.Stream(name)
		if !ok {
			t.Errorf("no schema of %s", name)
			continue
		}
		id := "https://github.com/100ms-connector/connector-go/schema/streams/" + name + ".schema.json"
		if !strings.Contains(string(document), fmt.Sprintf("%q: %q", "$id", id)) {
			t.Errorf("%s names itself otherwise", name)
		}
		for _, draft := range drafts {
			compiled, err := jsonschema.CompileString(id, strings.Replace(string(document), drafts[0], draft, 1))
			if err != nil {
				t.Errorf("%s as %s: %v", name, draft, err)
				continue
			}
			record := map[string]any{"something_new": map[string]any{"of": "the API"}}
			if err := compiled.Validate(record); err == nil {
				t.Errorf("%s as %s: a record without its key is valid", name, draft)
			}
			for _, field := range key {
				record[field] = "2026-06-01T12:00:00.123456789Z"
			}
			if err := compiled.Validate(record); err != nil {
				t.Errorf("%s as %s: a record of its key and an unknown field is refused: %v", name, draft, err)
			}
		}
	}
	for _, name := range []string{"", "Rooms", "polls", "../credential", "rooms.schema.json"} {
		if _, ok := schema.Stream(name); ok {
			t.Errorf("%q is a stream", name)
		}
	}
}

// keywords are those whose meaning is one in draft-07 and 2020-12, and the marks.
var keywords = []string{"$schema", "$id", "title", "description", "type", "format", "properties", "required", "items", "additionalProperties",
	"x-secret", "x-secret-part", "x-personal"}

var (
	timeName   = regexp.MustCompile(`(_at|[a-z]At|timestamp)$`)
	secretName = regexp.MustCompile(`(?i)(secret|password|token|credential|signed_url|^key$|^code$|rtmp_?urls?$|meeting_url|webhook_url)`)
	personName = regexp.MustCompile(`^(user|user_id|user_name|peer_name|user_data|metadata|comment|error_description|room_name)$`)
)

// exceptions are fields that are named like a secret or like personal data.
var exceptions = []string{
	"rooms/key",                 // documented without a meaning, beside customer
	"recording_assets/metadata", // of the file
	"recordings/recording_assets/metadata", "live_streams/recording_assets/metadata", "external_streams/recording_assets/metadata",
}

func TestSchemasOfStreamsKeepTheirRules(t *testing.T) {
	for name, key := range keys {
		document, _ := schema.Stream(name)
		var root map[string]any
		if err := json.Unmarshal(document, &root); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := fmt.Sprint(root["required"]); got != fmt.Sprint(key) || root["type"] != "object" || root["additionalProperties"] != true || root["title"] == "" {
			t.Errorf("%s requires %v, want %v, as an open object with a title", name, got, key)
		}
		properties, _ := root["properties"].(map[string]any)
		for _, field := range key {
			declared, _ := properties[field].(map[string]any)
			if declared["type"] != "string" {
				t.Errorf("%s/%s is a key, and not a string that is never null", name, field)
			}
			delete(declared, "type") // the rule for all others
			declared["type"] = []any{"string", "null"}
			if declared["x-secret"] != nil || declared["x-personal"] != nil {
				t.Errorf("%s/%s is a key and marked", name, field)
			}
		}
		root["type"] = []any{"object", "null"}
		inspect(t, name, root)
	}
}

// inspect holds a part of a schema against the rules, and all parts below it.
func inspect(t *testing.T, path string, part map[string]any) {
	t.Helper()
	for keyword := range part {
		if !slices.Contains(keywords, keyword) {
			t.Errorf("%s has the keyword %s", path, keyword)
		}
	}
	types := fmt.Sprint(part["type"])
	name := path[strings.LastIndexByte(path, '/')+1:]
	if description, _ := part["description"].(string); !strings.HasSuffix(description, ".") {
		t.Errorf("%s has no description", path)
	}
	if !strings.HasSuffix(types, " null]") {
		t.Errorf("%s cannot be null: %s", path, types)
	}
	if isTime := timeName.MatchString(name); isTime != (part["format"] == "date-time") {
		t.Errorf("%s: format %v", path, part["format"])
	}
	leaf := types == "[string null]"
	if part["x-secret"] != nil && (part["x-secret"] != true || !leaf) || part["x-personal"] != nil && part["x-personal"] != true {
		t.Errorf("%s: a mark is true, and that of a secret stands at a string", path)
	}
	if part["x-secret-part"] != nil && (part["x-secret"] != true || part["x-secret-part"] != "user info and query") {
		t.Errorf("%s: part %v of what is no secret", path, part["x-secret-part"])
	}
	excepted := slices.Contains(exceptions, path)
	if leaf && secretName.MatchString(name) && part["x-secret"] == nil && !excepted {
		t.Errorf("%s is named like a secret, and not marked", path)
	}
	if personName.MatchString(name) && part["x-personal"] == nil && !excepted {
		t.Errorf("%s is named like personal data, and not marked", path)
	}
	switch rest := part["additionalProperties"].(type) {
	case map[string]any:
		inspect(t, path, rest)
	case nil:
		if strings.Contains(types, "object") {
			t.Errorf("%s does not say what further fields are", path)
		}
	case bool:
		if !rest {
			t.Errorf("%s is closed", path)
		}
	}
	if items, ok := part["items"].(map[string]any); ok {
		inspect(t, path, items)
	} else if strings.Contains(types, "array") {
		t.Errorf("%s does not say what its elements are", path)
	}
	properties, _ := part["properties"].(map[string]any)
	for field, declared := range properties {
		inspect(t, path+"/"+field, declared.(map[string]any))
	}
}
