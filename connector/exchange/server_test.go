package exchange_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/fixtures"
)

// idle are the transports of the tests, whose connections outlive them.
var idle struct {
	mu  sync.Mutex
	all []*http.Transport
}

// tests closes the connections before goroutines are looked for.
type tests struct{ *testing.M }

func (m tests) Run() int {
	code := m.M.Run()
	for _, transport := range idle.all {
		transport.CloseIdleConnections()
	}
	return code
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(tests{m}) }

// item is a record of a list: its number is its age, 0 for the oldest.
type item struct {
	id   string
	at   time.Time
	room map[string]string // what filters compare
	more string            // further members, with a comma before them
}

func (i item) json() string {
	text := fmt.Sprintf(`{"id":%q,"created_at":%q`, i.id, i.at.Format(time.RFC3339Nano))
	for name, value := range i.room {
		if value == "true" || value == "false" {
			text += fmt.Sprintf(`,%q:%s`, name, value)
		} else {
			text += fmt.Sprintf(`,%q:%q`, name, value)
		}
	}
	return text + i.more + "}"
}

var origin = time.Date(2026, 3, 1, 8, 0, 0, 123456789, time.UTC)

// server is an API of lists that hold few things and do all that lists can do.
type server struct {
	*httptest.Server
	mu    sync.Mutex
	lists map[string][]item // by path, the oldest first
	calls []string          // as they came

	most      int                                                      // rows of a page, whatever was asked for
	inclusive bool                                                     // a page begins with start
	oldest    bool                                                     // lists are oldest first
	end       string                                                   // what stands as last on the last page: "", null, id or absent
	forgets   bool                                                     // a start whose record left the list gives nothing
	answer    func(n int, w http.ResponseWriter, r *http.Request) bool // instead of the list, if it says so; n counts calls from 1
	after     func(n int)                                              // once the answer was made
}

func newServer(t testing.TB) *server {
	s := &server{lists: map[string][]item{}, most: 100}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	return s
}

// fill puts n items into a list, an hour apart.
func (s *server) fill(path string, n int, fields func(i int) map[string]string) {
	s.lists[path] = append([]item{}, s.lists[path]...)
	for i := range n {
		s.add(path, i, fields)
	}
}

func (s *server) add(path string, i int, fields func(i int) map[string]string) {
	it := item{id: fmt.Sprintf("%s-%06d", path[1:3], i), at: origin.Add(time.Duration(i) * time.Hour)}
	if fields != nil {
		it.room = fields(i)
	}
	s.lists[path] = append(s.lists[path], it)
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, r.URL.Path+"?"+r.URL.RawQuery)
	n := len(s.calls)
	w.Header().Set("Content-Type", "application/json")
	if s.answer != nil && s.answer(n, w, r) {
		return
	}
	items, known := s.lists[strings.TrimPrefix(r.URL.Path, "/v2")]
	if !known {
		w.WriteHeader(404)
		fmt.Fprint(w, `{"code":404,"message":"not found"}`)
		return
	}
	s.page(w, r.URL.Query(), items)
	if s.after != nil {
		s.after(n)
	}
}

func (s *server) page(w http.ResponseWriter, q url.Values, items []item) {
	limit, _ := strconv.Atoi(q.Get("limit"))
	limit = min(limit, s.most)
	after, _ := time.Parse(time.RFC3339, q.Get("after"))
	list := slices.Clone(items)
	if !s.oldest {
		slices.Reverse(list)
	}
	list = slices.DeleteFunc(list, func(i item) bool {
		for name, value := range i.room {
			if q.Has(name) && q.Get(name) != value {
				return true
			}
		}
		return i.at.Before(after)
	})
	if start := q.Get("start"); start != "" {
		at := slices.IndexFunc(list, func(i item) bool { return i.id == start })
		switch {
		case at < 0 && s.forgets:
			list = nil
		case at < 0:
			w.WriteHeader(400)
			fmt.Fprint(w, `{"code":400,"message":"invalid start"}`)
			return
		case s.inclusive:
			list = list[at:]
		default:
			list = list[at+1:]
		}
	}
	more := len(list) > limit
	list = list[:min(limit, len(list))]
	data, last := "null", ""
	if len(list) > 0 {
		var rows []string
		for _, i := range list {
			rows = append(rows, i.json())
		}
		data, last = "["+strings.Join(rows, ",")+"]", list[len(list)-1].id
	}
	tail := fmt.Sprintf(`,"last":%q`, last)
	if !more {
		tail = map[string]string{"": `,"last":""`, "null": `,"last":null`, "absent": "", "id": tail}[s.end]
	}
	fmt.Fprintf(w, `{"limit":%d,"data":%s%s}`, limit, data, tail)
}

var live = fixtures.Sign(fixtures.Workspace(), fixtures.Management(fixtures.Workspace(), time.Now(), time.Hour))

func (s *server) source() *exchange.Source {
	return sourceAt(s.URL + "/v2")
}

func sourceAt(address string) *exchange.Source {
	base, err := connector.ParseBaseURL(address)
	if err != nil {
		panic(err)
	}
	transport := connector.NewTransport()
	idle.mu.Lock()
	idle.all = append(idle.all, transport)
	idle.mu.Unlock()
	return &exchange.Source{Client: &connector.Client{Source: connector.Secret(live), BaseURL: base, Transport: transport}, Patience: 2 * time.Second}
}

func find(t testing.TB, name string) exchange.Stream {
	t.Helper()
	stream, ok := exchange.Find(name)
	if !ok {
		t.Fatalf("no stream %s", name)
	}
	return stream
}

// got is what a read gave until it ended.
type got struct {
	keys  []string
	data  []string
	state exchange.State
	notes []exchange.Note
	done  bool
	err   error
}

// read reads a stream; it stops after the page in which most records are reached, as a
// host that is killed would: with the state of the last page that it took whole.
func read(t testing.TB, s *exchange.Source, stream string, from exchange.State, most int) got {
	t.Helper()
	g := got{state: from}
	for page, err := range s.Read(context.Background(), find(t, stream), from) {
		g.err, g.notes = err, append(g.notes, page.Notes...)
		if !json.Valid([]byte(page.State)) && page.State != "" {
			t.Fatalf("the state is no JSON: %s", page.State)
		}
		for _, r := range page.Records {
			g.keys, g.data = append(g.keys, r.Key), append(g.data, string(r.Data))
			if most--; most == 0 {
				return g // killed within the page
			}
		}
		g.state, g.done = page.State, g.done || page.Done
	}
	return g
}

const all = -1
