package connector_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

// Troubles that lie below HTTP: no sandbox can commit them, so listeners, a
// broken dialer or a broken server do.
func TestEveryTroubleOfTheNetworkHasItsCode(t *testing.T) {
	t.Parallel()
	ca, stranger := newAuthority(t), newAuthority(t)
	trusting := func(t *testing.T) *http.Transport {
		transport := newTransport(t)
		transport.TLSClientConfig = &tls.Config{RootCAs: ca.pool()}
		return transport
	}
	// secured is the sandbox behind TLS, as config has it.
	secured := func(t *testing.T, config *tls.Config) (base string) {
		srv := httptest.NewUnstartedServer(new(sandbox.Sandbox))
		srv.TLS = config
		srv.Config.ErrorLog = discard() // the failed handshakes are the point
		srv.StartTLS()
		t.Cleanup(srv.Close)
		return srv.URL + "/v2"
	}
	failing := func(t *testing.T, err error) *http.Transport {
		transport := newTransport(t)
		transport.DialContext = func(context.Context, string, string) (net.Conn, error) { return nil, err }
		return transport
	}
	through := func(t *testing.T, proxy string) *http.Transport {
		transport := newTransport(t)
		transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: proxy})
		return transport
	}
	const far = "https://api.100ms.invalid/v2"

	for _, c := range []struct {
		name    string
		trouble connector.Code
		tester  func(t *testing.T) *connector.Tester
	}{
		{"nothing listens", connector.ConnectionRefused, func(t *testing.T) *connector.Tester {
			return &connector.Tester{BaseURL: "http://" + closedPort + "/v2", Transport: newTransport(t)}
		}},
		{"nothing listens at an IPv6 literal", connector.ConnectionRefused, func(t *testing.T) *connector.Tester {
			if l, err := net.Listen("tcp6", "[::1]:0"); err != nil {
				t.Skip("no IPv6 here:", err)
			} else {
				l.Close()
			}
			return &connector.Tester{BaseURL: "http://[::1]:1/v2", Transport: newTransport(t)}
		}},
		{"a host that cannot be reached", connector.NetworkFailure, func(t *testing.T) *connector.Tester {
			return &connector.Tester{BaseURL: far, Transport: failing(t, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.EHOSTUNREACH})}
		}},
		{"a dial that times out by itself", connector.Timeout, func(t *testing.T) *connector.Tester {
			return &connector.Tester{BaseURL: far, Transport: failing(t, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ETIMEDOUT})}
		}},
		{"a name that does not exist", connector.DNSFailure, func(t *testing.T) *connector.Tester {
			return &connector.Tester{BaseURL: far, Transport: failing(t, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "api.100ms.invalid", IsNotFound: true}})}
		}},
		{"a resolver that is down", connector.DNSFailure, func(t *testing.T) *connector.Tester {
			return &connector.Tester{BaseURL: far, Transport: failing(t, &net.DNSError{Err: "server misbehaving", Name: "api.100ms.invalid", IsTemporary: true})}
		}},
		{"a server that accepts and never speaks", connector.Timeout, func(t *testing.T) *connector.Tester {
			return &connector.Tester{BaseURL: "http://" + script(t, "tcp", "127.0.0.1:0", silent) + "/v2", Transport: newTransport(t), Timeout: brief}
		}},
		{"a server that hangs up at once", connector.NetworkFailure, func(t *testing.T) *connector.Tester {
			return &connector.Tester{BaseURL: "http://" + script(t, "tcp", "127.0.0.1:0", func(net.Conn) {}) + "/v2", Transport: newTransport(t)}
		}},

		{"TLS by an authority that nobody trusts", connector.TLSFailure, func(t *testing.T) *connector.Tester {
			return &connector.Tester{BaseURL: secured(t, serving(stranger.issue(t, "127.0.0.1", time.Hour))), Transport: trusting(t)}
		}},
		{"TLS for another host", connector.TLSFailure, func(t *testing.T) *connector.Tester {
			return &connector.Tester{BaseURL: secured(t, serving(ca.issue(t, "other.example", time.Hour))), Transport: trusting(t)}
		}},
		{"TLS with a certificate that has expired", connector.TLSFailure, func(t *testing.T) *connector.Tester {
			return &connector.Tester{BaseURL: secured(t, serving(ca.issue(t, "127.0.0.1", -time.Hour))), Transport: trusting(t)}
		}},
		{"TLS 1.0 and nothing newer", connector.TLSFailure, func(t *testing.T) *connector.Tester {
			config := serving(ca.issue(t, "127.0.0.1", time.Hour))
			config.MinVersion, config.MaxVersion = tls.VersionTLS10, tls.VersionTLS10
			return &connector.Tester{BaseURL: secured(t, config), Transport: trusting(t)}
		}},
		{"TLS 1.2 that demands a client's certificate", connector.TLSFailure, func(t *testing.T) *connector.Tester {
			config := serving(ca.issue(t, "127.0.0.1", time.Hour))
			config.ClientAuth, config.MaxVersion = tls.RequireAnyClientCert, tls.VersionTLS12
			return &connector.Tester{BaseURL: secured(t, config), Transport: trusting(t)}
		}},
		{"TLS 1.3 that demands a client's certificate", connector.TLSFailure, func(t *testing.T) *connector.Tester {
			config := serving(ca.issue(t, "127.0.0.1", time.Hour))
			config.ClientAuth, config.MinVersion = tls.RequireAnyClientCert, tls.VersionTLS13
			// The refusal comes behind the handshake, when the request may
			// already be broken off: that is retried, and the next one tells.
			return &connector.Tester{BaseURL: secured(t, config), Transport: trusting(t), Retries: 3}
		}},
		{"TLS that breaks off in the handshake", connector.NetworkFailure, func(t *testing.T) *connector.Tester {
			return &connector.Tester{BaseURL: "https://" + script(t, "tcp", "127.0.0.1:0", func(c net.Conn) { c.Read(make([]byte, 1<<12)) }) + "/v2", Transport: trusting(t)}
		}},
		{"a handshake that hangs", connector.Timeout, func(t *testing.T) *connector.Tester {
			return &connector.Tester{BaseURL: "https://" + script(t, "tcp", "127.0.0.1:0", silent) + "/v2", Transport: trusting(t), Timeout: brief}
		}},
		{"a handshake that hangs for longer than the transport waits", connector.Timeout, func(t *testing.T) *connector.Tester {
			transport := trusting(t)
			transport.TLSHandshakeTimeout = brief
			return &connector.Tester{BaseURL: "https://" + script(t, "tcp", "127.0.0.1:0", silent) + "/v2", Transport: transport}
		}},
		{"plain HTTP on a TLS port", connector.TLSFailure, func(t *testing.T) *connector.Tester {
			return &connector.Tester{BaseURL: strings.Replace(serve(t, new(sandbox.Sandbox)), "http:", "https:", 1), Transport: trusting(t)}
		}},
		{"TLS on a plain port", connector.UnexpectedResponse, func(t *testing.T) *connector.Tester {
			// As net/http does, but reading all of the request: what is left
			// unread would turn the answer into a reset, now and then.
			addr := script(t, "tcp", "127.0.0.1:0", func(c net.Conn) {
				if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
					io.WriteString(c, "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n")
				}
			})
			return &connector.Tester{BaseURL: "http://" + addr + "/v2", Transport: newTransport(t)}
		}},
		{"another protocol on a TLS port", connector.TLSFailure, func(t *testing.T) *connector.Tester {
			return &connector.Tester{BaseURL: "https://" + script(t, "tcp", "127.0.0.1:0", func(c net.Conn) {
				io.WriteString(c, "220 mail.example ESMTP ready, say hello\r\n")
				silent(c)
			}) + "/v2", Transport: trusting(t)}
		}},

		{"a proxy that is not there", connector.ProxyFailure, func(t *testing.T) *connector.Tester {
			return &connector.Tester{BaseURL: far, Transport: through(t, closedPort)}
		}},
		{"a proxy that is not there, for plain HTTP", connector.ProxyFailure, func(t *testing.T) *connector.Tester {
			return &connector.Tester{BaseURL: "http://127.0.0.1:2/v2", Transport: through(t, closedPort)}
		}},
		{"a proxy whose name does not exist", connector.ProxyFailure, func(t *testing.T) *connector.Tester {
			transport := through(t, "proxy.invalid:3128")
			transport.DialContext = failing(t, &net.DNSError{Err: "no such host", Name: "proxy.invalid", IsNotFound: true}).DialContext
			return &connector.Tester{BaseURL: far, Transport: transport}
		}},
		{"a proxy that wants a password", connector.ProxyFailure, func(t *testing.T) *connector.Tester {
			return &connector.Tester{BaseURL: far, Transport: through(t, refusingProxy(t, http.StatusProxyAuthRequired))}
		}},
		{"a proxy that wants a password, for plain HTTP", connector.ProxyFailure, func(t *testing.T) *connector.Tester {
			return &connector.Tester{BaseURL: "http://127.0.0.1:2/v2", Transport: through(t, refusingProxy(t, http.StatusProxyAuthRequired))}
		}},
		{"a proxy that forbids the way", connector.ProxyFailure, func(t *testing.T) *connector.Tester {
			return &connector.Tester{BaseURL: far, Transport: through(t, refusingProxy(t, http.StatusForbidden))}
		}},
		{"a proxy that wants a password, in a transport of the host's own", connector.ProxyFailure, func(t *testing.T) *connector.Tester {
			transport := through(t, refusingProxy(t, http.StatusProxyAuthRequired))
			transport.OnProxyConnectResponse = nil // net/http then says it in words only
			return &connector.Tester{BaseURL: far, Transport: transport}
		}},
		{"a proxy that never answers", connector.Timeout, func(t *testing.T) *connector.Tester {
			return &connector.Tester{BaseURL: far, Transport: through(t, script(t, "tcp", "127.0.0.1:0", silent)), Timeout: brief}
		}},
		{"a transport of the host's own that fails in its own words", connector.NetworkFailure, func(t *testing.T) *connector.Tester {
			return &connector.Tester{BaseURL: far, Transport: roundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.New("the host forbids calls") })}
		}},
		{"a base URL that is none", connector.NetworkFailure, func(*testing.T) *connector.Tester {
			return &connector.Tester{BaseURL: "http://api.100ms.live/v2"} // in clear: refused before any call
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tester := c.tester(t)
			if tester.Retries == 0 {
				tester.Retries = once
			}
			if tester.Timeout == 0 {
				tester.Timeout = ample
			}
			underTrouble(t, tester, c.trouble)
		})
	}

	t.Run("TLS that is as it should be is no trouble", func(t *testing.T) {
		t.Parallel()
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			config := serving(ca.issue(t, "127.0.0.1", time.Hour))
			config.MaxVersion = version
			tester := connector.Tester{BaseURL: secured(t, config), Transport: trusting(t), Timeout: ample}
			expect(t, tester.Test(context.Background(), named(liveToken())), connector.VerdictAccepted, connector.OK, connector.ConfirmedByServer)
		}
	})
	t.Run("HTTP/2 is no trouble", func(t *testing.T) {
		t.Parallel()
		var proto string
		srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			proto = r.Proto
			new(sandbox.Sandbox).ServeHTTP(w, r)
		}))
		srv.EnableHTTP2 = true
		srv.TLS = serving(ca.issue(t, "127.0.0.1", time.Hour))
		srv.StartTLS()
		t.Cleanup(srv.Close)
		tester := connector.Tester{BaseURL: srv.URL + "/v2", Transport: trusting(t), Timeout: ample}
		expect(t, tester.Test(context.Background(), named(liveToken())), connector.VerdictAccepted, connector.OK, connector.ConfirmedByServer)
		if proto != "HTTP/2.0" {
			t.Errorf("it was %s", proto)
		}
	})
}

