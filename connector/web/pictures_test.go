package web_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/100ms-connector/connector-go/connector/web"
)

// TestPictures takes a picture of every screen in both themes, three widths and
// with few and many credentials, for people to look at. CONNECTOR_PICTURES names
// the folder; CONNECTOR_PICTURES_OF may name screens, by a part of their name.
func TestPictures(t *testing.T) {
	dir := os.Getenv("CONNECTOR_PICTURES")
	if dir == "" {
		t.Skip("CONNECTOR_PICTURES names no folder for pictures")
	}
	ok(t, os.MkdirAll(dir, 0o700))
	for _, s := range screens {
		if !strings.Contains(s.name, os.Getenv("CONNECTOR_PICTURES_OF")) {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			b := s.open(t)
			for _, theme := range []string{"light", "dark"} {
				for _, width := range []int64{1280, 768, 390} {
					height := map[int64]int64{1280: 860, 768: 1024, 390: 844}[width]
					b.picture(filepath.Join(dir, fmt.Sprintf("%s-%s-%d.png", s.name, theme, width)), theme, width, height)
				}
			}
		})
	}
}

// TestPicturesOfTheREADME takes those again that the README shows, if
// CONNECTOR_README_PICTURES is set.
func TestPicturesOfTheREADME(t *testing.T) {
	if os.Getenv("CONNECTOR_README_PICTURES") == "" {
		t.Skip("CONNECTOR_README_PICTURES is not set")
	}
	for name, p := range map[string]struct {
		screen, theme string
		width, height int64
	}{
		"credentials.png": {"list-11", "light", 1000, 600}, "many.png": {"list-2000", "dark", 1000, 480},
		"expired.png": {"add-expired", "light", 900, 620}, "timeline.png": {"timeline", "light", 1000, 640},
		"data.png": {"sample", "light", 1000, 520},
	} {
		for _, s := range screens {
			if s.name == p.screen {
				s.open(t).picture(filepath.Join("..", "..", ".github", "pictures", name), p.theme, p.width, p.height)
			}
		}
	}
}

func (b *tab) picture(file, theme string, width, height int64) {
	b.t.Helper()
	b.do(media("prefers-color-scheme", theme, "prefers-reduced-motion", "reduce"),
		chromedp.EmulateViewport(width, height), chromedp.Sleep(150*time.Millisecond))
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	ok(b.t, err)
	ok(b.t, os.WriteFile(file, png, 0o644))
}

// screen is something that a person sees.
type screen struct {
	name string
	site func(t *testing.T) *site
	show func(b *tab) // from the list
}

func (s screen) open(t *testing.T) *tab {
	b := s.site(t).open(t)
	if s.show != nil {
		s.show(b)
	}
	return b
}

func few(t *testing.T) *site {
	s := newSite(t)
	s.workspace()
	return s
}

// tested is few, tested.
func tested(t *testing.T) *site {
	s := few(t)
	c := s.member()
	r := c.form("/test-all")
	r.Header.Set("Accept", "application/x-ndjson")
	c.do(r)
	return s
}

// dataSite is tested, and lets people see and write data.
func dataSite(t *testing.T) *site {
	s := newSite(t, withData(nil))
	s.workspace()
	c := s.member()
	r := c.form("/test-all")
	r.Header.Set("Accept", "application/x-ndjson")
	c.do(r)
	return s
}

// rehearse checks records that are to make rooms.
func (b *tab) rehearse(records string) {
	b.t.Helper()
	b.click(`.tile.good a[href$="/data"]`)
	b.click(`a[href$="/write"]`)
	b.click(`a[href$="/write/rooms"]`)
	b.do(chromedp.WaitVisible(chromedp.CSS("#records")))
	b.eval(`document.getElementById("records").value = "` + strings.ReplaceAll(records, `"`, `\"`) + `"`)
	b.click("main form button.primary")
}

func many(n int) func(*testing.T) *site {
	return func(t *testing.T) *site { return newSite(t, func(o *web.Options) { o.Store = thousand(n) }) }
}

func none(t *testing.T) *site { return newSite(t) }

// overlaid shows an overlay, and what a fixture comes to in it.
func overlaid(fixture string, press ...string) func(*tab) {
	return func(b *tab) {
		b.click("#add")
		b.is(`document.querySelector("dialog").open`)
		if fixture == "" {
			return
		}
		b.fill("name", "100ms production")
		b.paste("api_key_value", value(b.t, fixture))
		b.says("#inspected", " ")
		for _, selector := range press {
			b.click(selector)
			b.is(`document.querySelector("dialog #report .verdict, dialog #outcome > *") && !document.querySelector("[aria-busy=true]")`)
		}
	}
}

