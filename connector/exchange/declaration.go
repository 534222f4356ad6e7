package exchange

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/100ms-connector/connector-go/schema"
)

// declaration is an action's schema, in the two forms in which it is asked.
type declaration struct {
	compiled *jsonschema.Schema
	root     *rule
	marks    *marks
	read     map[string]bool // the fields of the stream of that name, of what 100ms gives
}

// rule is a part of a schema, as far as messages are made of it.
type rule struct {
	Type, Description  string
	Properties         map[string]*rule
	Items              *rule
	Enum, Required     []string
	Minimum, Maximum   json.Number
	MaxLength          int
	MinItems, MaxItems int
	OneOf              []*rule
	Then, Else         *rule // which say in their description what they ask for
}

// member is the rule for a field or an element; of one that the schema does not
// describe, a rule without anything.
func (r *rule) member(name string) *rule {
	if p := r.Properties[name]; p != nil {
		return p
	}
	if r.Items != nil {
		return r.Items
	}
	return &rule{}
}

// at is the rule for the value at a path.
func (r *rule) at(pointer string) *rule {
	for _, name := range strings.Split(pointer, "/")[1:] {
		r = r.member(unescapePointer.Replace(name))
	}
	return r
}

var declarations sync.Map // from an action's name to its *declaration

func declarationOf(action string) *declaration {
	if d, ok := declarations.Load(action); ok {
		return d.(*declaration)
	}
	text, _ := schema.Action(action) // each row has one, a test holds it
	d := &declaration{root: new(rule), read: map[string]bool{}}
	compiler := jsonschema.NewCompiler()
	compiler.Draft = jsonschema.Draft7
	name := action + ".schema.json"
	// The schemas are part of the program, and a test compiles each.
	if err := errors.Join(compiler.AddResource(name, bytes.NewReader(text)), json.Unmarshal(text, d.root)); err != nil {
		panic("exchange: " + err.Error())
	}
	d.compiled = compiler.MustCompile(name)
	own := new(declared)
	own.read(text)
	d.marks = own.marks
	if stream, ok := Find(action); ok {
		for _, field := range stream.Fields() {
			d.read[field] = true
		}
	}
	kept, _ := declarations.LoadOrStore(action, d)
	return kept.(*declaration)
}