func TestAnIPv6LiteralIsAnAddressLikeAnother(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Skip("no IPv6 here:", err)
	}
	srv := httptest.NewUnstartedServer(new(sandbox.Sandbox))
	srv.Listener.Close()
	srv.Listener = listener
	srv.Start()
	t.Cleanup(srv.Close)
	tester := connector.Tester{BaseURL: "http://" + listener.Addr().String() + "/v2", Transport: newTransport(t), Timeout: ample}
	expect(t, tester.Test(context.Background(), named(liveToken())), connector.VerdictAccepted, connector.OK, connector.ConfirmedByServer)
}

// No name under .invalid resolves (RFC 6761). Where there is no network the
// resolver may keep silent instead, and then the timeout must end the test.
func TestARealLookupOfANameThatCannotExistEnds(t *testing.T) {
	t.Parallel()
	tester := connector.Tester{BaseURL: "https://api.100ms.invalid/v2", Transport: newTransport(t), Timeout: 2 * time.Second}
	began := time.Now()
	r := tester.Test(context.Background(), named(liveToken()))
	if r.Verdict != connector.VerdictInconclusive || r.Code != connector.DNSFailure && r.Code != connector.Timeout {
		t.Errorf("%s %s (%s)", r.Verdict, r.Code, r.Message)
	}
	if took := time.Since(began); took > ample {
		t.Errorf("it took %s", took)
	}
}

