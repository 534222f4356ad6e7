package web_test

import (
	"context"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
	"github.com/100ms-connector/connector-go/connector/web"
)

func TestDeletingAsksFirst(t *testing.T) {
	s := newSite(t)
	c := s.member()
	s.has("100ms production", "", value(t, "live"))
	_, page := c.visit("/")
	at := "/credentials/" + between(t, page, `id="t-`, `"`)
	_, page = c.visit(at + "/delete")
	contains(t, plain(page), "Delete this credential?", "100ms production")
	_, page = c.post(at + "/delete")
	contains(t, plain(page), "“100ms production” was deleted.", "Add credential")
	if status, _ := c.post(at + "/delete"); status != http.StatusNotFound {
		t.Errorf("once more: %d", status)
	}
}

func TestATileIsTestedAgain(t *testing.T) {
	s := newSite(t)
	c := s.member()
	old := value(t, "expired")
	s.has("100ms production", "", old)
	_, page := c.visit("/")
	contains(t, plain(page), "Expired 24 hours ago")
	at := "/credentials/" + between(t, page, `id="t-`, `"`)
	_, page = c.visit(at)
	contains(t, plain(page), "Not checked with 100ms yet", "Management token")
	_, page = c.post(at + "/test")
	contains(t, plain(page), "Expired", "expired_token", "Permitted", "Request")
	// Another program tests it too: then the steps that are known are of another test.
	report := (&connector.Tester{BaseURL: s.apiURL + "/v2"}).Test(ctx, &connector.Credential{APIKeyValue: connector.Secret(old)})
	report.TestedAt = report.TestedAt.Add(time.Second)
	ok(t, s.store.RecordTest(ctx, &connector.Credential{Name: "100ms production", APIKeyValue: connector.Secret(old)}, report))
	_, page = c.visit(at)
	contains(t, plain(page), "Test again to see the steps.")
}

func TestALockedStoreSaysSo(t *testing.T) {
	s := newSite(t)
	s.has("100ms production", "", value(t, "live"))
	other, err := store.Open(ctx, t.TempDir()+"/x.db", store.KeyFile(t.TempDir()+"/other.key"))
	ok(t, err)
	defer other.Close()
	locked := newSite(t, func(o *web.Options) { o.Store = lockedStore{s.store} })
	s.member()
	c := locked.member()
	_, page := c.visit("/")
	at := "/credentials/" + between(t, page, `id="t-`, `"`)
	if status, page := c.post(at + "/test"); status != http.StatusServiceUnavailable {
		t.Errorf("%d", status)
	} else {
		contains(t, plain(page), "Start the form with the key that sealed it.")
	}
	c.post("/test-all")
	waitFor(t, func() bool { _, page := c.visit("/"); return !strings.Contains(page, "data-running") })
}

type lockedStore struct{ web.Store }

func (lockedStore) Credential(_ context.Context, name string) (*connector.Credential, error) {
	return nil, &store.RecordError{Name: name, Err: store.ErrLocked}
}

func waitFor(t testing.TB, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it never happens")
		}
	}
}

