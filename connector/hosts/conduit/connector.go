package conduit

import (
	"encoding/json"
	"fmt"
	"strings"

	sdk "github.com/conduitio/conduit-connector-sdk"

	"github.com/100ms-connector/connector-go/connector/hosts/internal/host"
)

// version is the release's; the build sets it.
var version = "v0.0.0-dev"

// Connector is the source and the destination, for sdk.Serve.
var Connector = sdk.Connector{
	NewSpecification: sdk.YAMLSpecification(specification, version),
	NewSource:        NewSource,
	NewDestination:   NewDestination,
}

// Credential is the credential, and where it is used.
type Credential struct {
	// The management token. Give it, or accessKey with appSecret.
	Token string `json:"token"`
	// With appSecret, in place of a token: the connector signs tokens that never run out.
	AccessKey string `json:"accessKey"`
	// Belongs to accessKey. Whoever has it can act for the whole workspace.
	AppSecret string `json:"appSecret"`
	// The API's address: https, or http on this machine.
	BaseURL string `json:"baseURL" default:"https://api.100ms.live/v2"`
}

// configuration reads the settings of one side. The error quotes none of their values.
func (c Credential) configuration(side host.Side, more map[string]any) (*host.Configuration, error) {
	given := map[string]any{"name": "Conduit", "api_key_value": c.Token, "access_key": c.AccessKey, "app_secret": c.AppSecret, "base_url": c.BaseURL}
	for name, value := range more {
		given[name] = value
	}
	text, err := json.Marshal(given)
	if err != nil {
		return nil, fmt.Errorf("the settings cannot be read: %w", err)
	}
	parsed, err := host.ParseConfiguration(text, side)
	return parsed, host.Reworded(err, named)
}

// named has the settings' names of Conduit for those of the other hosts.
var named = strings.NewReplacer("api_key_value", "token", "access_key", "accessKey", "app_secret", "appSecret",
	"base_url", "baseURL", "start_date", "startDate", "room_ids", "roomIds", "all_rooms", "allRooms")
