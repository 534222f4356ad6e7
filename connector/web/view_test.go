package web_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/100ms-connector/connector-go/connector/web"
)

func TestWhatMattersIsInViewHoweverSmallTheWindow(t *testing.T) {
	api := new(gate)
	s := newSite(t, api.before)
	s.has("Billing sync", "", token(1, time.Hour))
	b := s.open(t)
	inView := func(selector string) string {
		return fmt.Sprintf(`(() => {
			const e = document.querySelector(%q), r = e.getBoundingClientRect();
			const on = document.elementFromPoint(r.left + Math.min(r.width / 2, 20), r.top + Math.min(r.height / 2, 12));
			return r.height > 0 && r.top >= 0 && r.bottom <= innerHeight && e.contains(on);
		})()`, selector)
	}
	b.do(chromedp.EmulateViewport(640, 430)) // 1280 by 860 at 200 per cent
	b.click("#add")
	b.is(`document.activeElement.id === "f-name"`)
	b.fill("name", "BILLING  SYNC")
	b.paste("api_key_value", value(t, "live"))
	b.says("#inspected", "Management token")
	b.is(inView("#inspected b"))
	b.is(inView("#overlay-title") + "&&" + inView("dialog .close"))
	b.shot("zoomed")
	api.hold(true)
	b.click("dialog button[value=test]")
	b.is(inView("dialog .doing"))
	b.is(inView("#overlay-title") + "&&" + inView("dialog .close"))
	api.hold(false)
	b.says("#report", "Works")
	b.click("dialog .primary")
	b.says("#outcome", "“Billing sync” is saved already, and can be taken for this one")
	b.is(inView("#outcome"))
	b.shot("refused")
	b.click("#outcome button")
	b.says(".note", "“BILLING SYNC” was saved")

	// At 1280 by 860 a report needs no scrolling.
	b.do(chromedp.EmulateViewport(1280, 860))
	b.click("#add")
	b.is(`document.activeElement.id === "f-name"`)
	b.fill("name", "another")
	for _, fixture := range []string{"expired", "app", "foreign-secret", "truncated", "expires-soon", "live"} {
		b.paste("api_key_value", value(t, fixture))
		b.says("#inspected", " ")
		b.click("dialog button[value=test]")
		b.says("#overlay-announcement", "Test completed")
		b.is(`document.getElementById("steps").open === false`)
		b.is(`document.querySelector("dialog").scrollHeight <= document.querySelector("dialog").clientHeight`)
	}
}

// settled is what an expression gives once it has given the same for a while.
func (b *tab) settled(expression string) string {
	b.t.Helper()
	last := b.eval(expression)
	for same := 0; same < 4; same++ {
		time.Sleep(50 * time.Millisecond)
		if now := b.eval(expression); now != last {
			last, same = now, 0
		}
	}
	return last
}

func TestATestMovesNothing(t *testing.T) {
	s := few(t)
	b := s.open(t)
	const tops = `JSON.stringify([...document.querySelectorAll(".tile, .tools")].map((e) => [e.id, e.offsetTop, e.offsetHeight]))`
	for _, look := range []string{"tiles", "table"} {
		b.click("[data-view=" + look + "]")
		b.is(`document.querySelector(".tiles.` + look + `")`)
		before := b.settled(tops)
		b.click("#test-all")
		b.says("#sweep", "Tested 11 of 11. 4 work, 7 need attention.")
		b.is(`![...document.querySelectorAll(".tile .verdict")].some((e) => e.innerText.includes("Not tested"))`)
		if after := b.settled(tops); after != before {
			t.Errorf("as %s:\n%s\n%s", look, before, after)
		}
	}
}

func TestATestOfSomeCanBeStopped(t *testing.T) {
	s := newSite(t, slow)
	s.workspace()
	b := s.open(t)
	b.do(chromedp.SendKeys(chromedp.CSS("#q"), "classroom"))
	b.says("#test-all", "Test these 2")
	b.click("#test-all")
	b.says("#sweep", "Tested 0 of 2")
	b.click("#sweep-stop")
	b.says("#sweep", "Stopped. Tested 0 of 2")
	b.is(`!document.getElementById("test-all").disabled`)
}

// The colours of a theme that a person forces leave the symbols and what is chosen.
func TestForcedColoursLeaveTheSymbols(t *testing.T) {
	s := tested(t)
	b := s.open(t, media("forced-colors", "active"))
	b.is(`matchMedia("(forced-colors: active)").matches`)
	b.is(`getComputedStyle(document.querySelector(".tile .verdict b"), "::before").backgroundColor !== getComputedStyle(document.body).backgroundColor`)
	b.is(`getComputedStyle(document.querySelector("[data-filter][aria-current]")).outlineStyle === "solid"`)
	b.shot("forced-colours")
}

func TestATestOfSomeTestsThoseAlone(t *testing.T) {
	s := few(t)
	c := s.member()
	r := c.form("/test-all", "q", "classroom")
	r.Header.Set("Accept", "application/x-ndjson")
	_, lines := c.do(r)
	contains(t, lines, "Tested 2 of 2. 2 work.")
	list, err := s.store.List(ctx)
	ok(t, err)
	for _, r := range list {
		if (r.LastVerdict != "") != strings.HasPrefix(r.Name, "Classroom") {
			t.Errorf("%s: %q", r.Name, r.LastVerdict)
		}
	}
	// Without scripts it ends with its outcome, which is said once.
	_, page := c.post("/test-all", "show", "untested")
	waitFor(t, func() bool {
		if strings.Contains(page, "data-running") {
			_, page = c.visit("/")
		}
		return !strings.Contains(page, "data-running")
	})
	contains(t, plain(page), "Tested 6 of 6.", "need attention")
	_, page = c.visit("/")
	lacks(t, plain(page), "Tested 6 of 6.")
}

// gate is an API that answers once it is let.
type gate struct {
	next http.RoundTripper
	mu   sync.Mutex
	held chan struct{} // nil if it is open
}

func (g *gate) before(o *web.Options) { g.next, o.Tester.Transport = o.Tester.Transport, g }

func (g *gate) hold(yes bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if yes {
		g.held = make(chan struct{})
	} else {
		close(g.held)
		g.held = nil
	}
}

func (g *gate) RoundTrip(r *http.Request) (*http.Response, error) {
	g.mu.Lock()
	held := g.held
	g.mu.Unlock()
	if held != nil {
		select {
		case <-held:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	return g.next.RoundTrip(r)
}