func TestNamesOfStrangersDoNothing(t *testing.T) {
	s := newSite(t)
	c := s.member()
	names := []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(2)>`, `' onmouseover='alert(3)`, `{{.CSRF}}`, `</title><script>alert(4)</script>`,
		"line\nbreak\tand\x1b[31m colour", "right\u202eto left", "zero\u200bwidth", strings.Repeat("long name ", 25), `a/b/../c?d#e%2f`, `javascript:alert(5)`, "日本語 العربية",
	}
	for _, name := range names {
		s.has(name, "of "+name[:min(len(name), 200)], value(t, "live"))
	}
	_, page := c.visit("/")
	lacks(t, page, "<script>alert", "<img src=x", " onmouseover='alert", "\x1b", "\u202e")
	for _, id := range strings.Split(page, `id="t-`)[1:] {
		id, _, _ = strings.Cut(id, `"`)
		for _, path := range []string{"", "/edit", "/delete"} {
			status, page := c.visit("/credentials/" + id + path)
			if status != http.StatusOK {
				t.Errorf("%s%s: %d", id, path, status)
			}
			lacks(t, page, "<script>alert", "<img src=x", " onmouseover='alert")
		}
		// Saving it unchanged leaves the name as it was, also what a text field cannot hold.
		_, page := c.visit("/credentials/" + id + "/edit")
		name := html.UnescapeString(between(t, page, `name="name" type="text" value="`, `"`))
		seen := html.UnescapeString(between(t, page, `name="seen" value="`, `"`))
		_, page = c.post("/credentials/"+id, "action", "save", "name", strings.NewReplacer("\n", "", "\r", "").Replace(name), "description", "x", "seen", seen)
		if !strings.Contains(plain(page), "was saved.") {
			t.Errorf("%q: %s", name, plain(page))
		}
	}
	list, err := s.store.List(ctx)
	ok(t, err)
	kept := map[string]bool{}
	for _, r := range list {
		kept[r.Name] = true
	}
	for _, name := range names {
		if !kept[name] {
			t.Errorf("%q was renamed", name)
		}
	}
	for _, q := range []string{`"><script>alert(6)</script>`, value(t, "live")} {
		_, page := c.visit("/?q=" + strings.NewReplacer(`"`, "%22", "<", "%3C", ">", "%3E").Replace(q))
		lacks(t, page, "<script>alert", q)
	}
}

func TestAStreamTellsTheStepsAsTheyCome(t *testing.T) {
	s := newSite(t, func(o *web.Options) { o.Tester.BaseURL = strings.TrimSuffix(o.Tester.BaseURL, "/v2") + "/v2" })
	c := s.member()
	r := c.form("/credentials", "action", "test", "name", "a", "api_key_value", value(t, "live"))
	r.Header.Set("Accept", "application/x-ndjson")
	response, err := c.Do(r)
	ok(t, err)
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	ok(t, err)
	type line struct{ Into, HTML, Draft, Announce string }
	var lines []line
	for _, text := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		var l line
		ok(t, json.Unmarshal([]byte(text), &l))
		lines = append(lines, l)
	}
	first := plain(lines[0].HTML)
	if lines[0].Into != "report" || !strings.Contains(first, "Testing") || !strings.Contains(first, "passed.") || !strings.Contains(first, "under way.") {
		t.Errorf("the first line: %+v", lines[0])
	}
	last := lines[len(lines)-1]
	if last.Draft == "" || !strings.Contains(last.Announce, "Works. The API accepted the token") {
		t.Errorf("the last line: %+v", last)
	}
}

func TestAValueIsToldApartWhileItIsEntered(t *testing.T) {
	s := newSite(t)
	c := s.member()
	for fixture, wanted := range map[string]string{
		"live": "Management token, expires in 7 days", "expired": "The token expired 24 hours ago", "app": "This is an app token",
		"app-expired": "This is an app token, for clients that join a room, not a management token. The token expired", "app-secret": "This is an App Secret",
		"access-key": "This is an access key", "room-code": "This is a room code", "truncated": "the end was not copied", "milliseconds": "was it given in milliseconds",
		"alg-none": "not signed with HS256", "pasted-with-bearer": "What does not belong to the token is removed.", "expires-soon": "The token expires in 5 hours",
		"no-expiry": "never expires", "long-lived": "made for 90 days", "not-yet-valid": "becomes valid in 2 hours", "word": "This is a placeholder for a token",
	} {
		_, page := c.post("/inspect", "api_key_value", value(t, fixture))
		contains(t, plain(page), wanted)
	}
	if _, page := c.post("/inspect", "api_key_value", ""); strings.Contains(page, `class="inspected `) {
		t.Errorf("of nothing it says %s", plain(page))
	}
	if s.api.Requests() != 0 {
		t.Error("a value was sent to the API while it was being entered")
	}
}
