// Package host holds what the executables that hosts start have in common: the
// configuration, and the loop that takes pages from an exchange.Source and gives them
// to a Protocol.
package host

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/exchange"
)

// ErrConfiguration is the error about what a host gives: its configuration, or its
// catalog.
var ErrConfiguration = errors.New("the configuration cannot be used")

// Configuration is what a host is configured with. ParseConfiguration makes it.
type Configuration struct {
	name, token, alias, baseURL   string
	key                           connector.SigningKey
	since                         time.Time
	rooms                         []string
	allRooms, secrets, impersonal bool
	actions                       map[string]exchange.Action // by the stream
	skip, update                  bool

	base *url.URL
}

// ParseConfiguration reads the configuration of one side. Fields that it does not know are passed
// over, as hosts add some. The error is ErrConfiguration; it names every field that is
// wrong, and quotes none of their values.
func ParseConfiguration(data []byte, side Side) (*Configuration, error) {
	var given map[string]json.RawMessage
	switch {
	case len(data) > connector.MaxDocument:
		return nil, fmt.Errorf("%w: it is larger than 64 KiB", ErrConfiguration)
	case json.Unmarshal(data, &given) != nil || given == nil:
		return nil, fmt.Errorf("%w: it is not a JSON object", ErrConfiguration)
	}
	c := &Configuration{baseURL: connector.DefaultBaseURL}
	var faults []string
	fault := func(field string, err error) {
		if err != nil {
			faults = append(faults, field+": "+err.Error())
		}
	}
	for _, s := range settings {
		if value := given[s.name]; s.on(side) && len(value) > 0 && !bytes.Equal(value, []byte("null")) && !bytes.Equal(value, []byte(`""`)) {
			fault(s.name, s.set(c, value))
		}
	}
	if len(faults) == 0 {
		fault(c.judgeCredential())
	}
	for _, room := range c.rooms {
		if connector.HoldsSecret(room) { // it would stand in the state
			fault("room_ids", errors.New("give ids of rooms; there is a secret among them"))
		}
	}
	var err error
	if c.base, err = connector.ParseBaseURL(c.baseURL); err != nil {
		fault("base_url", err)
	}
	if len(faults) > 0 {
		return nil, fmt.Errorf("%w: %s", ErrConfiguration, strings.Join(faults, "; "))
	}
	return c, nil
}

// judgeCredential says which field is wrong, and how.
func (c *Configuration) judgeCredential() (field string, err error) {
	signs := c.key.AccessKey != "" || c.key.AppSecret != ""
	switch {
	case c.token != "" && c.alias != "" && c.token != c.alias:
		return "management_token", errors.New("it is another name for api_key_value, and the two differ")
	case (c.token != "" || c.alias != "") && signs:
		return "access_key", errors.New("give a token, or access_key with app_secret, not both")
	case signs:
		return "access_key and app_secret", c.key.Check()
	case c.token == "" && c.alias == "":
		return "api_key_value", errors.New("it is missing: give the Management Token, or access_key with app_secret")
	case c.token == "":
		c.token = c.alias
	}
	return "", nil
}

func (c *Configuration) signs() bool { return c.key.AccessKey != "" }

func (c *Configuration) client(transport http.RoundTripper) *connector.Client {
	var tokens connector.TokenSource = connector.Secret(c.token)
	if c.signs() {
		tokens = &connector.MintingSource{Key: c.key}
	}
	return &connector.Client{Source: tokens, BaseURL: c.base, Transport: transport}
}

// Source reads what the configuration says, through a transport; through one that all
// share if it is nil.
func (c *Configuration) Source(transport http.RoundTripper) *exchange.Source {
	return &exchange.Source{
		Client: c.client(transport),
		Since:  c.since, Rooms: c.rooms, AllRooms: c.allRooms, IncludeSecrets: c.secrets, DropPersonal: c.impersonal,
	}
}

// Test tests the credential, or a token that is signed for it.
func (c *Configuration) Test(ctx context.Context, transport http.RoundTripper) *connector.Report {
	credential := &connector.Credential{Name: c.name, APIKeyValue: connector.Secret(c.token)}
	if c.signs() {
		credential.APIKeyValue, _ = c.key.Mint(time.Hour) // the key was checked
	}
	return (&connector.Tester{BaseURL: c.baseURL, Transport: transport}).Test(ctx, credential)
}

// Works is the error of a credential that the API does not accept: the cause by its code,
// and the next step. A fault of the environment is one too, and its code says so.
func (c *Configuration) Works(ctx context.Context, transport http.RoundTripper) error {
	report := c.Test(ctx, transport)
	if report.Verdict == connector.VerdictAccepted {
		return nil
	}
	return fmt.Errorf("%s: %s. %s", report.Code, report.Message, report.Remedy)
}

// Destination writes what the configuration says, through a transport; through one that
// all share if it is nil.
func (c *Configuration) Destination(transport http.RoundTripper) *exchange.Destination {
	return &exchange.Destination{Client: c.client(transport), Update: c.update}
}

// Action is what is done with the records of a stream. The error is ErrConfiguration.
func (c *Configuration) Action(stream string) (exchange.Action, error) { return c.action(stream) }

// StreamsOf finds streams by their names, all if there are none. The error is
// ErrConfiguration.
func StreamsOf(names []string) ([]exchange.Stream, error) {
	if len(names) == 0 {
		return exchange.Streams(), nil
	}
	var chosen []Selected
	var streams []exchange.Stream
	for _, name := range names {
		stream, err := Find(name, chosen)
		if err != nil {
			return nil, err
		}
		chosen, streams = append(chosen, Selected{Stream: stream}), append(streams, stream)
	}
	return streams, nil
}
