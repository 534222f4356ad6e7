package exchange

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/100ms-connector/connector-go/connector/internal/jsontext"
	"github.com/100ms-connector/connector-go/schema"
)

// marks is what a stream's schema says of a value, as far as it matters for passing
// it on.
type marks struct {
	secret   secrecy
	personal bool
	fields   map[string]*marks // what is declared; a field beside these is unknown
	entries  *marks            // of any other field: this is a map
	items    *marks            // of an array
}

// secrecy is what of a value is a secret.
type secrecy int

const (
	open      secrecy = iota
	undecided         // not declared: the rule of secrets says it
	inURL             // the user info and the query of a URL
	secret            // every string of it
)

// Marks of values for which the schema has none of its own.
var (
	undeclared = &marks{secret: undecided}
	hidden     = &marks{secret: secret}
)

// member gives the marks of a field. known is false for one that the schema should
// have and does not.
func (m *marks) member(name []byte) (inner *marks, known bool) {
	if m.secret == secret {
		return m, true
	}
	if inner, known = m.fields[string(name)]; known {
		return inner, true
	}
	if m.entries != nil {
		return m.entries, true
	}
	if secretName(name) {
		return hidden, len(m.fields) == 0
	}
	return undeclared, len(m.fields) == 0
}

func (m *marks) element() *marks {
	switch {
	case m.secret == secret || m.secret == undecided:
		return m
	case m.items != nil:
		return m.items
	}
	return undeclared
}

// declared is a stream's schema, read.
type declared struct {
	text   json.RawMessage
	marks  *marks
	fields []string // of a record, in the schema's order
	err    error
}

var schemas sync.Map // from a stream's name to its *declared

// schemaOf reads a stream's schema, once.
func schemaOf(stream string) *declared {
	if d, ok := schemas.Load(stream); ok {
		return d.(*declared)
	}
	d := &declared{marks: undeclared}
	if text, ok := schema.Stream(stream); !ok {
		d.err = fmt.Errorf("the stream %s has no schema", stream)
	} else {
		d.read(text)
	}
	found, _ := schemas.LoadOrStore(stream, d)
	return found.(*declared)
}

// node is a schema as far as it is read.
type node struct {
	Ref         string           `json:"$ref"`
	Properties  map[string]*node `json:"properties"`
	Additional  json.RawMessage  `json:"additionalProperties"`
	Items       *node            `json:"items"`
	Secret      bool             `json:"x-secret"`
	SecretPart  string           `json:"x-secret-part"` // where only the user info and the query of a URL are
	Personal    bool             `json:"x-personal"`
	Definitions map[string]*node `json:"definitions"`
	Defs        map[string]*node `json:"$defs"`
}

func (d *declared) read(text []byte) {
	var root node
	if d.err = json.Unmarshal(text, &root); d.err != nil {
		return
	}
	definitions := map[string]*node{}
	for name, n := range root.Definitions {
		definitions["#/definitions/"+name] = n
	}
	for name, n := range root.Defs {
		definitions["#/$defs/"+name] = n
	}
	d.text, d.marks = text, root.marks(definitions, 0)
	for key, value := range jsontext.Each(text) {
		if string(key) == `"properties"` {
			for name := range jsontext.Each(value) {
				d.fields = append(d.fields, jsontext.Unquote(name))
			}
		}
	}
}

// marks reads a schema's own and those below it. A schema that refers to itself ends
// at a depth that no record has.
func (n *node) marks(definitions map[string]*node, depth int) *marks {
	own := n
	if to := definitions[n.Ref]; to != nil {
		n = to
	}
	m := &marks{personal: n.Personal || own.Personal}
	switch {
	case n.Secret && n.SecretPart == "" || own.Secret && own.SecretPart == "":
		m.secret = secret
	case n.Secret || own.Secret:
		m.secret = inURL
	}
	if depth > 20 {
		return m
	}
	for name, inner := range n.Properties {
		if m.fields == nil {
			m.fields = map[string]*marks{}
		}
		m.fields[name] = inner.marks(definitions, depth+1)
	}
	var entries node
	if len(n.Additional) > 0 && n.Additional[0] == '{' && json.Unmarshal(n.Additional, &entries) == nil {
		m.entries = entries.marks(definitions, depth+1)
	}
	if n.Items != nil {
		m.items = n.Items.marks(definitions, depth+1)
	}
	return m
}

// paths lists the marked values, as in recording_info.upload_info.credentials: of a
// secret container the container alone.
func (m *marks) paths(marked func(*marks) bool) []string {
	found := []string{}
	var walk func(m *marks, path string)
	walk = func(m *marks, path string) {
		if marked(m) {
			found = append(found, strings.TrimPrefix(path, "."))
			return
		}
		for _, name := range slices.Sorted(maps.Keys(m.fields)) {
			walk(m.fields[name], path+"."+name)
		}
		if m.entries != nil {
			walk(m.entries, path+".*")
		}
		if m.items != nil {
			walk(m.items, path)
		}
	}
	walk(m, "")
	return found
}

// Schema is the JSON Schema (draft-07) of the stream's records.
func (s Stream) Schema() json.RawMessage { return schemaOf(s.Name).text }

// Fields are the declared fields of a record, in the schema's order.
func (s Stream) Fields() []string { return schemaOf(s.Name).fields }

// Secret lists the fields that are redacted unless the Source includes secrets.
func (s Stream) Secret() []string {
	return schemaOf(s.Name).marks.paths(func(m *marks) bool { return m.secret == secret || m.secret == inURL })
}

// Personal lists the fields that are about a person.
func (s Stream) Personal() []string {
	return schemaOf(s.Name).marks.paths(func(m *marks) bool { return m.personal })
}
