package web_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/web"
)

// shows waits until the list has these names, in this order.
func (b *tab) shows(names ...string) {
	b.t.Helper()
	b.is(fmt.Sprintf(`[...document.querySelectorAll(".tile h2")].map((e) => e.innerText).join("|") === %q`, strings.Join(names, "|")))
}

// at waits until the page has this address.
func (b *tab) at(address string) {
	b.t.Helper()
	b.is(fmt.Sprintf(`location.pathname + location.search === %q`, address))
}

func TestTheListIsInTheAddressAndSurvivesWhatIsDone(t *testing.T) {
	s := tested(t)
	b := s.open(t)
	b.click("[data-filter=attention]")
	b.at("/?show=attention")
	b.click("[data-sort=name]")
	b.at("/?show=attention&sort=name")
	b.do(chromedp.SendKeys(chromedp.CSS("#q"), "expire"))
	b.at("/?q=expire&show=attention&sort=name")
	few := []string{"Analytics export", "Billing sync", "Customer success", "Data lake ingest", "Events archive", "Legacy webhook replay", "QA sandbox"}
	b.shows(few...)
	b.is(`document.activeElement.id === "q"`)
	b.click("[data-view=table]")
	here := "/?q=expire&show=attention&sort=name&view=table"
	b.at(here)
	b.do(chromedp.Reload())
	b.shows(few...)
	b.is(`document.getElementById("q").value === "expire" && document.querySelector(".tiles.table")`)

	// Saving, and deleting: the focus stays in the list.
	b.click(`[aria-label="Edit Billing sync"]`)
	b.is(`document.activeElement.id === "f-name"`)
	b.fill("description", "edited")
	b.click("dialog .primary")
	b.says(".note", "“Billing sync” was saved")
	b.at(here)
	b.is(`document.activeElement.innerText === "Billing sync"`)
	b.click(`.tile:nth-child(4) h2 a`)
	b.click("dialog .danger:not(.primary)")
	b.click("dialog .primary.danger")
	b.says(".note", "“Data lake ingest” was deleted")
	b.at(here)
	b.is(`document.activeElement.innerText === "Events archive"`)

	// Back, choice by choice.
	b.do(chromedp.Navigate(s.url + "/"))
	b.click("[data-filter=works]")
	b.at("/?show=works")
	b.click("[data-filter=untested]")
	b.at("/?show=untested")
	b.shows()
	b.says("main", "Nothing matches")
	b.eval(`history.back()`)
	b.at("/?show=works")
	b.shows("Classroom EU", "Classroom US", "100ms production", "Staging")
	b.eval(`history.back()`)
	b.at("/")
	b.is(`document.querySelectorAll(".tile").length === 10`)

	// What looks like a token goes into no address.
	b.paste100(value(t, "live"))
	b.is(`document.getElementById("q").matches(":invalid")`)
	b.do(chromedp.KeyEvent(kb.Enter), chromedp.Sleep(300*time.Millisecond))
	b.at("/")
}

// paste100 puts text into the field of the search at once.
func (b *tab) paste100(text string) {
	b.t.Helper()
	b.do(chromedp.Focus(chromedp.CSS("#q")))
	b.eval(fmt.Sprintf(`(document.getElementById("q").select(), document.execCommand("insertText", false, %q))`, text[:150]))
}

func TestTheOverlayIsAnEntryOfTheHistory(t *testing.T) {
	s := tested(t)
	b := s.open(t)
	b.do(chromedp.Navigate(s.url + "/?show=works"))
	b.click(".tile h2 a")
	b.is(`document.querySelector("dialog").open && location.pathname.startsWith("/credentials/")`)
	b.click(`dialog a[href$="/edit"]`)
	b.is(`location.pathname.endsWith("/edit") && document.querySelector("dialog #f-name")`)
	b.is(`document.activeElement.id === "f-name"`)
	b.fill("description", "typed") // Back asks here as well
	b.eval(`history.back()`)
	b.says("dialog #outcome", "Discard what you entered?")
	b.is(`location.pathname.endsWith("/edit") && document.getElementById("f-description").value === "typed"`)
	b.eval(`document.getElementById("f-description").value = document.getElementById("f-description").defaultValue`)
	b.eval(`history.back()`)
	b.is(`document.querySelector("dialog #test-again") && document.querySelector("dialog").open`)
	b.eval(`history.back()`)
	b.is(`!document.querySelector("dialog").open`)
	b.at("/?show=works")
	b.eval(`history.forward()`)
	b.is(`document.querySelector("dialog").open && document.querySelector("#test-again")`)
	b.click(`dialog a[href$="/edit"]`)
	b.is(`document.querySelector("dialog #f-name")`)
	b.click("dialog .close") // closes all of it
	b.is(`!document.querySelector("dialog").open`)
	b.at("/?show=works")
	b.is(`document.activeElement.closest(".tile")`)

	// Loaded anew it is a page of its own, that leads back to the same list.
	b.click(".tile h2 a")
	b.is(`document.querySelector("dialog").open`)
	b.do(chromedp.Reload())
	b.is(`document.querySelector("main > .sheet")`)
	b.click("main .close")
	b.at("/?show=works")
}

