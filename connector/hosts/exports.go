package hosts

import (
	"encoding/json"

	"github.com/100ms-connector/connector-go/connector"
)

// Export is a form in which a credential is written for a host.
type Export struct {
	Name  string // as the command knows it, such as nexla-rest
	Title string // for people
	Of    func(*connector.Credential) any
}

// Exports are all forms in which a credential is written. What Of gives is JSON once it is
// marshalled, and holds the secret.
func Exports() []Export {
	return []Export{
		{"file", "Credential file", func(c *connector.Credential) any { return json.RawMessage(c.Document()) }},
		{"nexla-rest", "Nexla, its API", func(c *connector.Credential) any { return NexlaREST(c) }},
		{"nexla-agent", "Nexla, nexla-cli", func(c *connector.Credential) any { return NexlaAgent(c) }},
		{"airbyte", "Airbyte and Singer", func(c *connector.Credential) any { return AirbyteConfiguration(c) }},
	}
}
