package web_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/web"
)

func TestALinkLetsInOnce(t *testing.T) {
	s := newSite(t)
	link := strings.TrimPrefix(s.SignInLink(s.url), s.url)
	first, second := s.stranger(), s.stranger()
	ahead, err := http.NewRequest(http.MethodGet, s.url+link, nil)
	ok(t, err)
	ahead.Header.Set("Sec-Purpose", "prefetch;prerender")
	if status, _ := first.do(ahead); status != http.StatusNoContent {
		t.Errorf("looking ahead: %d", status)
	}
	head, err := http.NewRequest(http.MethodHead, s.url+link, nil)
	ok(t, err)
	if status, _ := first.do(head); status != http.StatusNoContent {
		t.Errorf("HEAD: %d", status)
	}
	if status, page := first.visit(link); status != http.StatusOK || !strings.Contains(page, `content="0; url=/"`) {
		t.Errorf("the first use: %d\n%s", status, page)
	}
	if status, page := second.visit(link); status != http.StatusGone {
		t.Errorf("the second use: %d", status)
	} else {
		contains(t, plain(page), "This link is used up")
	}
	if status, page := first.visit(link); status != http.StatusOK || !strings.Contains(page, "Authenticate") {
		t.Errorf("its owner clicks it again: %d", status)
	}
	if status, _ := s.stranger().visit("/signin/" + strings.Repeat("0", 64)); status != http.StatusGone {
		t.Errorf("a guessed link: %d", status)
	}
	for range 40 {
		s.SignInLink(s.url)
	}
	if status, _ := first.visit("/"); status != http.StatusOK {
		t.Errorf("after it: %d", status)
	}
}

func TestTheCookieIsClosedToScriptsAndOtherSites(t *testing.T) {
	for name, change := range map[string]func(*web.Options){
		"over http":      func(*web.Options) {},
		"behind a proxy": func(o *web.Options) { o.Secure = true },
	} {
		s := newSite(t, change)
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, s.SignInLink("http://127.0.0.1:8100"), nil)
		s.log.ServeHTTP(w, r)
		cookies := w.Result().Cookies()
		if len(cookies) != 1 {
			t.Fatalf("%s: %v", name, cookies)
		}
		c := cookies[0]
		if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Secure != (name != "over http") || c.Name != "connector_session_8100" {
			t.Errorf("%s: %v", name, c)
		}
		if c.Secure {
			continue // older cookie jars keep it from http, also on loopback
		}
		if c := s.member(); c.csrf == "" {
			t.Error("nobody gets in")
		}
	}
}

func TestASessionEnds(t *testing.T) {
	now := time.Now()
	s := newSite(t, func(o *web.Options) { o.Now = func() time.Time { return now } })
	c, other := s.member(), s.member()
	now = now.Add(11 * time.Hour)
	if status, _ := c.visit("/"); status != http.StatusOK {
		t.Errorf("after 11 hours: %d", status)
	}
	now = now.Add(2 * time.Hour)
	if status, _ := c.visit("/"); status != http.StatusOK {
		t.Errorf("2 hours after it was used: %d", status)
	}
	if status, _ := other.visit("/"); status != http.StatusUnauthorized {
		t.Errorf("13 hours unused: %d", status)
	}
	if status, page := c.post("/signout"); status != http.StatusOK || !strings.Contains(page, "Signed out") {
		t.Errorf("signing out: %d", status)
	}
	if status, _ := c.visit("/"); status != http.StatusUnauthorized {
		t.Errorf("after signing out: %d", status)
	}
}