func at(path, says string) func(*tab) {
	return func(b *tab) {
		b.do(chromedp.Navigate(b.s.url + path))
		b.says("main", says)
	}
}

func clicked(selectors ...string) func(*tab) {
	return func(b *tab) {
		for _, s := range selectors {
			b.click(s)
			b.do(chromedp.Sleep(300 * time.Millisecond))
		}
	}
}

var screens = []screen{
	{"list-0", none, nil},
	{"list-3", many(3), nil},
	{"list-11", tested, nil},
	{"list-11-table", tested, clicked("[data-view=table]")},
	{"list-40", many(40), nil},
	{"list-40-tiles", many(40), clicked("[data-view=tiles]")},
	{"list-2000", many(2000), nil},
	{"list-swept", few, func(b *tab) { b.click("#test-all"); b.says("#sweep", "Tested 11 of 11") }},
	{"list-nothing", tested, at("/?q=nowhere", "Nothing matches")},
	{"add", none, overlaid("")},
	{"add-pasted", none, overlaid("live")},
	{"add-works", none, overlaid("live", "dialog button[value=test]")},
	{"add-expired", none, overlaid("expired", "dialog button[value=test]")},
	{"add-foreign", none, overlaid("foreign-secret", "dialog button[value=test]")},
	{"add-ask", none, overlaid("expired", "dialog button[value=test]", "dialog button.primary")},
	{"add-page", none, at("/credentials/new", "Name")},
	{"detail", tested, clicked(".tile.good h2 a")},
	{"detail-bad", tested, clicked(".tile.bad h2 a")},
	{"edit", tested, clicked(`.tile.good a[href$="/edit"]`)},
	{"replace", tested, clicked(`.tile a[href$="/replace"]`)},
	{"uses", tested, clicked(".tile.good h2 a", "dialog .uses summary")},
	{"delete", tested, clicked(".tile.good h2 a", "dialog .danger")},
	{"selected", tested, func(b *tab) {
		b.do(hover("li.tile"))
		b.click("li.tile .select")
		b.click("#select-all")
		b.says("#selected", "11 selected")
	}},
	{"import", tested, clicked("#import")},
	{"imported", tested, func(b *tab) {
		b.click("#import")
		b.do(chromedp.SetUploadFiles(chromedp.CSS("#files"), importable(b.t)))
		b.click("dialog button.primary")
		b.says("main h1", "1 of 2 files imported")
	}},
	{"sign", signing, at("/sign", "Sign and save")},
	{"timeline", tested, at("/timeline", "Expired")},
	{"timeline-0", none, at("/timeline", "Nothing to expire")},
	{"data", dataSite, func(b *tab) { b.click(`.tile.good a[href$="/data"]`); b.says("main", "Count them all") }},
	{"data-counted", dataSite, func(b *tab) {
		b.click(`.tile.good a[href$="/data"]`)
		b.click(".title .actions button")
		b.says("#s-webhook_deliveries", " ")
		b.click(".card button")
		b.says("#usage", "Sessions per day")
	}},
	{"sample", dataSite, func(b *tab) {
		b.click(`.tile.good a[href$="/data"]`)
		b.click(`a[href$="/data/sessions"]`)
		b.says("main", "The first 25")
	}},
	{"sample-personal", dataSite, func(b *tab) {
		b.click(`.tile.good a[href$="/data"]`)
		b.click(`a[href$="/data/session_peers"]`)
		b.click(`a[href="?personal=1"]`)
		b.says("main", "Leave out")
	}},
	{"write", dataSite, func(b *tab) {
		b.click(`.tile.good a[href$="/data"]`)
		b.click(`a[href$="/write"]`)
		b.says("main", "rehearsed")
	}},
	{"write-checked", dataSite, func(b *tab) { b.rehearse(`{"name":"lesson-1"}\n{"name":"lesson-2"}`); b.says("#rehearsal", "planned") }},
	{"write-problems", dataSite, func(b *tab) { b.rehearse(`{"name":"lesson 1","region":"mars"}`); b.says("#rehearsal", "problems") }},
	{"write-written", dataSite, func(b *tab) {
		b.rehearse(`{"name":"lesson-1"}\n{"name":"lesson-2"}`)
		b.click("#rehearsal button.primary")
		b.says("#progress", "2 created")
		b.is(`!document.querySelector("#rehearsal button")`)
	}},
	{"view-only", func(t *testing.T) *site { s := dataSite(t); s.role = web.Viewer; return s }, nil},
	{"not-found", none, at("/nowhere", "Not found")},
	{"signed-out", none, func(b *tab) { b.click(".signout button"); b.says("main", "Signed out") }},
}
