package connector

import (
	"cmp"
	"slices"
	"sync"
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
	doc := declared()
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
		fields = append(fields, Field{
			Name: name, Title: p.Title, Help: p.Description, Examples: p.Examples,
			Required: slices.Contains(doc.Required, name), Secret: p.WriteOnly,
			MaxLength: p.MaxLength, Pattern: p.Pattern,
		})
	}
	return fields
})
