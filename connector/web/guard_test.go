package web_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector/web"
)

// paths are those of every route with this method that takes a session, of the
// credential with this id.
func (s *site) paths(method, id string) []string {
	var paths []string
	for _, pattern := range s.Members() {
		if path, found := strings.CutPrefix(pattern, method+" "); found {
			paths = append(paths, strings.NewReplacer("{id}", id, "{$}", "", "{stream}", "rooms", "{action}", "rooms", "{job}", strings.Repeat("a", 64)).Replace(path))
		}
	}
	return paths
}

func TestStrangersAreRefused(t *testing.T) {
	n := new(renewal)
	s := newSite(t, withData(nil), func(o *web.Options) { o.Renewal = n }) // with everything that there is
	s.has("100ms production", "", value(t, "live"))
	member := s.member()
	_, page := member.visit("/")
	id := between(t, page, `id="t-`, `"`)
	paths := s.paths("POST", id)
	if len(paths) < 17 {
		t.Fatalf("only %v change something", paths)
	}
	live := value(t, "live")
	request := func(path string) *http.Request {
		return member.form(path, "action", "save", "name", "new", "api_key_value", live)
	}
	for _, c := range []struct {
		name   string
		status int
		spoil  func(*http.Request)
	}{
		{"a foreign Host, as after DNS rebinding", http.StatusMisdirectedRequest, func(r *http.Request) { r.Host = "rebound.example:8100" }},
		{"an empty Host", http.StatusMisdirectedRequest, func(r *http.Request) { r.Host = "." }},
		{"a foreign Origin", http.StatusForbidden, func(r *http.Request) { r.Header.Set("Origin", "https://elsewhere.example") }},
		{"the same host on another port", http.StatusForbidden, func(r *http.Request) { r.Header.Set("Origin", "http://127.0.0.1:1") }},
		{"a request that another site made", http.StatusForbidden, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }},
		{"a request that a sibling site made", http.StatusForbidden, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") }},
		{"an Origin that is hidden, and nothing else", http.StatusForbidden, func(r *http.Request) { r.Header.Del("Sec-Fetch-Site") }},
		{"no word on where it comes from", http.StatusForbidden, func(r *http.Request) { r.Header.Del("Sec-Fetch-Site"); r.Header.Del("Origin") }},
		{"no CSRF token", http.StatusForbidden, func(r *http.Request) { body(r, "action=save&name=new&api_key_value=x") }},
		{"another session's CSRF token", http.StatusForbidden, func(r *http.Request) { body(r, "csrf="+s.member().csrf+"&action=save") }},
		{"JSON in a form's place", http.StatusUnsupportedMediaType, func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }},
		{"text in a form's place", http.StatusUnsupportedMediaType, func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }},
		{"a body of 10 MB", http.StatusRequestEntityTooLarge, func(r *http.Request) { body(r, "csrf="+member.csrf+"&x="+strings.Repeat("x", 10<<20)) }},
		{"a body of 10 MB of unknown length", http.StatusRequestEntityTooLarge, func(r *http.Request) {
			body(r, "csrf="+member.csrf+"&x="+strings.Repeat("x", 10<<20))
			r.ContentLength = -1
		}},
		{"no session", http.StatusUnauthorized, func(r *http.Request) { r.Header.Set("Cookie", "none=1") }},
		{"a session that is none", http.StatusUnauthorized, func(r *http.Request) {
			r.Header.Set("Cookie", "connector_session="+strings.Repeat("a", 64))
		}},
		{"a wrong method", http.StatusMethodNotAllowed, func(r *http.Request) { r.Method = http.MethodPut }},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, path := range paths {
				r := request(path)
				for _, cookie := range member.Jar.Cookies(r.URL) {
					r.AddCookie(cookie)
				}
				c.spoil(r)
				w := httptest.NewRecorder()
				s.log.ServeHTTP(w, r)
				if w.Code != c.status {
					t.Errorf("%s: %d, want %d: %s", path, w.Code, c.status, plain(w.Body.String()))
				}
				if strings.Contains(w.Body.String(), live) {
					t.Errorf("%s: the answer holds the token", path)
				}
			}
		})
	}
	if list, err := s.store.List(ctx); err != nil || len(list) != 1 || !list[0].LastTestedAt.IsZero() || s.api.Requests() != 0 {
		t.Errorf("something was changed: %v %v, %d calls", list, err, s.api.Requests())
	}
	t.Run("a page without a session", func(t *testing.T) {
		for _, path := range append(s.paths("GET", id), "/nowhere") {
			status, page := s.stranger().visit(path)
			if status != http.StatusUnauthorized {
				t.Errorf("%s: %d", path, status)
			}
			lacks(t, page, "100ms production", "data-csrf")
		}
	})
	t.Run("a foreign Host asks for a page", func(t *testing.T) {
		r, err := http.NewRequest(http.MethodGet, s.url+"/", nil)
		ok(t, err)
		r.Host = "rebound.example"
		if status, _ := member.do(r); status != http.StatusMisdirectedRequest {
			t.Errorf("%d", status)
		}
	})
}