// A Transport of net/http gives the host's words for an error some URL; the
// query of the probe has no place in a report.
func TestNoReportOfAFailedCallShowsTheURL(t *testing.T) {
	t.Parallel()
	tester := connector.Tester{BaseURL: "http://" + closedPort + "/v2", Transport: newTransport(t), Retries: once, Timeout: ample}
	if r := tester.Test(context.Background(), named(liveToken())); strings.Contains(printed(t, r), "limit=10") {
		t.Errorf("it does: %s", r.Message)
	}
}

// roundTrip makes a function an http.RoundTripper.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// refusingProxy answers everything, CONNECT too, with status.
func refusingProxy(t *testing.T, status int) (addr string) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		io.WriteString(w, "<html>no</html>")
	}))
	t.Cleanup(srv.Close)
	return strings.TrimPrefix(srv.URL, "http://")
}

// authority issues certificates for servers.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) authority {
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "synthetic authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return authority{certificate, key}
}

func (a authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

// issue makes a certificate for host that ends in left, or ended before if
// left is negative.
func (a authority) issue(t *testing.T, host string, left time.Duration) tls.Certificate {
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: host},
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(left),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{host}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func serving(certificate tls.Certificate) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{certificate}}
}

func discard() *log.Logger { return log.New(io.Discard, "", 0) }
