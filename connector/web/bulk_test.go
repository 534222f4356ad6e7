package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
	"github.com/100ms-connector/connector-go/connector/web"
	"github.com/100ms-connector/connector-go/fixtures"
)

// Sign implements web.Renewal.
func (n *renewal) Sign(_ context.Context, accessKey string, life time.Duration) (connector.Secret, error) {
	k := fixtures.Workspace()
	if accessKey != k.AccessKey {
		return "", errors.New("no signing key of it is kept")
	}
	return connector.SigningKey{AccessKey: k.AccessKey, AppSecret: connector.Secret(k.AppSecret)}.Mint(life)
}

// signing is a site that keeps the signing key of the workspace.
func signing(t *testing.T) *site {
	n := new(renewal)
	return newSite(t, func(o *web.Options) {
		n.store = o.Store.(*store.Store)
		o.Renewal = n
	})
}

// mark is a request of the bar of bulk actions.
func (c *client) mark(do string, ids []string, fields ...string) *http.Request {
	r := c.form("/bulk")
	values := url.Values{"csrf": {c.csrf}, "do": {do}, "id": ids}
	for i := 0; i < len(fields); i += 2 {
		values.Set(fields[i], fields[i+1])
	}
	body(r, values.Encode())
	return r
}

// ids are those of the credentials in the list.
func ids(page string) (found []string) {
	for rest := page; ; {
		_, after, ok := strings.Cut(rest, `id="t-`)
		if !ok {
			return found
		}
		found, rest = append(found, after[:24]), after
	}
}

func TestSeveralCredentialsAreTestedRenewedExportedAndDeletedWithoutScripts(t *testing.T) {
	s := signing(t)
	s.has("Billing sync", "", value(t, "expired"))
	s.has("Fresh", "", value(t, "live"))
	s.has("Another workspace", "", fixtures.Sign(fixtures.OtherWorkspace(), fixtures.Management(fixtures.OtherWorkspace(), time.Now().Add(-9*24*time.Hour), 7*24*time.Hour)))
	c := s.member()
	_, page := c.visit("/")
	all := ids(page)
	if len(all) != 3 {
		t.Fatal(all)
	}
	contains(t, page, `name="do" value="renew"`)

	_, page = c.do(c.mark("test", nil))
	contains(t, plain(page), "Mark credentials in the list first.")
	_, page = c.do(c.mark("test", all))
	for range 100 {
		if strings.Contains(page, "Tested 3 of 3") {
			break
		}
		time.Sleep(20 * time.Millisecond)
		_, page = c.visit("/")
	}
	contains(t, plain(page), "Tested 3 of 3")

	_, page = c.do(c.mark("renew", all))
	contains(t, plain(page), "2 of 3 credentials renewed", "Its signing key is not kept: replace the token.")

	for _, as := range []string{"file", "nexla-rest", "nexla-agent", "airbyte"} {
		_, text := c.do(c.mark("export", all, "as", as))
		var exported []map[string]any
		ok(t, json.Unmarshal([]byte(text), &exported))
		if len(exported) != 3 || !strings.Contains(text, "${HMS_TOKEN_BILLING_SYNC}") || !strings.Contains(text, "${HMS_TOKEN_ANOTHER_WORKSPACE}") {
			t.Errorf("%s: %s", as, text)
		}
	}
	if status, _ := c.do(c.mark("export", all, "as", "elsewhere")); status != http.StatusNotFound {
		t.Error(status)
	}

	_, page = c.do(c.mark("delete", all[:2]))
	contains(t, plain(page), "Delete 2 credentials?", "cannot be brought back")
	if list, err := s.store.List(ctx); err != nil || len(list) != 3 {
		t.Fatal("deleted without an answer")
	}
	_, page = c.do(c.mark("delete", all[:2], "confirmed", "1"))
	contains(t, plain(page), "2 credentials deleted.")
	if list, err := s.store.List(ctx); err != nil || len(list) != 1 {
		t.Errorf("%d are left: %v", len(list), err)
	}
	if status, _ := c.do(c.mark("sell", all)); status != http.StatusNotFound {
		t.Error(status)
	}
}

func TestSeveralAreMarkedInABrowser(t *testing.T) {
	s := newSite(t)
	s.workspace()
	b := s.open(t)
	b.is(`getComputedStyle(document.getElementById("bulk")).display === "none"`)
	b.do(hover("li.tile"))
	b.click("li.tile .select")
	b.says("#selected", "1 selected")
	b.click("#select-all")
	b.says("#selected", "11 selected")
	b.accessible("the bar of several")
	b.click(`#bulk [value=delete]`)
	b.says("main h1", "Delete 11 credentials?")
	b.accessible("the question before several are deleted")
	b.click("main button.danger")
	b.says("main", "11 credentials deleted.", "Add credential")
}

// importable are two files, of which one can be imported.
func importable(t testing.TB) []string {
	dir := t.TempDir()
	live, other := filepath.Join(dir, "live.json"), filepath.Join(dir, "broken.json")
	document := connector.Credential{Name: "From a file", APIKeyValue: connector.Secret(value(t, "live"))}
	ok(t, os.WriteFile(live, document.Document(), 0o600))
	ok(t, os.WriteFile(other, []byte(`{"name":"","api_key_value":"`+value(t, "app")+`"}`), 0o600))
	return []string{live, other}
}

