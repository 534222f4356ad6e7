package web_test

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/100ms-connector/connector-go/connector/web"
)

// inaccessible lists what a person without a mouse or without eyes would miss.
const inaccessible = `(() => {
	const wrong = [];
	const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
	ids.filter((id, i) => ids.indexOf(id) !== i).forEach((id) => wrong.push("twice the id " + id));
	const name = (e) => (e.getAttribute("aria-label") || (e.labels && [...e.labels].map((l) => l.innerText).join(" ")) ||
		(e.getAttribute("aria-labelledby") || "").split(" ").map((id) => (document.getElementById(id) || {}).innerText || "").join(" ") || (e.tagName === "INPUT" ? "" : e.textContent) || "").trim();
	const all = document.querySelectorAll("a, button, input:not([type=hidden]), dialog[open], section, nav, progress, [role=search]:not(form)");
	for (const e of all) if (!e.closest("[hidden]") && e.checkVisibility() && !name(e) && e.tagName !== "SECTION") wrong.push("no name: " + e.outerHTML.slice(0, 120));
	for (const e of document.querySelectorAll("[aria-describedby], [aria-labelledby]"))
		for (const id of ((e.getAttribute("aria-describedby") || "") + " " + (e.getAttribute("aria-labelledby") || "")).split(" ").filter(Boolean))
			if (!document.getElementById(id) && !(e.id === "overlay" && !e.open)) wrong.push(e.tagName + " refers to " + id);
	if (!document.documentElement.lang || !document.title || document.querySelectorAll("main").length !== 1) wrong.push("no language, title or main");
	if (document.querySelectorAll("main h1").length + document.querySelectorAll("dialog[open] h1").length < 1) wrong.push("no heading");
	for (const e of document.querySelectorAll("img:not([alt])")) wrong.push("no alt: " + e.src);
	for (const e of document.querySelectorAll("[tabindex]")) if (e.tabIndex > 0) wrong.push("an order of its own: " + e.outerHTML.slice(0, 80));
	if (document.documentElement.scrollWidth > document.documentElement.clientWidth + 1) wrong.push("wider than the window: " + document.documentElement.scrollWidth);
	const dialog = document.querySelector("dialog[open]");
	if (dialog && dialog.scrollWidth > dialog.clientWidth + 1) wrong.push("the overlay is wider than itself: " + dialog.scrollWidth);
	return wrong.join("\n");
})()`

// faint lists texts whose contrast with what is behind them is below WCAG's AA.
const faint = `(() => {
	const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
	const rgba = (c) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = c; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
	const light = (c) => { const [r, g, b] = c.slice(0, 3).map((v) => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; }); return .2126 * r + .7152 * g + .0722 * b; };
	const behind = (e) => { for (; e; e = e.parentElement) { const c = rgba(getComputedStyle(e).backgroundColor); if (c[3] > 250) return c; } return rgba("Canvas"); };
	const wrong = new Set();
	const within = document.querySelector("dialog[open]") || document.body;
	for (const e of within.querySelectorAll("*")) {
		if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) || !e.checkVisibility() || e.closest(".unseen, noscript, :disabled, .sweeping")) continue;
		const a = light(rgba(getComputedStyle(e).color)), b = light(behind(e));
		const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
		if (ratio < 4.5) wrong.add(e.tagName + "." + e.className + " " + ratio.toFixed(2) + ": " + e.innerText.slice(0, 30));
	}
	return [...wrong].join("\n");
})()`

func (b *tab) accessible(where string) {
	b.t.Helper()
	for _, width := range []int64{1280, 390, 320} {
		b.do(chromedp.EmulateViewport(width, 900))
		if wrong := b.eval(inaccessible); wrong != "" {
			b.t.Errorf("%s, %d wide:\n%s", where, width, wrong)
		}
	}
	for _, theme := range []string{"light", "dark"} {
		b.do(media("prefers-color-scheme", theme))
		if wrong := b.eval(faint); wrong != "" {
			b.t.Errorf("%s, %s:\n%s", where, theme, wrong)
		}
	}
	b.do(media(), chromedp.EmulateViewport(1280, 900))
}

