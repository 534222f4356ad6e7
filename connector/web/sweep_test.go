package web_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/web"
)

func TestATestOfAllGoesOnWithoutScriptsAndIsShown(t *testing.T) {
	s := newSite(t, func(o *web.Options) {
		o.Tester.BaseURL = strings.TrimSuffix(o.Tester.BaseURL, "/v2") + "/fault/slow-body/v2"
	})
	s.workspace()
	c := s.member()
	_, page := c.visit("/")
	if n := strings.Count(page, ">Not tested"); n < 9 {
		t.Fatalf("%d are not tested", n)
	}
	_, page = c.post("/test-all")
	contains(t, page, `<noscript><meta http-equiv="refresh" content="3"></noscript>`, `<button id="test-all" disabled>`)
	contains(t, page, `id="swept-bar"`)
	_, page = c.post("/test-all/stop")
	waitFor(t, func() bool { _, page = c.visit("/"); return !strings.Contains(page, "data-running") })
}

func TestEverySavedCredentialIsTestedAndRecorded(t *testing.T) {
	s := newSite(t)
	s.workspace()
	c := s.member()
	r := c.form("/test-all")
	r.Header.Set("Accept", "application/x-ndjson")
	_, lines := c.do(r)
	contains(t, lines, `"total":11`, `Tested 11 of 11. 4 work, 7 need attention.`)
	list, err := s.store.List(ctx)
	ok(t, err)
	for _, r := range list {
		if r.LastVerdict == "" {
			t.Errorf("%s was not tested", r.Name)
		}
	}
	_, page := c.visit("/?show=attention")
	contains(t, page, `aria-current="true"><span class="count">7</span> need attention`)
	lacks(t, page, "100ms production")
	_, page = c.visit("/?q=CLASSROOM+eu")
	contains(t, plain(page), "1 found.")
	_, page = c.visit("/timeline")
	contains(t, plain(page), "Expired 2", "Rejected 2", "Within 24 hours 1", "Within 3 days 1", "Within 14 days", "No expiry known 1")
}

// slow is an API that takes its time.
func slow(o *web.Options) {
	o.Tester.BaseURL = strings.TrimSuffix(o.Tester.BaseURL, "/v2") + "/fault/hang/v2"
	o.Tester.Timeout = 20 * time.Second
}

func TestServingEndsGracefullyWhateverIsUnderWay(t *testing.T) {
	s := newSite(t, slow)
	s.workspace()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	running, stop := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- s.Serve(running, listener, nil) }()
	s.url = "http://" + listener.Addr().String()
	c := s.member()
	for _, path := range []string{"/test-all", "/credentials"} {
		go func() {
			r := c.form(path, "action", "test", "api_key_value", token(1, time.Hour))
			r.Header.Set("Accept", "application/x-ndjson")
			if response, err := c.Do(r); err == nil {
				io.Copy(io.Discard, response.Body)
				response.Body.Close()
			}
		}()
	}
	waitFor(t, func() bool { return s.api.Requests() >= 8 })
	stop()
	select {
	case err := <-served:
		ok(t, err)
	case <-time.After(10 * time.Second): // sooner than the tests would end by themselves
		t.Fatal("it goes on")
	}
	c.CloseIdleConnections()
	s.stranger().Head(s.url) // nobody is there, and nothing hangs
	if _, err := net.DialTimeout("tcp", listener.Addr().String(), time.Second); err == nil {
		t.Error("the port is still open")
	}
	searched(s)
}

// searched gives the log of a site something to search where the requests went
// past it.
func searched(s *site) {
	r, err := http.NewRequest(http.MethodGet, "http://127.0.0.1/", nil)
	ok(s.t, err)
	s.log.ServeHTTP(discard{http.Header{}}, r)
}

func TestServingByTLSGivesASecureCookie(t *testing.T) {
	s := newSite(t, func(o *web.Options) {
		o.Password, o.Hosts = "correct horse battery staple", []string{"connector.example", "127.0.0.1"}
	})
	pair, pool := certificate(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	running, stop := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- s.Serve(running, listener, &tls.Config{Certificates: []tls.Certificate{pair}}) }()
	s.url = "https://" + listener.Addr().String()
	c := s.stranger()
	c.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: pool}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := c.Do(c.form("/signin", "password", "correct horse battery staple"))
	ok(t, err)
	response.Body.Close()
	if cookies := response.Cookies(); response.StatusCode != http.StatusSeeOther || len(cookies) != 1 || !cookies[0].Secure {
		t.Errorf("%d %v", response.StatusCode, cookies)
	}
	plainOrigin := c.form("/signin", "password", "correct horse battery staple")
	plainOrigin.Header.Set("Origin", "http://"+listener.Addr().String())
	if status, _ := c.do(plainOrigin); status != http.StatusForbidden {
		t.Errorf("from the page's http twin: %d", status)
	}
	c.CloseIdleConnections()
	stop()
	ok(t, <-served)
	searched(s)
}

func certificate(t testing.TB) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ok(t, err)
	template := x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "connector test"}, DNSNames: []string{"connector.example"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	ok(t, err)
	parsed, err := x509.ParseCertificate(der)
	ok(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func TestTooManyTestsAtOnceAreRefused(t *testing.T) {
	s := newSite(t, slow)
	c := s.member()
	leaving, leave := context.WithCancel(ctx)
	done := make(chan bool, 8)
	for i := range 8 {
		go func() {
			r := c.form("/credentials", "action", "test", "api_key_value", token(i, time.Hour)).WithContext(leaving)
			if response, err := c.Do(r); err == nil {
				response.Body.Close()
			}
			done <- true
		}()
	}
	waitFor(t, func() bool { return s.api.Requests() >= 8 })
	if status, page := c.add("test", "ninth", token(9, time.Hour)); status != http.StatusTooManyRequests {
		t.Errorf("%d %s", status, plain(page))
	}
	leave()
	for range 8 {
		<-done
	}
	waitFor(t, func() bool { // whoever leaves makes room
		status, page := c.add("test", "tenth", value(t, "app-secret"))
		return status == http.StatusOK && strings.Contains(page, string(connector.NotAToken))
	})
}
