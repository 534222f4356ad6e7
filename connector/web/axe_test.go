package web_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// TestAxeFindsNoFault has axe-core judge every screen, light and wide and dark and
// narrow. CONNECTOR_TEST_AXE is the path of its script; .ci/axe brings it.
func TestAxeFindsNoFault(t *testing.T) {
	path := os.Getenv("CONNECTOR_TEST_AXE")
	if path == "" {
		t.Skip("CONNECTOR_TEST_AXE names no script of axe-core: .ci/axe brings it")
	}
	script, err := os.ReadFile(path)
	ok(t, err)
	for _, s := range screens {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			b := s.open(t)
			b.eval("(" + "() => {" + string(script) + "\n})()")
			b.is("window.axe")
			for _, look := range []struct {
				theme string
				width int64
			}{{"light", 1280}, {"dark", 390}} {
				b.do(media("prefers-color-scheme", look.theme, "prefers-reduced-motion", "reduce"),
					chromedp.EmulateViewport(look.width, 860), chromedp.Sleep(100*time.Millisecond))
				if faults := b.axe(); faults != "[]" {
					t.Errorf("%s, %d wide: %s", look.theme, look.width, faults)
				}
			}
			if s.name == "list-3" { // whoever judges must be able to find fault
				b.eval(`document.querySelector(".about").style.color = "#bbb5"`)
				if faults := b.axe(); !strings.Contains(faults, "color-contrast") {
					t.Errorf("axe does not see what is too faint: %s", faults)
				}
			}
		})
	}
}

// axe lists what axe-core finds wrong with the page as it is.
func (b *tab) axe() string {
	b.t.Helper()
	b.eval(`(window.faults = "", axe.run(document, { resultTypes: ["violations"] }).then((r) => {
		window.faults = JSON.stringify(r.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.html.slice(0, 160) + " " + n.failureSummary).join("\n\t")), null, 1);
	}))`)
	b.is("window.faults")
	return b.eval("window.faults")
}
