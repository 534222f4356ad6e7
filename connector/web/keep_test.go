package web_test

import (
	"fmt"
	"net/http"
	"strings"
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

// restart puts another handler in the place of the one before.
func (l *log) restart(h http.Handler) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next = h
}
