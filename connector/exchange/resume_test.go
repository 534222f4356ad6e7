package exchange_test

import (
	"fmt"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

// account is a sandbox with little of everything.
func account(t testing.TB) (*sandbox.Sandbox, string) {
	s := &sandbox.Sandbox{Account: &sandbox.Account{Rooms: 41, Sessions: 120, Peers: 9, Now: time.Now()}}
	api := httptest.NewServer(s)
	t.Cleanup(api.Close)
	return s, api.URL
}

// TestKilledAfterEveryNRecordsAndResumedNothingIsLost kills a read after N records, and
// the resumed ones as well, until one comes to the end.
func TestKilledAfterEveryNRecordsAndResumedNothingIsLost(t *testing.T) {
	_, url := account(t)
	for _, stream := range exchange.Streams() {
		t.Run(stream.Name, func(t *testing.T) {
			t.Parallel()
			whole := read(t, sourceAt(url+"/v2"), stream.Name, "", all)
			if whole.err != nil || len(whole.keys) == 0 {
				t.Fatalf("%d records, %v", len(whole.keys), whole.err)
			}
			if stream.Name == "session_peers" { // whose pages are larger
				return
			}
			for _, n := range []int{101, 137, 250} {
				if !checkKilled(t, sourceAt(url+"/v2"), stream, whole.keys, n) {
					return
				}
			}
		})
	}
}

// checkKilled kills every read of a stream after n records.
func checkKilled(t *testing.T, source *exchange.Source, stream exchange.Stream, want []string, n int) bool {
	t.Helper()
	given, state := map[string]int{}, exchange.State("")
	runs := 0
	for done := false; !done; runs++ {
		if runs > 3+2*len(want)/(n-100) {
			t.Errorf("killed after every %d records, it comes to no end: %s", n, state)
			return false
		}
		g := read(t, source, stream.Name, state, n)
		if g.err != nil {
			t.Errorf("killed after every %d records: %v", n, g.err)
			return false
		}
		for _, key := range g.keys {
			given[key]++
		}
		state, done = g.state, g.done
	}
	lost := slices.DeleteFunc(slices.Clone(want), func(key string) bool { return given[key] > 0 })
	repeated := 0
	for _, times := range given {
		repeated += times - 1
	}
	if len(lost) > 0 {
		t.Errorf("killed after every %d records, %d of %d are lost: %.5q", n, len(lost), len(want), lost)
	}
	if most := runs * 100; repeated > most {
		t.Errorf("killed %d times, %d records came again", runs-1, repeated)
	}
	return len(lost) == 0
}

// TestAPageOfThousandsIsGivenInParts kills reads of sessions with many peers.
func TestAPageOfThousandsIsGivenInParts(t *testing.T) {
	s := newServer(t)
	for i := range 30 {
		s.add("/sessions", i, func(i int) map[string]string { return map[string]string{"active": fmt.Sprint(i > 27)} })
		var peers []string
		for p := range 150 {
			peers = append(peers, fmt.Sprintf(`"p%d":{"role":"guest"}`, p))
		}
		s.lists["/sessions"][i].more = `,"peers":{` + strings.Join(peers, ",") + "}"
	}
	whole := read(t, s.source(), "session_peers", "", all)
	if len(whole.keys) != 4500 || whole.err != nil {
		t.Fatalf("%d records, %v", len(whole.keys), whole.err)
	}
	for _, n := range []int{1001, 1499, 4499} {
		given, state, runs := map[string]int{}, exchange.State(""), 0
		for done := false; !done && runs < 10; runs++ {
			g := read(t, s.source(), "session_peers", state, n)
			for _, key := range g.keys {
				given[key]++
			}
			state, done = g.state, g.done
		}
		repeated := 0
		for _, times := range given {
			repeated += times - 1
		}
		if len(given) != 4500 || repeated > runs*1000 {
			t.Errorf("killed after every %d: %d records, %d of them again, in %d runs", n, len(given), repeated, runs)
		}
	}
}

// TestUnderEveryAssumptionNothingIsLost does the same under every value of what is not
// known of the API, with a limit in the place of a kill: then the state is within a page.
func TestUnderEveryAssumptionNothingIsLost(t *testing.T) {
	_, url := account(t)
	type variant struct{ name, prefix string }
	variants := []variant{{"cursor matching, unknown start empty", "/cursor/matching/unknown-start/empty"}, {"start inclusive, limit halved, beyond same", "/start/inclusive/limit/halved/beyond/same"}}
	for _, sw := range sandbox.Switches() {
		for _, value := range sw.Values[1:] {
			variants = append(variants, variant{sw.Name + " " + value, "/" + sw.Name + "/" + value})
		}
	}
	want := map[string][]string{}
	for _, stream := range exchange.Streams() {
		g := read(t, sourceAt(url+"/v2"), stream.Name, "", all)
		want[stream.Name] = slices.Sorted(slices.Values(g.keys))
	}
	for _, v := range variants {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			for _, stream := range exchange.Streams() {
				if strings.HasPrefix(stream.Name, "template_") || stream.Name == "stream_keys" { // as templates, as room_codes
					continue
				}
				source := sourceAt(url + v.prefix + "/v2")
				source.Limit = 167
				given, state := map[string]bool{}, exchange.State("")
				for runs := 0; ; runs++ {
					g := read(t, source, stream.Name, state, all)
					if g.err != nil || runs > 2000/167+3 {
						t.Errorf("%s: run %d: %v", stream.Name, runs, g.err)
						break
					}
					for _, key := range g.keys {
						given[key] = true
					}
					if state = g.state; g.done {
						break
					}
				}
				if got := slices.Sorted(maps.Keys(given)); !slices.Equal(got, slices.Compact(slices.Clone(want[stream.Name]))) {
					t.Errorf("%s: %d records, want %d", stream.Name, len(got), len(want[stream.Name]))
				}
			}
		})
	}
}

