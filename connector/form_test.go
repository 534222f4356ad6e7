package connector

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	"github.com/100ms-connector/connector-go/connector/internal/pasted"
	"github.com/100ms-connector/connector-go/schema"
)

func TestTheFormIsTheSchemas(t *testing.T) {
	var doc struct {
		Required   []string
		Properties map[string]struct {
			Title, Description, Pattern, Type, Format string
			Examples                                  []string
			WriteOnly                                 bool
			MinLength, MaxLength                      int
			Order                                     *int
		}
	}
	if err := json.Unmarshal([]byte(schema.Credential), &doc); err != nil {
		t.Fatal(err)
	}
	fields := Form()
	asked := 0
	for name, p := range doc.Properties {
		if p.Order == nil {
			continue // no person is asked where an editor finds the schema
		}
		asked++
		if *p.Order < 0 || *p.Order >= len(fields) {
			t.Errorf("%s is field %d of %d", name, *p.Order, len(fields))
			continue
		}
		want := Field{
			Name: name, Title: p.Title, Help: p.Description, Examples: p.Examples,
			Required: slices.Contains(doc.Required, name), Secret: p.WriteOnly, MaxLength: p.MaxLength, Pattern: p.Pattern,
		}
		if got := fields[*p.Order]; !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", name, got, want)
		}
		if p.WriteOnly != (p.Format == "password") {
			t.Errorf("%s is masked by some hosts and not by others", name)
		}
		// An empty string in a required field is as good as none.
		if slices.Contains(doc.Required, name) != (p.MinLength > 0) {
			t.Errorf("%s is required: %v, and has a least length of %d", name, !slices.Contains(doc.Required, name), p.MinLength)
		}
	}
	if asked != len(fields) {
		t.Errorf("the form has %d fields, the schema %d", len(fields), asked)
	}
}

func TestTheFormAsksForWhatTheHostsPageAsks(t *testing.T) {
	type line struct {
		Name, Title      string
		Required, Secret bool
	}
	var got []line
	for _, f := range Form() {
		got = append(got, line{f.Name, f.Title, f.Required, f.Secret})
		if f.Help == "" || len(f.Examples) == 0 {
			t.Errorf("%s: nobody says what to put there", f.Name)
		}
	}
	want := []line{
		{"name", "Credential Name", true, false},
		{"description", "Credential Description", false, false},
		{"api_key_value", "API Key Value", true, true},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v", got)
	}
}

func TestAFormBelongsToWhoAskedForIt(t *testing.T) {
	want := docJSON(t, Form())
	mine := Form()
	for i := range mine {
		for j := range mine[i].Examples {
			mine[i].Examples[j] = "overwritten"
		}
		mine[i] = Field{Examples: append(mine[i].Examples, "more")}
	}
	if got := docJSON(t, Form()); got != want {
		t.Errorf("the next form is %s", got)
	}
}

// The limits stand in the schema and, for the token, in the code that bounds
// what it parses.
func TestTheTokensLimitIsTheSchemas(t *testing.T) {
	for _, f := range Form() {
		if f.Name == tokenField && f.MaxLength != pasted.MaxToken {
			t.Errorf("the schema allows %d characters, the parser %d", f.MaxLength, pasted.MaxToken)
		}
	}
}

func docJSON(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
