package web_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/connector/hosts/airbyte"
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
	if _, text := m.do(m.form("/credentials/"+id+"/data/live_streams/download", "format", "csv")); !strings.HasPrefix(text, "id,room_id,") || strings.Count(text, "\n") != 1 {
		t.Errorf("a file without records is %q", text)
	}
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

func TestOneTestIsKeptOnce(t *testing.T) {
	s := newSite(t)
	c := s.member()
	c.do(c.form("/credentials", "action", "save", "name", "once", "api_key_value", value(t, "live")))
	if tests, err := s.store.History(ctx, "once"); err != nil || len(tests) != 1 || tests[0].Verdict != connector.VerdictAccepted {
		t.Errorf("%v %v", tests, err)
	}
}

// TestWhatThePageShowsForAirbyteReads has Airbyte's side read by what the page shows.
func TestWhatThePageShowsForAirbyteReads(t *testing.T) {
	s, id := readable(t, withData(nil))
	for _, name := range []string{"rooms", "templates", "session_peers"} {
		_, page := s.member().visit("/credentials/" + id + "/data/" + name)
		shown := func(label string) string {
			return html.UnescapeString(between(t, page, `aria-label="`+label, "</pre>"))
		}
		_, configuration, _ := strings.Cut(shown("Airbyte and Singer: config.json"), ">")
		_, catalog, _ := strings.Cut(shown("Airbyte: catalog.json, for connector airbyte read --config config.json --catalog catalog.json"), ">")
		if name == "session_peers" && strings.Contains(catalog, "cursor_field") {
			t.Error("a cursor is named that no record of the stream has")
		}
		configuration = strings.Replace(configuration, "${HMS_TOKEN}", value(t, "live"), 1)
		configuration = strings.Replace(configuration, "{", `{"base_url":"`+s.apiURL+`/v2",`, 1)
		var out bytes.Buffer
		if err := (&airbyte.Source{Out: &out}).Read(ctx, []byte(configuration), []byte(catalog), nil); err != nil || !strings.Contains(out.String(), `"COMPLETE"`) || !strings.Contains(out.String(), `"type":"RECORD"`) {
			t.Errorf("%s: %v: %.300s", name, err, out.String())
		}
	}
}

// TestADownloadHoldsAPageAndNotTheWhole downloads 30 MB and looks at the memory meanwhile.
func TestADownloadHoldsAPageAndNotTheWhole(t *testing.T) {
	s, id := readable(t, withData(nil))
	big := httptest.NewServer(&sandbox.Sandbox{Account: &sandbox.Account{Rooms: 60_000, Sessions: 10}})
	t.Cleanup(big.Close)
	c := newSite(t, withData(nil), func(o *web.Options) { o.Store, o.Tester.BaseURL = s.store, big.URL+"/v2" })
	bare := c.stranger() // whose responses are not kept by the test
	server := httptest.NewServer(c.Handler)
	t.Cleanup(server.Close)
	c.url = server.URL
	if status, _ := bare.visit(strings.TrimPrefix(c.SignInLink(c.url), c.url)); status != http.StatusOK {
		t.Fatal(status)
	}
	bare.visit("/")
	c.log.responses = append(c.log.responses, &logged{header: http.Header{}}) // there is nothing to search
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	response, err := bare.Do(bare.form("/credentials/"+id+"/data/rooms/download", "format", "jsonl"))
	ok(t, err)
	defer response.Body.Close()
	most, read := uint64(0), 0
	for buffer := make([]byte, 64<<10); ; {
		n, err := response.Body.Read(buffer)
		if read += n; read/(4<<20) != (read-n)/(4<<20) {
			runtime.GC() // what is left is held
			runtime.ReadMemStats(&now)
			most = max(most, now.HeapAlloc-min(before.HeapAlloc, now.HeapAlloc))
		}
		if err == io.EOF {
			break
		}
		ok(t, err)
	}
	t.Logf("%d MB, %d KiB held at most", read>>20, most>>10)
	if read < 15<<20 || most > 8<<20 {
		t.Errorf("%d MB, %d KiB held at most", read>>20, most>>10)
	}
}
