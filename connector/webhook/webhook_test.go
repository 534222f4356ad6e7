package webhook_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/exchange/sink/tables"
	"github.com/100ms-connector/connector-go/connector/webhook"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

var ctx = context.Background()

const key, signing = "s3cr3t-key-of-the-header", "s3cr3t-of-the-signature"

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func sqlite(t testing.TB) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "events.db")+"?_txlock=immediate&_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)")
	ok(t, err)
	t.Cleanup(func() { ok(t, db.Close()) })
	return db
}

// onEach runs a test on SQLite, and on PostgreSQL where there is one.
func onEach(t *testing.T, test func(*testing.T, *sql.DB, *tables.Dialect)) {
	t.Run("on SQLite", func(t *testing.T) { test(t, sqlite(t), tables.SQLite) })
	t.Run("on PostgreSQL", func(t *testing.T) {
		server := os.Getenv("CONNECTOR_TEST_POSTGRES")
		if server == "" {
			t.Skip("CONNECTOR_TEST_POSTGRES is not set; .ci/postgres starts a server and prints its URL")
		}
		u, err := url.Parse(server)
		ok(t, err)
		name := fmt.Sprintf("webhook_%d_%d", os.Getpid(), rand.Int64())
		u.RawQuery = url.Values{"search_path": {name}}.Encode()
		db, err := sql.Open("pgx", u.String())
		ok(t, err)
		_, err = db.Exec(`CREATE SCHEMA ` + name)
		ok(t, err)
		t.Cleanup(func() {
			_, err := db.Exec(`DROP SCHEMA ` + name + ` CASCADE`)
			ok(t, errors.Join(err, db.Close()))
		})
		test(t, db, tables.PostgreSQL)
	})
}

// receiver is a Handler that is served, and what it told.
type receiver struct {
	*webhook.Handler
	url string

	mu      sync.Mutex
	stored  []webhook.Event
	refused []string
}

func serve(t testing.TB, h *webhook.Handler) *receiver {
	t.Helper()
	r := &receiver{Handler: h}
	h.Stored = func(e webhook.Event) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.stored = append(r.stored, e)
	}
	h.Refused = func(status int, why error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.refused = append(r.refused, fmt.Sprint(status, " ", why))
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	r.url = server.URL + "/"
	return r
}

// memory is a Store without a database.
type memory struct {
	mu     sync.Mutex
	events []webhook.Event
	err    error
}

func (m *memory) Put(_ context.Context, e webhook.Event) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return false, m.err
	}
	if slices.ContainsFunc(m.events, func(other webhook.Event) bool { return other.ID == e.ID }) {
		return false, nil
	}
	m.events = append(m.events, e)
	return true, nil
}

func send(t testing.TB, r *http.Request) (status int, body string) {
	t.Helper()
	response, err := http.DefaultClient.Do(r)
	ok(t, err)
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	ok(t, err)
	return response.StatusCode, string(data)
}

func signed(secret, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	return hex.EncodeToString(mac.Sum(nil))
}

const event = `{"version":"2.0","id":"e1","timestamp":"2026-11-01T10:00:00Z","type":"session.open.success","data":{"room_id":"r1","session_id":"s1"}}`

