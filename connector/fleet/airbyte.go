package fleet

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/100ms-connector/connector-go/connector"
)

// AirbyteTarget is a source of Airbyte's whose configuration holds a token, as
// api_key_value or management_token. All fields must be set but Transport.
type AirbyteTarget struct {
	BaseURL      string // such as https://api.airbyte.com/v1, or https://HOST/api/public/v1
	SourceID     string // a UUID
	ClientID     string
	ClientSecret connector.Secret
	Transport    http.RoundTripper // one of its own if nil
}

// Push writes a token into the source's configuration, with a short token that is asked
// for each time. The error is ErrHost, or the context's.
func (a *AirbyteTarget) Push(ctx context.Context, token connector.Secret) error {
	h, err := newHost(a.BaseURL, a.Transport, a.ClientSecret, token)
	if err != nil {
		return err
	}
	defer h.close()
	login := map[string]string{"client_id": a.ClientID, "client_secret": a.ClientSecret.Reveal(), "grant-type": "client_credentials"}
	if err := h.login(ctx, "/applications/token", login); err != nil {
		return err
	}
	path := "/sources/" + url.PathEscape(a.SourceID)
	before, err := h.object(ctx, path)
	if err != nil {
		return err
	}
	configuration, _ := before["configuration"].(map[string]any)
	field := ""
	for _, name := range []string{"api_key_value", "management_token"} {
		if _, has := configuration[name]; has {
			field = name
			break
		}
	}
	if field == "" {
		return fmt.Errorf("%w: the configuration of the source %s has neither api_key_value nor management_token", ErrHost, a.SourceID)
	}
	// PATCH merges: of the others nothing is sent, for their secrets come back hidden.
	if err := h.call(ctx, http.MethodPatch, path, map[string]any{"configuration": map[string]any{field: token.Reveal()}}, nil); err != nil {
		return err
	}
	after, err := h.object(ctx, path)
	if err != nil {
		return err
	}
	now, _ := after["configuration"].(map[string]any)
	if !sameBut(configuration, now, field) || after["name"] != before["name"] {
		return fmt.Errorf("%w: the source %s has changed in more than its token; look at it in Airbyte", ErrHost, a.SourceID)
	}
	return nil
}

func (a *AirbyteTarget) kept() (host, place string, with reached) {
	return hostAirbyte, a.SourceID, reached{URL: a.BaseURL, ClientID: a.ClientID, ClientSecret: a.ClientSecret.Reveal()}
}
