package web_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	setting "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/connector/web"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

// withData lets people see and write data. What is logged of it is in the buffer.
func withData(log io.Writer) func(*web.Options) {
	return func(o *web.Options) {
		o.AllowData, o.AllowWrite = true, true
		if log != nil {
			o.Log = slog.New(slog.NewTextHandler(log, nil))
		}
	}
}

// lockedBuffer may be written and read by several goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// readable is a site with one credential that was accepted, and its id.
func readable(t testing.TB, change ...func(*web.Options)) (s *site, id string) {
	t.Helper()
	s = newSite(t, change...)
	s.has("100ms production", "", value(t, "live"))
	c := s.member()
	_, page := c.visit("/")
	id = between(t, page, `id="t-`, `"`)
	if status, _ := c.do(c.form("/credentials/" + id + "/test")); status != http.StatusOK {
		t.Fatalf("testing: %d", status)
	}
	return s, id
}

// withoutSecrets demands that nothing of a page gives access.
func withoutSecrets(t testing.TB, page string) {
	t.Helper()
	lacks(t, page, sandbox.SecretMarks...)
}

func namesPeople(page string) bool {
	return strings.Contains(strings.ReplaceAll(page, "personal", ""), sandbox.PersonalMark)
}

func withoutPeople(t testing.TB, page string) {
	t.Helper()
	if namesPeople(page) {
		t.Error("the page names people")
	}
}

func TestDataIsOffUnlessItIsAllowed(t *testing.T) {
	s, id := readable(t)
	c := s.member()
	for _, path := range []string{"/data", "/data/rooms", "/write", "/write/rooms"} {
		if status, page := c.visit("/credentials/" + id + path); status != http.StatusNotFound {
			t.Errorf("%s: %d %s", path, status, plain(page))
		}
	}
	for _, path := range []string{"/data", "/data/usage", "/data/rooms/download", "/write/rooms", "/write/rooms/run"} {
		if status, _ := c.do(c.form("/credentials/"+id+path, "format", "csv")); status != http.StatusNotFound && status != http.StatusMethodNotAllowed {
			t.Errorf("%s: %d", path, status)
		}
	}
	_, page := c.visit("/")
	lacks(t, page, `/data"`)
	_, page = c.visit("/credentials/" + id)
	lacks(t, page, `/data"`)
}

func TestAPersonWithoutScriptsSeesStreamsASampleAndDownloadsAFile(t *testing.T) {
	var log lockedBuffer
	s, id := readable(t, withData(&log))
	c := s.member()
	_, page := c.visit("/")
	contains(t, page, "/credentials/"+id+"/data")
	status, page := c.visit("/credentials/" + id + "/data")
	if status != http.StatusOK {
		t.Fatal(status)
	}
	for _, stream := range exchange.Streams() {
		contains(t, page, "/data/"+stream.Name+`"`)
	}
	_, page = c.do(c.form("/credentials/" + id + "/data"))
	contains(t, plain(page), "100 or more")
	status, page = c.visit("/credentials/" + id + "/data/rooms")
	if status != http.StatusOK {
		t.Fatal(status)
	}
	contains(t, plain(page), "The first 25", "Rooms of the workspace", "A download takes one call for 100 rooms.", "connector read rooms --credential '100ms production'", "recording_info", "Nexla: 100ms rooms", "Airbyte")
	withoutSecrets(t, page)
	if n := strings.Count(page, "<tr>"); n != 26 {
		t.Errorf("%d rows", n)
	}

	r := c.form("/credentials/"+id+"/data/rooms/download", "format", "csv")
	response, err := c.Do(r)
	ok(t, err)
	rows, err := csv.NewReader(response.Body).ReadAll()
	response.Body.Close()
	ok(t, err)
	if len(rows) != 138 || rows[0][0] != "id" {
		t.Errorf("%d rows, the first %q", len(rows), rows[0])
	}
	if kind := response.Header.Get("Content-Disposition"); kind != `attachment; filename="100ms-production-rooms-`+time.Now().UTC().Format("2006-01-02")+`.csv"` {
		t.Error(kind)
	}
	_, lines := c.do(c.form("/credentials/"+id+"/data/rooms/download", "format", "jsonl"))
	for _, line := range strings.Split(strings.TrimSpace(lines), "\n") {
		if !json.Valid([]byte(line)) {
			t.Fatalf("%q", line)
		}
	}
	if n := strings.Count(lines, "\n"); n != 137 {
		t.Errorf("%d lines", n)
	}
	withoutSecrets(t, lines)
	for _, wanted := range []string{`msg=looked who="session `, `msg=sampled`, `credential="100ms production" of=rooms records=25 ended=whole personal=false`, `msg=downloaded`, `records=137 ended=whole format=csv personal=false`} {
		contains(t, log.String(), wanted)
	}
}