func TestARequestIsAnsweredByWhatItIs(t *testing.T) {
	keyed := func() *webhook.Handler {
		return &webhook.Handler{Header: "X-Webhook-Key", Values: []connector.Secret{key}}
	}
	two := func() *webhook.Handler {
		return &webhook.Handler{Header: "X-Webhook-Key", Values: []connector.Secret{"s3cr3t-old", key}}
	}
	hmacs := func() *webhook.Handler {
		return &webhook.Handler{SignatureSecret: signing}
	}
	both := func() *webhook.Handler {
		return &webhook.Handler{Header: "X-Webhook-Key", Values: []connector.Secret{key}, SignatureSecret: signing}
	}
	large := `{"id":"` + strings.Repeat("x", webhook.MaxBody) + `"}`
	for name, c := range map[string]struct {
		handler func() *webhook.Handler
		method  string // POST if empty
		path    string
		key     []string
		sign    []string
		body    string
		status  int
		why     string
	}{
		"the value of the header lets in":                      {handler: keyed, key: []string{key}, body: event, status: 200},
		"while it is changed both values do":                   {handler: two, key: []string{"s3cr3t-old"}, body: event, status: 200},
		"and the new one":                                      {handler: two, key: []string{key}, body: event, status: 200},
		"one of several values is enough":                      {handler: keyed, key: []string{"x", key}, body: event, status: 200},
		"another value does not":                               {handler: keyed, key: []string{key + "x"}, body: event, status: 401, why: "the header has another value, or is not there"},
		"nor the beginning of it":                              {handler: keyed, key: []string{key[:5]}, body: event, status: 401, why: "the header has another value, or is not there"},
		"nor an empty one":                                     {handler: keyed, key: []string{""}, body: event, status: 401, why: "the header has another value, or is not there"},
		"nor none":                                             {handler: keyed, body: event, status: 401, why: "the header has another value, or is not there"},
		"a stranger's body is not read, however large":         {handler: keyed, body: large, status: 401, why: "the header has another value, or is not there"},
		"a signature lets in":                                  {handler: hmacs, sign: []string{signed(signing, event)}, body: event, status: 200},
		"in capitals too":                                      {handler: hmacs, sign: []string{strings.ToUpper(signed(signing, event))}, body: event, status: 200},
		"a signature of another body does not":                 {handler: hmacs, sign: []string{signed(signing, "{}")}, body: event, status: 401, why: "the signature is another, or is not there"},
		"nor one with another secret":                          {handler: hmacs, sign: []string{signed(key, event)}, body: event, status: 401, why: "the signature is another, or is not there"},
		"nor half of it":                                       {handler: hmacs, sign: []string{signed(signing, event)[:32]}, body: event, status: 401, why: "the signature is another, or is not there"},
		"nor an odd number of digits":                          {handler: hmacs, sign: []string{signed(signing, event)[1:]}, body: event, status: 401, why: "the signature is another, or is not there"},
		"nor what is no hexadecimal":                           {handler: hmacs, sign: []string{"sha256=" + signed(signing, event)}, body: event, status: 401, why: "the signature is another, or is not there"},
		"nor several, of which one is right":                   {handler: hmacs, sign: []string{"00", signed(signing, event)}, body: event, status: 401, why: "the signature is another, or is not there"},
		"where both are configured, the header alone does not": {handler: both, key: []string{key}, body: event, status: 401, why: "the signature is another, or is not there"},
		"nor the signature alone":                              {handler: both, sign: []string{signed(signing, event)}, body: event, status: 401, why: "the header has another value, or is not there"},
		"both do":                                              {handler: both, key: []string{key}, sign: []string{signed(signing, event)}, body: event, status: 200},
		"a zero Handler takes nothing":                         {handler: func() *webhook.Handler { return new(webhook.Handler) }, body: event, status: 503, why: webhook.ErrOpen.Error()},
		"nor one with an empty value":                          {handler: func() *webhook.Handler { return &webhook.Handler{Header: "K", Values: []connector.Secret{""}} }, key: []string{""}, body: event, status: 503, why: webhook.ErrHeader.Error()},
		"nor one with a name alone":                            {handler: func() *webhook.Handler { return &webhook.Handler{Header: "K"} }, body: event, status: 503, why: webhook.ErrHeader.Error()},
		"a GET is no webhook":                                  {handler: keyed, method: "GET", key: []string{key}, status: 405, why: "a webhook is a POST"},
		"another path has nothing":                             {handler: keyed, path: "hooks", key: []string{key}, body: event, status: 404, why: "webhooks are received at / alone"},
		"more than 1 MiB is too much":                          {handler: keyed, key: []string{key}, body: large, status: 413, why: "the body has more than 1048576 bytes"},
		"an array is no event":                                 {handler: keyed, key: []string{key}, body: "[" + event + "]", status: 400, why: "the body is no JSON object"},
		"nor is half of one":                                   {handler: keyed, key: []string{key}, body: event[:40], status: 400, why: "the body is no JSON object"},
		"nor two":                                              {handler: keyed, key: []string{key}, body: event + event, status: 400, why: "the body is no JSON object"},
		"nor nothing":                                          {handler: keyed, key: []string{key}, status: 400, why: "the body is no JSON object"},
		"nor what is nested without end":                       {handler: keyed, key: []string{key}, body: `{"a":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`, status: 400, why: "the body is no JSON object"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			handler := c.handler()
			handler.Store = new(memory)
			r := serve(t, handler)
			if c.method == "" {
				c.method = "POST"
			}
			request, err := http.NewRequest(c.method, r.url+c.path, strings.NewReader(c.body))
			ok(t, err)
			request.Header["X-Webhook-Key"] = c.key
			request.Header[webhook.SignatureHeader] = c.sign
			status, body := send(t, request)
			want := []string{}
			if c.why != "" {
				want = []string{fmt.Sprint(c.status, " ", c.why)}
			}
			if status != c.status || body != "" || fmt.Sprint(r.refused) != fmt.Sprint(want) || (len(r.stored) == 1) != (c.status == 200) {
				t.Errorf("%d %q, refused %v, stored %v; want %d and %v", status, body, r.refused, r.stored, c.status, want)
			}
		})
	}
}

