package web_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	console "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browser is one chromium for all tests; each has a context of its own, with its
// own cookies.
var browser struct {
	once sync.Once
	ctx  context.Context
	stop []func()
	err  error
	dir  string
}

// chromium finds the browser: CHROMIUM names it, or it is on the PATH.
func chromium() string {
	if path := os.Getenv("CHROMIUM"); path != "" {
		return path
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

func startBrowser(path string) {
	browser.dir, browser.err = os.MkdirTemp("", "connector-web-")
	if browser.err != nil {
		return
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.UserDataDir(browser.dir), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("no-first-run", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.WSURLReadTimeout(60*time.Second))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	browser.stop = append(browser.stop, stop)
	// A chromium newer than the library sends what it cannot read, and nobody needs.
	browser.ctx, stop = chromedp.NewContext(allocator, chromedp.WithErrorf(func(string, ...any) {}))
	browser.stop = append(browser.stop, stop)
	browser.err = chromedp.Run(browser.ctx)
}

func closeBrowser() {
	if browser.ctx != nil {
		_ = chromedp.Cancel(browser.ctx)
	}
	for i := len(browser.stop) - 1; i >= 0; i-- {
		browser.stop[i]()
	}
	if browser.dir != "" {
		os.RemoveAll(browser.dir)
	}
}

// tab is a page in the browser.
type tab struct {
	t    testing.TB
	s    *site
	ctx  context.Context
	errs *complaints
}

// complaints are what the browser says went wrong in a page.
type complaints struct {
	mu   sync.Mutex
	list []string
}

func (s *site) open(t testing.TB, before ...chromedp.Action) *tab {
	t.Helper()
	path := chromium()
	if path == "" {
		t.Skip("no chromium: set CHROMIUM to its path, or install Debian's package of that name, to run this test in a real browser")
	}
	browser.once.Do(func() { startBrowser(path) })
	ok(t, browser.err)
	c, cancel := chromedp.NewContext(browser.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	c, stop := context.WithTimeout(c, 150*time.Second)
	t.Cleanup(stop)
	b := &tab{t: t, s: s, ctx: c, errs: new(complaints)}
	chromedp.ListenTarget(c, func(event any) {
		b.errs.mu.Lock()
		defer b.errs.mu.Unlock()
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			b.errs.list = append(b.errs.list, e.ExceptionDetails.Error())
		case *console.EventEntryAdded: // what the policy refused, among others
			if strings.Contains(e.Entry.Text, "Content Security Policy") {
				b.errs.list = append(b.errs.list, e.Entry.Text)
			}
		case *runtime.EventConsoleAPICalled:
			if e.Type == runtime.APITypeError {
				b.errs.list = append(b.errs.list, fmt.Sprint(e.Args))
			}
		}
	})
	t.Cleanup(func() {
		b.errs.mu.Lock()
		defer b.errs.mu.Unlock()
		for _, e := range b.errs.list {
			t.Errorf("the browser complains: %s", e)
		}
	})
	b.do(before...)
	b.do(chromedp.EmulateViewport(1280, 900), chromedp.Navigate(s.SignInLink(s.url)), chromedp.WaitVisible("#tiles"))
	return b
}

func (b *tab) do(actions ...chromedp.Action) {
	b.t.Helper()
	if err := chromedp.Run(b.ctx, actions...); err != nil {
		b.shot("failure")
		b.t.Fatalf("%v\n%s", err, b.text("body"))
	}
}

// eval evaluates an expression of JavaScript.
func (b *tab) eval(expression string) (result string) {
	b.t.Helper()
	b.do(chromedp.Evaluate("String("+expression+")", &result))
	return result
}

func (b *tab) text(selector string) string {
	var text string
	_ = chromedp.Run(b.ctx, chromedp.Evaluate(fmt.Sprintf("[...document.querySelectorAll(%q)].map(e => e.innerText).join('\\n')", selector), &text))
	return text
}

// says waits until an element says all of these.
func (b *tab) says(selector string, wanted ...string) {
	b.t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		text := b.text(selector)
		missing := ""
		for _, w := range wanted {
			if !strings.Contains(text, w) {
				missing = w
			}
		}
		if missing == "" {
			return
		}
		if time.Now().After(end) {
			b.shot("failure")
			b.t.Fatalf("%s does not say %q, but:\n%s", selector, missing, text)
		}
	}
}

// is waits until an expression holds.
func (b *tab) is(expression string) {
	b.t.Helper()
	for end := time.Now().Add(30 * time.Second); b.eval("!!("+expression+")") != "true"; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			b.shot("failure")
			b.t.Fatalf("it never holds that %s; the page says:\n%s", expression, b.text("body"))
		}
	}
}

func (b *tab) click(selector string) {
	b.t.Helper()
	b.do(chromedp.Click(selector, chromedp.NodeVisible, chromedp.ByQuery))
}

// fill replaces what stands in a field of the form.
func (b *tab) fill(field, text string) {
	b.t.Helper()
	b.eval(fmt.Sprintf(`document.getElementById("f-%s").value = ""`, field))
	b.do(chromedp.SendKeys("#f-"+field, text, chromedp.ByQuery))
}

// paste puts text in a field at once, as the clipboard does.
func (b *tab) paste(field, text string) {
	b.t.Helper()
	b.do(chromedp.Focus("#f-"+field, chromedp.ByQuery))
	b.do(chromedp.Evaluate(fmt.Sprintf(`document.getElementById("f-%s").select(), document.execCommand("insertText", false, %q)`, field, text), nil))
}

// shots is the folder for screenshots; none are taken if it is empty.
var shots = os.Getenv("CONNECTOR_SCREENSHOTS")

// shot takes pictures of the page in both themes and two widths.
func (b *tab) shot(name string) {
	if shots == "" {
		return
	}
	for _, theme := range []string{"light", "dark"} {
		for _, width := range []int64{1280, 390} {
			height := int64(900)
			if width == 390 {
				height = 844
			}
			var png []byte
			err := chromedp.Run(b.ctx,
				emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}, {Name: "prefers-reduced-motion", Value: "reduce"}}),
				chromedp.EmulateViewport(width, height), chromedp.Sleep(120*time.Millisecond), chromedp.CaptureScreenshot(&png))
			if err == nil {
				err = os.WriteFile(filepath.Join(shots, fmt.Sprintf("%s-%s-%d.png", name, theme, width)), png, 0o600)
			}
			if err != nil {
				b.t.Logf("no screenshot of %s: %v", name, err)
			}
		}
	}
	_ = chromedp.Run(b.ctx, emulation.SetEmulatedMedia(), chromedp.EmulateViewport(1280, 900))
}
