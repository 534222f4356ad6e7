package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/web"
	"github.com/100ms-connector/connector-go/fixtures"
)

func TestTileAndOverlayNeverDisagree(t *testing.T) {
	s := newSite(t)
	c := s.member()
	for i, fixture := range fixtures.Cases(time.Now()) {
		if connector.HoldsSecret(fixture.Name) || fixture.Value == "" {
			continue
		}
		if err := s.store.Save(ctx, &connector.Credential{Name: fixture.Name, APIKeyValue: connector.Secret(fixture.Value)}); err != nil {
			continue // nothing that can be kept
		}
		_, list := c.visit("/?q=" + fixture.Name)
		at := "/credentials/" + between(t, list, `id="t-`, `"`)
		for _, when := range []string{"saved", "tested"} {
			if when == "tested" {
				c.post(at + "/test")
			}
			_, list = c.visit("/?q=" + fixture.Name)
			_, detail := c.visit(at)
			tile := between(t, list, `<p class="verdict"><b class="`, "</b>")
			if overlay := between(t, detail, `<p class="verdict"><b class="`, "</b>"); overlay != tile {
				t.Errorf("%d %s, %s: the tile says %q, the overlay %q", i, fixture.Name, when, tile, overlay)
			}
		}
		ok(t, s.store.Delete(ctx, fixture.Name))
	}
}

func TestNamesStayWholeAndChangeNothingAround(t *testing.T) {
	s := newSite(t)
	c := s.member()
	for name, wanted := range map[string]string{
		"خانه\u200cها":               "خانه\u200cها",               // Persian, with a joiner that is no joiner
		"👨\u200d👩\u200d👧 team":       "👨\u200d👩\u200d👧 team",       // one family
		"🏴\U000e0067\U000e007f flag": "🏴\U000e0067\U000e007f flag", // a flag of tags
		"a\u202egnp":                 "a\ufffdgnp",                 // right to left
		"b\u2066c\u2069":             "b\ufffdc\ufffd",
		"soft\u00adhyphen":           "soft\u00adhyphen",
	} {
		if err := s.store.Save(ctx, &connector.Credential{Name: name, APIKeyValue: connector.Secret(token(1, time.Hour))}); err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		_, page := c.visit("/")
		contains(t, page, ">"+wanted+"</a>")
		ok(t, s.store.Delete(ctx, name))
	}
}

func TestANameThatCanBeTakenForAnotherIsAskedAbout(t *testing.T) {
	s := newSite(t)
	s.has("100ms Production", "", token(1, time.Hour))
	c := s.member()
	for _, name := range []string{"100ms production", "１００ms production", "100ms  Production", "100ms\u200b Production"} {
		_, page := c.add("save", name, token(2, time.Hour))
		contains(t, plain(page), "Not saved yet. “100ms Production” is saved already, and can be taken for this one.")
		if list, err := s.store.List(ctx); err != nil || len(list) != 1 {
			t.Fatalf("%q was saved: %v", name, err)
		}
	}
	if _, page := c.add("save", "100ms staging", token(2, time.Hour)); strings.Contains(page, "can be taken for") {
		t.Error("a name that is like no other is asked about")
	}
	_, page := c.add("save-anyway", "100ms production", token(2, time.Hour))
	contains(t, plain(page), "“100ms production” was saved")
}

func TestALockedStoreIsSaidOnceAndNothingClaimsToHaveBeenTested(t *testing.T) {
	s := newSite(t)
	s.workspace()
	s.member()
	locked := newSite(t, func(o *web.Options) { o.Store = lockedStore{s.store} })
	c := locked.member()
	r := c.form("/test-all")
	r.Header.Set("Accept", "application/x-ndjson")
	_, lines := c.do(r)
	if n := strings.Count(lines, "start the form with that key"); n != 2 { // to be seen, and to be heard
		t.Errorf("said %d times:\n%s", n, lines)
	}
	contains(t, lines, "Nothing was tested.")
	lacks(t, lines, "Tested 11", "Could not be")
	_, page := c.visit("/")
	lacks(t, page, "tested just now", "Could not be")
}

func TestEveryPageHasAWayOn(t *testing.T) {
	link := func(o *web.Options) { o.NewLink = "Run connector serve link." }
	password := func(o *web.Options) { o.Password = "correct horse battery staple" }
	used := func(c *client) (int, string) {
		at := strings.TrimPrefix(c.s.SignInLink(c.s.url), c.s.url)
		c.s.stranger().visit(at)
		return c.visit(at)
	}
	for _, c := range []struct {
		name   string
		with   func(*web.Options)
		do     func(c *client) (int, string)
		status int
		wanted string
	}{
		{"a used link", link, used, http.StatusGone, "Run connector serve link."},
		{"a used link where there is a password", password, used, http.StatusGone, `href="/signin">Sign in</a>`},
		{"a stranger", link, func(c *client) (int, string) { return c.visit("/") }, http.StatusUnauthorized, "Run connector serve link."},
		{"signed out", link, func(c *client) (int, string) {
			c.visit(strings.TrimPrefix(c.s.SignInLink(c.s.url), c.s.url))
			c.visit("/")
			return c.post("/signout")
		}, http.StatusOK, "Run connector serve link."},
		{"signed out where there is a password", password, func(c *client) (int, string) {
			c.post("/signin", "password", "correct horse battery staple")
			return c.post("/signout")
		}, http.StatusOK, `href="/signin">Sign in</a>`},
		{"no such page", link, func(c *client) (int, string) {
			c.visit(strings.TrimPrefix(c.s.SignInLink(c.s.url), c.s.url))
			return c.visit("/nowhere")
		}, http.StatusNotFound, `href="/">Go to the credentials</a>`},
		{"no such credential", link, func(c *client) (int, string) {
			c.visit(strings.TrimPrefix(c.s.SignInLink(c.s.url), c.s.url))
			return c.visit("/credentials/nowhere")
		}, http.StatusNotFound, `href="/">Go to the credentials</a>`},
		{"too many attempts", password, func(c *client) (status int, page string) {
			for range 6 {
				status, page = c.post("/signin", "password", "wrong password")
			}
			return status, page
		}, http.StatusTooManyRequests, `href="/">Go to the credentials</a>`},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, page := c.do(newSite(t, c.with).stranger())
			if status != c.status {
				t.Errorf("%d", status)
			}
			contains(t, page, c.wanted)
		})
	}
}
