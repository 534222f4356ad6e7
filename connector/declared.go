package connector

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/100ms-connector/connector-go/schema"
)

// declaration is what a form shows of the credential's JSON Schema, and what it
// shows of one property.
type declaration struct {
	Title       string
	Description string
	Examples    []string
	Order       *int // a property without one is not asked for
	WriteOnly   bool
	Required    []string
	Properties  map[string]declaration
	MaxLength   int
	Pattern     string
}

// declared is the embedded schema, decoded on first use.
var declared = sync.OnceValue(func() declaration {
	var d declaration
	if err := json.Unmarshal([]byte(schema.Credential), &d); err != nil {
		panic("connector: the embedded schema: " + err.Error())
	}
	return d
})

// credentialSchema is the embedded schema, compiled on first use.
//
// The pattern of the token stands in the document for other validators. Here it is
// left out: read says the same more exactly and in a quarter of the time, and a test
// holds the two against each other.
var credentialSchema = sync.OnceValue(func() *jsonschema.Schema {
	compiler := jsonschema.NewCompiler()
	compiler.LoadURL = func(string) (io.ReadCloser, error) { return nil, errors.New("nothing is fetched") }
	if err := compiler.AddResource(schema.CredentialID, strings.NewReader(schema.Credential)); err != nil {
		panic("connector: the embedded schema: " + err.Error())
	}
	compiled := compiler.MustCompile(schema.CredentialID)
	compiled.Properties[tokenField].Pattern = nil
	return compiled
})