func TestEveryStreamHasASampleWithoutSecretsAndPeopleUnlessTheyAreAskedFor(t *testing.T) {
	s, id := readable(t, withData(nil))
	for _, stream := range exchange.Streams() {
		t.Run(stream.Name, func(t *testing.T) {
			c := s.member()
			status, page := c.visit("/credentials/" + id + "/data/" + stream.Name)
			if status != http.StatusOK {
				t.Fatalf("%d", status)
			}
			withoutSecrets(t, page)
			withoutPeople(t, page)
			if !strings.Contains(page, "<tbody>") {
				t.Errorf("no sample: %s", plain(page))
			}
			status, page = c.visit("/credentials/" + id + "/data/" + stream.Name + "?personal=1")
			withoutSecrets(t, page)
			if slices.Contains([]string{"sessions", "session_peers", "active_room_peers", "analytics_events", "feedback"}, stream.Name) && !namesPeople(page) {
				t.Errorf("%d: nothing about people", status)
			}
			_, lines := c.do(c.form("/credentials/"+id+"/data/"+stream.Name+"/download", "format", "jsonl", "since", "30d"))
			withoutSecrets(t, lines)
			withoutPeople(t, lines)
		})
	}
}

// without is a site with the credentials of another, whose API is behind a handler.
func (s *site) behind(t testing.TB, change func(next http.Handler) http.Handler) *site {
	server := httptest.NewServer(change(s.api))
	t.Cleanup(server.Close)
	return newSite(t, withData(nil), func(o *web.Options) { o.Store, o.Tester.BaseURL = s.store, server.URL+"/v2" })
}

func TestAStreamThatIsForbiddenOrEmptySaysSo(t *testing.T) {
	s, id := readable(t, withData(nil))
	m := s.behind(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/v2/recordings":
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusForbidden)
				_, _ = io.WriteString(w, `{"code":403,"message":"user does not have required permission"}`)
			case "/v2/live-streams":
				w.Header().Set("Content-Type", "application/json")
				_, _ = io.WriteString(w, `{"limit":100,"data":[],"last":""}`)
			default:
				next.ServeHTTP(w, r)
			}
		})
	}).member()
	_, page := m.do(m.form("/credentials/" + id + "/data"))
	for stream, says := range map[string]string{"recordings": "Forbidden", "live_streams": "Empty", "rooms": "100 or more"} {
		if standing := between(t, page, `id="s-`+stream+`"`, "</div>"); !strings.Contains(standing, says) {
			t.Errorf("%s: %s", stream, plain(standing))
		}
	}
	_, page = m.visit("/credentials/" + id + "/data")
	contains(t, page, "Forbidden") // it is remembered
	_, page = m.visit("/credentials/" + id + "/data/live_streams")
	contains(t, plain(page), "No records")
	_, page = m.visit("/credentials/" + id + "/data/recordings")
	contains(t, plain(page), "does not have required permission")
}

