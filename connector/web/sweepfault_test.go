package web_test

import (
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/100ms-connector/connector-go/connector/web"
)

// faulty is a program's own Transport, with a fault of its own.
type faulty func()

func (f faulty) RoundTrip(*http.Request) (*http.Response, error) {
	f()
	return nil, http.ErrSchemeMismatch
}

func TestATransportThatPanicsOrExitsEndsATestOfAllAndNotTheForm(t *testing.T) {
	for name, fault := range map[string]faulty{
		"panic": func() { panic("eyJhbGciOiJIUzI1NiJ9") }, "Goexit": runtime.Goexit,
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, func(o *web.Options) { o.Tester.Transport, o.Tester.Concurrency = fault, 1 })
			s.workspace()
			c := s.member()
			for range 2 { // it can be asked for again
				r := c.form("/test-all")
				r.Header.Set("Accept", "application/x-ndjson")
				status, lines := c.do(r)
				if status != http.StatusOK || strings.Contains(lines, "eyJ") {
					t.Errorf("%d %s", status, lines)
				}
				contains(t, lines, "because of a fault in this program")
			}
			if status, _ := c.visit("/"); status != http.StatusOK {
				t.Errorf("%d", status)
			}
		})
	}
}

func TestOneTestOfAllRunsAtATime(t *testing.T) {
	s := newSite(t, slow)
	s.workspace()
	c := s.member()
	c.post("/test-all")
	waitFor(t, func() bool { return s.api.Requests() >= 8 }) // the Tester's own bound
	c.post("/test-all")
	if n := s.api.Requests(); n != 8 {
		t.Errorf("%d calls are under way", n)
	}
	c.post("/test-all/stop")
	waitFor(t, func() bool { _, page := c.visit("/"); return !strings.Contains(page, "data-running") })
}