func TestAChunkedBodyIsBoundedAsWell(t *testing.T) {
	r := serve(t, &webhook.Handler{Header: "K", Values: []connector.Secret{key}, Store: &memory{}})
	request, err := http.NewRequest("POST", r.url, io.MultiReader(strings.NewReader(`{"a":"`), io.LimitReader(endless{}, 4<<20)))
	ok(t, err)
	request.Header.Set("K", key)
	if status, _ := send(t, request); status != 413 {
		t.Errorf("%d", status)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestSlowSendersCannotFillTheMemory(t *testing.T) {
	r := serve(t, &webhook.Handler{SignatureSecret: signing, Store: &memory{}})
	// 80 strangers send a MiB less a byte each, and never end.
	var senders sync.WaitGroup
	defer senders.Wait()
	end := make(chan struct{})
	var once sync.Once
	defer once.Do(func() { close(end) })
	statuses := make(chan int, 80)
	for range 80 {
		senders.Go(func() {
			request, err := http.NewRequest("POST", r.url, io.MultiReader(io.LimitReader(endless{}, webhook.MaxBody-1), until(end)))
			if err != nil {
				return
			}
			request.ContentLength = webhook.MaxBody
			response, err := http.DefaultClient.Do(request)
			if err == nil {
				statuses <- response.StatusCode
				response.Body.Close()
			}
		})
	}
	if status := <-statuses; status != 503 {
		t.Errorf("%d", status)
	}
	once.Do(func() { close(end) })
	senders.Wait()
	request, err := http.NewRequest("POST", r.url, strings.NewReader(event))
	ok(t, err)
	request.Header.Set(webhook.SignatureHeader, signed(signing, event))
	if status, _ := send(t, request); status != 200 {
		t.Errorf("afterwards %d", status)
	}
}

type until <-chan struct{}

func (u until) Read([]byte) (int, error) {
	<-u
	return 0, io.EOF
}

func TestWhatAnEventIsReadAs(t *testing.T) {
	at := time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)
	long := strings.Repeat("x", 201)
	hash := func(body string) string {
		sum := sha256.Sum256([]byte(body))
		return hex.EncodeToString(sum[:])
	}
	for name, c := range map[string]struct {
		body    string
		secrets bool
		want    webhook.Event
	}{
		"the documented form": {body: event, want: webhook.Event{ID: "e1", Type: "session.open.success", Timestamp: at, RoomID: "r1", SessionID: "s1", Body: json.RawMessage(event)}},
		"a replay": {body: `{"id":"e","is_replay":true,"timestamp":"2026-11-01T15:30:00.5+05:30"}`, want: webhook.Event{ID: "e", Replay: true, Timestamp: at.Add(500 * time.Millisecond),
			Body: json.RawMessage(`{"id":"e","is_replay":true,"timestamp":"2026-11-01T15:30:00.5+05:30"}`)}},
		"an odd time is kept, and is none": {body: `{"id":"e","timestamp":"yesterday"}`, want: webhook.Event{ID: "e", Body: json.RawMessage(`{"id":"e","timestamp":"yesterday"}`)}},
		"nothing":                          {body: ` {} `, want: webhook.Event{ID: hash(" {} "), Body: json.RawMessage(`{}`)}},
		"an id that is a number":           {body: `{"id":7}`, want: webhook.Event{ID: hash(`{"id":7}`), Body: json.RawMessage(`{"id":7}`)}},
		"an empty id":                      {body: `{"id":""}`, want: webhook.Event{ID: hash(`{"id":""}`), Body: json.RawMessage(`{"id":""}`)}},
		"an id with a NUL":                 {body: `{"id":"a\u0000"}`, want: webhook.Event{ID: hash(`{"id":"a\u0000"}`), Body: json.RawMessage(`{"id":"a\u0000"}`)}},
		"an id without end":                {body: `{"id":"` + long + `"}`, want: webhook.Event{ID: hash(`{"id":"` + long + `"}`), Body: json.RawMessage(`{"id":"` + long + `"}`)}},
		"other types": {body: `{"id":"e","type":[1],"timestamp":7,"is_replay":"yes","data":[{"room_id":"r"}]}`, want: webhook.Event{ID: "e",
			Body: json.RawMessage(`{"id":"e","type":[1],"timestamp":7,"is_replay":"yes","data":[{"room_id":"r"}]}`)}},
		"white space and separators of lines": {body: "{\n  \"id\": \"e\",\n  \"note\": \"a\u2028b\"\n}", want: webhook.Event{ID: "e", Body: json.RawMessage(`{"id":"e","note":"a\u2028b"}`)}},
		"bytes that are no UTF-8":             {body: "{\"id\":\"e\",\"note\":\"\xff\"}", want: webhook.Event{ID: "e", Body: json.RawMessage("{\"id\":\"e\",\"note\":\"\ufffd\"}")}},
		"secrets": {
			body: `{"id":"e","data":{"recording_presigned_url":"https://x/y?s3cr3t","meeting_url":"https://x/y?token=s3cr3t","rtmp":[{"url":"rtmp://x/s3cr3t"}],"new_url":"https://u:s3cr3t@x/"}}`,
			want: webhook.Event{ID: "e", Body: json.RawMessage(`{"id":"e","data":{"recording_presigned_url":"[redacted]","meeting_url":"https://x/y?[redacted]","rtmp":[{"url":"[redacted]"}],"new_url":"[redacted]"}}`)},
		},
		"secrets that are asked for": {
			body: `{"id":"e","data":{"recording_presigned_url":"https://x/y?s3cr3t"}}`, secrets: true,
			want: webhook.Event{ID: "e", Body: json.RawMessage(`{"id":"e","data":{"recording_presigned_url":"https://x/y?s3cr3t"}}`)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := time.Now()
			r := serve(t, &webhook.Handler{Header: "K", Values: []connector.Secret{key}, Store: &memory{}, IncludeSecrets: c.secrets})
			request, err := http.NewRequest("POST", r.url, strings.NewReader(c.body))
			ok(t, err)
			request.Header.Set("K", key)
			if status, _ := send(t, request); status != 200 || len(r.stored) != 1 {
				t.Fatalf("%d %v", status, r.refused)
			}
			got := r.stored[0]
			if got.Received.Before(before) || got.Received.After(time.Now()) || !got.Timestamp.Equal(c.want.Timestamp) {
				t.Errorf("received at %s, happened at %s", got.Received, got.Timestamp)
			}
			got.Received, got.Timestamp, c.want.Timestamp = time.Time{}, time.Time{}, time.Time{}
			if fmt.Sprintf("%+v %s", got, got.Body) != fmt.Sprintf("%+v %s", c.want, c.want.Body) {
				t.Errorf("got  %+v %s\nwant %+v %s", got, got.Body, c.want, c.want.Body)
			}
		})
	}
}

func TestEveryTypeOfEventIsStoredOnceWithoutSecrets(t *testing.T) {
	onEach(t, func(t *testing.T, db *sql.DB, dialect *tables.Dialect) {
		table, err := webhook.Open(ctx, db, dialect)
		ok(t, err)
		defer table.Close()
		r := serve(t, &webhook.Handler{Header: "X-Key", Values: []connector.Secret{key}, SignatureSecret: signing, Store: table})
		types := sandbox.HookTypes()
		pusher := &sandbox.Pusher{Sandbox: new(sandbox.Sandbox), URL: r.url, Header: "X-Key", Value: key, Secret: signing, Rate: 1000, Count: 2 * len(types)}
		pusher.Run(ctx)
		var count, ids, kinds int
		ok(t, db.QueryRow(`SELECT COUNT(*), COUNT(DISTINCT id), COUNT(DISTINCT type) FROM webhook_events WHERE room_id IS NOT NULL AND received_at IS NOT NULL AND timestamp IS NOT NULL`).Scan(&count, &ids, &kinds))
		if count != 2*len(types) || ids != count || kinds != len(types) || len(r.stored) != count {
			t.Errorf("%d events of %d ids and %d types, told of %d; %v", count, ids, kinds, len(r.stored), r.refused)
		}
		rows, err := db.Query(`SELECT body FROM webhook_events`)
		ok(t, err)
		defer rows.Close()
		for rows.Next() {
			var body string
			ok(t, rows.Scan(&body))
			if strings.Contains(body, "s3cr3t") || !json.Valid([]byte(body)) {
				t.Errorf("%s", body)
			}
		}
		ok(t, rows.Err())
	})
}

func TestTheTypesAreThoseOfTheSandbox(t *testing.T) {
	again, never := webhook.Types()
	var want [2][]string
	for _, kind := range sandbox.HookTypes() {
		if kind.Again {
			want[0] = append(want[0], kind.Name)
		} else {
			want[1] = append(want[1], kind.Name)
		}
	}
	for i, got := range [][]string{again, never} {
		slices.Sort(got)
		slices.Sort(want[i])
		if !slices.Equal(got, want[i]) {
			t.Errorf("%v\n%v", got, want[i])
		}
	}
}

func TestTroubleOfPushesIsRefused(t *testing.T) {
	want := map[string]string{
		"no-key": "401", "wrong-key": "401", "no-signature": "401", "wrong-signature": "401", "changed": "401", "cut": "400", "array": "400", "large": "413",
	}
	for _, fault := range sandbox.PushFaults() {
		t.Run(fault.Name, func(t *testing.T) {
			t.Parallel()
			store := new(memory)
			r := serve(t, &webhook.Handler{Header: "X-Key", Values: []connector.Secret{key}, SignatureSecret: signing, Store: store})
			pusher := &sandbox.Pusher{Sandbox: new(sandbox.Sandbox), URL: r.url, Header: "X-Key", Value: key, Secret: signing, Rate: 1000, Count: 1, Fault: fault.Name, Waits: []time.Duration{time.Millisecond}}
			pusher.Run(ctx)
			if len(r.refused) != 2 || !strings.HasPrefix(r.refused[0], want[fault.Name]) || len(store.events) > 0 {
				t.Errorf("%v, stored %d", r.refused, len(store.events))
			}
		})
	}
}

func TestWhatCouldNotBeStoredComesAgain(t *testing.T) {
	store := &memory{err: errors.New("the disk is full")}
	r := serve(t, &webhook.Handler{Header: "X-Key", Values: []connector.Secret{key}, Store: store})
	pusher := &sandbox.Pusher{Sandbox: new(sandbox.Sandbox), URL: r.url, Header: "X-Key", Value: key, Rate: 1000, Count: 20, Waits: []time.Duration{50 * time.Millisecond, 50 * time.Millisecond, time.Second}}
	time.AfterFunc(80*time.Millisecond, func() {
		store.mu.Lock()
		defer store.mu.Unlock()
		store.err = nil
	})
	pusher.Run(ctx)
	if len(store.events) != 20 || len(r.stored) != 20 || !strings.HasPrefix(r.refused[0], "503 the event could not be stored: the disk is full") {
		t.Errorf("%d stored, %v", len(store.events), r.refused)
	}
}

func TestAnEventThatComesAgainIsStoredOnce(t *testing.T) {
	onEach(t, func(t *testing.T, db *sql.DB, dialect *tables.Dialect) {
		// Two processes receive the same events at the same time, in another order each.
		var one, two *webhook.Table
		var err error
		one, err = webhook.Open(ctx, db, dialect)
		ok(t, err)
		two, err = webhook.Open(ctx, db, dialect)
		ok(t, err)
		var fresh sync.Map
		var group sync.WaitGroup
		for i := range 400 {
			for k, table := range []*webhook.Table{one, two, one} {
				group.Go(func() {
					id := fmt.Sprintf("event %d", (i+k*200)%400)
					isNew, err := table.Put(ctx, webhook.Event{ID: id, Received: time.Now(), Body: json.RawMessage(`{}`)})
					if err != nil {
						t.Error(err)
					}
					if isNew {
						if _, twice := fresh.LoadOrStore(id, true); twice {
							t.Errorf("%s was new twice", id)
						}
					}
				})
			}
		}
		group.Wait()
		one.Close()
		two.Close()
		var count int
		ok(t, db.QueryRow(`SELECT COUNT(*) FROM webhook_events`).Scan(&count))
		told := 0
		fresh.Range(func(any, any) bool { told++; return true })
		if count != 400 || told != 400 {
			t.Errorf("%d stored, %d told to be new", count, told)
		}
	})
}

func TestAGapStaysUntilItIsClosed(t *testing.T) {
	onEach(t, func(t *testing.T, db *sql.DB, dialect *tables.Dialect) {
		table, err := webhook.Open(ctx, db, dialect)
		ok(t, err)
		gap := func(want time.Time) {
			t.Helper()
			since, err := table.Gap(ctx)
			ok(t, err)
			if since.Sub(want).Abs() > time.Minute {
				t.Errorf("%s, want %s", since, want)
			}
		}
		put := func(id string, at time.Time) {
			_, err := table.Put(ctx, webhook.Event{ID: id, Received: at, Body: json.RawMessage(`{}`)})
			ok(t, err)
		}
		now := time.Now()
		gap(now.Add(-webhook.Reach)) // of an empty table
		put("1", now.Add(-time.Hour))
		gap(now.Add(-webhook.Reach))
		ok(t, table.CloseGap(ctx))
		gap(now.Add(-time.Hour))
		put("2", now)
		table, err = webhook.Open(ctx, db, dialect) // another process
		ok(t, err)
		gap(now.Add(-time.Hour))
		ok(t, table.CloseGap(ctx))
		gap(now)
	})
}

func TestNothingIsLeftRunning(t *testing.T) {
	before := runtime.NumGoroutine()
	db := sqlite(t)
	table, err := webhook.Open(ctx, db, tables.SQLite)
	ok(t, err)
	ended, cancel := context.WithCancel(ctx)
	cancel()
	for i := range 100 {
		_, _ = table.Put(ended, webhook.Event{ID: fmt.Sprint(i), Received: time.Now(), Body: json.RawMessage(`{}`)})
	}
	table.Close()
	var count int
	ok(t, db.QueryRow(`SELECT COUNT(*) FROM webhook_events`).Scan(&count))
	if count != 100 {
		t.Errorf("%d of 100 are stored", count)
	}
	for range 100 {
		if runtime.NumGoroutine() <= before+2 { // the pool of connections has its own
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}

func FuzzABodyIsStoredOrRefused(f *testing.F) {
	for _, seed := range []string{event, `{}`, `[]`, `{"id":"\u0000"}`, `{"id":"a","id":7}`, `{"data":{"room_id":{}}}`, `{"timestamp":"9999-12-31T23:59:59-23:59"}`, "{\"a\":\"\xff\"}", `{"a":1e999999}`, `{"\ud800":"\udfff"}`} {
		f.Add([]byte(seed))
	}
	db := sqlite(f)
	table, err := webhook.Open(ctx, db, tables.SQLite)
	ok(f, err)
	h := &webhook.Handler{Header: "K", Values: []connector.Secret{key}, Store: table}
	f.Fuzz(func(t *testing.T, body []byte) {
		r := httptest.NewRequest("POST", "/", bytes.NewReader(body))
		r.Header.Set("K", key)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		var object map[string]json.RawMessage
		want := 400
		if json.Unmarshal(body, &object) == nil && object != nil {
			want = 200
		}
		if w.Code != want && !(w.Code == 400 && bytes.Count(body, []byte("["))+bytes.Count(body, []byte("{")) > 100) {
			t.Errorf("%d, want %d", w.Code, want)
		}
	})
}
