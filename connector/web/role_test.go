package web_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/100ms-connector/connector-go/connector/web"
)

func TestWhoMayLookMayNothingElse(t *testing.T) {
	s, id := readable(t, withData(nil))
	viewer := s.as(web.Viewer)
	for _, path := range []string{"/", "/timeline", "/credentials/" + id, "/credentials/" + id + "/data", "/credentials/" + id + "/data/rooms"} {
		if status, _ := viewer.visit(path); status != http.StatusOK {
			t.Errorf("%s: %d", path, status)
		}
	}
	before, err := s.store.Show(ctx, "100ms production")
	ok(t, err)
	for _, path := range []string{
		"/credentials", "/credentials/" + id, "/credentials/" + id + "/delete", "/credentials/" + id + "/test", "/credentials/" + id + "/renew", "/inspect", "/test-all", "/test-all/stop",
		"/credentials/" + id + "/write/rooms", "/credentials/" + id + "/write/rooms/run",
	} {
		if status, page := viewer.do(viewer.form(path, "action", "save", "name", "x")); status != http.StatusForbidden || !strings.Contains(page, "You may not do this") {
			t.Errorf("%s: %d", path, status)
		}
	}
	for _, path := range []string{"/credentials/new", "/credentials/" + id + "/edit", "/credentials/" + id + "/replace", "/credentials/" + id + "/delete", "/credentials/" + id + "/write", "/credentials/" + id + "/write/rooms"} {
		if status, _ := viewer.visit(path); status != http.StatusForbidden {
			t.Errorf("%s: %d", path, status)
		}
	}
	if after, err := s.store.Show(ctx, "100ms production"); err != nil || !after.LastTestedAt.Equal(before.LastTestedAt) || after.Name != before.Name {
		t.Errorf("%+v %v", after, err)
	}
	manager := s.as(web.Manager)
	if status, _ := manager.visit("/credentials/new"); status != http.StatusOK {
		t.Error("a manager cannot add")
	}
	if status, _ := manager.visit("/credentials/" + id + "/write/rooms"); status != http.StatusForbidden {
		t.Error("a manager can write")
	}
}

// as has signed in by a link of a role.
func (s *site) as(role web.Role) *client {
	s.t.Helper()
	c := s.stranger()
	if status, _ := c.visit(strings.TrimPrefix(s.SignInLinkAs(role, s.url), s.url)); status != http.StatusOK {
		s.t.Fatalf("signing in: %d", status)
	}
	c.visit(s.prefix + "/")
	return c
}

func TestTheProgramAroundSaysWhoMayDoWhat(t *testing.T) {
	roles := map[string]web.Role{"anna": web.Viewer, "ben": web.Manager}
	s, id := readable(t, withData(nil), func(o *web.Options) {}) // saves one
	s = newSite(t, withData(nil), func(o *web.Options) {
		o.Store = s.store
		o.SignedIn = func(r *http.Request) string { return r.Header.Get("X-User") }
		o.RoleOf = func(_ *http.Request, user string) web.Role { return roles[user] }
	})
	for _, c := range []struct {
		user, path string
		status     int
	}{
		{"anna", "/", 200}, {"anna", "/credentials/new", 403}, {"ben", "/credentials/new", 200}, {"ben", "/credentials/" + id + "/write", 403}, {"carl", "/", 403}, {"", "/", 401},
	} {
		r, err := http.NewRequest(http.MethodGet, s.url+c.path, nil)
		ok(t, err)
		r.Header.Set("X-User", c.user)
		if status, _ := s.stranger().do(r); status != c.status {
			t.Errorf("%s at %s: %d, want %d", c.user, c.path, status, c.status)
		}
	}
}

func TestWhoMayLookIsOfferedNothingElseInABrowser(t *testing.T) {
	s, id := readable(t, withData(nil))
	s.role = web.Viewer
	b := s.open(t)
	// offers are the links and buttons that a person sees, apart from those to look on.
	const offers = `[...document.querySelectorAll("main :is(a, button, input):not([type=hidden])")].filter((e) => e.offsetParent && !/(Data|Close|Show all)$/.test(e.textContent + (e.ariaLabel || ""))).map((e) => e.textContent || e.name).join(", ")`
	b.do(chromedp.Navigate(s.url+"/credentials/"+id), chromedp.WaitVisible(chromedp.CSS("#report")))
	b.is(offers + ` === ""`)
	b.is(`[...document.querySelectorAll(".foot a")].filter((e) => e.offsetParent).length === 1`) // the data
	ok(t, s.store.Delete(ctx, "100ms production"))
	b.do(chromedp.Navigate(s.url+"/timeline"), chromedp.WaitVisible(chromedp.CSS(".hollow")))
	b.is(offers + ` === ""`)
}
