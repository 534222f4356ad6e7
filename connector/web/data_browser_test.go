package web_test

import (
	"bytes"
	"encoding/csv"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	setting "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
)

func (b *tab) downloadsTo(dir string) {
	b.t.Helper()
	b.do(command(setting.SetDownloadBehavior, setting.SetDownloadBehaviorParams{
		Behavior: "allow", DownloadPath: dir, BrowserContextID: chromedp.FromContext(b.ctx).BrowserContextID,
	}))
}

// counted counts what a person clicks.
func (b *tab) counted(n *int, selector string) {
	b.t.Helper()
	*n++
	b.click(selector)
}

func TestANewcomerDownloadsAFileInAFewClicks(t *testing.T) {
	s := newSite(t, withData(nil))
	b := s.open(t) // the link is the first
	dir := t.TempDir()
	b.downloadsTo(dir)
	clicks := 1
	b.counted(&clicks, "#add")
	b.is(`document.querySelector("dialog").open`)
	b.fill("name", "100ms production")
	b.paste("api_key_value", value(t, "live"))
	b.counted(&clicks, "dialog button.primary")
	b.says(".note", "was saved")
	b.counted(&clicks, `.tile a[href$="/data"]`)
	b.counted(&clicks, `a[href$="/data/rooms"]`)
	b.says("main", "The first 25")
	b.counted(&clicks, `button[value=csv]`)
	b.says("#progress", "Downloaded 137 records.")
	if clicks > 8 {
		t.Errorf("%d clicks", clicks)
	}
	t.Logf("%d clicks from the sign-in link to the file, adding the credential among them", clicks)
	var rows [][]string
	for range 100 {
		files, _ := filepath.Glob(filepath.Join(dir, "*.csv"))
		if len(files) == 1 {
			data, err := os.ReadFile(files[0])
			ok(t, err)
			if rows, err = csv.NewReader(bytes.NewReader(data)).ReadAll(); err == nil && len(rows) == 138 {
				break
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	if len(rows) != 138 {
		t.Errorf("the browser saved %d rows", len(rows))
	}
}

func TestADownloadIsStoppedFromThePage(t *testing.T) {
	s, _ := readable(t, withData(nil))
	slow := s.behind(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/v2/rooms" && r.URL.Query().Get("start") != "" {
				select {
				case <-time.After(time.Minute):
				case <-r.Context().Done():
				}
			}
			next.ServeHTTP(w, r)
		})
	})
	b := slow.open(t)
	b.downloadsTo(t.TempDir())
	b.click(`.tile a[href$="/data"]`)
	b.click(`a[href$="/data/rooms"]`)
	b.says("main", "The first 25")
	b.click(`button[value=csv]`)
	b.says("#progress", "100 records")
	b.eval(`document.querySelector("#progress button").click()`) // the driver waits for the download, as for a page
	b.says("#progress", "Stopped after 100 records; the file is not whole.")
}

func TestDataIsLookedAtDrawnAndWrittenInABrowser(t *testing.T) {
	s := newSite(t, withData(nil))
	s.workspace()
	b := s.open(t)
	b.click("#test-all")
	b.says("#sweep", "Tested 11 of 11")
	b.click(`.tile.good a[href$="/data"]`)
	b.click(".title .actions button")
	b.says("#s-rooms", "100 or more")
	b.says("#s-webhook_deliveries", " ")
	b.click(".card button")
	b.says("#usage", "Sessions per day", "The same as a table")
	b.is(`document.querySelectorAll("#usage svg rect").length > 20`)
	b.click(`a[href$="/write"]`)
	b.click(`a[href$="/write/rooms"]`)
	b.do(chromedp.WaitVisible(chromedp.CSS("#records")))
	b.eval(`document.getElementById("records").value = '{"name":"lesson-1"}'`)
	b.click("main form button.primary")
	b.says("#rehearsal", "1 record would be written", "planned")
	b.click("#rehearsal button.primary")
	b.says("#progress", "1 created")
	b.says("#acks", "created")
}
