package connector_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

// caught is a base that keeps the headers it was given and calls nobody: the
// origins of these tables are not to be called.
func caught(headers *[]http.Header) http.RoundTripper {
	var mu sync.Mutex
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		*headers = append(*headers, r.Header.Clone())
		return &http.Response{StatusCode: 204, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
	})
}

func TestTheTokenGoesToItsOriginOnly(t *testing.T) {
	for _, c := range []struct {
		name, origin, asked string
		sent                bool
	}{
		{"the API", "", "https://api.100ms.live/v2/rooms", true},
		{"another path of it", "", "https://api.100ms.live/v3", true},
		{"the default port, written out", "", "https://api.100ms.live:443/v2/rooms", true},
		{"the host in capitals", "", "https://API.100ms.LIVE/v2/rooms", true},
		{"the scheme in capitals", "", "HTTPS://api.100ms.live/v2/rooms", true},
		{"the API in clear", "", "http://api.100ms.live/v2/rooms", false},
		{"the API in clear on the TLS port", "", "http://api.100ms.live:443/v2/rooms", false},
		{"another port", "", "https://api.100ms.live:8443/v2/rooms", false},
		{"the port of http", "", "https://api.100ms.live:80/v2/rooms", false},
		{"a subdomain", "", "https://eu.api.100ms.live/v2/rooms", false},
		{"the domain above", "", "https://100ms.live/v2/rooms", false},
		{"a host that begins alike", "", "https://api.100ms.live.example/v2/rooms", false},
		{"a host that ends alike", "", "https://notapi.100ms.live/v2/rooms", false},
		{"a host with a last dot", "", "https://api.100ms.live./v2/rooms", false},
		{"a user name that looks like the host", "", "https://api.100ms.live@other.example/v2/rooms", false},
		{"a path that looks like the host", "", "https://other.example/api.100ms.live/v2/rooms", false},
		{"a loopback origin", "http://127.0.0.1:8080/v2", "http://127.0.0.1:8080/v2/rooms", true},
		{"its port left out", "http://127.0.0.1:80/v2", "http://127.0.0.1/v2/rooms", true},
		{"its port written out", "http://127.0.0.1/v2", "http://127.0.0.1:80/v2/rooms", true},
		{"its other name", "http://127.0.0.1:8080/v2", "http://localhost:8080/v2/rooms", false},
		{"an IPv6 literal", "http://[::1]:8080/v2", "http://[::1]:8080/v2/rooms", true},
		{"an IPv6 literal, another port", "http://[::1]:8080/v2", "http://[::1]:8081/v2/rooms", false},
		{"the real API, when another is the origin", "https://api.example/v2", "https://api.100ms.live/v2/rooms", false},
	} {
		for _, callers := range []string{"", "Bearer caller", "Basic Y2FsbGVy"} {
			t.Run(c.name+", caller's header "+callers, func(t *testing.T) {
				var headers []http.Header
				transport := &connector.Transport{Source: connector.Secret("synthetic.token.value"), Base: caught(&headers)}
				if c.origin != "" {
					origin, err := url.Parse(c.origin)
					if err != nil {
						t.Fatal(err)
					}
					transport.Origin = origin
				}
				req, err := http.NewRequest("GET", c.asked, nil)
				if err != nil {
					t.Fatal(err)
				}
				if callers != "" {
					req.Header.Set("Authorization", callers)
				}
				req.Header.Set("X-Own", "kept")
				before := maps.Clone(req.Header)
				resp, err := transport.RoundTrip(req)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				want := []string(nil)
				if c.sent {
					want = []string{"Bearer synthetic.token.value"}
				}
				if got := headers[0].Values("Authorization"); fmt.Sprint(got) != fmt.Sprint(want) || headers[0].Get("X-Own") != "kept" {
					t.Errorf("sent %q, want %q", headers[0], want)
				}
				if fmt.Sprint(req.Header) != fmt.Sprint(before) {
					t.Errorf("the caller's request was changed: %v", req.Header)
				}
			})
		}
	}
}