func TestEveryPageCanBeReadAndOperatedByAnybody(t *testing.T) {
	s := newSite(t)
	b := s.open(t)
	b.accessible("the empty screen")
	s.workspace()
	b.do(chromedp.Reload())
	b.click("#test-all")
	b.says("#sweep", "Tested 11 of 11")
	b.accessible("the tiles")
	b.click("#add")
	b.is(`document.querySelector("dialog[open]") && document.activeElement.id === "f-name"`)
	b.is(`document.querySelector("dialog").matches(":modal") && document.getElementById(document.querySelector("dialog").getAttribute("aria-labelledby")).innerText.includes("Add credential")`)
	b.accessible("the overlay")
	b.click("dialog button.primary") // native validation keeps it
	b.is(`document.querySelector("dialog[open] #f-name:invalid")`)
	b.fill("name", "100ms production")
	b.paste("api_key_value", value(t, "live"))
	b.says("#inspected", "Management token")
	b.click("dialog button.primary")
	b.says("#problems-name", "A credential of this name exists")
	b.is(`document.activeElement.id === "f-name" && document.activeElement.getAttribute("aria-invalid") === "true"`)
	b.shot("problem")
	b.accessible("the overlay with a problem")
	for _, fixture := range []string{"expired", "expires-soon", "live"} {
		b.paste("api_key_value", value(t, fixture))
		b.click("dialog button[value=test]")
		b.is(`document.querySelector("#report .fold")`)
		b.says("#overlay-announcement", "Test completed")
		b.accessible("a report on " + fixture)
	}
	b.do(chromedp.KeyEvent(kb.Escape))
	b.says("#outcome", "Discard what you entered?")
	b.accessible("the question before discarding")
	b.click("#discard")
	b.is(`!document.querySelector("dialog[open]")`)
	b.click(".tile.bad h2 a")
	b.is(`document.querySelector("dialog[open] #test-again")`)
	b.accessible("the details")
	b.click("dialog .danger")
	b.is(`document.querySelector("dialog[open] button.danger")`)
	b.accessible("the question before deleting")
	for _, path := range []string{"/timeline", "/credentials/new", "/nowhere"} {
		b.do(chromedp.Navigate(s.url + path))
		b.accessible(path)
	}
}

// press presses a key until an expression holds.
func (b *tab) press(key, expression string) {
	b.t.Helper()
	for range 80 {
		if b.eval("!!("+expression+")") == "true" {
			return
		}
		b.do(chromedp.KeyEvent(key))
	}
	b.t.Fatalf("no key leads to %s; the focus is on %s", expression, b.eval("document.activeElement.outerHTML"))
}

func TestEverythingCanBeDoneByKeyboard(t *testing.T) {
	s := newSite(t)
	b := s.open(t)
	focus := func(selector string) string { return `document.activeElement.matches("` + selector + `")` }
	b.press(kb.Tab, focus(".skip"))
	b.press(kb.Tab, focus("#add"))
	b.is(`getComputedStyle(document.activeElement).outlineStyle === "solid"`)
	b.do(chromedp.KeyEvent(kb.Enter))
	b.is(focus("#f-name"))
	b.do(chromedp.KeyEvent("By keyboard"), chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Tab))
	b.is(focus("#f-api_key_value"))
	b.do(chromedp.KeyEvent(value(t, "live")))
	b.says("#inspected", "Management token, expires in")

	// The focus goes round in the overlay, both ways.
	for range 20 {
		b.do(chromedp.KeyEvent(kb.Tab))
		b.is(`document.querySelector("dialog").contains(document.activeElement)`)
	}
	b.press(kb.Tab, focus(".close"))
	b.do(chromedp.KeyEvent(kb.Tab, chromedp.KeyModifiers(chromedp.ModifierShift)))
	b.is(focus("dialog button.primary"))

	b.press(kb.Tab, focus("button[value=test]"))
	b.do(chromedp.KeyEvent(kb.Enter))
	b.says("#report", "Works")
	b.is(focus("button[value=test]"))
	b.press(kb.Tab, focus("#f-name"))
	b.do(chromedp.KeyEvent(kb.Enter)) // as in every form
	b.says(".note", "was saved")
	b.is(focus(".tile h2 a"))

	b.press(kb.Tab, focus("[data-test]"))
	b.do(chromedp.KeyEvent(kb.Enter))
	b.says("dialog #report", "The API accepted the token")
	b.says("#overlay-announcement", "Works")
	b.do(chromedp.KeyEvent(kb.Escape))
	b.is(`!document.querySelector("dialog").open && document.activeElement.closest(".tile")`)
	b.do(chromedp.KeyEvent(kb.Enter))
	b.is(focus("#test-again"))
	b.press(kb.Tab, focus("dialog .danger"))
	b.do(chromedp.KeyEvent(kb.Enter))
	b.is(focus("dialog [data-close]"))
	b.press(kb.Tab, focus("dialog button.danger"))
	b.do(chromedp.KeyEvent(kb.Enter))
	b.says("main", "was deleted")
	b.do(chromedp.KeyEvent("/"))
	s.has("found", "", value(t, "live"))
	b.do(chromedp.Reload(), chromedp.WaitVisible(chromedp.CSS("#q")), chromedp.KeyEvent("/"))
	b.is(focus("#q"))
}

