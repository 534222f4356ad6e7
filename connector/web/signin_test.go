package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

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
	if status, page := first.visit(link); status != http.StatusOK || !strings.Contains(page, "Credentials") {
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
	if status, page := c.post("/signin", "password", password); status != http.StatusOK || !strings.Contains(page, "Credentials") {
		t.Errorf("the password: %d", status)
	}
}

func TestALinkIsGoodFor15Minutes(t *testing.T) {
	now := time.Now()
	s := newSite(t, func(o *web.Options) { o.Now = func() time.Time { return now } })
	early, late := strings.TrimPrefix(s.SignInLink(s.url), s.url), strings.TrimPrefix(s.SignInLink(s.url), s.url)
	now = now.Add(14 * time.Minute)
	c := s.stranger()
	if status, _ := c.visit(early); status != http.StatusOK {
		t.Errorf("after 14 minutes: %d", status)
	}
	now = now.Add(2 * time.Minute)
	status, page := s.stranger().visit(late)
	if status != http.StatusGone {
		t.Errorf("after 16 minutes: %d", status)
	}
	contains(t, plain(page), "This link has expired", "A link works once, within 15 minutes. Ask whoever runs this form for a new link.")
	if status, _ := c.visit(late); status != http.StatusOK { // whoever is in is not turned away
		t.Errorf("by somebody who is signed in: %d", status)
	}
}

func TestGuessesOfOneAddressLockNobodyElseOut(t *testing.T) {
	const password = "correct horse battery staple"
	for _, c := range []struct {
		name, guesser, neighbour, owner string
		change                          func(*web.Options)
	}{
		{"by the address of the connection", "192.0.2.1:40000", "192.0.2.1:40001", "192.0.2.2:40000", func(*web.Options) {}},
		{"by the network of an IPv6 address", "[2001:db8::1]:40000", "[2001:db8::ffff:2]:40000", "[2001:db8:0:1::1]:40000", func(*web.Options) {}},
		{"by what a proxy says", "203.0.113.1", "203.0.113.1", "203.0.113.2", func(o *web.Options) {
			o.ClientAddress = func(r *http.Request) string { return r.Header.Get("X-Real-IP") }
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t, func(o *web.Options) { o.Password = password; c.change(o) })
			inside := s.stranger()
			inside.post("/signin", "password", password)
			post := func(address, password string, cookies ...*http.Cookie) int {
				r := inside.form("/signin", "password", password)
				r.RemoteAddr = address
				r.Header.Set("X-Real-IP", address)
				for _, cookie := range cookies {
					r.AddCookie(cookie)
				}
				w := httptest.NewRecorder()
				s.log.ServeHTTP(w, r)
				return w.Code
			}
			refused := 0
			for range 50 {
				if post(c.guesser, "wrong password") == http.StatusTooManyRequests {
					refused++
				}
			}
			if refused < 40 {
				t.Errorf("%d of 50 guesses were refused", refused)
			}
			if status := post(c.neighbour, password); status != http.StatusTooManyRequests {
				t.Errorf("the guesser from another port or address of its network: %d", status)
			}
			if status := post(c.owner, password); status != http.StatusSeeOther {
				t.Errorf("the owner, elsewhere: %d", status)
			}
			here, err := url.Parse(s.url)
			ok(t, err)
			if status := post(c.guesser, "", inside.Jar.Cookies(here)...); status != http.StatusSeeOther {
				t.Errorf("somebody signed in, at the guesser's address: %d", status)
			}
			link := httptest.NewRequest(http.MethodGet, s.SignInLink(s.url), nil)
			link.RemoteAddr = c.guesser
			w := httptest.NewRecorder()
			if s.log.ServeHTTP(w, link); w.Code != http.StatusOK {
				t.Errorf("a link at the guesser's address: %d", w.Code)
			}
		})
	}
}

func TestManyGuessersFillNoMemoryAndLockNobodyOut(t *testing.T) {
	s := newSite(t, func(o *web.Options) { o.Password = "correct horse battery staple" })
	r := s.stranger().form("/signin", "password", "correct horse battery staple")
	for i := range 25_000 {
		s.Attempt(fmt.Sprint("address ", i))
	}
	if n := s.Addresses(); n > 10_000 {
		t.Errorf("%d addresses are remembered", n)
	}
	w := httptest.NewRecorder()
	if s.log.ServeHTTP(w, r); w.Code != http.StatusSeeOther {
		t.Errorf("the owner: %d", w.Code)
	}
}
