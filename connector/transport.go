package connector

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"
)

// DefaultBaseURL is the one global address of the 100ms API (100ms docs).
const DefaultBaseURL = "https://api.100ms.live/v2"

// TokenSource gives the token to send. Secret is one, for a fixed token.
// Implementations are safe for concurrent use.
type TokenSource interface {
	Token(ctx context.Context) (Secret, error)
}

// Transport is an http.RoundTripper that adds the token to requests to the
// API's origin, in place of an Authorization header that is there. A request to
// any other origin passes without it, and without any Authorization header, for a
// redirect may have carried it there: net/http repeats headers to other ports of
// the same host and from https to http.
type Transport struct {
	Source TokenSource
	Base   http.RoundTripper // if nil, one that all share, made by NewTransport: without a proxy
	Origin *url.URL          // scheme, host and port that count; if nil, those of DefaultBaseURL
}

var defaultOrigin, _ = url.Parse(DefaultBaseURL)

// RoundTrip implements http.RoundTripper. It leaves req as it is and closes its
// body on every path.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	origin := t.Origin
	if origin == nil {
		origin = defaultOrigin
	}
	sent := new(http.Request) // a copy: a RoundTripper leaves the caller's request as it is
	*sent = *req
	sent.Header = make(http.Header, len(req.Header)+1)
	for name, values := range req.Header {
		sent.Header[name] = values[:len(values):len(values)]
	}
	sent.Header.Del("Authorization")
	if sameOrigin(req.URL, origin) {
		token, err := t.token(req.Context())
		if err != nil {
			if req.Body != nil {
				req.Body.Close()
			}
			return nil, fmt.Errorf("no token to send: %w", err)
		}
		sent.Header.Set("Authorization", "Bearer "+token.Reveal())
	}
	base := t.Base
	if base == nil {
		base = sharedTransport()
	}
	resp, err := base.RoundTrip(sent)
	if resp != nil {
		resp.Request = req // a response that is printed must not show the header
	}
	return resp, err
}

func (t *Transport) token(ctx context.Context) (Secret, error) {
	if t.Source == nil {
		return "", errors.New("the Transport has no Source")
	}
	return t.Source.Token(ctx)
}

// CloseIdleConnections closes those of Base, for http.Client.CloseIdleConnections.
func (t *Transport) CloseIdleConnections() {
	if c, ok := t.Base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

func sameOrigin(a, b *url.URL) bool {
	return strings.EqualFold(a.Scheme, b.Scheme) && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	if strings.EqualFold(u.Scheme, "https") {
		return "443"
	}
	return "80"
}

// ParseBaseURL reads an API's address: https, or http on a loopback address
// only, so that no token crosses a network in clear. Empty means DefaultBaseURL.
func ParseBaseURL(s string) (*url.URL, error) {
	if s == "" {
		s = DefaultBaseURL
	}
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return nil, errors.New("the base URL cannot be read") // err quotes it, and it may hold a password
	case u.Host == "" || u.Hostname() == "":
		return nil, errors.New("the base URL has no host; it looks like " + DefaultBaseURL)
	case len(u.Port()) > 5 || len(u.Port()) == 5 && u.Port() > "65535":
		return nil, errors.New("the base URL's port is higher than 65535")
	case u.User != nil:
		return nil, errors.New("the base URL must not hold a user name or a password")
	case u.RawPath != "":
		return nil, errors.New("the base URL's path must not have escaped slashes")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("the base URL must end with its path")
	case u.Scheme == "https", u.Scheme == "http" && loopback(u.Hostname()):
		u.Path = strings.TrimRight(u.Path, "/")
		return u, nil
	case u.Scheme == "http":
		return nil, errors.New("the base URL must begin with https: over http the token could be read on its way (http is for loopback addresses)")
	}
	return nil, errors.New("the base URL must begin with https")
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && addr.IsLoopback()
}

// NewTransport returns a transport with the limits of a connection test: bounded
// headers, and connections enough for many tests at once. It reads no
// environment; who wants the proxy of the environment says so:
//
//	transport := connector.NewTransport()
//	transport.Proxy = http.ProxyFromEnvironment
func NewTransport() *http.Transport {
	return &http.Transport{
		DialContext:            (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:    10 * time.Second,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    256,
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		OnProxyConnectResponse: func(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
			if resp.StatusCode != http.StatusOK {
				return &proxyError{resp.StatusCode}
			}
			return nil
		},
	}
}

// proxyError is a proxy's refusal to connect.
type proxyError struct{ status int }

func (e *proxyError) Error() string { return fmt.Sprintf("the proxy answered %d", e.status) }

// sharedTransport carries what every Tester and Transport sends that has none of
// its own: connections are worth keeping, and a pool for each would leak them.
var sharedTransport = sync.OnceValue(NewTransport)
