package web_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/web"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

// pipes is a network without sockets, so that its time can be that of a bubble.
type pipes struct {
	conns chan net.Conn
	done  context.Context
	close context.CancelFunc
}

func newPipes() *pipes {
	p := &pipes{conns: make(chan net.Conn)}
	p.done, p.close = context.WithCancel(ctx)
	return p
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done.Done():
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.close(); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8100} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.conns <- there:
		return here, nil
	case <-p.done.Done():
		return nil, errors.New("nobody listens")
	}
}

// afterAWhile is the API, which answers every call after some time.
type afterAWhile struct{ time.Duration }

func (d afterAWhile) RoundTrip(r *http.Request) (*http.Response, error) {
	select {
	case <-time.After(d.Duration):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	w := httptest.NewRecorder()
	new(sandbox.Sandbox).ServeHTTP(w, r)
	return w.Result(), nil
}

func TestATestThatTakesItsTimeIsNotCutOff(t *testing.T) {
	const took = 50 * time.Second
	for _, c := range []struct{ name, path, accept, wanted string }{
		{"of the form, with scripts", "/credentials", "application/x-ndjson", "Test completed. Works."},
		{"of the form, without scripts", "/credentials", "text/html", "The API accepted the token"},
		{"of all, with scripts", "/test-all", "application/x-ndjson", "Tested 5 of 5."},
	} {
		for name, serve := range map[string]func(*web.Handler, net.Listener, *tls.Config) func(){
			"served alone": serveAlone, "by HTTP/2": serveAlone, "by a server of little patience": serveImpatiently,
		} {
			t.Run(c.name+", "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					h, err := web.New(web.Options{Store: thousand(5), Tester: &connector.Tester{Timeout: time.Minute, Retries: -1, Transport: afterAWhile{took}}})
					ok(t, err)
					network := newPipes()
					transport := &http.Transport{DialContext: network.dial}
					s := &site{Handler: h, t: t, url: "http://127.0.0.1:8100"}
					var config *tls.Config
					if name == "by HTTP/2" {
						pair, pool := certificate(t)
						config = &tls.Config{Certificates: []tls.Certificate{pair}}
						transport.TLSClientConfig, transport.ForceAttemptHTTP2, s.url = &tls.Config{RootCAs: pool}, true, "https://127.0.0.1:8100"
					}
					defer serve(h, network, config)()
					defer transport.CloseIdleConnections()
					jar, err := cookiejar.New(nil)
					ok(t, err)
					browser := &client{Client: &http.Client{Transport: transport, Jar: jar}, s: s}
					browser.visit(strings.TrimPrefix(h.SignInLink(s.url), s.url))
					browser.visit("/")
					r := browser.form(c.path, "action", "test", "name", "a", "api_key_value", token(1, time.Hour))
					r.Header.Set("Accept", c.accept)
					begun := time.Now()
					status, body := browser.do(r)
					if status != http.StatusOK || !strings.Contains(body, c.wanted) {
						t.Errorf("%d after %v: %s", status, time.Since(begun), plain(body))
					}
					if d := time.Since(begun); d < took || d > took+time.Second {
						t.Errorf("it took %v", d)
					}
				})
			})
		}
	}
}

func serveAlone(h *web.Handler, l net.Listener, config *tls.Config) (stop func()) {
	running, cancel := context.WithCancel(ctx)
	ended := make(chan error)
	go func() { ended <- h.Serve(running, l, config) }()
	return func() { cancel(); <-ended }
}

// serveImpatiently is a host's server, whose deadlines are shorter than a test.
func serveImpatiently(h *web.Handler, l net.Listener, _ *tls.Config) (stop func()) {
	server := &http.Server{Handler: h, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second}
	ended := make(chan error)
	go func() { ended <- server.Serve(l) }()
	return func() { server.Close(); <-ended; h.Close() }
}

func TestWhoeverTakesForeverToSendOrReadIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, err := web.New(web.Options{Store: thousand(5)})
		ok(t, err)
		network := newPipes()
		defer serveAlone(h, network, nil)()
		for _, request := range []string{
			"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n", // the header goes on
			"POST /signin HTTP/1.1\r\nHost: 127.0.0.1\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 99\r\n\r\npassword=", // the body goes on
			"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", // the answer is not taken
		} {
			conn, err := network.dial(ctx, "", "")
			ok(t, err)
			begun := time.Now()
			_, err = io.WriteString(conn, request)
			ok(t, err)
			time.Sleep(2 * time.Minute)
			_, err = io.Copy(io.Discard, conn)
			if d := time.Since(begun); err != nil || d > 2*time.Minute+time.Second {
				t.Errorf("%.20q: after %v: %v", request, d, err)
			}
			conn.Close()
		}
	})
}

func TestClosingInTheMiddleOfAStreamEndsItWithALine(t *testing.T) {
	for _, path := range []string{"/credentials", "/test-all"} {
		s := newSite(t, slow)
		s.workspace()
		c := s.member()
		r := c.form(path, "action", "test", "name", "a", "api_key_value", token(1, time.Hour))
		r.Header.Set("Accept", "application/x-ndjson")
		response, err := c.Do(r)
		ok(t, err)
		defer response.Body.Close()
		lines := bufio.NewScanner(response.Body)
		if !lines.Scan() { // the first: the test is under way
			t.Fatal(lines.Err())
		}
		go s.Close()
		last := ""
		for lines.Scan() {
			if last = lines.Text(); !strings.HasPrefix(last, "{") {
				t.Errorf("%s: a page stands among the lines: %s", path, last)
			}
		}
		if !strings.Contains(last, `"failed":`) || !strings.Contains(last, "The form is being closed") {
			t.Errorf("%s: the last line: %s", path, last)
		}
	}
}

// switching answers 101 and leaves the connection open, for ever.
func switching(t testing.TB) *url.URL {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { conn.Close() })
			io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
		}
	}()
	return &url.URL{Scheme: "http", Host: listener.Addr().String(), Path: "/v2"}
}

func TestAServerThatSwitchesProtocolsHoldsUpNothing(t *testing.T) {
	s := newSite(t, func(o *web.Options) {
		o.Tester.BaseURL, o.Tester.Timeout = switching(t).String(), 300*time.Millisecond
	})
	s.workspace()
	c := s.member()
	c.Timeout = 20 * time.Second // else nothing would end
	_, page := c.add("test", "a", token(1, time.Hour))
	contains(t, plain(page), "Could not be tested")
	r := c.form("/test-all")
	r.Header.Set("Accept", "application/x-ndjson")
	_, lines := c.do(r)
	contains(t, lines, "Tested 11 of 11.")
}
