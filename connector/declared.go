package connector

import (
	"encoding/json"
	"regexp"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/100ms-connector/connector-go/schema"
)

// declaration is a JSON Schema with the keywords that the credential's uses. Both
// the form and the validation are read from it.
type declaration struct {
	Schema string `json:"$schema"`
	ID     string `json:"$id"`

	// What a form shows.
	Title       string
	Description string
	Examples    []string
	Format      string
	Order       *int // a property without one is not asked for
	WriteOnly   bool

	// What a document has to fulfil.
	Type                 string
	Required             []string
	Properties           map[string]declaration
	AdditionalProperties *bool
	MinLength, MaxLength *int
	Pattern              string
}

// declared is the embedded schema, decoded on first use.
var declared = sync.OnceValue(func() declaration {
	var d declaration
	decoder := json.NewDecoder(strings.NewReader(schema.Credential))
	decoder.DisallowUnknownFields() // a keyword that nothing here reads must not count for nothing
	if err := decoder.Decode(&d); err != nil {
		panic("connector: the embedded schema: " + err.Error())
	}
	return d
})

// credentialSchema is the embedded schema as its library validates by it.
//
// The library's compiler makes the same of it, which a test shows. But first it
// holds the document against the metaschema, in every process that validates one:
// a twentieth of the command's start, for what the test has seen to.
var credentialSchema = sync.OnceValue(func() *jsonschema.Schema {
	return declared().compile(schema.CredentialID + "#")
})

func (d declaration) compile(location string) *jsonschema.Schema {
	s := &jsonschema.Schema{
		Location: location, Draft: jsonschema.Draft7,
		Types: []string{d.Type}, Required: d.Required,
		MinLength: orUnlimited(d.MinLength), MaxLength: orUnlimited(d.MaxLength),
		MinProperties: -1, MaxProperties: -1, MinItems: -1, MaxItems: -1, MinContains: 1, MaxContains: -1,
	}
	if d.AdditionalProperties != nil {
		s.AdditionalProperties = *d.AdditionalProperties
	}
	// The pattern of the token stands in the document for other validators. Here it
	// is left out: read says the same more exactly and in a quarter of the time, and
	// a test holds the two against each other.
	if d.Pattern != "" && !d.WriteOnly {
		s.Pattern = regexp.MustCompile(d.Pattern)
	}
	if d.Properties != nil {
		s.Properties = make(map[string]*jsonschema.Schema, len(d.Properties))
		for name, property := range d.Properties {
			s.Properties[name] = property.compile(location + "/properties/" + name)
		}
	}
	return s
}

// orUnlimited is the library's way to say that there is no limit.
func orUnlimited(n *int) int {
	if n == nil {
		return -1
	}
	return *n
}