func TestAnAPIThatIsDownIsNotAskedForEveryStream(t *testing.T) {
	s, id := readable(t, withData(nil))
	calls := 0
	m := s.behind(t, func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			calls++
			w.WriteHeader(http.StatusServiceUnavailable)
		})
	}).member()
	began := time.Now()
	_, page := m.do(m.form("/credentials/" + id + "/data"))
	contains(t, plain(page), "503")
	if took := time.Since(began); took > 25*time.Second || calls > 30 {
		t.Errorf("%v, %d calls", took, calls)
	}
}

func TestADownloadThatBreaksOffNeverLooksWhole(t *testing.T) {
	s, id := readable(t, withData(nil))
	other := newSite(t, withData(nil), func(o *web.Options) {
		o.Store = s.store
		o.Tester.BaseURL = s.apiURL + "/fault/html-200@2/v2"
	})
	c := other.member()
	response, err := c.Do(c.form("/credentials/"+id+"/data/rooms/download", "format", "jsonl"))
	ok(t, err)
	got, err := io.ReadAll(response.Body)
	response.Body.Close()
	if err == nil {
		t.Errorf("%d bytes came, and looked whole", len(got))
	}
	_, page := c.visit("/")
	contains(t, plain(page), "The download broke off after 100 records, so the file is not whole")

	// Where nothing has come yet, the answer says why.
	other = newSite(t, withData(nil), func(o *web.Options) {
		o.Store = s.store
		o.Tester.BaseURL = s.apiURL + "/fault/html-200/v2"
	})
	c = other.member()
	status, page := c.do(c.form("/credentials/"+id+"/data/rooms/download", "format", "jsonl"))
	if status != http.StatusBadGateway {
		t.Errorf("%d", status)
	}
	contains(t, plain(page), "100ms does not give this", "Go back")
}

func TestAnExpiredTokenIsSaidWhereDataIsAskedFor(t *testing.T) {
	s, _ := readable(t, withData(nil))
	s.has("old", "", value(t, "foreign-secret"))
	c := s.member()
	_, page := c.visit("/?q=old")
	id := between(t, page, `id="t-`, `"`)
	_, page = c.visit("/credentials/" + id + "/data/rooms")
	contains(t, plain(page), "Look at the credential")
	status, page := c.do(c.form("/credentials/"+id+"/data/rooms/download", "format", "csv"))
	if status != http.StatusBadGateway {
		t.Error(status)
	}
	contains(t, plain(page), "100ms rejects the credential")
}

func TestTheChartCountsWhatTheAccountHas(t *testing.T) {
	var log lockedBuffer
	s, id := readable(t, withData(&log))
	c := s.member()
	_, page := c.do(c.form("/credentials/" + id + "/data/usage"))
	contains(t, page, "<svg", "Sessions per day", "The same as a table")

	// The same by hand.
	_, lines := c.do(c.form("/credentials/"+id+"/data/sessions/download", "format", "jsonl"))
	first := time.Now().UTC().Truncate(24 * time.Hour).Add(-29 * 24 * time.Hour)
	sessions := 0
	for line := range strings.SplitSeq(strings.TrimSpace(lines), "\n") {
		var record struct {
			CreatedAt time.Time `json:"created_at"`
		}
		ok(t, json.Unmarshal([]byte(line), &record))
		if !record.CreatedAt.Before(first) {
			sessions++
		}
	}
	if sessions < 10 {
		t.Fatalf("only %d sessions in the window", sessions)
	}
	contains(t, plain(page), itoa(sessions)+" sessions and ")
	if minutes := between(t, plain(page), " sessions and ", " minutes"); minutes == "0" {
		t.Error("nobody was there")
	}
}

func itoa(n int) string { b, _ := json.Marshal(n); return string(b) }

