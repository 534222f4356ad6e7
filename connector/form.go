package connector

import (
	"cmp"
	"encoding/json"
	"slices"
	"sync"

	"github.com/100ms-connector/connector-go/schema"
)

// Field is one field of the credential's form, read from the JSON Schema.
type Field struct {
	Name      string   `json:"name"`  // the key in the document
	Title     string   `json:"title"` // the label
	Help      string   `json:"help"`  // what to put there, and where to find it
	Examples  []string `json:"examples,omitempty"`
	Required  bool     `json:"required"`
	Secret    bool     `json:"secret"` // to be masked, and never shown again
	MaxLength int      `json:"max_length,omitempty"`
	Pattern   string   `json:"pattern,omitempty"` // as in JSON Schema it may match anywhere; that of an HTML input matches the whole
}

// Form lists the fields of the credential in the order in which to ask for them.
func Form() []Field {
	fields := slices.Clone(form())
	for i := range fields {
		fields[i].Examples = slices.Clone(fields[i].Examples)
	}
	return fields
}

var form = sync.OnceValue(func() []Field {
	var doc struct {
		Required   []string
		Properties map[string]struct {
			Field
			Description string
			WriteOnly   bool
			MaxLength   int
			Order       *int // a property without one is not asked for
		}
	}
	if err := json.Unmarshal([]byte(schema.Credential), &doc); err != nil {
		panic("connector: the embedded schema: " + err.Error())
	}
	var names []string
	for name, p := range doc.Properties {
		if p.Order != nil {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Compare(*doc.Properties[a].Order, *doc.Properties[b].Order)
	})
	var fields []Field
	for _, name := range names {
		p := doc.Properties[name]
		f := p.Field
		f.Name, f.Help, f.Secret, f.MaxLength = name, p.Description, p.WriteOnly, p.MaxLength
		f.Required = slices.Contains(doc.Required, name)
		fields = append(fields, f)
	}
	return fields
})
