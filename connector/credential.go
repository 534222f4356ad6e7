package connector

import (
	"encoding/json"
	"net/http"
	"time"
)

// Credential is what a customer gives a host: the three fields of the form. Its
// JSON keys are a credential document's; encoding/json writes [redacted] for the
// secret, and Document the whole.
type Credential struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	APIKeyValue Secret `json:"api_key_value"` // a management token, as pasted

	// SavedAt is when the value was saved; zero if that is not known. A token
	// without iat and nbf counts its life from then.
	SavedAt time.Time `json:"-"`

	fromDocument bool // so that a report does not claim a check that was not made
	nameExpanded bool // Name was in a variable: a stranger's document may have named any
}

// ParseCredential reads the credential from a document. The error is a
// *ValidationError that lists every problem. What is wrong with the token itself
// is no error here: Inspect and Tester say what it is.
func ParseCredential(data []byte) (*Credential, error) { return new(Validator).Parse(data) }

// Document writes the credential as a document, with its secret. A host that has
// the form's values and no document validates them so:
//
//	err := connector.Validate(cred.Document())
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

// Client returns an HTTP client that sends the credential's token, as
// Secret.Token gives it, to the 100ms API's origin and nowhere else. base carries
// the requests; see Transport.Base.
//
// For a token that renews itself, or another origin, make a Transport.
func (c *Credential) Client(base http.RoundTripper) *http.Client {
	return &http.Client{Transport: &Transport{Source: c.APIKeyValue, Base: base}}
}