// A client that follows redirects is what net/http gives everybody: it repeats
// headers that were set by hand, to another port too.
func TestARedirectCarriesNoAuthorizationAway(t *testing.T) {
	t.Parallel()
	elsewhere, own := new(trap), new(trap)
	target := strings.TrimSuffix(serve(t, elsewhere), "/v2")
	base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		own.ServeHTTP(w, r)
		http.Redirect(w, r, target, http.StatusTemporaryRedirect)
	}))
	origin, _ := url.Parse(base)
	token := liveToken()
	client := &http.Client{Transport: &connector.Transport{Source: connector.Secret(token), Base: newTransport(t), Origin: origin}}
	for _, callers := range []string{"", "Bearer set-by-the-caller"} {
		req, _ := http.NewRequest("POST", base+"/rooms", strings.NewReader("{}"))
		if callers != "" {
			req.Header.Set("Authorization", callers)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	if seen := own.requests(); len(seen) != 2 || strings.Count(strings.Join(seen, ""), "Authorization: Bearer "+token) != 2 {
		t.Errorf("the API did not get its token twice:\n%s", seen)
	}
	seen := elsewhere.requests()
	if len(seen) != 2 {
		t.Fatalf("the redirect was followed %d times, want 2", len(seen))
	}
	for _, request := range seen {
		concealed(t, request, token)
		if strings.Contains(request, "Authorization") || strings.Contains(request, "set-by-the-caller") {
			t.Errorf("the other origin got\n%s", request)
		}
	}
}

func TestAResponseDoesNotShowTheTokenThatItAnswers(t *testing.T) {
	t.Parallel()
	base := serve(t, new(sandbox.Sandbox))
	origin, _ := url.Parse(base)
	token := liveToken()
	transport := &connector.Transport{Source: connector.Secret(token), Base: newTransport(t), Origin: origin}
	req, _ := http.NewRequest("GET", base+"/rooms", nil)
	resp, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != 200 || resp.Request != req || resp.Request.Header.Get("Authorization") != "" {
		t.Errorf("status %d, request %+v", resp.StatusCode, resp.Request)
	}
	for _, v := range []any{resp, *resp, resp.Request, *resp.Request, transport, *transport} {
		concealed(t, fmt.Sprintf("%+v %#v", v, v), token)
	}
}

// noted is a body that knows whether it was closed.
type noted struct {
	io.Reader
	mu     sync.Mutex
	closed bool
}

func (b *noted) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	return nil
}

func (b *noted) wasClosed() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.closed
}

// source makes a function a TokenSource.
type source func(context.Context) (connector.Secret, error)

func (f source) Token(ctx context.Context) (connector.Secret, error) { return f(ctx) }

func TestABodyIsClosedOnEveryPath(t *testing.T) {
	t.Parallel()
	base := serve(t, new(sandbox.Sandbox))
	failure := errors.New("the vault is sealed")
	for _, c := range []struct {
		name, url string
		source    connector.TokenSource
		want      error // nil if any error will do
		fails     bool
	}{
		{"an answer", base + "/rooms", connector.Secret(liveToken()), nil, false},
		{"no connection", "http://" + closedPort + "/v2/rooms", connector.Secret(liveToken()), nil, true},
		{"no token", base + "/rooms", source(func(context.Context) (connector.Secret, error) { return "", failure }), failure, true},
		{"a token that no header can hold", base + "/rooms", connector.Secret("two\nlines-of-a-secret"), nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			origin, _ := url.Parse(c.url)
			body := &noted{Reader: strings.NewReader("{}")}
			req, _ := http.NewRequest("POST", c.url, body)
			resp, err := (&connector.Transport{Source: c.source, Base: newTransport(t), Origin: origin}).RoundTrip(req)
			if err == nil {
				resp.Body.Close()
			} else {
				concealed(t, err.Error(), "lines-of-a-secret")
			}
			if (err != nil) != c.fails || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("the error is %v", err)
			}
			if !body.wasClosed() {
				t.Error("the body is open")
			}
		})
	}
}

// A Transport without a Source is a mistake of the host's: an error tells it
// better than a crash in the middle of a call.
func TestATransportWithoutASourceFailsAndDoesNotPanic(t *testing.T) {
	defer func() {
		if v := recover(); v != nil {
			t.Error("it panics:", v)
		}
	}()
	body := &noted{Reader: strings.NewReader("{}")}
	req, _ := http.NewRequest("POST", connector.DefaultBaseURL, body)
	if _, err := new(connector.Transport).RoundTrip(req); err == nil || !body.wasClosed() {
		t.Errorf("the error is %v, and the body closed: %t", err, body.wasClosed())
	}
}

