package exchange_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/exchange"
)

func enabled(i int) map[string]string { return map[string]string{"enabled": fmt.Sprint(i%10 != 9)} }

// TestAListIsReadToItsEnd holds a read against all that a list can look like.
func TestAListIsReadToItsEnd(t *testing.T) {
	for _, c := range []struct {
		name  string
		shape func(s *server)
	}{
		{"as it is documented", func(*server) {}},
		{"last is null at the end", func(s *server) { s.end = "null" }},
		{"last is absent at the end", func(s *server) { s.end = "absent" }},
		{"last is an id at the end, so that an empty page follows", func(s *server) { s.end = "id" }},
		{"a page begins with start", func(s *server) { s.inclusive, s.end = true, "id" }},
		{"the limit is clamped to 20", func(s *server) { s.most = 20 }},
		{"the limit is clamped to 10, and last is an id at the end", func(s *server) { s.most, s.end = 10, "id" }},
		{"the list is oldest first", func(s *server) { s.oldest, s.end = true, "id" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, n := range []int{0, 1, 9, 10, 99, 100, 101, 200, 256} {
				s := newServer(t)
				s.fill("/rooms", n, enabled)
				c.shape(s)
				g := read(t, s.source(), "rooms", "", all)
				if g.err != nil || !g.done {
					t.Fatalf("%d rooms: done %v, %v", n, g.done, g.err)
				}
				slices.Sort(g.keys)
				if distinct := slices.Compact(slices.Clone(g.keys)); len(g.keys) != n || len(distinct) != n {
					t.Errorf("of %d rooms, %d were given, %d different ones", n, len(g.keys), len(distinct))
				}
			}
		})
	}
}

// TestAnAnswerThatIsNotTheAPIsIsNeverAnEnd puts what other servers say in the place of
// the second page.
func TestAnAnswerThatIsNotTheAPIsIsNeverAnEnd(t *testing.T) {
	for name, body := range map[string]string{
		"a login page":                "<!doctype html><html><title>Log in</title></html>",
		"an empty answer":             "",
		"plain text":                  "OK",
		"an empty object":             "{}",
		"an object of another kind":   `{"status":"ok"}`,
		"a list":                      "[]",
		"a text":                      `"ok"`,
		"null":                        "null",
		"data of another kind":        `{"limit":100,"data":"none","last":""}`,
		"records that are no objects": `{"limit":100,"data":["a","b"],"last":""}`,
		"an error with data":          `{"error":"x","data":[],"last":""}`,
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.fill("/rooms", 250, nil)
			s.answer = func(n int, w http.ResponseWriter, _ *http.Request) bool {
				if n == 2 {
					fmt.Fprint(w, body)
				}
				return n == 2
			}
			source := s.source()
			g := read(t, source, "rooms", "", all)
			fault, ok := errors.AsType[*exchange.Error](g.err)
			if !ok || fault.Code != connector.UnexpectedResponse || fault.Rejected() || g.done || fault.Stream != "rooms" {
				t.Fatalf("done %v, %v", g.done, g.err)
			}
			if strings.Contains(g.err.Error(), "Log in") {
				t.Errorf("a page is quoted: %v", g.err)
			}
			if len(g.keys) != 100 {
				t.Errorf("%d records came before it", len(g.keys))
			}
			rest := read(t, source, "rooms", g.state, all) // the state stands
			if rest.err != nil || !rest.done || len(rest.keys) != 400 {
				t.Errorf("afterwards %d records, %v", len(rest.keys), rest.err) // the rest, and again as disabled ones
			}
		})
	}
}

