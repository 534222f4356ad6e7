package benthos

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/hosts/internal/host"
)

// Register adds the input, the output and the processor to an environment, such as
// service.GlobalEnvironment().
func Register(to *service.Environment) error {
	return errors.Join(
		to.RegisterBatchInput("hundred_ms", inputSpec(), newInput),
		to.RegisterBatchOutput("hundred_ms_write", outputSpec(), newOutput),
		to.RegisterProcessor("hundred_ms_credential", processorSpec(), newProcessor),
	)
}

// credentialFields are those by which a component reaches the API.
func credentialFields() []*service.ConfigField {
	return []*service.ConfigField{
		service.NewStringField("token").Description("The management token. Give it, or access_key with app_secret.").Secret().Default(""),
		service.NewStringField("access_key").Description("With app_secret, in place of a token: the connector signs tokens that never run out.").Default(""),
		service.NewStringField("app_secret").Description("Belongs to access_key. Whoever has it can act for the whole workspace.").Secret().Default(""),
		service.NewURLField("base_url").Description("The API's address: https, or http on this machine.").Default(connector.DefaultBaseURL).Advanced(),
	}
}

// configurationOf reads the fields of a component, each under the name that it has in the
// configurations of other hosts. The error quotes none of their values.
func configurationOf(parsed *service.ParsedConfig, side host.Side, fields map[string]string) (*host.Configuration, error) {
	given := map[string]any{"name": "Benthos"}
	for name, as := range fields {
		value, err := parsed.FieldAny(name)
		if err != nil {
			return nil, err
		}
		given[as] = value
	}
	for name, as := range map[string]string{"token": "api_key_value", "access_key": "access_key", "app_secret": "app_secret", "base_url": "base_url"} {
		value, err := parsed.FieldString(name)
		if err != nil {
			return nil, err
		}
		given[as] = value
	}
	text, err := json.Marshal(given)
	if err != nil {
		return nil, fmt.Errorf("the fields cannot be read: %w", err)
	}
	c, err := host.ParseConfiguration(text, side)
	return c, host.Reworded(err, strings.NewReplacer("api_key_value", "token"))
}
