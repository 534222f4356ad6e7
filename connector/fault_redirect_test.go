package connector_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

// trap records whole requests, so that a test can look for a token anywhere in
// them.
type trap struct {
	mu   sync.Mutex
	seen []string
}

func (p *trap) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	dump, _ := httputil.DumpRequest(r, true)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen = append(p.seen, string(dump))
}

func (p *trap) requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.seen...)
}

func TestAnotherOriginNeverSeesTheToken(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	certificate := ca.issue(t, "127.0.0.1", time.Hour)
	tlsServer := func(t *testing.T, h http.Handler) string {
		srv := httptest.NewUnstartedServer(h)
		srv.TLS = serving(certificate)
		srv.Config.ErrorLog = discard()
		srv.StartTLS()
		t.Cleanup(srv.Close)
		return srv.URL
	}
	for _, c := range []struct {
		name   string
		secure bool // the API speaks TLS
		target func(t *testing.T, api string, elsewhere http.Handler) string
	}{
		{"a redirect to another port", false, func(t *testing.T, _ string, elsewhere http.Handler) string { return serve(t, elsewhere) }},
		{"a redirect to the same port of another host name", false, func(_ *testing.T, api string, _ http.Handler) string {
			return strings.Replace(api, "127.0.0.1", "localhost", 1)
		}},
		{"a redirect from https down to http", true, func(t *testing.T, _ string, elsewhere http.Handler) string { return serve(t, elsewhere) }},
		{"a redirect from https to http on the same port", true, func(_ *testing.T, api string, _ http.Handler) string {
			return strings.Replace(api, "https:", "http:", 1)
		}},
		{"a redirect from http up to https", false, func(t *testing.T, _ string, elsewhere http.Handler) string { return tlsServer(t, elsewhere) }},
		{"a redirect without a scheme", false, func(t *testing.T, _ string, elsewhere http.Handler) string {
			return strings.TrimPrefix(serve(t, elsewhere), "http:")
		}},
		{"a redirect to a scheme that is not HTTP", false, func(*testing.T, string, http.Handler) string { return "ftp://127.0.0.1/rooms" }},
	} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			for _, hops := range []string{"at once", "behind a redirect within the origin"} {
				t.Run(fmt.Sprintf("%s, %d, %s", c.name, status, hops), func(t *testing.T) {
					t.Parallel()
					var target string
					elsewhere, own := new(trap), new(trap)
					api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						own.ServeHTTP(w, r)
						to := target
						if hops != "at once" && r.URL.Path == "/v2/rooms" {
							to = "/v2/moved"
						}
						http.Redirect(w, r, to, status)
					})
					base := ""
					if c.secure {
						base = tlsServer(t, api) + "/v2"
					} else {
						base = serve(t, api)
					}
					target = c.target(t, base, elsewhere) + "/rooms"
					transport := newTransport(t)
					transport.TLSClientConfig = &tls.Config{RootCAs: ca.pool()}
					tester := &connector.Tester{BaseURL: base, Transport: transport, Timeout: ample, Retries: once}

					underTrouble(t, tester, connector.Redirected)
					if seen := elsewhere.requests(); len(seen) > 0 {
						t.Errorf("the other origin was asked:\n%s", seen)
					}
					want := 3 // tokens
					if hops != "at once" {
						want *= 2
					}
					if n := len(own.requests()); n != want {
						t.Errorf("the API was asked %d times, want %d", n, want)
					}
				})
			}
		}
	}
}

func TestARedirectWithinTheOriginIsFollowedWithTheToken(t *testing.T) {
	t.Parallel()
	api := new(sandbox.Sandbox)
	for _, status := range []int{301, 302, 303, 307, 308} {
		base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if rest, old := strings.CutPrefix(r.URL.Path, "/v2/old"); old {
				http.Redirect(w, r, "http://"+r.Host+"/v2"+rest, status)
				return
			}
			api.ServeHTTP(w, r)
		}))
		tester := connector.Tester{BaseURL: base + "/old", Transport: newTransport(t), Timeout: ample}
		r := tester.Test(context.Background(), named(liveToken()))
		expect(t, r, connector.VerdictAccepted, connector.OK, connector.ConfirmedByServer)
		if r.Server.Attempts != 1 {
			t.Errorf("%d: a followed redirect counts as %d attempts", status, r.Server.Attempts)
		}
	}
}

func TestALocationThatCannotBeReadIsNoNetworkFailure(t *testing.T) {
	t.Parallel()
	base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "http://[::1/%zz")
		w.WriteHeader(http.StatusFound)
	}))
	underTrouble(t, &connector.Tester{BaseURL: base, Transport: newTransport(t), Timeout: ample}, connector.UnexpectedResponse)
}
