package connector

import "net/http"

// Credential is what a customer gives a host: the three fields of the form.
type Credential struct {
	Name        string
	Description string
	APIKeyValue Secret // a management token, as pasted

	fromDocument bool // so that a report does not claim a check that was not made
}

// ParseCredential reads the credential from a document. The error is a
// *ValidationError that lists every problem. What is wrong with the token itself
// is no error here: Inspect and Tester say what it is.
func ParseCredential(data []byte) (*Credential, error) { return new(Validator).Parse(data) }

// Client returns an HTTP client that sends the credential's token, cleaned, to
// the 100ms API's origin and nowhere else. base carries the requests; if nil,
// http.DefaultTransport.
//
// For a token that renews itself, or another origin, make a Transport.
func (c *Credential) Client(base http.RoundTripper) *http.Client {
	clean, _ := Clean(c.APIKeyValue.Reveal())
	return &http.Client{Transport: &Transport{Source: Secret(clean), Base: base}}
}
