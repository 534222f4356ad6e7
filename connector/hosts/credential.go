package hosts

import "github.com/100ms-connector/connector-go/connector"

// NexlaCredential is a credential as Nexla's API creates it. It holds the secret
// in clear: that is what it is for.
type NexlaCredential struct {
	Name        string         `json:"name"`
	Description string         `json:"description"`
	Type        string         `json:"credentials_type"`
	Credentials map[string]any `json:"credentials"`
}

// NexlaREST is the body of POST /data_credentials for Nexla's generic REST
// connector, which works for every account (Nexla's public OpenAPI). A PUT
// replaces the whole credentials object, so all of it is given.
func NexlaREST(c *connector.Credential) NexlaCredential {
	return NexlaCredential{
		Name: c.Name, Description: c.Description, Type: "rest",
		Credentials: map[string]any{
			"auth.type":                  "API_KEY",
			"api.key.include.mode":       "HEADER",
			"api.key.auth.key":           "Authorization",
			"api.key.auth.value":         bearer(c),
			"skip.validation":            false,
			"test.url":                   connector.DefaultBaseURL + "/rooms?limit=10",
			"test.method":                "GET",
			"test.content.type":          "application/json",
			"ignore.ssl.cert.validation": false,
			"jwt.enabled":                false,
			"hmac.enabled":               false,
		},
	}
}

// NexlaAgentCredential is a credential as Nexla's agent API and nexla-cli take it.
type NexlaAgentCredential struct {
	Name      string         `json:"name"`
	Connector string         `json:"connector"`
	AuthMode  string         `json:"auth_mode"`
	Config    map[string]any `json:"config"`
}

// NexlaAgent is a credential for Nexla's agent API and nexla-cli.
func NexlaAgent(c *connector.Credential) NexlaAgentCredential {
	return NexlaAgentCredential{
		Name: c.Name, Connector: "custom_rest", AuthMode: "API_KEY",
		Config: map[string]any{
			"api.key.include.mode": "HEADER",
			"api.key.auth.key":     "Authorization",
			"api.key.auth.value":   bearer(c),
		},
	}
}

// AirbyteConfiguration is a configuration that follows AirbyteSpecification.
func AirbyteConfiguration(c *connector.Credential) map[string]any {
	clean, _ := connector.Clean(c.APIKeyValue.Reveal())
	config := map[string]any{"name": c.Name, "api_key_value": clean}
	if c.Description != "" {
		config["description"] = c.Description
	}
	return config
}

func bearer(c *connector.Credential) string {
	clean, _ := connector.Clean(c.APIKeyValue.Reveal())
	return "Bearer " + clean
}
