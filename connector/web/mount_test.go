package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/web"
)

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
	for _, path := range []string{
		"/admin/100msevil", "/admin/100ms//nowhere", "/admin/100ms/../x", "/admin/100ms/./x", "/admin/100ms%2f", "/admin/100ms%2F", "/admin/100ms%2fcredentials/new",
		"/admin%2f100ms/", "/admin/%31%300ms/timeline", "/admin/100ms/%2e%2e/x", "/admin/100ms/credentials%2f%2e%2e%2f%2e%2e", "/admin/100ms/nowhere/",
	} {
		r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1/", nil)
		var err error
		r.URL, err = url.Parse("http://127.0.0.1" + path)
		ok(t, err)
		r.Header.Set("X-User", "ada")
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

func TestWhatOnePersonEnteredIsShownToNobodyElse(t *testing.T) {
	s := newSite(t, func(o *web.Options) {
		o.SignedIn = func(r *http.Request) string { return r.Header.Get("X-User") }
	})
	c := s.stranger() // one browser
	browser := c.Transport
	as := func(user string) { c.Transport = signedIn{browser, user} }
	as("ada")
	c.visit("/")
	_, page := c.add("test", "ada's secret project", token(1, time.Hour))
	draft := between(t, page, `name="draft" value="`, `"`)
	adas := c.csrf
	s.has("100ms production", "", value(t, "live"))
	_, page = c.visit("/")
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.post("/credentials/" + between(t, page, `id="t-`, `"`) + "/delete") // leaves a note for ada's next page
	c.CheckRedirect = nil

	as("bob")
	if status, _ := c.post("/credentials", "action", "save", "name", "a", "draft", draft); status != http.StatusUnauthorized {
		t.Errorf("a form of ada's page, sent by bob: %d", status)
	}
	_, page = c.visit("/credentials/new?draft=" + draft)
	lacks(t, page, "secret project", "was deleted", adas)
	contains(t, plain(page), "Enter it again")
	_, page = c.add("save", "bob's", "", "draft", draft)
	contains(t, plain(page), "must not be blank")
	if list, err := s.store.List(ctx); err != nil || len(list) != 0 {
		t.Errorf("saved: %v %v", list, err)
	}

	as("") // nobody
	if status, page := c.visit("/credentials/new?draft=" + draft); status != http.StatusUnauthorized {
		t.Errorf("nobody: %d", status)
	} else {
		lacks(t, page, "secret project")
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
	for _, o := range []web.Options{{}, {Store: db.store, Prefix: "100ms"}, {Store: db.store, Prefix: "/100ms/"}, {Store: db.store, Prefix: "/"}, {Store: db.store, Prefix: "/a//b"}, {Store: db.store, Prefix: "/a b"}, {Store: db.store, Prefix: "/a%2fb"}, {Store: db.store, Prefix: "/{a}"},
		{Store: db.store, Hosts: []string{"example.com:8080"}}, {Store: db.store, Hosts: []string{"*"}}, {Store: db.store, Hosts: []string{""}},
		{Store: db.store, Tester: &connector.Tester{BaseURL: "http://api.100ms.live/v2"}}} {
		if _, err := web.New(o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
}
