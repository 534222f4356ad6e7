package exchange_test

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

// TestAReadBeginsWhereItsOptionsSay reads 500 rooms, one for each hour.
func TestAReadBeginsWhereItsOptionsSay(t *testing.T) {
	s := newServer(t)
	s.fill("/rooms", 500, enabled)
	full := read(t, s.source(), "rooms", "", all)
	for _, c := range []struct {
		name   string
		source func(s *exchange.Source)
		state  exchange.State
		want   int
	}{
		{"since 100 hours", func(s *exchange.Source) { s.Since = origin.Add(400 * time.Hour) }, "", 100},
		{"since, which a state outranks", func(s *exchange.Source) { s.Since = origin }, full.state, 3},
		{"a full refresh", func(s *exchange.Source) { s.FullRefresh = true }, full.state, 500},
		{"a full refresh that is due", func(s *exchange.Source) { s.FullRefreshEvery = time.Nanosecond }, full.state, 500},
		{"a full refresh that is not due", func(s *exchange.Source) { s.FullRefreshEvery = time.Hour }, full.state, 3},
		{"a limit", func(s *exchange.Source) { s.Limit = 7 }, "", 7},
	} {
		source := s.source()
		c.source(source)
		g := read(t, source, "rooms", c.state, all)
		if g.err != nil || len(g.keys) != c.want || g.done == (c.name == "a limit") {
			t.Errorf("%s: %d records, want %d; done %v, %v", c.name, len(g.keys), c.want, g.done, g.err)
		}
	}
}

// TestAStateIsOfOneWorkspace reads with the state of another customer.
func TestAStateIsOfOneWorkspace(t *testing.T) {
	s := newServer(t)
	customer := "one"
	s.fill("/rooms", 150, func(int) map[string]string { return map[string]string{"customer_id": customer} })
	first := read(t, s.source(), "rooms", "", all)
	for _, i := range s.lists["/rooms"] {
		i.room["customer_id"] = "two"
	}
	g := read(t, s.source(), "rooms", first.state, all)
	if !errors.Is(g.err, exchange.ErrState) || len(g.keys) != 0 || g.state != first.state || !strings.Contains(g.err.Error(), "of the workspace one, and this is two") {
		t.Errorf("%d records, %v", len(g.keys), g.err)
	}
}

func TestRoomsThatAreNamedAreReadAlone(t *testing.T) {
	_, url := account(t)
	some := read(t, sourceAt(url+"/v2"), "rooms", "", 3).keys
	sessions := read(t, sourceAt(url+"/v2"), "sessions", "", all)
	for _, stream := range []string{"rooms", "sessions", "session_peers", "recordings", "room_codes", "analytics_events", "feedback", "webhook_deliveries"} {
		source := sourceAt(url + "/v2")
		source.Rooms = append(some, some[0])
		g := read(t, source, stream, "", all)
		if g.err != nil || !g.done {
			t.Errorf("%s: %v", stream, g.err)
		}
		if stream == "rooms" && !slices.Equal(g.keys, slices.Sorted(slices.Values(some))) {
			t.Errorf("rooms %v", g.keys)
		}
		if stream == "sessions" {
			want := 0
			for _, data := range sessions.data {
				if slices.ContainsFunc(some, func(id string) bool { return strings.Contains(data, `"room_id":"`+id) }) {
					want++
				}
			}
			if len(g.keys) != want {
				t.Errorf("%d sessions, want %d", len(g.keys), want)
			}
		}
	}
}