func body(r *http.Request, text string) {
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
}

func between(t testing.TB, text, before, after string) string {
	t.Helper()
	_, rest, found := strings.Cut(text, before)
	if !found {
		t.Fatalf("nothing begins with %s", before)
	}
	inner, _, _ := strings.Cut(rest, after)
	return inner
}

func TestEveryAnswerClosesThePage(t *testing.T) {
	s := newSite(t)
	s.has("100ms production", "", value(t, "live"))
	c := s.member()
	_, page := c.visit("/")
	id := between(t, page, `id="t-`, `"`)
	for _, path := range append(s.paths("GET", id), "/nowhere", "/credentials/nowhere", "/static/app.js", "/signin", "/signin/used") {
		response, err := c.Get(s.url + path)
		ok(t, err)
		io.Copy(io.Discard, response.Body)
		response.Body.Close()
		for header, wanted := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
			"X-Content-Type-Options":  "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
		} {
			if got := response.Header.Get(header); got != wanted {
				t.Errorf("%s: %s: %q", path, header, got)
			}
		}
	}
	for _, kind := range []string{"js", "css"} {
		_, name, _ := strings.Cut(regexp.MustCompile(`/static/app\.\w+\.`+kind).FindString(page), "app.")
		name = strings.TrimSuffix(name, "."+kind)
		r, err := http.NewRequest(http.MethodGet, s.url+"/static/app."+name+"."+kind, nil)
		ok(t, err)
		r.Header.Set("Accept-Encoding", "gzip") // else the client asks for it, and unpacks in secret
		response, err := c.Do(r)
		ok(t, err)
		packed, err := io.ReadAll(response.Body)
		ok(t, err)
		response.Body.Close()
		head := response.Header
		if !strings.Contains(head.Get("Cache-Control"), "immutable") || head.Get("Content-Encoding") != "gzip" || head.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s is kept by its name, and compressed: %v", kind, head)
		}
		z, err := gzip.NewReader(bytes.NewReader(packed))
		ok(t, err)
		whole, err := io.ReadAll(z)
		ok(t, err)
		if sum := sha256.Sum256(whole); hex.EncodeToString(sum[:6]) != name || len(packed)*2 > len(whole) {
			t.Errorf("%s: %s, %d bytes of %d", kind, name, len(packed), len(whole))
		}
	}
	lacks(t, page, "<script>", " style=", "onclick", "javascript:")
}

func TestRatesAreBounded(t *testing.T) {
	now := time.Now()
	s := newSite(t, func(o *web.Options) { o.Now = func() time.Time { return now } })
	c := s.member()
	for i := range 60 {
		status, _ := c.post("/inspect", "api_key_value", "x")
		if wanted := map[bool]int{true: http.StatusOK, false: http.StatusTooManyRequests}[i < 40]; status != wanted {
			t.Fatalf("inspection %d: %d, want %d", i, status, wanted)
		}
	}
	now = now.Add(time.Second)
	if status, _ := c.post("/inspect", "api_key_value", "x"); status != http.StatusOK {
		t.Errorf("a second later: %d", status)
	}
}

func TestALongHeaderOrPathBreaksNothing(t *testing.T) {
	s := newSite(t)
	c := s.member()
	for _, path := range []string{"/?q=" + strings.Repeat("x", 4000), "/credentials/" + strings.Repeat("y", 4000), "/?show=" + strings.Repeat("z", 4000), "/%00", "/credentials/%2e%2e%2f", "/?q=%ff%fe", "/static/..%2fhandler.go"} {
		r := httptest.NewRequest(http.MethodGet, s.url+path, nil)
		for _, cookie := range c.Jar.Cookies(r.URL) {
			r.AddCookie(cookie)
		}
		w := httptest.NewRecorder()
		s.log.ServeHTTP(w, r)
		if w.Code >= 500 || bytes.Contains(w.Body.Bytes(), []byte("package web")) {
			t.Errorf("%.40s: %d", path, w.Code)
		}
	}
}
