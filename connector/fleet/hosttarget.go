package fleet

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"time"

	"github.com/100ms-connector/connector-go/connector"
)

// ErrHost is the error about a host that a token could not be written to. Its text has
// nothing of a secret.
var ErrHost = errors.New("the host did not take the token")

// NexlaTarget is a data credential of Nexla's that holds a token: the field
// api.key.auth.value of its credentials, behind "Bearer " (Nexla's public OpenAPI). All
// fields must be set but Transport.
type NexlaTarget struct {
	BaseURL    string // such as https://dataops.nexla.io/nexla-api; https, or http on a loopback address
	ID         int
	ServiceKey connector.Secret
	Transport  http.RoundTripper // one of its own if nil
}

// Push writes a token into the credential: it reads the credential, changes that field
// alone, and writes the whole back, for PUT replaces it. What Nexla does not give cannot be
// written back: a credential that holds another secret, as one of a template does, is left
// as it is. The error is ErrHost, or the context's.
func (n *NexlaTarget) Push(ctx context.Context, token connector.Secret) error {
	h, err := newHost(n.BaseURL, n.Transport, n.ServiceKey, token)
	if err != nil {
		return err
	}
	defer h.close()
	h.header.Set("Accept", "application/vnd.nexla.api.v1+json")
	var session struct {
		AccessToken string `json:"access_token"`
	}
	h.header.Set("Authorization", "Basic "+n.ServiceKey.Reveal())
	if err := h.call(ctx, http.MethodPost, "/token", nil, &session); err != nil {
		return err
	}
	if session.AccessToken == "" {
		return fmt.Errorf("%w: POST /token gave no access token", ErrHost)
	}
	h.hide(session.AccessToken)
	h.header.Set("Authorization", "Bearer "+session.AccessToken)
	path := fmt.Sprintf("/data_credentials/%d", n.ID)
	before, err := h.object(ctx, path)
	if err != nil {
		return err
	}
	kept := nexlaFields(before)
	switch {
	case before["vendor"] != nil || before["template_config"] != nil || kept["auth.type"] != "API_KEY" || kept["api.key.auth.key"] == nil:
		return fmt.Errorf("%w: the data credential %d is not one of Nexla's generic REST connector with an API key, or its fields are not given, and writing it would take the others away; put the token there by hand", ErrHost, n.ID)
	case isTrue(kept["jwt.enabled"]) || isTrue(kept["hmac.enabled"]):
		return fmt.Errorf("%w: the data credential %d holds another secret, which writing it would take away; put the token there by hand", ErrHost, n.ID)
	}
	kept[nexlaToken] = "Bearer " + token.Reveal()
	if err := h.call(ctx, http.MethodPut, path, map[string]any{"credentials": kept}, nil); err != nil {
		return err
	}
	after, err := h.object(ctx, path)
	if err != nil {
		return err
	}
	if !sameBut(kept, nexlaFields(after), nexlaToken) || after["name"] != before["name"] {
		return fmt.Errorf("%w: the data credential %d has changed in more than its token; look at it in Nexla", ErrHost, n.ID)
	}
	return nil
}

const nexlaToken = "api.key.auth.value"

// nexlaFields are the fields of a data credential, as far as Nexla gives them: to most
// users those that are no secret, under another name. Nexla adds the type by itself.
func nexlaFields(object map[string]any) map[string]any {
	fields := map[string]any{}
	for _, name := range []string{"credentials_non_secure_data", "credentials"} {
		given, _ := object[name].(map[string]any)
		maps.Copy(fields, given)
	}
	delete(fields, "credentials_type")
	return fields
}

// sameBut says whether two objects are the same but for one field, which may be given back
// hidden.
func sameBut(a, b map[string]any, field string) bool {
	a, b = maps.Clone(a), maps.Clone(b)
	delete(a, field)
	delete(b, field)
	return maps.EqualFunc(a, b, func(a, b any) bool { return reflect.DeepEqual(a, b) })
}

func isTrue(v any) bool { return v == true || v == "true" }

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
	var session struct {
		AccessToken string `json:"access_token"`
	}
	login := map[string]string{"client_id": a.ClientID, "client_secret": a.ClientSecret.Reveal(), "grant-type": "client_credentials"}
	if err := h.call(ctx, http.MethodPost, "/applications/token", login, &session); err != nil {
		return err
	}
	if session.AccessToken == "" {
		return fmt.Errorf("%w: POST /applications/token gave no access token", ErrHost)
	}
	h.hide(session.AccessToken)
	h.header.Set("Authorization", "Bearer "+session.AccessToken)
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

// host is one whose API a token is written to.
type host struct {
	base    *url.URL
	client  *http.Client
	header  http.Header
	close   func()   // after the last call
	secrets []string // never in an error
}

// maxHostAnswer is how much of an answer is read, in bytes.
const maxHostAnswer = 4 << 20

func newHost(base string, transport http.RoundTripper, secrets ...connector.Secret) (*host, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Scheme != "https" && !(u.Scheme == "http" && isLoopback(u.Hostname())) {
		return nil, fmt.Errorf("%w: its address is https, or http on this machine", ErrHost)
	}
	h := &host{base: u, close: func() {}, header: http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}}, client: &http.Client{
		Transport: transport, Timeout: 20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // a secret goes to no other place
	}}
	if transport == nil {
		h.client.Transport = connector.NewTransport()
		h.close = h.client.CloseIdleConnections
	}
	for _, secret := range secrets {
		h.hide(secret.Reveal())
	}
	return h, nil
}

func (h *host) hide(secret string) { h.secrets = append(h.secrets, secret) }

func (h *host) object(ctx context.Context, path string) (found map[string]any, err error) {
	return found, h.call(ctx, http.MethodGet, path, nil, &found)
}

// call makes a call, and reads its answer into found if that is not nil.
func (h *host) call(ctx context.Context, method, path string, body, found any) error {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return err
		}
	}
	fault := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s %s: %s", ErrHost, method, path, h.without(fmt.Sprintf(format, args...)))
	}
	request, err := http.NewRequestWithContext(ctx, method, h.base.JoinPath(path).String(), bytes.NewReader(text))
	if err != nil {
		return fault("its address is not one")
	}
	request.Header = h.header.Clone()
	response, err := h.client.Do(request)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if failed, ok := errors.AsType[*url.Error](err); ok {
		return fault("%s", failed.Err)
	}
	if err != nil {
		return fault("no answer came")
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxHostAnswer+1))
	switch {
	case err != nil:
		return fault("the answer did not come whole")
	case response.StatusCode == http.StatusUnauthorized || response.StatusCode == http.StatusForbidden:
		return fault("it was answered with %d: is the host's own key right, and may it do this?", response.StatusCode)
	case response.StatusCode == http.StatusNotFound:
		return fault("there is none of this id (404)")
	case response.StatusCode < 200 || response.StatusCode > 299:
		said := h.without(strings.ToValidUTF8(string(answer), "?")) // before it is cut, or a part of a secret stays
		if connector.HoldsSecret(said) {
			said = "[redacted]"
		}
		return fault("it was answered with %d: %.200s", response.StatusCode, said)
	case len(answer) > maxHostAnswer:
		return fault("the answer is larger than 4 MiB")
	case found == nil:
		return nil
	case json.Unmarshal(answer, found) != nil:
		return fault("the answer is not the JSON that is documented")
	}
	return nil
}

// without is text without the secrets that a server may give back.
func (h *host) without(text string) string {
	for _, secret := range h.secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "[redacted]")
		}
	}
	return text
}
