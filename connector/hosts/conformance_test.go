package hosts_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/connector/hosts/airbyte"
	"github.com/100ms-connector/connector-go/connector/hosts/internal/host"
	"github.com/100ms-connector/connector-go/connector/hosts/singer"
	"github.com/100ms-connector/connector-go/fixtures"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

// errKilled is what a process meets whose standard output is gone.
var errKilled = errors.New("killed")

// kill is a writer that takes so many records, and with them whole lines alone, as a
// host does that reads a pipe.
type kill struct {
	left  int
	lines [][]byte
}

func (k *kill) Write(p []byte) (int, error) {
	for line := range bytes.Lines(p) {
		if bytes.HasPrefix(line, []byte(`{"type":"RECORD"`)) {
			if k.left == 0 {
				return 0, errKilled
			}
			k.left--
		}
		k.lines = append(k.lines, bytes.Clone(line))
	}
	return len(p), nil
}

// run is what one run of a reader gave.
type run struct {
	keys  []string
	state string
	done  bool
	err   error
}

// reader is one way to read a stream, killed after n records. An empty state is the
// beginning.
type reader struct {
	name string
	read func(baseURL string, stream exchange.Stream, state string, n int) run
}

// readers are the plain one and the adapters. states is after how many records the
// adapters give one.
func readers(states int) []reader {
	return []reader{
		{"exchange", readPlain},
		{"airbyte", func(baseURL string, stream exchange.Stream, state string, n int) run {
			to := &kill{left: n}
			source := &airbyte.Source{Out: to, StateRecords: states}
			r := run{state: state}
			r.err = source.Read(context.Background(), configuration(baseURL), configured(stream, "incremental"), []byte(r.state))
			for _, line := range to.lines {
				var m struct {
					Type   string
					Record struct{ Data json.RawMessage }
					State  json.RawMessage
					Trace  struct {
						Error  struct{ Message string }
						Status struct{ Status string } `json:"stream_status"`
					}
				}
				r.take(line, &m)
				switch {
				case m.Type == "RECORD":
					r.keys = append(r.keys, keyOf(stream, m.Record.Data))
				case m.Type == "STATE":
					// As a host gives it back: in a list, with members that are null.
					r.state = `[{"data":null,"global_":null,` + strings.TrimPrefix(string(m.State), "{") + "]"
				case m.Trace.Error.Message != "":
					r.err = errors.New(m.Trace.Error.Message)
				}
				r.done = m.Trace.Status.Status == "COMPLETE"
			}
			return r
		}},
		{"poll", func(baseURL string, stream exchange.Stream, state string, n int) run {
			r := run{state: state}
			c, err := host.ParseConfiguration(configuration(baseURL), host.OfSource)
			from, fault := host.ParsePlace([]byte(state))
			if r.err = errors.Join(err, fault); r.err != nil {
				return r
			}
			poll := &host.Poll{Source: c.Source(nil), Streams: []exchange.Stream{stream}, From: from}
			for page, err := range poll.Pages(context.Background()) {
				if err != nil {
					r.err = err
					return r
				}
				for i, record := range page.Records {
					if n == 0 {
						r.err = errKilled
						return r
					}
					n--
					r.keys = append(r.keys, keyOf(stream, record.Data))
					r.state = string(page.Places[i].Text())
				}
			}
			r.done = true
			return r
		}},
		{"singer", func(baseURL string, stream exchange.Stream, state string, n int) run {
			to, logs := &kill{left: n}, &bytes.Buffer{}
			tap := &singer.Tap{Out: to, Logs: logs, StateRecords: states}
			r := run{state: state}
			r.err = tap.Sync(context.Background(), configuration(baseURL), selected(stream, "INCREMENTAL"), []byte(r.state))
			r.done = r.err == nil
			for _, line := range to.lines {
				var m struct {
					Type          string
					Record, Value json.RawMessage
				}
				r.take(line, &m)
				switch m.Type {
				case "RECORD":
					r.keys = append(r.keys, keyOf(stream, m.Record))
				case "STATE":
					r.state = string(m.Value)
				}
			}
			return r
		}},
	}
}

// take reads a line.
func (r *run) take(line []byte, m any) {
	if err := json.Unmarshal(line, m); err != nil {
		r.err = fmt.Errorf("%.80s: %w", line, err)
	}
}

// readPlain is the loop that a Go host writes.
func readPlain(baseURL string, stream exchange.Stream, state string, n int) run {
	credential := &connector.Credential{APIKeyValue: connector.Secret(token())}
	base, _ := connector.ParseBaseURL(baseURL)
	source := &exchange.Source{Client: credential.Client(base)}
	r := run{state: state}
	for page, err := range source.Read(context.Background(), stream, exchange.State(state)) {
		if err != nil {
			r.err = err
			return r
		}
		for _, record := range page.Records {
			if n == 0 {
				r.err = errKilled
				return r
			}
			n--
			r.keys = append(r.keys, keyOf(stream, record.Data))
		}
		r.state, r.done = string(page.State), page.Done
	}
	return r
}

func token() string {
	key := fixtures.Workspace()
	return fixtures.Sign(key, fixtures.Management(key, time.Now(), time.Hour))
}

func configuration(baseURL string) []byte {
	return fmt.Appendf(nil, `{"name":"n","api_key_value":%q,"base_url":%q}`, token(), baseURL)
}

func configured(stream exchange.Stream, mode string) []byte {
	return fmt.Appendf(nil, `{"streams":[{"stream":{"name":%q,"json_schema":{}},"sync_mode":%q,"destination_sync_mode":"append"}]}`, stream.Name, mode)
}

