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

// login exchanges what is long-lived for a short token, which the next calls carry.
func (h *host) login(ctx context.Context, path string, body any) error {
	var session struct {
		AccessToken string `json:"access_token"`
	}
	if err := h.call(ctx, http.MethodPost, path, body, &session); err != nil {
		return err
	}
	if session.AccessToken == "" {
		return fmt.Errorf("%w: POST %s gave no access token", ErrHost, path)
	}
	h.hide(session.AccessToken)
	h.header.Set("Authorization", "Bearer "+session.AccessToken)
	return nil
}

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

// sameBut says whether two objects are the same but for one field, which may be given back
// hidden.
func sameBut(a, b map[string]any, field string) bool {
	a, b = maps.Clone(a), maps.Clone(b)
	delete(a, field)
	delete(b, field)
	return maps.EqualFunc(a, b, func(a, b any) bool { return reflect.DeepEqual(a, b) })
}