// file is a request that carries a file, as a form sends it.
func (c *client) file(path, name, content string, fields ...string) *http.Request {
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	_ = m.WriteField("csrf", c.csrf)
	for i := 0; i < len(fields); i += 2 {
		_ = m.WriteField(fields[i], fields[i+1])
	}
	part, err := m.CreateFormFile("file", name)
	ok(c.s.t, err)
	_, _ = io.WriteString(part, content)
	ok(c.s.t, m.Close())
	r := c.form(path)
	body(r, b.String())
	r.Header.Set("Content-Type", m.FormDataContentType())
	return r
}

func TestAFileIsCheckedRehearsedAndWrittenOnce(t *testing.T) {
	var log lockedBuffer
	s, id := readable(t, withData(&log))
	c := s.member()
	at := "/credentials/" + id + "/write"
	_, page := c.visit(at)
	contains(t, page, at+"/rooms", at+"/room_status")
	for _, action := range exchange.Actions() {
		if action.Danger != "" {
			lacks(t, page, at+"/"+action.Name+`"`)
			if status, _ := c.visit(at + "/" + action.Name); status != http.StatusNotFound {
				t.Errorf("%s is offered: %d", action.Name, status)
			}
			if status, _ := c.do(c.file(at+"/"+action.Name, "x.jsonl", `{"room_id":"x"}`)); status != http.StatusNotFound {
				t.Errorf("%s is taken: %d", action.Name, status)
			}
		}
	}

	// What breaks a rule is named, and nothing is asked.
	before := s.api.Requests()
	_, page = c.do(c.file(at+"/rooms", "rooms.csv", "name,region\nlesson-1,mars\n"))
	contains(t, plain(page), "1 problem in the file. Nothing was asked", "region")
	lacks(t, page, "/rooms/run")
	if s.api.Requests() != before {
		t.Error("something was asked")
	}
	for _, bad := range []struct{ content, says string }{
		{"", "it is empty"}, {"\x00\x01", ""}, {strings.Repeat(`{"name":"x"}`+"\n", 201), "200 at most"},
	} {
		_, page = c.do(c.file(at+"/rooms", "rooms.jsonl", bad.content))
		contains(t, plain(page), bad.says)
		lacks(t, page, "/rooms/run")
	}

	// What is right is rehearsed, and written after a question.
	_, page = c.do(c.file(at+"/rooms", "rooms.jsonl", `{"name":"lesson-1"}`+"\n"+`{"name":"lesson-2"}`+"\n"))
	contains(t, plain(page), "2 records would be written. Nothing is written yet.", "Write 2 records to 100ms", "planned")
	plan := between(t, page, `name="rehearsal" value="`, `"`)
	response := func() (int, string) { return c.do(c.form(at+"/rooms/run", "rehearsal", plan)) }
	status, page := response()
	for range 100 {
		if !strings.Contains(plain(page), "so far") {
			break
		}
		time.Sleep(50 * time.Millisecond)
		job := between(t, page, "/jobs/", "/stop")
		status, page = c.visit("/jobs/" + job)
	}
	if status != http.StatusOK {
		t.Fatal(status)
	}
	contains(t, plain(page), "2 created", "created")
	if status, page := response(); status != http.StatusConflict {
		t.Errorf("the file can be written twice: %d %s", status, plain(page))
	}
	_, page = c.do(c.file(at+"/rooms", "rooms.jsonl", `{"name":"lesson-1"}`))
	contains(t, plain(page), "Nothing to write: all is there")
	contains(t, log.String(), "msg=rehearsed", "msg=wrote")
	contains(t, log.String(), "of=rooms records=2 ended=whole")
}

func TestWhatIsTypedIsWrittenAsAFileIs(t *testing.T) {
	s, id := readable(t, withData(nil))
	c := s.member()
	_, page := c.do(c.form("/credentials/"+id+"/write/rooms", "records", `{"name":"typed"}`))
	contains(t, plain(page), "1 record would be written", "Write 1 record to 100ms")
}