func TestNothingTypedIsDiscardedWithoutAQuestion(t *testing.T) {
	s := newSite(t)
	b := s.open(t)
	b.click("#add")
	b.is(`document.activeElement.id === "f-name"`)
	b.do(chromedp.KeyEvent(kb.Escape))
	b.is(`!document.querySelector("dialog").open`) // nothing was typed
	b.click("#add")
	b.is(`document.activeElement.id === "f-name"`)
	b.fill("name", "typed")
	typed := `document.querySelector("dialog").open && document.getElementById("f-name").value === "typed"`
	for range 2 { // Escape asks, and Escape again goes on
		b.do(chromedp.KeyEvent(kb.Escape))
		b.says("dialog #outcome", "Discard what you entered? It is not saved.")
		b.is(typed)
		b.do(chromedp.KeyEvent(kb.Escape))
		b.is(typed + ` && !document.querySelector("#discard")`)
	}
	b.eval(`history.back()`)
	b.says("dialog #outcome", "Discard what you entered?")
	b.is(typed + ` && location.pathname === "/credentials/new"`)
	if b.eval(`dispatchEvent(new Event("beforeunload", { cancelable: true }))`) != "false" {
		t.Error("the page is left without a question")
	}
	b.click("#discard")
	b.is(`!document.querySelector("dialog").open && location.pathname === "/"`)
	if b.eval(`dispatchEvent(new Event("beforeunload", { cancelable: true }))`) != "true" {
		t.Error("there is a question where nothing was typed")
	}
}

func TestWhatIsTypedOutlivesTheSessionAndTheServer(t *testing.T) {
	s, live := newSite(t), value(t, "live")
	b := s.open(t)
	b.click("#add")
	b.is(`document.activeElement.id === "f-name"`)
	b.fill("name", "kept")
	b.paste("api_key_value", live)
	b.says("#inspected", "Management token")
	admit := func(link string) { // as another tab does
		b.eval(`(window.admitted = false, fetch("` + link + `").then(() => { window.admitted = true }))`)
		b.is(`window.admitted`)
	}
	admit(s.SignInLink("")) // the form is of the session before
	b.click("dialog button[value=test]")
	b.says("#report", "Works") // and the server has a draft of it now

	b.eval(`(window.reached = window.fetch, window.fetch = () => Promise.reject(new TypeError("not reached")))`)
	b.click("dialog .primary")
	b.says("dialog #outcome", "The form's server does not answer", "what you entered is still here")
	b.eval(`window.fetch = window.reached`)

	h, err := web.New(web.Options{Store: s.store, Tester: &connector.Tester{BaseURL: s.apiURL + "/v2", Retries: -1}})
	ok(t, err)
	t.Cleanup(h.Close)
	s.log.restart(h)
	b.click("dialog .primary")
	b.says("dialog #outcome", "You are not signed in", "What you entered is still here")
	b.is(`document.getElementById("f-name").value === "kept" && document.getElementById("f-api_key_value").value.length > 100`)
	admit(h.SignInLink(""))
	b.click("dialog .primary")
	b.says(".note", "“kept” was saved. The API accepted the token")
	if saved(t, s, "kept") != live {
		t.Error("another value was saved")
	}
}

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

func TestATestMovesNothing(t *testing.T) {
	s := few(t)
	b := s.open(t)
	const tops = `JSON.stringify([...document.querySelectorAll(".tile, .tools")].map((e) => [e.id, e.offsetTop, e.offsetHeight]))`
	for _, look := range []string{"tiles", "table"} {
		b.click("[data-view=" + look + "]")
		b.is(`document.querySelector(".tiles.` + look + `")`)
		before := b.eval(tops)
		b.click("#test-all")
		b.says("#sweep", "Tested 11 of 11. 4 work, 7 need attention.")
		b.is(`![...document.querySelectorAll(".tile .verdict")].some((e) => e.innerText.includes("Not tested"))`)
		if after := b.eval(tops); after != before {
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
