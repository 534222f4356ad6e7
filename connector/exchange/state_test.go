package exchange

import (
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector"
)

func testSource() *Source {
	base, _ := url.Parse("https://api.example/v2")
	return &Source{Client: &connector.Client{Source: connector.Secret(token), BaseURL: base}}
}

const good = `{"v":1,"stream":"rooms","base_url":"https://api.example/v2","workspace":"w","options":"","walks":{"enabled=true":{"done":"2026-03-01T00:00:00Z","start":"a","skip":"b"}}}`

func TestAStateThatCannotBeUsedIsRefusedBeforeACall(t *testing.T) {
	for _, c := range []struct {
		name, state string
		source      func(s *Source)
		want        string // within the error; empty if it is taken
	}{
		{"none", "", nil, ""},
		{"null", "null", nil, ""},
		{"one that goes", good, nil, ""},
		{"one with fields that a host added", strings.Replace(good, `{"v":1`, `{"v":1,"global_":null,"x":[1]`, 1), nil, ""},
		{"damaged", good[:60], nil, "damaged"},
		{"no object", `[1]`, nil, "damaged"},
		{"of another program", `{"bookmark":"x"}`, nil, "not a state of this program"},
		{"a negative version", `{"v":-1}`, nil, "damaged"},
		{"a newer version", strings.Replace(good, `"v":1`, `"v":2`, 1), nil, "version 2"},
		{"a wrong type", strings.Replace(good, `"a"`, `7`, 1), nil, "damaged"},
		{"a walk that is null", `{"v":1,"stream":"rooms","base_url":"https://api.example/v2","walks":{"x":null}}`, nil, "damaged"},
		{"of another stream", strings.Replace(good, "rooms", "sessions", 1), nil, "of the stream sessions"},
		{"of another base URL", strings.Replace(good, "api.example", "other.example", 1), nil, "of the base URL https://other.example/v2"},
		{"with secrets", good, func(s *Source) { s.IncludeSecrets = true }, "other options (none, not secrets)"},
		{"without personal fields", good, func(s *Source) { s.DropPersonal = true }, "other options"},
		{"of some rooms", good, func(s *Source) { s.Rooms = []string{"b", "a"} }, "other options (none, not room=a, room=b)"},
		{"of all rooms", good, func(s *Source) { s.AllRooms = true }, "other options"},
		{"with options that do not bind", good, func(s *Source) { s.Since, s.Limit, s.Concurrency = time.Now(), 3, 9 }, ""},
		{"anything, for a full refresh", `{"v":9}`, func(s *Source) { s.FullRefresh = true }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := testSource()
			if c.source != nil {
				c.source(s)
			}
			stream, _ := Find("rooms")
			err := s.Accepts(stream, State(c.state))
			if c.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, ErrState) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
			for page, err := range s.Read(t.Context(), stream, State(c.state)) {
				if !errors.Is(err, ErrState) || page.State != State(c.state) {
					t.Errorf("Read says %v", err)
				}
			}
			if s.Calls() != 0 {
				t.Error("a call was made")
			}
		})
	}
}

func TestAStateStandsInJSONAsAnObject(t *testing.T) {
	var host struct{ State State }
	if err := json.Unmarshal([]byte(`{"State":`+good+`}`), &host); err != nil || string(host.State) != good {
		t.Errorf("%v %s", err, host.State)
	}
	if text, err := json.Marshal(host); err != nil || string(text) != `{"State":`+good+`}` {
		t.Errorf("%v %s", err, text)
	}
	host.State = ""
	if text, _ := json.Marshal(host); string(text) != `{"State":null}` {
		t.Errorf("the beginning is %s", text)
	}
	if json.Unmarshal([]byte(`{"State":null}`), &host); host.State != "" {
		t.Errorf("null is %q", host.State)
	}
}

// FuzzState reads any state: it is refused, or says the same when it is written again.
func FuzzState(f *testing.F) {
	for _, seed := range []string{good, "", "null", `{"v":1}`, `{"v":1e9}`, `{"v":1,"walks":{"":{"top":{"at":"0001-01-01T00:00:00Z","key":"\u0000"},"open":{"a":"2026-03-01T00:00:00.123456789Z"}}}}`,
		`{"v":1,"full":"9999-12-31T23:59:59Z"}`, `{"v":1,"walks":{"":{"done":"2026-03-01T00:00:00+23:59"}}}`, strings.Repeat("[", 1000)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parseState(State(text))
		if err != nil {
			if !errors.Is(err, ErrState) {
				t.Error(err)
			}
			return
		}
		if s == nil {
			return
		}
		again, err := parseState(s.text())
		if err != nil || again.text() != s.text() {
			t.Errorf("%q became %q, %v", text, s.text(), err)
		}
	})
}

func TestWindowsCoverATimeWithoutAGap(t *testing.T) {
	from := time.Date(2026, 3, 1, 0, 0, 0, 123e6, time.UTC)
	end := from.Add(30 * day)
	var seen []string
	for at := firstWindow(from, end, 14*day); at != ""; at = nextInWindows(at, len(seen) == 1, 14*day) {
		w := parseWindow(at)
		seen = append(seen, stamp(w.From)[5:16]+" "+stamp(w.To)[5:16]+" "+string(rune('0'+w.Page)))
	}
	want := []string{"03-01T00:00 03-15T00:00 1", "03-01T00:00 03-15T00:00 2", "03-15T00:00 03-29T00:00 1", "03-29T00:00 03-31T00:00 1"}
	if !slices.Equal(seen, want) {
		t.Errorf("%q", seen)
	}
}