func TestWhoMayLookMayNothingElse(t *testing.T) {
	s, id := readable(t, withData(nil))
	viewer := s.as(web.Viewer)
	for _, path := range []string{"/", "/timeline", "/credentials/" + id, "/credentials/" + id + "/data", "/credentials/" + id + "/data/rooms"} {
		if status, _ := viewer.visit(path); status != http.StatusOK {
			t.Errorf("%s: %d", path, status)
		}
	}
	before, err := s.store.Show(ctx, "100ms production")
	ok(t, err)
	for _, path := range []string{
		"/credentials", "/credentials/" + id, "/credentials/" + id + "/delete", "/credentials/" + id + "/test", "/credentials/" + id + "/renew", "/inspect", "/test-all", "/test-all/stop",
		"/credentials/" + id + "/write/rooms", "/credentials/" + id + "/write/rooms/run",
	} {
		if status, page := viewer.do(viewer.form(path, "action", "save", "name", "x")); status != http.StatusForbidden || !strings.Contains(page, "You may not do this") {
			t.Errorf("%s: %d", path, status)
		}
	}
	for _, path := range []string{"/credentials/new", "/credentials/" + id + "/edit", "/credentials/" + id + "/replace", "/credentials/" + id + "/delete", "/credentials/" + id + "/write", "/credentials/" + id + "/write/rooms"} {
		if status, _ := viewer.visit(path); status != http.StatusForbidden {
			t.Errorf("%s: %d", path, status)
		}
	}
	if after, err := s.store.Show(ctx, "100ms production"); err != nil || !after.LastTestedAt.Equal(before.LastTestedAt) || after.Name != before.Name {
		t.Errorf("%+v %v", after, err)
	}
	manager := s.as(web.Manager)
	if status, _ := manager.visit("/credentials/new"); status != http.StatusOK {
		t.Error("a manager cannot add")
	}
	if status, _ := manager.visit("/credentials/" + id + "/write/rooms"); status != http.StatusForbidden {
		t.Error("a manager can write")
	}
}

// as has signed in by a link of a role.
func (s *site) as(role web.Role) *client {
	s.t.Helper()
	c := s.stranger()
	if status, _ := c.visit(strings.TrimPrefix(s.SignInLinkAs(role, s.url), s.url)); status != http.StatusOK {
		s.t.Fatalf("signing in: %d", status)
	}
	c.visit(s.prefix + "/")
	return c
}

func TestTheProgramAroundSaysWhoMayDoWhat(t *testing.T) {
	roles := map[string]web.Role{"anna": web.Viewer, "ben": web.Manager}
	s, id := readable(t, withData(nil), func(o *web.Options) {}) // saves one
	s = newSite(t, withData(nil), func(o *web.Options) {
		o.Store = s.store
		o.SignedIn = func(r *http.Request) string { return r.Header.Get("X-User") }
		o.RoleOf = func(_ *http.Request, user string) web.Role { return roles[user] }
	})
	for _, c := range []struct {
		user, path string
		status     int
	}{
		{"anna", "/", 200}, {"anna", "/credentials/new", 403}, {"ben", "/credentials/new", 200}, {"ben", "/credentials/" + id + "/write", 403}, {"carl", "/", 403}, {"", "/", 401},
	} {
		r, err := http.NewRequest(http.MethodGet, s.url+c.path, nil)
		ok(t, err)
		r.Header.Set("X-User", c.user)
		if status, _ := s.stranger().do(r); status != c.status {
			t.Errorf("%s at %s: %d, want %d", c.user, c.path, status, c.status)
		}
	}
}

func TestOneTestIsKeptOnce(t *testing.T) {
	s := newSite(t)
	c := s.member()
	c.do(c.form("/credentials", "action", "save", "name", "once", "api_key_value", value(t, "live")))
	if tests, err := s.store.History(ctx, "once"); err != nil || len(tests) != 1 || tests[0].Verdict != connector.VerdictAccepted {
		t.Errorf("%v %v", tests, err)
	}
}

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