func TestAListThatLeadsInACircleEndsWithAnError(t *testing.T) {
	for name, length := range map[string]int{"of one place": 1, "of two": 2, "of forty": 40} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.answer = func(n int, w http.ResponseWriter, _ *http.Request) bool {
				fmt.Fprintf(w, `{"limit":10,"data":[%s{}],"last":"place-%d"}`, strings.Repeat(fmt.Sprintf(`{"id":"r%d"},`, n), 9), n%length)
				return true
			}
			g := read(t, s.source(), "rooms", "", all)
			if !errors.Is(g.err, connector.UnexpectedResponse) || g.done || len(s.calls) > 100 {
				t.Errorf("after %d calls: done %v, %v", len(s.calls), g.done, g.err)
			}
		})
	}
}

// TestAServerThatKnowsNoStartIsACircle gives the first page whatever is asked for.
func TestAServerThatKnowsNoStartIsACircle(t *testing.T) {
	s := newServer(t)
	s.fill("/rooms", 300, nil)
	s.answer = func(_ int, w http.ResponseWriter, r *http.Request) bool {
		q := r.URL.Query()
		q.Del("start")
		s.page(w, q, s.lists["/rooms"])
		return true
	}
	if g := read(t, s.source(), "rooms", "", all); !errors.Is(g.err, connector.UnexpectedResponse) || len(s.calls) > 5 {
		t.Errorf("after %d calls: %v", len(s.calls), g.err)
	}
}

// TestAnEmptyPageThatNamesAnotherPlaceIsNotTheEnd is a server that filters what it paged,
// and one whose second answer is empty by mistake.
func TestAnEmptyPageThatNamesAnotherPlaceIsNotTheEnd(t *testing.T) {
	for name, empty := range map[string]func(n int, start string) bool{
		"for ever": func(_ int, start string) bool { return start == "ro-000250" },
		"once":     func(n int, _ string) bool { return n == 2 },
	} {
		s := newServer(t)
		s.fill("/rooms", 350, func(int) map[string]string { return map[string]string{"enabled": "true"} })
		s.answer = func(n int, w http.ResponseWriter, r *http.Request) bool {
			start := r.URL.Query().Get("start")
			if empty(n, start) {
				fmt.Fprintf(w, `{"limit":100,"data":[],"last":%q}`, map[string]string{"": "ro-000250", "ro-000250": "ro-000240"}[start])
				return true
			}
			return false
		}
		want := map[string]int{"for ever": 340, "once": 350}[name]
		if g := read(t, s.source(), "rooms", "", all); g.err != nil || len(g.keys) != want {
			t.Errorf("%s: %d records, want %d; %v", name, len(g.keys), want, g.err)
		}
	}
}

// TestAPlaceThatTheAPIForgotIsNotTheEnd lets the record at which the list goes on leave
// it: once the API refuses the place, and once it has nothing behind it.
func TestAPlaceThatTheAPIForgotIsNotTheEnd(t *testing.T) {
	for name, forgets := range map[string]bool{"it is refused": false, "nothing is behind it": true} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.fill("/rooms", 350, func(int) map[string]string { return map[string]string{"enabled": "true"} })
			s.forgets = forgets
			s.after = func(n int) {
				if n == 2 { // the last of the second page is disabled
					s.lists["/rooms"][150].room["enabled"] = "false"
				}
			}
			g := read(t, s.source(), "rooms", "", all)
			keys := slices.Compact(slices.Sorted(slices.Values(g.keys)))
			if g.err != nil || !g.done || len(keys) != 350 {
				t.Errorf("%d of 350 rooms, done %v, %v", len(keys), g.done, g.err)
			}
			if !slices.ContainsFunc(g.notes, func(n exchange.Note) bool { return n.Kind == exchange.Restarted }) {
				t.Errorf("it is not noted: %v", g.notes)
			}
		})
	}
}

// TestAStateWhosePlaceIsRefusedBeginsAnew gives up the place, not the data.
func TestAStateWhosePlaceIsRefusedBeginsAnew(t *testing.T) {
	s := newServer(t)
	s.fill("/rooms", 350, enabled)
	first := read(t, s.source(), "rooms", "", 201)
	s.lists["/rooms"] = slices.DeleteFunc(s.lists["/rooms"], func(i item) bool { return strings.Contains(string(first.state), i.id) })
	gone := 350 - len(s.lists["/rooms"])
	second := read(t, s.source(), "rooms", first.state, all)
	keys := slices.Compact(slices.Sorted(slices.Values(slices.Concat(first.keys, second.keys))))
	if second.err != nil || !second.done || gone == 0 || len(keys) != 350 {
		t.Errorf("%d of 350 rooms, %v", len(keys), second.err)
	}
}

