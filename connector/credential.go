package connector

import (
	"encoding/json"
	"time"

	"github.com/100ms-connector/connector-go/connector/internal/jsontext"
)

// Credential is what a customer gives a host: the three fields of the form. Its
// JSON keys are a credential document's; encoding/json writes [redacted] for the
// secret, and Document the whole.
type Credential struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	APIKeyValue Secret `json:"api_key_value"` // a management token, as pasted

	// SavedAt is when it was saved, if it was: the life of a token without iat and nbf
	// counts from then on.
	SavedAt time.Time `json:"-"`

	nameExpanded bool // Name was in a variable: a stranger's document may have named any
}

// ParseCredential reads the credential from a document. The error is a
// *ValidationError that lists every problem. What is wrong with the token itself
// is no error here: Inspect and Tester say what it is.
func ParseCredential(data []byte) (*Credential, error) { return new(Validator).Parse(data) }

// Problems judges values that came from a form and not from a document: each problem
// names its field in Pointer, and has no line and no column. Nil means that there is
// nothing to say.
func (c *Credential) Problems() []Problem {
	r := &reading{doc: fromForm(c), now: time.Now(), savedAt: c.SavedAt}
	r.judgeFields(nil, false)
	r.judgeToken(0)
	sortProblems(r.problems)
	return r.problems
}

// followsSchema says whether the fields are those of a valid document, whatever the
// token is. A value alone has no name, and does not.
func (c *Credential) followsSchema() bool {
	r := &reading{doc: fromForm(c)}
	r.judgeFields(nil, false)
	return len(r.problems) == 0
}

// fromForm makes the fields of a document of a form's values. An empty description
// was not given.
func fromForm(c *Credential) document {
	var doc document
	for _, f := range []field{text("name", c.Name), text("description", c.Description), text(tokenField, c.APIKeyValue.Reveal())} {
		if f.Key != "description" || f.Text != "" {
			doc.fields = append(doc.fields, f)
		}
	}
	doc.judgeKeys()
	return doc
}

func text(key, value string) field {
	return field{Member: jsontext.Member{Key: key, Text: value, IsText: true}}
}

// Document writes the credential as a document, with its secret.
func (c *Credential) Document() []byte {
	type whole struct {
		Name        string `json:"name"`
		Description string `json:"description,omitempty"`
		APIKeyValue string `json:"api_key_value"`
	}
	data, err := json.MarshalIndent(whole{c.Name, c.Description, c.APIKeyValue.Reveal()}, "", "  ")
	if err != nil {
		panic("connector: " + err.Error()) // three strings
	}
	return append(data, '\n')
}
