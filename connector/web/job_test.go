package web_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector/web"
)

// blocked is a site whose API answers a path only once it is let go, and nothing else late.
func (s *site) blocked(t testing.TB, method, path string) (m *site, asked *atomic.Int64, letGo func()) {
	gate, asked := make(chan struct{}), new(atomic.Int64)
	letGo = sync.OnceFunc(func() { close(gate) })
	t.Cleanup(letGo)
	m = s.behind(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == method && r.URL.Path == path {
				asked.Add(1)
				select {
				case <-gate:
				case <-r.Context().Done():
					return
				}
			}
			next.ServeHTTP(w, r)
		})
	})
	return m, asked, letGo
}

func TestADownloadThatGoesOnCanBeStoppedHoweverManyBeganSince(t *testing.T) {
	s, id := readable(t, withData(nil))
	m, asked, _ := s.blocked(t, http.MethodGet, "/v2/recordings")
	c := m.member()
	job := func(n int) string { return fmt.Sprintf("%032x", n) }
	ended := make(chan int, 1)
	slow := c.form("/credentials/"+id+"/data/recordings/download", "format", "csv", "job", job(0))
	go func() {
		response, err := c.Do(slow)
		if err != nil {
			ended <- 0
			return
		}
		response.Body.Close()
		ended <- response.StatusCode
	}()
	waitFor(t, func() bool { return asked.Load() > 0 })
	for n := range 17 {
		if status, _ := c.do(c.form("/credentials/"+id+"/data/templates/download", "format", "csv", "job", job(n+1))); status != http.StatusOK {
			t.Fatal(status)
		}
	}
	status, page := c.visit("/jobs/" + job(0))
	if status != http.StatusOK || !strings.Contains(page, "Stop") {
		t.Errorf("%d %s", status, plain(page))
	}
	if status, _ := c.do(c.form("/jobs/" + job(0) + "/stop")); status != http.StatusOK {
		t.Errorf("stopping: %d", status)
	}
	select {
	case status := <-ended: // nothing has come, so the page stays as it is
		if status != http.StatusNoContent {
			t.Errorf("the download was answered by %d", status)
		}
	case <-time.After(5 * time.Second):
		t.Error("it goes on")
	}
}

func TestTheOutcomeOfAWriteIsSaidThoughItsPageWasLeft(t *testing.T) {
	s, id := readable(t, withData(nil))
	m, asked, letGo := s.blocked(t, http.MethodPost, "/v2/rooms")
	c := m.member()
	at := "/credentials/" + id + "/write/rooms"
	_, page := c.do(c.form(at, "records", `{"name":"left-alone"}`))
	r := c.form(at+"/run", "rehearsal", between(t, page, `name="rehearsal" value="`, `"`))
	r.Header.Set("Accept", "application/x-ndjson")
	leaving, leave := context.WithCancel(ctx)
	left := make(chan struct{})
	go func() {
		defer close(left)
		if response, err := c.Do(r.WithContext(leaving)); err == nil {
			response.Body.Close()
		}
	}()
	waitFor(t, func() bool { return asked.Load() > 0 })
	leave()
	<-left
	time.Sleep(300 * time.Millisecond) // the server notices
	letGo()
	waitFor(t, func() bool { _, page = c.visit("/"); return strings.Contains(page, "created") })
	contains(t, plain(page), "Writing rooms: 1 created.")
}

// TestOneSessionTakesNotAllPlaces has somebody who may look begin downloads without an end.
func TestOneSessionTakesNotAllPlaces(t *testing.T) {
	s, id := readable(t, withData(nil))
	m, asked, letGo := s.blocked(t, http.MethodGet, "/v2/recordings")
	viewer, other := m.as(web.Viewer), m.member()
	answers := make(chan int, 12)
	for range cap(answers) {
		r := viewer.form("/credentials/"+id+"/data/recordings/download", "format", "csv")
		go func() {
			response, err := viewer.Do(r)
			if err != nil {
				answers <- 0
				return
			}
			response.Body.Close()
			answers <- response.StatusCode
		}()
	}
	waitFor(t, func() bool { return asked.Load() >= 4 })
	time.Sleep(100 * time.Millisecond)
	if status, page := other.visit("/credentials/" + id + "/data/templates"); status != http.StatusOK {
		t.Errorf("somebody else is refused: %d %s", status, plain(page))
	}
	letGo()
	served := 0
	for range cap(answers) {
		if status := <-answers; status == http.StatusOK {
			served++
		} else if status != http.StatusTooManyRequests {
			t.Error(status)
		}
	}
	if served != 4 {
		t.Errorf("%d are served at once", served)
	}
}

// TestAJobThatIsSilentIsFollowedOverHTTP2 has the API take longer than a response may: over
// HTTP/2 a deadline that passes ends the response by itself.
func TestAJobThatIsSilentIsFollowedOverHTTP2(t *testing.T) {
	s, id := readable(t, withData(nil))
	m, asked, letGo := s.blocked(t, http.MethodGet, "/v2/recordings")
	m.Patience(time.Second)
	server := httptest.NewUnstartedServer(m.log)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	m.url = server.URL
	c := m.stranger()
	c.Transport = server.Client().Transport
	c.visit(strings.TrimPrefix(m.SignInLink(m.url), m.url))
	c.visit("/")
	job := strings.Repeat("ab", 16)
	download := c.form("/credentials/"+id+"/data/recordings/download", "format", "csv", "job", job)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if response, err := c.Do(download); err == nil {
			_, _ = io.Copy(io.Discard, response.Body)
			response.Body.Close()
		}
	}()
	waitFor(t, func() bool { return asked.Load() > 0 })
	time.AfterFunc(2500*time.Millisecond, letGo)
	follow, err := http.NewRequest(http.MethodGet, m.url+"/jobs/"+job, nil)
	ok(t, err)
	follow.Header.Set("Accept", "application/x-ndjson")
	response, err := c.Do(follow)
	ok(t, err)
	defer response.Body.Close()
	lines, err := io.ReadAll(response.Body)
	if err != nil || response.ProtoMajor != 2 || !strings.Contains(string(lines), "Downloaded") {
		t.Errorf("%v %s %s", err, response.Proto, lines)
	}
	<-ended
}