// TestWhatComesWhileAListIsReadIsNotLost lets the account grow at the front between the
// runs of a read that is killed again and again.
func TestWhatComesWhileAListIsReadIsNotLost(t *testing.T) {
	for _, stream := range []string{"rooms", "sessions", "session_peers", "recordings", "recording_assets"} {
		t.Run(stream, func(t *testing.T) {
			s, url := account(t)
			source, given, state := sourceAt(url+"/v2"), map[string]bool{}, exchange.State("")
			for run := range 200 {
				most := 120
				if run > 12 {
					most = all
				} else {
					s.Account.Grow()
				}
				g := read(t, source, stream, state, most)
				if g.err != nil {
					t.Fatal(g.err)
				}
				for _, key := range g.keys {
					given[key] = true
				}
				if state = g.state; g.done && run > 12 {
					break
				}
			}
			for _, key := range read(t, sourceAt(url+"/v2"), stream, "", all).keys {
				if !given[key] {
					t.Errorf("%s is lost", key)
				}
			}
		})
	}
}

// TestASessionThatEndsIsGivenAgain compares what a destination that upserts by key holds
// after incremental reads with what a full read gives.
func TestASessionThatEndsIsGivenAgain(t *testing.T) {
	for _, stream := range []string{"sessions", "recordings", "live_streams"} {
		s, url := account(t)
		source, table, state := sourceAt(url+"/v2"), map[string]string{}, exchange.State("")
		for range 12 {
			most := all
			if len(table) == 0 {
				most = 105 // the first one is killed
			}
			g := read(t, source, stream, state, most)
			if g.err != nil {
				t.Fatal(g.err)
			}
			for i, key := range g.keys {
				table[key] = g.data[i]
			}
			state = g.state
			s.Account.Grow()
		}
		last := read(t, source, stream, state, all)
		for i, key := range last.keys {
			table[key] = last.data[i]
		}
		full := read(t, sourceAt(url+"/v2"), stream, "", all)
		differ := 0
		for i, key := range full.keys {
			if table[key] != full.data[i] {
				differ++
			}
		}
		if differ > 0 || len(full.keys) == 0 {
			t.Errorf("%s: %d of %d records are not as a full read gives them", stream, differ, len(full.keys))
		}
	}
}

// TestASecondReadIsSmall reads twice, without anything new.
func TestASecondReadIsSmall(t *testing.T) {
	s := newServer(t)
	s.fill("/rooms", 5000, enabled)
	first := read(t, s.source(), "rooms", "", all)
	if calls := len(s.calls); calls > 54 || len(first.keys) != 5000 {
		t.Errorf("%d rooms in %d calls", len(first.keys), calls)
	}
	s.end, s.calls = "id", nil
	if read(t, s.source(), "rooms", "", all); len(s.calls) > 54 {
		t.Errorf("with an empty page at the end, %d calls", len(s.calls))
	}
	s.calls = nil
	second := read(t, s.source(), "rooms", first.state, all)
	if second.err != nil || len(second.keys) > 4 || len(s.calls) != 2 { // the last hour, of enabled and of disabled ones
		t.Errorf("the second time %d records in %d calls, %v", len(second.keys), len(s.calls), second.err)
	}
	newest := origin.Add(4998 * time.Hour) // of those that are enabled
	if q := s.calls[0]; !strings.Contains(q, "after="+strings.ReplaceAll(newest.Add(-time.Hour).Format("2006-01-02T15:04:05"), ":", "%3A")) {
		t.Errorf("the API is asked for %s", q)
	}
}