// TestAListIsLeftEarlyOnlyIfItIsNewestFirst reads recordings, whose API has no filter of
// times.
func TestAListIsLeftEarlyOnlyIfItIsNewestFirst(t *testing.T) {
	status := func(int) map[string]string { return map[string]string{"status": "completed"} }
	for _, c := range []struct {
		name   string
		oldest bool
		calls  int
	}{{"newest first", false, 1}, {"oldest first", true, 6}} {
		s := newServer(t)
		s.fill("/recordings", 550, status)
		s.oldest = c.oldest
		first := read(t, s.source(), "recordings", "", all)
		if len(first.keys) != 550 || first.err != nil {
			t.Fatalf("%s: %d records, %v", c.name, len(first.keys), first.err)
		}
		for i := range 3 {
			s.add("/recordings", 550+i, status)
		}
		before := len(s.calls)
		second := read(t, s.source(), "recordings", first.state, all)
		if calls := len(s.calls) - before; calls != c.calls {
			t.Errorf("%s: %d calls, want %d", c.name, calls, c.calls)
		}
		if len(second.keys) != 28 || !slices.Contains(second.keys, "re-000552") { // three, and those of 24 hours before
			t.Errorf("%s: %d records the second time, %v", c.name, len(second.keys), second.err)
		}
		if noted := len(second.notes) == 1 && second.notes[0].Kind == exchange.Unordered; noted != c.oldest {
			t.Errorf("%s: notes %v", c.name, second.notes)
		}
	}
}

// TestARecordThatCanStillChangeIsAskedForAgain lets a recording run for days.
func TestARecordThatCanStillChangeIsAskedForAgain(t *testing.T) {
	s := newServer(t)
	s.fill("/recordings", 200, func(i int) map[string]string {
		return map[string]string{"status": map[bool]string{true: "running", false: "completed"}[i == 100 || i == 150]}
	})
	s.answer = func(_ int, w http.ResponseWriter, r *http.Request) bool {
		for _, i := range s.lists["/recordings"] {
			if strings.HasSuffix(r.URL.Path, "/"+i.id) {
				fmt.Fprint(w, i.json())
				return true
			}
		}
		return false
	}
	first := read(t, s.source(), "recordings", "", all)
	s.lists["/recordings"][150].room["status"] = "completed"
	second := read(t, s.source(), "recordings", first.state, all)
	third := read(t, s.source(), "recordings", second.state, all)
	for _, c := range []struct {
		name string
		g    got
		want []string
	}{{"the second time", second, []string{"re-000100", "re-000150"}}, {"the third time", third, []string{"re-000100"}}} {
		if c.g.err != nil {
			t.Fatal(c.g.err)
		}
		old := slices.DeleteFunc(slices.Clone(c.g.keys), func(key string) bool { return key > "re-000174" }) // of 24 hours
		if !slices.Equal(old, c.want) {
			t.Errorf("%s: %v, want %v", c.name, old, c.want)
		}
	}
	for i := range 200 {
		s.add("/recordings", 200+i, func(int) map[string]string { return map[string]string{"status": "failed"} })
	}
	read(t, s.source(), "recordings", third.state, all)
	fourth := read(t, s.source(), "recordings", read(t, s.source(), "recordings", third.state, all).state, all)
	if slices.Contains(fourth.keys, "re-000100") || len(fourth.notes) != 1 || fourth.notes[0].Kind != exchange.GivenUp {
		t.Errorf("after a week it is asked for still: %v", fourth.notes)
	}
}
