package connector_test

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

// TestATestEndsInItsTimeWhateverAnswers holds servers of every malice against
// Tester.Test: it ends within a second of its timeout, opens one connection for each
// attempt at most, leaves none, needs little memory, and nothing of what it was sent
// reaches the standard logger.
func TestATestEndsInItsTimeWhateverAnswers(t *testing.T) {
	ca := newAuthority(t)
	certificate := ca.issue(t, "127.0.0.1", time.Hour)
	type server struct {
		name   string
		scheme string
		act    func(net.Conn)
		codes  []connector.Code // any of them: which depends on what comes first
	}
	of := func(codes ...connector.Code) []connector.Code { return codes }
	var servers []server

	http2 := map[string][]connector.Code{
		"goaway":              of(connector.NetworkFailure),
		"goaway-open":         of(connector.NetworkFailure),
		"goaway-calm":         of(connector.NetworkFailure, connector.UnexpectedResponse),
		"close":               of(connector.NetworkFailure),
		"refused-stream":      of(connector.NetworkFailure, connector.Timeout),
		"reset-stream":        of(connector.NetworkFailure),
		"silent":              of(connector.Timeout),
		"no-streams":          of(connector.Timeout, connector.NetworkFailure),
		"no-settings":         of(connector.Timeout),
		"not-http2":           of(connector.NetworkFailure, connector.UnexpectedResponse),
		"settings-flood":      of(connector.Timeout, connector.NetworkFailure),
		"ping-flood":          of(connector.Timeout),
		"padding-flood":       of(connector.Timeout),
		"empty-data-flood":    of(connector.Timeout, connector.NetworkFailure, connector.UnexpectedResponse),
		"data-flood":          of(connector.UnexpectedResponse, connector.NetworkFailure),
		"window-update-flood": of(connector.Timeout, connector.NetworkFailure, connector.UnexpectedResponse),
		"unknown-frame-flood": of(connector.Timeout),
		"early-hints-flood":   of(connector.NetworkFailure, connector.UnexpectedResponse),
		"continuation-flood":  of(connector.NetworkFailure, connector.UnexpectedResponse),
		"trailer-flood":       of(connector.NetworkFailure, connector.UnexpectedResponse),
		"cut-body":            of(connector.Timeout),
		"push":                of(connector.NetworkFailure, connector.UnexpectedResponse),
		"huge-frame":          of(connector.NetworkFailure, connector.UnexpectedResponse),
	}
	for _, f := range sandbox.HTTP2Faults() {
		codes, ok := http2[f.Name]
		if !ok {
			t.Errorf("nothing is expected of the fault %s", f.Name)
		}
		servers = append(servers, server{"HTTP/2, " + f.Title, "https", overTLS(certificate, "h2", func(c *tls.Conn) { f.Serve(c) }), codes})
	}
	if len(http2) != len(servers) {
		t.Errorf("%d faults are expected, there are %d", len(http2), len(servers))
	}
	for _, f := range sandbox.Faults() { // as those of a server on a port of its own
		want := sightings[f.Name]
		if strings.HasPrefix(f.Name, "redirect") || f.Name == "flaky" || want.live == "" {
			continue
		}
		codes := of(want.live)
		if strings.HasSuffix(f.Name, "-answer") || f.Name == "429-retry-after" {
			codes = of(connector.OK, connector.UnexpectedResponse, connector.RateLimited, connector.Timeout)
		}
		servers = append(servers, server{"HTTP/1, " + f.Title, "http", nil, codes})
		servers[len(servers)-1].act = viaSandbox(f.Name)
	}
	echo := func(c net.Conn, r *http.Request) {
		io.WriteString(c, good+"HTTP/1.1 200 "+r.Header.Get("Authorization")+"\r\n\r\n")
	}
	servers = append(servers, []server{
		{"a handshake that hangs", "https", silent, of(connector.Timeout)},
		{"TLS that says goodbye at each request", "https", overTLS(certificate, "http/1.1", func(c *tls.Conn) {
			afterRequest(func(net.Conn, *http.Request) { c.CloseWrite() })(c)
		}), of(connector.NetworkFailure)},
		{"TLS that is silent behind the handshake", "https", overTLS(certificate, "http/1.1", func(c *tls.Conn) { silent(c) }), of(connector.Timeout)},
		{"TLS with an answer and the token behind it", "https", overTLS(certificate, "http/1.1", func(c *tls.Conn) { afterRequest(echo)(c) }), of(connector.OK)},
		{"TLS with a 101 that stays", "https", overTLS(certificate, "http/1.1", func(c *tls.Conn) {
			afterRequest(func(c net.Conn, _ *http.Request) {
				io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")
			})(c)
		}), of(connector.UnexpectedResponse)},
		{"TLS that answers in HTTP/2 frames where HTTP/1.1 was agreed", "https", overTLS(certificate, "http/1.1", func(c *tls.Conn) {
			afterRequest(func(c net.Conn, _ *http.Request) { c.Write(make([]byte, 9)) })(c)
		}), of(connector.UnexpectedResponse, connector.Timeout)},
		{"a connection that is closed behind each answer without a word", "http", afterRequest(func(c net.Conn, _ *http.Request) {
			io.WriteString(c, good)
			c.Close()
		}), of(connector.OK)},
		{"a frame of HTTP/2 on a plain port", "http", func(c net.Conn) {
			c.Write([]byte{0, 0, 0, 4, 0, 0, 0, 0, 0, '\n'})
			silent(c)
		}, of(connector.UnexpectedResponse, connector.NetworkFailure)},
		{"an answer before the request", "http", func(c net.Conn) {
			io.WriteString(c, "HTTP/1.1 200 SECRET-OF-THE-SERVER\r\n\r\n")
			silent(c)
		}, of(connector.NetworkFailure, connector.Timeout)},
		{"a retry that is asked for at once, again and again", "http", afterRequest(func(c net.Conn, _ *http.Request) {
			io.WriteString(c, "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n")
		}), of(connector.RateLimited)},
		{"a redirect within the origin, for ever", "http", afterRequest(func(c net.Conn, _ *http.Request) {
			io.WriteString(c, "HTTP/1.1 307 Temporary Redirect\r\nLocation: /v2/rooms\r\nContent-Length: 0\r\n\r\n")
		}), of(connector.UnexpectedResponse)},
	}...)

	var logged lockedBuffer
	log.SetOutput(&logged)
	defer log.SetOutput(io.Discard)
	token := liveToken()
	const timeout, retries = 1200 * time.Millisecond, 1
	t.Run("servers", func(t *testing.T) {
		for _, s := range servers {
			t.Run(s.name, func(t *testing.T) {
				t.Parallel()
				h := listen(t, s.act)
				transport := newTransport(t)
				transport.TLSClientConfig = &tls.Config{RootCAs: ca.pool()}
				tester := connector.Tester{BaseURL: s.scheme + "://" + h.Addr().String() + "/v2", Transport: transport, Timeout: timeout, Retries: retries}
				for tested := 1; tested <= 2; tested++ { // what the first leaves behind must not meet the second
					began := time.Now()
					r := tester.Test(context.Background(), named(token))
					if took := time.Since(began); took > timeout+time.Second {
						t.Errorf("it took %s", took)
					}
					// On a busy machine the floods of others may leave no time for an answer.
					if !slices.Contains(s.codes, r.Code) && r.Code != connector.Timeout {
						t.Errorf("%s: %s (%s), want one of %v", s.name, r.Code, r.Message, s.codes)
					}
					sound(t, r, token)
					// One that was dialled in the first test may be accepted in the second.
					if n, attempts := h.accepted.Load(), int64(tested*(retries+1)); int64(n) > attempts {
						t.Errorf("%d connections for %d attempts", n, attempts)
					}
				}
				transport.CloseIdleConnections()
				for deadline := time.Now().Add(3 * time.Second); h.open.Load() > 0; time.Sleep(10 * time.Millisecond) {
					if time.Now().After(deadline) {
						t.Fatalf("%d connections are left", h.open.Load())
					}
				}
			})
		}
	})
	if text := logged.String(); strings.Contains(text, "SECRET") || strings.Contains(text, "Unsolicited") || strings.Contains(text, token[:12]) {
		t.Errorf("the standard logger got\n%s", text)
	}
}