func TestAddTestAndSaveWorkWithoutScripts(t *testing.T) {
	s := newSite(t)
	b := s.open(t, withoutScripts())
	// Expressions still work from outside; those of the page do not.
	b.is(`!window.form100`)
	b.click("#add")
	b.do(chromedp.WaitVisible(chromedp.CSS("#f-name")))
	if at := b.eval("location.pathname"); at != "/credentials/new" {
		t.Fatalf("at %s", at)
	}
	b.shot("noscript-form")
	b.do(chromedp.SendKeys(chromedp.CSS("#f-name"), "Without scripts"), chromedp.SendKeys(chromedp.CSS("#f-api_key_value"), value(t, "expired")))
	b.click(".foot button[value=test]")
	b.says("#report", "Rejected", "expired_token", "The token expired 24 hours ago")
	b.shot("noscript-report")
	if v := b.eval(`document.querySelector("#f-api_key_value").value`); v != "" {
		t.Error("the value came back")
	}
	b.do(chromedp.SendKeys(chromedp.CSS("#f-api_key_value"), value(t, "live")))
	b.click(".foot button[value=test]")
	b.says("#report", "Works")
	b.click(".foot .primary") // the value is kept
	b.says(".note", "“Without scripts” was saved. The API accepted the token")
	b.says(".tile .verdict", "Works")
	b.click("[data-test]")
	b.says("#report", "The API accepted the token", "7 passed")
	b.click(`a[href$="/edit"]`)
	b.do(chromedp.WaitVisible(chromedp.CSS("#f-name")), chromedp.SendKeys(chromedp.CSS("#f-description"), "edited"))
	b.click(".foot .primary")
	b.says(".tile", "edited")
	b.eval(`window.before = true`)
	b.click("#test-all")
	b.is(`!window.before && document.readyState === "complete"`)
	b.is(`!document.querySelector("#sweep[data-running]")`) // the page loads itself again until then
	b.click(".tile h2 a")
	b.click("main .danger")
	b.do(chromedp.WaitVisible(chromedp.CSS("main button.danger")))
	b.click("main button.danger")
	b.says("main", "“Without scripts” was deleted")
}

func TestAThousandTilesAreThereWithoutScripts(t *testing.T) {
	s := newSite(t, func(o *web.Options) { o.Store = thousand(300) })
	b := s.open(t, withoutScripts())
	b.says("#found", "1 to 100 of 300")
	b.click("[rel=next]")
	b.says("#found", "101 to 200 of 300")
	b.click("[rel=next]")
	b.says("#found", "201 to 300 of 300")
	b.is(`document.querySelectorAll(".tile[data-tone]").length === 100 && !document.querySelector("[rel=next]")`)
	b.do(chromedp.SendKeys(chromedp.CSS("#q"), "0299"))
	b.click(".search button")
	b.says("#found", "1 found")
}
