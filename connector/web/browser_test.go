package web_test

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/emulation"
	console "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/100ms-connector/connector-go/connector/web"
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
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	browser.stop = append(browser.stop, stop)
	// A chromium of another version than the library's sends events that it cannot read.
	browser.ctx, stop = chromedp.NewContext(allocator, chromedp.WithErrorf(func(string, ...any) {}))
	browser.stop = append(browser.stop, stop)
	browser.err = chromedp.Do(browser.ctx)
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

// step is an action that returns no value.
type step = chromedp.Action[chromedp.Void]

// command is a step that sends a command of the browser's protocol.
func command[P, R any](c cdp.Command[P, R], params P) step {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, c, params)
		return err
	})
}

// media pretends that a person prefers these: name and value in turn; none undoes it.
func media(preferences ...string) step {
	var p emulation.SetEmulatedMediaParams
	for i := 0; i < len(preferences); i += 2 {
		p.Features = append(p.Features, &emulation.MediaFeature{Name: preferences[i], Value: preferences[i+1]})
	}
	return command(emulation.SetEmulatedMedia, p)
}

// hover moves the pointer over an element.
func hover(selector string) step {
	return chromedp.QueryAfter(chromedp.CSS(selector), func(ctx context.Context, target *chromedp.Target, nodes []*chromedp.Node) (chromedp.Void, error) {
		box, err := cdp.Call(ctx, target, dom.GetContentQuads, dom.GetContentQuadsParams{NodeID: nodes[0].NodeID})
		if err != nil {
			return chromedp.Void{}, err
		}
		quad := box.Quads[0]
		return chromedp.MouseEvent(chromedp.MouseMoved, (quad[0]+quad[4])/2, (quad[1]+quad[5])/2)(ctx, target)
	}, chromedp.NodeVisible)
}

// withoutScripts keeps the page's scripts from running.
func withoutScripts() step {
	return command(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
}

// complaints are what the browser says went wrong in a page.
type complaints struct {
	mu   sync.Mutex
	list []string
}

func (s *site) open(t testing.TB, before ...step) *tab {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: no browser")
	}
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
	ok(t, chromedp.Listen(c, func(event any) {
		b.errs.mu.Lock()
		defer b.errs.mu.Unlock()
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			b.errs.list = append(b.errs.list, (&chromedp.ExceptionError{ExceptionDetails: e.ExceptionDetails}).Error())
		case *console.EventEntryAdded: // what the policy refused, among others
			if strings.Contains(e.Entry.Text, "Content Security Policy") {
				b.errs.list = append(b.errs.list, e.Entry.Text)
			}
		case *runtime.EventConsoleAPICalled:
			if e.Type == runtime.ConsoleAPICalledTypeError {
				b.errs.list = append(b.errs.list, fmt.Sprint(e.Args))
			}
		}
	}))
	t.Cleanup(func() {
		b.errs.mu.Lock()
		defer b.errs.mu.Unlock()
		for _, e := range b.errs.list {
			t.Errorf("the browser complains: %s", e)
		}
	})
	b.do(before...)
	b.do(chromedp.EmulateViewport(1280, 900), chromedp.Navigate(s.SignInLinkAs(cmp.Or(s.role, web.Writer), s.url)), chromedp.WaitVisible(chromedp.CSS("#tiles")))
	return b
}

func (b *tab) do(actions ...step) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.shot("failure")
		b.t.Fatalf("%v\n%s", err, b.text("body"))
	}
}

// eval evaluates an expression of JavaScript.
func (b *tab) eval(expression string) string { return evaluate[string](b, "String("+expression+")") }

func evaluate[T any](b *tab, expression string) T {
	b.t.Helper()
	result, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%v: %s", err, expression)
	}
	return result
}

func (b *tab) text(selector string) string {
	text, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string](fmt.Sprintf("[...document.querySelectorAll(%q)].map(e => e.innerText).join('\\n')", selector)))
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
	var err error
	for range 5 { // a list that is drawn anew meanwhile takes the element away
		if err = chromedp.Do(b.ctx, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible)); err == nil || !strings.Contains(err.Error(), "node") {
			break
		}
	}
	if err != nil {
		b.shot("failure")
		b.t.Fatalf("%s: %v\n%s", selector, err, b.text("body"))
	}
}

// fill replaces what stands in a field of the form.
func (b *tab) fill(field, text string) {
	b.t.Helper()
	b.eval(fmt.Sprintf(`document.getElementById("f-%s").value = ""`, field))
	b.do(chromedp.SendKeys(chromedp.CSS("#f-"+field), text))
}

// paste puts text in a field at once, as the clipboard does.
func (b *tab) paste(field, text string) {
	b.t.Helper()
	b.do(chromedp.Focus(chromedp.CSS("#f-" + field)))
	b.eval(fmt.Sprintf(`(document.getElementById("f-%s").select(), document.execCommand("insertText", false, %q))`, field, text))
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
			err := chromedp.Do(b.ctx, media("prefers-color-scheme", theme, "prefers-reduced-motion", "reduce"),
				chromedp.EmulateViewport(width, height), chromedp.Sleep(120*time.Millisecond))
			var png []byte
			if err == nil {
				png, err = chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
			}
			if err == nil {
				err = os.WriteFile(filepath.Join(shots, fmt.Sprintf("%s-%s-%d.png", name, theme, width)), png, 0o600)
			}
			if err != nil {
				b.t.Logf("no screenshot of %s: %v", name, err)
			}
		}
	}
	_ = chromedp.Do(b.ctx, media(), chromedp.EmulateViewport(1280, 900))
}