func TestAPasswordLetsInAndGuessingIsSlow(t *testing.T) {
	const password = "correct horse battery staple"
	now := time.Now()
	s := newSite(t, func(o *web.Options) { o.Password, o.Now = password, func() time.Time { return now } })
	if _, err := web.New(web.Options{Store: s.store, Password: "short"}); err == nil {
		t.Error("a short password is taken")
	}
	c := s.stranger()
	if status, page := c.visit("/"); status != http.StatusOK || !strings.Contains(page, `type="password"`) {
		t.Fatalf("%d %s", status, page)
	}
	for range 5 {
		if status, page := c.post("/signin", "password", "wrong password"); status != http.StatusForbidden {
			t.Errorf("a wrong password: %d", status)
		} else {
			contains(t, plain(page), "This is not the password.")
		}
	}
	if status, _ := c.post("/signin", "password", password); status != http.StatusTooManyRequests {
		t.Errorf("a sixth attempt: %d", status)
	}
	now = now.Add(10 * time.Second)
	foreign := c.form("/signin", "password", password)
	foreign.Header.Set("Origin", "https://elsewhere.example")
	if status, _ := c.do(foreign); status != http.StatusForbidden {
		t.Errorf("from another site: %d", status)
	}
	if status, page := c.post("/signin", "password", password); status != http.StatusOK || !strings.Contains(page, "Authenticate") {
		t.Errorf("the password: %d", status)
	}
}

func TestAProgramMountsItUnderAPathAndItsOwnSignIn(t *testing.T) {
	s := newSite(t, func(o *web.Options) {
		o.Prefix, o.Hosts = "/admin/100ms", []string{"127.0.0.1"}
		o.SignedIn = func(r *http.Request) string { return r.Header.Get("X-User") }
	})
	mux := http.NewServeMux()
	mux.Handle("/admin/100ms/", s.log)
	mux.Handle("/admin/100ms", s.log)
	host := httptest.NewServer(mux)
	defer host.Close()
	s.url = host.URL
	c := s.stranger()
	c.Transport = signedIn{c.Transport, "ada"}
	for _, path := range []string{"/admin/100ms", "/admin/100ms/"} {
		if status, page := c.visit(path); status != http.StatusOK || !strings.Contains(page, `href="/admin/100ms/credentials/new"`) || strings.Contains(page, "Sign out") {
			t.Fatalf("%s: %d\n%s", path, status, page)
		}
	}
	if _, page := c.add("save", "100ms production", value(t, "live")); !strings.Contains(page, "was saved") {
		t.Errorf("not saved: %s", plain(page))
	}
	_, page := c.visit("/admin/100ms/")
	for _, attribute := range []string{`href="`, `src="`, `action="`, `formaction="`} {
		for rest := page; ; {
			_, after, found := strings.Cut(rest, attribute)
			if !found {
				break
			}
			rest = after
			if to, _, _ := strings.Cut(after, `"`); !strings.HasPrefix(to, "/admin/100ms") && !strings.HasPrefix(to, "#") {
				t.Errorf("%s%s leads out of the path", attribute, to)
			}
		}
	}
	for _, path := range []string{"/admin/100msevil", "/admin/100ms//nowhere", "/admin/100ms/../x", "/admin/100ms/./x"} {
		r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1", nil)
		r.URL.Path = path
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != http.StatusNotFound || w.Header().Get("Location") != "" {
			t.Errorf("%s: %d, to %q", path, w.Code, w.Header().Get("Location"))
		}
	}
	c.Transport = c.Transport.(signedIn).RoundTripper // the program's session ends
	if status, _ := c.visit("/admin/100ms/"); status != http.StatusUnauthorized {
		t.Errorf("without the program's sign-in: %d", status)
	}
	if status, _ := c.visit(strings.TrimPrefix(s.SignInLink(s.url), s.url)); status != http.StatusGone {
		t.Errorf("a link opens a form that has another door: %d", status)
	}
}

// signedIn is a browser of somebody whom the program around knows.
type signedIn struct {
	http.RoundTripper
	user string
}

func (s signedIn) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("X-User", s.user)
	return s.RoundTripper.RoundTrip(r)
}

func TestABadlyMountedHandlerIsRefused(t *testing.T) {
	db := newSite(t)
	db.member()
	for _, o := range []web.Options{{}, {Store: db.store, Prefix: "100ms"}, {Store: db.store, Prefix: "/100ms/"}, {Store: db.store, Prefix: "/"}, {Store: db.store, Prefix: "/a//b"},
		{Store: db.store, Hosts: []string{"example.com:8080"}}, {Store: db.store, Hosts: []string{"*"}}, {Store: db.store, Hosts: []string{""}},
		{Store: db.store, Tester: &connector.Tester{BaseURL: "http://api.100ms.live/v2"}}} {
		if _, err := web.New(o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
}