func (c *client) upload(contents ...string) *http.Request {
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	_ = m.WriteField("csrf", c.csrf)
	for i, content := range contents {
		part, err := m.CreateFormFile("files", fmt.Sprintf("file-%d.json", i))
		ok(c.s.t, err)
		_, _ = io.WriteString(part, content)
	}
	ok(c.s.t, m.Close())
	r := c.form("/import")
	body(r, b.String())
	r.Header.Set("Content-Type", m.FormDataContentType())
	return r
}

func TestFilesAreImportedEachByItself(t *testing.T) {
	s := newSite(t)
	live := value(t, "live")
	s.has("There already", "", live)
	c := s.member()
	document := func(name, value string) string {
		d := connector.Credential{Name: name, APIKeyValue: connector.Secret(value)}
		return string(d.Document())
	}
	app := value(t, "app")
	_, page := c.do(c.upload(document("New", live), document("There already", token(7, time.Hour)), `{"name":"x","api_key_value":"`+app+`","more":1}`, "not JSON "+live,
		strings.Repeat(" ", connector.MaxDocument+1), "", document("New", live)))
	for _, wanted := range []string{"1 of 7 files imported", "“New” was saved.", "“There already” is saved already, and stays as it is.", "larger than 64 KiB", "file-3.json", "“New” is saved already"} {
		contains(t, plain(page), wanted)
	}
	lacks(t, page, app, live)
	if saved(t, s, "There already") != live {
		t.Error("what was there was overwritten")
	}
	if list, err := s.store.List(ctx); err != nil || len(list) != 2 {
		t.Errorf("%d are saved: %v", len(list), err)
	}
	_, page = c.do(c.upload())
	contains(t, plain(page), "Choose files first")
	_, page = c.do(c.upload(make([]string, 101)...))
	contains(t, plain(page), "100 are taken at once")
	if status, _ := c.do(c.upload(strings.Repeat("x", 2<<20))); status != http.StatusRequestEntityTooLarge {
		t.Error(status)
	}
}

func TestFilesAreDroppedOnTheList(t *testing.T) {
	s := newSite(t)
	s.has("Fresh", "", token(3, time.Hour))
	b := s.open(t)
	chosen := importable(t)
	data := map[string]string{}
	for _, path := range chosen {
		text, err := os.ReadFile(path)
		ok(t, err)
		data[filepath.Base(path)] = string(text)
	}
	encoded, err := json.Marshal(data)
	ok(t, err)
	b.eval(`(() => {
		const dropped = new DataTransfer();
		for (const [name, text] of Object.entries(` + string(encoded) + `)) dropped.items.add(new File([text], name));
		dispatchEvent(new DragEvent("drop", { dataTransfer: dropped, cancelable: true }));
	})()`)
	b.says("main h1", "1 of 2 files imported")
	b.says("main", "“From a file” was saved.", "broken.json")
	b.accessible("what was imported")
	b.click("main button.primary")
	b.says("#sweep", "Tested 1 of 1")

	// Chosen in the overlay.
	b.click("#import")
	b.do(chromedp.WaitVisible(chromedp.CSS("dialog #files")))
	b.accessible("the import")
	b.do(chromedp.SetUploadFiles(chromedp.CSS("#files"), chosen[1:]))
	b.click("dialog button.primary")
	b.says("main h1", "0 of 1 file imported")
}

func TestATokenIsSignedWithAKeyThatIsKept(t *testing.T) {
	s := signing(t)
	s.has("Fresh", "", value(t, "live"))
	c := s.member()
	_, page := c.visit("/")
	contains(t, page, "/sign")
	_, page = c.visit("/sign")
	key := fixtures.Workspace().AccessKey
	contains(t, page, key, "14 days")
	lacks(t, page, fixtures.OtherWorkspace().AccessKey)
	_, page = c.post("/sign", "key", key, "life", "1d", "name", "Nightly", "description", "signed here")
	contains(t, plain(page), "“Nightly” was signed and saved.")
	r, err := s.store.Show(ctx, "Nightly")
	ok(t, err)
	if left := time.Until(r.ExpiresAt); left < 23*time.Hour || left > 25*time.Hour || r.LastVerdict != connector.VerdictAccepted || r.Description != "signed here" {
		t.Errorf("%+v", r)
	}
	_, page = c.post("/sign", "key", key, "life", "1d", "name", "Nightly")
	contains(t, plain(page), "Choose another name")
	_, page = c.post("/sign", "key", key, "life", "1d", "name", " ")
	contains(t, page, `class="problem"`)
	for _, bad := range [][2]string{{fixtures.OtherWorkspace().AccessKey, "1d"}, {key, "100y"}, {"", ""}} {
		if status, _ := c.post("/sign", "key", bad[0], "life", bad[1], "name", "x"); status != http.StatusNotFound {
			t.Errorf("%v: %d", bad, status)
		}
	}
	b := s.open(t)
	b.do(chromedp.Navigate(s.url + "/sign"))
	b.accessible("signing")

	without := newSite(t).member()
	if status, _ := without.visit("/sign"); status != http.StatusNotFound {
		t.Error("a form without keys signs")
	}
}