func TestASourceIsAskedForItsOwnOriginOnlyAndWithTheCallsContext(t *testing.T) {
	type key struct{}
	asked := 0
	var headers []http.Header
	transport := &connector.Transport{Base: caught(&headers), Source: source(func(ctx context.Context) (connector.Secret, error) {
		asked++
		if ctx.Value(key{}) != "the call's" {
			t.Error("the context is another")
		}
		return connector.Secret(fmt.Sprintf("token-%d", asked)), nil
	})}
	ctx := context.WithValue(context.Background(), key{}, "the call's")
	for _, url := range []string{"https://api.100ms.live/v2/rooms", "https://other.example/", "https://api.100ms.live/v2/rooms"} {
		req, _ := http.NewRequestWithContext(ctx, "GET", url, nil)
		if _, err := transport.RoundTrip(req); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, h := range headers {
		got = append(got, h.Get("Authorization"))
	}
	if want := []string{"Bearer token-1", "", "Bearer token-2"}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("sent %q, want %q", got, want)
	}
}

func TestTheZeroBaseIsTheConnectorsOwnAndNotThatOfNetHTTP(t *testing.T) {
	base := serve(t, new(sandbox.Sandbox))
	before := http.DefaultTransport
	defer func() { http.DefaultTransport = before }()
	http.DefaultTransport = roundTrip(func(*http.Request) (*http.Response, error) {
		return nil, errors.New("the proxy of the environment")
	})
	origin, _ := url.Parse(base)
	client := &http.Client{Transport: &connector.Transport{Source: connector.Secret(liveToken()), Origin: origin}}
	resp, err := client.Get(base + "/rooms?limit=10")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, _ := io.ReadAll(resp.Body); resp.StatusCode != 200 || !bytes.Contains(body, []byte(`"data"`)) {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
}

type closer struct {
	http.RoundTripper
	closed int
}

func (c *closer) CloseIdleConnections() { c.closed++ }

func TestIdleConnectionsAreClosedThroughTheTransport(t *testing.T) {
	base := &closer{}
	(&http.Client{Transport: &connector.Transport{Base: base}}).CloseIdleConnections()
	if base.closed != 1 {
		t.Errorf("closed %d times", base.closed)
	}
	new(connector.Transport).CloseIdleConnections()
	(&connector.Transport{Base: roundTrip(nil)}).CloseIdleConnections()
}

// TestNoSpellingOfAnAuthorizationHeaderIsCarriedAway: net/http sends the keys of the
// map as they are, so a host that wrote one by hand is read by the other side.
func TestNoSpellingOfAnAuthorizationHeaderIsCarriedAway(t *testing.T) {
	for _, c := range []struct {
		name    string
		header  http.Header
		trailer http.Header
	}{
		{"the usual spelling", http.Header{"Authorization": {"Bearer caller"}}, nil},
		{"small letters", http.Header{"authorization": {"Bearer caller"}}, nil},
		{"capitals", http.Header{"AUTHORIZATION": {"Bearer caller"}}, nil},
		{"two spellings at once", http.Header{"authorization": {"Bearer caller"}, "Authorization": {"Bearer caller"}}, nil},
		{"in a trailer", nil, http.Header{"Authorization": {"Bearer caller"}}},
		{"in a trailer, in small letters", nil, http.Header{"authorization": {"Bearer caller"}}},
		{"a proxy's password", http.Header{"proxy-authorization": {"Basic caller"}}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, address := range []string{connector.DefaultBaseURL + "/rooms", "https://other.example/"} {
				var sent *http.Request
				transport := &connector.Transport{Source: connector.Secret("synthetic.token.value"), Base: roundTrip(func(r *http.Request) (*http.Response, error) {
					sent = r
					return &http.Response{StatusCode: 204, Header: http.Header{}, Body: http.NoBody}, nil
				})}
				req, _ := http.NewRequest("POST", address, strings.NewReader("{}"))
				maps.Copy(req.Header, c.header)
				req.Trailer = c.trailer
				before := fmt.Sprint(req.Header, req.Trailer)
				if _, err := transport.RoundTrip(req); err != nil {
					t.Fatal(err)
				}
				got := fmt.Sprint(sent.Header, sent.Trailer)
				if api := strings.HasPrefix(address, connector.DefaultBaseURL); strings.Contains(got, "Bearer caller") || !api && strings.Contains(got, "caller") {
					t.Errorf("%s got %s", address, got)
				}
				if fmt.Sprint(req.Header, req.Trailer) != before {
					t.Errorf("the caller's request was changed: %v %v", req.Header, req.Trailer)
				}
			}
		})
	}
}