// TestEventsAskTheRoomsThatHadASession counts the calls, and finds events of rooms without
// a session only if every room is asked.
func TestEventsAskTheRoomsThatHadASession(t *testing.T) {
	s := &sandbox.Sandbox{Account: &sandbox.Account{Rooms: 600, Sessions: 30, Span: 20 * 24 * time.Hour, Now: time.Now()}}
	api := httptest.NewServer(s)
	defer api.Close()
	source := sourceAt(api.URL + "/v2")
	g := read(t, source, "analytics_events", "", all)
	if g.err != nil || len(g.keys) == 0 || source.Calls() > 70 {
		t.Errorf("%d events in %d calls, %v", len(g.keys), source.Calls(), g.err)
	}
	if n := s.Connections(); n > 4 {
		t.Errorf("%d connections", n)
	}
	every := sourceAt(api.URL + "/v2")
	every.AllRooms = true
	if of := read(t, every, "analytics_events", "", all); of.err != nil || len(of.keys) < len(g.keys) || every.Calls() < 600 {
		t.Errorf("of all rooms %d events in %d calls, %v", len(of.keys), every.Calls(), of.err)
	}
}

// TestWhatIsWorthKnowingIsNotedOnce is about unknown fields and keys.
func TestWhatIsWorthKnowingIsNotedOnce(t *testing.T) {
	s := newServer(t)
	s.fill("/rooms", 120, func(int) map[string]string { return map[string]string{"enabled": "true", "colour": "red"} })
	s.lists["/rooms"][7].id = s.lists["/rooms"][6].id
	s.lists["/rooms"][9].more = `,"id":null`
	g := read(t, s.source(), "rooms", "", all)
	var got []string
	for _, n := range g.notes {
		got = append(got, fmt.Sprint(n.Kind, " ", n.Field, n.Parent))
	}
	slices.Sort(got)
	if want := []string{"duplicate_key ro-000006", "no_key ", "unknown_field colour"}; g.err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, want %q; %v", got, want, g.err)
	}
}

// TestAnAnswerThatIsTooLargeIsAskedForInSmallerParts has rooms of an eighth of what is
// held each, and then one of more.
func TestAnAnswerThatIsTooLargeIsAskedForInSmallerParts(t *testing.T) {
	defer exchange.SetMaxAnswer(320 << 10)()
	s := newServer(t)
	s.fill("/rooms", 13, func(int) map[string]string { return map[string]string{"enabled": "true"} })
	for i := range s.lists["/rooms"] {
		s.lists["/rooms"][i].more = `,"description":"` + strings.Repeat("x", 40<<10) + `"`
	}
	g := read(t, s.source(), "rooms", "", all)
	if g.err != nil || len(slices.Compact(g.keys)) != 13 {
		t.Errorf("%d records, %v", len(g.keys), g.err)
	}
	var asked []string
	for _, call := range s.calls {
		asked = append(asked, call[strings.Index(call, "limit="):])
	}
	if want := []string{"limit=100", "limit=50", "limit=25", "limit=10", "limit=10", "limit=10&start=ro-000003", "limit=100"}; !slices.Equal(asked, want) {
		t.Errorf("asked for %q", asked)
	}

	s.lists["/rooms"] = s.lists["/rooms"][:12]
	s.lists["/rooms"][1].more = `,"description":"` + strings.Repeat("x", 330<<10) + `"`
	g = read(t, s.source(), "rooms", "", all)
	if fault, ok := errors.AsType[*exchange.Error](g.err); !ok || fault.Code != connector.UnexpectedResponse || !strings.Contains(g.err.Error(), "a single record is larger than 32 MiB") {
		t.Errorf("%d records, %v", len(g.keys), g.err)
	}
}

// TestASecondReadOfFiveDaysIsSmaller holds the figure of the second incremental read.
func TestASecondReadOfFiveDaysIsSmaller(t *testing.T) {
	s := &sandbox.Sandbox{Account: &sandbox.Account{Rooms: 200, Sessions: 400, Span: 5 * 24 * time.Hour, Now: time.Now()}}
	api := httptest.NewServer(s)
	defer api.Close()
	first, second := 0, 0
	for _, stream := range []string{"rooms", "sessions", "session_peers"} {
		a := read(t, sourceAt(api.URL+"/v2"), stream, "", all)
		b := read(t, sourceAt(api.URL+"/v2"), stream, a.state, all)
		first, second = first+len(a.keys), second+len(b.keys)
	}
	if second*100 > first*60 || second == 0 {
		t.Errorf("%d records the first time, %d the second", first, second)
	}
}
