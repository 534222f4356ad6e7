package web_test

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/100ms-connector/connector-go/connector/web"
)

// at is a site with the credentials of another, whose API has a fault.
func (s *site) at(t testing.TB, fault string) *site {
	return newSite(t, withData(nil), func(o *web.Options) { o.Store, o.Tester.BaseURL = s.store, s.apiURL+"/fault/"+fault+"/v2" })
}

// TestADownloadOverHTTP10IsRefused: there the end of the connection is the end of the
// file, so one that breaks off would look whole.
func TestADownloadOverHTTP10IsRefused(t *testing.T) {
	s, id := readable(t, withData(nil))
	other := s.at(t, "html-200@2")
	c := other.member()
	r := c.form("/credentials/"+id+"/data/rooms/download", "format", "jsonl")
	for _, cookie := range c.Jar.Cookies(r.URL) {
		r.AddCookie(cookie)
	}
	var sent bytes.Buffer
	ok(t, r.Write(&sent))
	conn, err := net.Dial("tcp", r.URL.Host)
	ok(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, strings.Replace(sent.String(), " HTTP/1.1\r\n", " HTTP/1.0\r\n", 1))
	ok(t, err)
	got, err := io.ReadAll(conn)
	ok(t, err) // nothing says that it is not whole
	if text := string(got); !strings.Contains(text, " 505 ") || strings.Contains(text, "attachment") {
		t.Errorf("%.300s", text)
	}
	contains(t, string(got), "proxy_http_version 1.1")
}

func TestADownloadThatBreaksOffDoesNotLookWholeWhereTheProgramAroundTakesEveryPanic(t *testing.T) {
	s, id := readable(t, withData(nil))
	other := s.at(t, "html-200@2")
	c := other.member()
	other.log.mu.Lock()
	other.log.next = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() { _ = recover() }()
		other.ServeHTTP(w, r)
	})
	other.log.mu.Unlock()
	response, err := c.Do(c.form("/credentials/"+id+"/data/rooms/download", "format", "jsonl"))
	ok(t, err)
	defer response.Body.Close()
	if got, err := io.ReadAll(response.Body); err == nil {
		t.Errorf("%d bytes came, and looked whole", len(got))
	}
}

func TestWhatIsMissingInADownloadIsSaidWithoutScripts(t *testing.T) {
	s, id := readable(t, withData(nil))
	m := s.behind(t, func(next http.Handler) http.Handler {
		refused := ""
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/v2/active-rooms/") && (refused == "" || refused == r.URL.Path) {
				refused = r.URL.Path
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusForbidden)
				_, _ = io.WriteString(w, `{"code":403,"message":"user does not have required permission"}`)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	c := m.member()
	if status, lines := c.do(c.form("/credentials/"+id+"/data/active_room_peers/download", "format", "jsonl")); status != http.StatusOK || !strings.Contains(lines, "\n") {
		t.Fatal(status)
	}
	_, page := c.visit("/")
	contains(t, plain(page), "100ms refuses 1 room; their records are not here.")
	_, page = c.visit("/")
	lacks(t, plain(page), "100ms refuses") // once
}
