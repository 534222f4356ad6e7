package connector

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/100ms-connector/connector-go/connector/internal/probe"
	"github.com/100ms-connector/connector-go/connector/internal/wire"
)

// TokenSource gives the token to send. Secret is one, for a fixed token.
// Implementations are safe for concurrent use.
type TokenSource interface {
	Token(ctx context.Context) (Secret, error)
}

// Transport is an http.RoundTripper that adds the token to requests to the
// API's origin, in place of an Authorization header that is there. A request to
// any other origin passes without it, and without any Authorization header, for a
// redirect may have carried it there: net/http repeats headers to other ports of
// the same host and from https to http. A Client never calls another origin.
//
// It sees to it that net/http logs nothing that a server sends beside its answers,
// for which an HTTP/1 connection behind TLS, or of a Base that NewTransport did not
// make, serves one request only.
type Transport struct {
	Source TokenSource
	Base   http.RoundTripper // if nil, one that all share, made by NewTransport: without a proxy
	Origin *url.URL          // scheme, host and port that count; if nil, those of DefaultBaseURL
}

// RoundTrip implements http.RoundTripper. It leaves req as it is and closes its
// body on every path.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	origin := t.Origin
	if origin == nil {
		origin = defaultBase
	}
	sent := new(http.Request) // a copy: a RoundTripper leaves the caller's request as it is
	*sent = *req
	atAPI := wire.SameOrigin(req.URL, origin)
	sent.Header = without(req.Header, "Authorization")
	if !atAPI {
		sent.Header = without(sent.Header, "Proxy-Authorization")
	}
	if holds(req.Trailer, "Authorization") {
		sent.Trailer = without(req.Trailer, "Authorization")
	}
	if atAPI {
		token, err := t.token(req.Context())
		if err != nil {
			if req.Body != nil {
				req.Body.Close()
			}
			return nil, &sourceError{err}
		}
		sent.Header.Set("Authorization", "Bearer "+token.Reveal())
	}
	base := t.Base
	if base == nil {
		base = sharedTransport()
	}
	resp, err := wire.RoundTrip(base, sent)
	if resp != nil {
		resp.Request = req // a response that is printed must not show the header
	}
	return resp, err
}

// without copies a header but for one name, however that is spelled: net/http
// sends the keys of the map as they are.
func without(h http.Header, name string) http.Header {
	kept := make(http.Header, len(h)+1)
	for key, values := range h {
		if !strings.EqualFold(key, name) {
			kept[key] = values[:len(values):len(values)]
		}
	}
	return kept
}

func holds(h http.Header, name string) bool {
	for key := range h {
		if strings.EqualFold(key, name) {
			return true
		}
	}
	return false
}

func (t *Transport) token(ctx context.Context) (Secret, error) {
	if t.Source == nil {
		return "", errors.New("the Transport has no Source")
	}
	return t.Source.Token(ctx)
}

// sourceError is a call that was not made, for its TokenSource gave no token.
type sourceError struct{ cause error }

func (e *sourceError) Error() string { return "no token to send: " + e.cause.Error() }
func (e *sourceError) Unwrap() error { return e.cause }

// CloseIdleConnections closes those of Base, for http.Client.CloseIdleConnections.
func (t *Transport) CloseIdleConnections() {
	if c, ok := t.Base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// NewTransport returns a transport with the limits of a connection test: bounded
// headers, connections enough for many tests at once, and connections that read as
// ended where a server sends what nobody asked for. It reads no environment; who
// wants the proxy of the environment says so:
//
//	transport := connector.NewTransport()
//	transport.Proxy = http.ProxyFromEnvironment
func NewTransport() *http.Transport {
	dialer := net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		DialContext:            wire.Dialer(dialer.DialContext),
		TLSHandshakeTimeout:    10 * time.Second,
		ForceAttemptHTTP2:      true,
		HTTP2:                  &http.HTTP2Config{WriteByteTimeout: 10 * time.Second}, // a server that does not read
		MaxIdleConnsPerHost:    256,
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		OnProxyConnectResponse: func(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
			if resp.StatusCode != http.StatusOK {
				return &probe.ProxyRefusal{Status: resp.StatusCode}
			}
			return nil
		},
	}
}

// sharedTransport carries what every Tester and Transport sends that has none of
// its own: connections are worth keeping, and a pool for each would leak them.
var sharedTransport = sync.OnceValue(NewTransport)