func selected(stream exchange.Stream, method string) []byte {
	return fmt.Appendf(nil, `{"streams":[{"tap_stream_id":%q,"metadata":[{"breadcrumb":[],"metadata":{"selected":true,"replication-method":%q}}]}]}`, stream.Name, method)
}

// keyOf reads a record's key as its destination does.
func keyOf(stream exchange.Stream, data json.RawMessage) string {
	var record map[string]json.RawMessage
	_ = json.Unmarshal(data, &record) // a line was read already
	var key []string
	for _, field := range stream.Key {
		key = append(key, string(record[field]))
	}
	return strings.Join(key, " ")
}

// serve starts a sandbox.
func serve(t *testing.T, rooms, sessions int) string {
	api := httptest.NewServer(&sandbox.Sandbox{Account: &sandbox.Account{Rooms: rooms, Sessions: sessions, Peers: 9, Now: time.Now()}})
	t.Cleanup(api.Close)
	return api.URL
}

// accounts are those of the test, with the streams that are long in them: lists are read
// from the large one, what is asked for room by room from the small one. again is how
// many records a page of the stream has, at most.
var accounts = []struct {
	rooms, sessions int
	again           map[string]int
}{
	{130, 250, map[string]int{"rooms": 100, "sessions": 100, "session_peers": 900, "recording_assets": 100, "feedback": 100, "webhook_deliveries": 100}},
	{20, 40, map[string]int{"analytics_events": 100, "room_codes": 20, "active_rooms": 3}},
}

// TestKilledAfterEveryNRecordsAndResumedNothingIsLost holds every reader, of every kind
// of stream, under every value of what is not known of the API, against one that is not
// killed. Of each walk a page is repeated at most, and what came since the last state.
func TestKilledAfterEveryNRecordsAndResumedNothingIsLost(t *testing.T) {
	prefixes := []string{""}
	for _, s := range sandbox.Switches() {
		for _, value := range s.Values[1:] {
			prefixes = append(prefixes, "/"+s.Name+"/"+value)
		}
	}
	if testing.Short() { // the race detector need not see each value
		prefixes = prefixes[:3]
	}
	for _, a := range accounts {
		url := serve(t, a.rooms, a.sessions)
		want := map[string]map[string]bool{}
		for name := range a.again {
			want[name] = keysOf(t, url+"/v2", name)
		}
		for _, prefix := range prefixes {
			for _, reader := range readers(1) {
				if reader.name == "singer" && !slices.Contains(prefixes[:3], prefix) {
					continue // it reads as airbyte does
				}
				t.Run(fmt.Sprintf("%d rooms %s %s", a.rooms, reader.name, prefix), func(t *testing.T) {
					t.Parallel()
					for name, again := range a.again {
						stream, _ := exchange.Find(name)
						checkKilled(t, reader, url+prefix+"/v2", stream, want[name], again+again/3, again)
					}
				})
			}
		}
	}
}

// keysOf are the keys of a read that is not killed.
func keysOf(t *testing.T, baseURL, name string) map[string]bool {
	t.Helper()
	stream, _ := exchange.Find(name)
	whole := readPlain(baseURL, stream, "", -1)
	if whole.err != nil || len(whole.keys) == 0 {
		t.Fatalf("%s: %d records, %v", name, len(whole.keys), whole.err)
	}
	keys := map[string]bool{}
	for _, key := range whole.keys {
		keys[key] = true
	}
	return keys
}

// TestEveryStreamIsReadByEveryReader reads the small account, each in one go.
func TestEveryStreamIsReadByEveryReader(t *testing.T) {
	url := serve(t, 30, 60)
	for _, stream := range exchange.Streams() {
		want := keysOf(t, url+"/v2", stream.Name)
		for _, reader := range readers(0) {
			checkKilled(t, reader, url+"/v2", stream, want, 1<<20, 0)
		}
	}
}

// TestKilledBetweenStatesNothingIsLost does it with states as far apart as they are.
func TestKilledBetweenStatesNothingIsLost(t *testing.T) {
	url := serve(t, 4000, 10)
	stream, _ := exchange.Find("rooms")
	want := keysOf(t, url+"/v2", "rooms")
	for _, reader := range readers(0) {
		for _, n := range []int{1101, 1999} {
			t.Run(fmt.Sprint(reader.name, " after ", n), func(t *testing.T) {
				checkKilled(t, reader, url+"/v2", stream, want, n, 1100)
			})
		}
	}
}

// checkKilled kills every run after n records, until one comes to the end. again is how
// many may be repeated of each run.
func checkKilled(t *testing.T, reader reader, baseURL string, stream exchange.Stream, want map[string]bool, n, again int) {
	t.Helper()
	given, state, runs := map[string]int{}, "", 0
	for done := false; !done; runs++ {
		if runs > 3+2*len(want)/(n-again) {
			t.Errorf("%s: killed after every %d records, it comes to no end", stream.Name, n)
			return
		}
		r := reader.read(baseURL, stream, state, n)
		if r.err != nil && !errors.Is(r.err, errKilled) {
			t.Errorf("%s: run %d: %v", stream.Name, runs, r.err)
			return
		}
		for _, key := range r.keys {
			given[key]++
		}
		state, done = r.state, r.done
	}
	if runs == 1 && len(want) > n {
		t.Errorf("%s: it was not killed", stream.Name)
	}
	got := 0
	for _, times := range given {
		got += times
	}
	for key := range want {
		if given[key] == 0 {
			t.Errorf("%s: %s is lost", stream.Name, key)
			return
		}
	}
	if repeated := got - len(given); repeated > runs*again {
		t.Errorf("%s: in %d runs %d records came again", stream.Name, runs, repeated)
	}
	if len(given) != len(want) {
		t.Errorf("%s: %d records, want %d: %.3q", stream.Name, len(given), len(want), slices.Sorted(maps.Keys(given)))
	}
}
