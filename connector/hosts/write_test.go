package hosts_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector/hosts/airbyte"
	"github.com/100ms-connector/connector-go/connector/hosts/singer"
	"github.com/100ms-connector/connector-go/fixtures"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

// writer is one way in which a host writes records.
type writer struct {
	name   string
	schema string // what comes first
	record func(stream, record string) string
	state  func(n int) string
	write  func(in io.Reader, out io.Writer, configuration string) error
}

var ctx = context.Background()

const writeCatalog = `{"streams":[
	{"stream":{"name":"new_rooms","json_schema":{}},"sync_mode":"full_refresh","destination_sync_mode":"append"},
	{"stream":{"name":"room_status","json_schema":{}},"sync_mode":"full_refresh","destination_sync_mode":"append_dedup"}]}`

var writers = []writer{
	{
		name: "Airbyte",
		record: func(stream, record string) string {
			return fmt.Sprintf(`{"type":"RECORD","record":{"stream":%q,"data":%s,"emitted_at":1}}`, stream, record)
		},
		state: func(n int) string {
			return fmt.Sprintf(`{"type":"STATE","state":{"type":"GLOBAL","global":{"shared_state":{"n":%d}}}}`, n)
		},
		write: func(in io.Reader, out io.Writer, configuration string) error {
			return (&airbyte.Destination{In: in, Out: out}).Write(ctx, []byte(configuration), []byte(writeCatalog))
		},
	},
	{
		name:   "Singer",
		schema: `{"type":"SCHEMA","stream":"new_rooms","schema":{},"key_properties":["name"]}` + "\n" + `{"type":"SCHEMA","stream":"room_status","schema":{},"key_properties":[]}` + "\n",
		record: func(stream, record string) string {
			return fmt.Sprintf(`{"type":"RECORD","stream":%q,"record":%s}`, stream, record)
		},
		state: func(n int) string { return fmt.Sprintf(`{"type":"STATE","value":{"n":%d}}`, n) },
		write: func(in io.Reader, out io.Writer, configuration string) error {
			return (&singer.Target{In: in, Out: out, Logs: out}).Sync(ctx, []byte(configuration))
		},
	},
}

// target is a sandbox that rooms are written into.
type target struct {
	*sandbox.Sandbox
	url string
}

func newTarget(t *testing.T) *target {
	t.Helper()
	s := &sandbox.Sandbox{Account: &sandbox.Account{Rooms: 10}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return &target{s, server.URL}
}

// configured is a configuration of a destination below a prefix of the sandbox's.
func (to *target) configured(prefix, more string) string {
	key := fixtures.Workspace()
	return fmt.Sprintf(`{"access_key":%q,"app_secret":%q,"base_url":%q,"actions":"new_rooms=rooms"%s}`, key.AccessKey, key.AppSecret, to.url+prefix+"/v2", more)
}

// once says of each room whether it was written once.
func (to *target) once(t *testing.T, rooms int) {
	t.Helper()
	counts := map[string]int{}
	for _, w := range to.Writes() {
		if w.Path == "rooms" || w.Path == "/rooms" {
			counts[w.Key]++
		}
	}
	for n := range rooms {
		if name := fmt.Sprintf("room-%d", n); counts[name] != 1 {
			t.Errorf("%s was written %d times", name, counts[name])
		}
	}
	if len(counts) != rooms {
		t.Errorf("%d rooms were written, want %d", len(counts), rooms)
	}
}

// lastState is the highest n of a state that was echoed; 0 if none was.
func lastState(t *testing.T, out string) (n int) {
	t.Helper()
	for line := range strings.Lines(out) {
		_, rest, found := strings.Cut(line, `"n":`)
		if !found {
			continue
		}
		var was int
		if _, err := fmt.Sscanf(rest, "%d", &was); err != nil {
			t.Fatal(err)
		}
		if was < n {
			t.Errorf("a state came behind a later one: %s", line)
		}
		n = was
	}
	return n
}

// cut is a reader that breaks after so many lines.
func cut(lines []string, n int) io.Reader {
	return io.MultiReader(strings.NewReader(strings.Join(lines[:n], "\n")+"\n"), broken{})
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errKilled }

// TestAHostThatIsKilledAndBeginsAgainWritesEachRoomOnce kills a host after every few
// messages, and begins again from the last state that was echoed.
func TestAHostThatIsKilledAndBeginsAgainWritesEachRoomOnce(t *testing.T) {
	const rooms, every = 60, 7
	for _, w := range writers {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			to := newTarget(t)
			kept := 0
			for runs := 0; kept < rooms; runs++ {
				if runs > 100 {
					t.Fatal("it makes no way")
				}
				var lines []string
				for n := kept; n < rooms; n++ {
					lines = append(lines, w.record("new_rooms", fmt.Sprintf(`{"name":"room-%d","size":%d,"description":null}`, n, n)))
					if n%5 == 4 {
						lines = append(lines, w.state(n+1))
					}
				}
				in := cut(lines, min(every, len(lines)))
				if len(lines) <= every {
					in = strings.NewReader(strings.Join(lines, "\n"))
				}
				var out bytes.Buffer
				_ = w.write(io.MultiReader(strings.NewReader(w.schema), in), &out, to.configured("", ""))
				kept = max(kept, lastState(t, out.String()))
				for n := range kept { // a state is never ahead of the rooms
					if !to.has(fmt.Sprintf("room-%d", n)) {
						t.Fatalf("the state says %d, and room-%d is not there", kept, n)
					}
				}
			}
			to.once(t, rooms)
		})
	}
}

func (to *target) has(name string) bool {
	for _, w := range to.Writes() {
		if w.Key == name {
			return true
		}
	}
	return false
}

func TestAHostWritesThroughTrouble(t *testing.T) {
	for _, w := range writers {
		for _, prefix := range []string{"/fault/lost-500@2-3", "/fault/lost-cut@1-2", "/fault/write-429@2-3", "/fault/flaky", "/switch/name/contains", "/fault/write-cut@3-4"} {
			t.Run(w.name+prefix, func(t *testing.T) {
				t.Parallel()
				if prefix == "/switch/name/contains" {
					prefix = "/name/contains"
				}
				to := newTarget(t)
				var in strings.Builder
				in.WriteString(w.schema)
				for n := range 12 {
					fmt.Fprintln(&in, w.record("new_rooms", fmt.Sprintf(`{"name":"room-%d"}`, n)))
				}
				in.WriteString(w.state(12))
				var out bytes.Buffer
				if err := w.write(strings.NewReader(in.String()), &out, to.configured(prefix, "")); err != nil || lastState(t, out.String()) != 12 {
					t.Errorf("%v\n%s", err, out.String())
				}
				to.once(t, 12)
			})
		}
	}
}

func TestARejectedRecordEndsTheSyncUnlessItIsToBeSkipped(t *testing.T) {
	for _, w := range writers {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			to := newTarget(t)
			in := w.schema + w.record("new_rooms", `{"name":"room-0"}`) + "\n" + w.state(1) + "\n" + w.record("new_rooms", `{"name":"no blanks"}`) + "\n" + w.state(2) + "\n"
			var out bytes.Buffer
			err := w.write(strings.NewReader(in), &out, to.configured("", ""))
			said := out.String() + fmt.Sprint(err)
			if err == nil || lastState(t, out.String()) != 1 || !strings.Contains(said, `record 1 of new_rooms: invalid, schema: the field`) && !strings.Contains(said, `record 2 of new_rooms: invalid, schema: the field`) || !strings.Contains(said, "skip_rejected") {
				t.Errorf("%v\n%s", err, out.String())
			}
			out.Reset()
			in += w.record("new_rooms", `{"name":"room-1"}`) + "\n" + w.state(3)
			if err := w.write(strings.NewReader(in), &out, to.configured("", `,"skip_rejected":"true"`)); err != nil || lastState(t, out.String()) != 3 || !strings.Contains(out.String(), "new_rooms: 3 records, 1 created, 1 unchanged, 1 invalid") {
				t.Errorf("%v\n%s", err, out.String())
			}
			to.once(t, 2)
		})
	}
}

func TestWhatDiffersIsChangedIfTheHostAsksForIt(t *testing.T) {
	to := newTarget(t)
	airbyteWriter := writers[0]
	for _, step := range []struct{ record, more, says string }{
		{`{"name":"room-0","size":5}`, "", "1 created"},
		{`{"name":"room-0","size":6}`, "", "1 exists"},
		{`{"name":"room-0","size":6}`, `,"update":true`, "1 updated"},
		{`{"name":"room-0","size":6}`, "", "1 unchanged"},
	} {
		var out bytes.Buffer
		err := airbyteWriter.write(strings.NewReader(airbyteWriter.record("new_rooms", step.record)), &out, to.configured("", step.more))
		if err != nil || !strings.Contains(out.String(), "new_rooms: 1 records, "+step.says) {
			t.Errorf("%v, want %s\n%s", err, step.says, out.String())
		}
	}
	var out bytes.Buffer
	catalog := strings.Replace(writeCatalog, `"append"}`, `"append_dedup"}`, 1)
	d := &airbyte.Destination{In: strings.NewReader(airbyteWriter.record("new_rooms", `{"name":"room-0","size":7}`)), Out: &out}
	if err := d.Write(ctx, []byte(to.configured("", "")), []byte(catalog)); err != nil || !strings.Contains(out.String(), "1 updated") {
		t.Errorf("append_dedup: %v\n%s", err, out.String())
	}
}

// TestRecordsThatWaitAreWrittenThoughNothingMoreComes: a source may be quiet for hours.
func TestRecordsThatWaitAreWrittenThoughNothingMoreComes(t *testing.T) {
	for _, w := range writers {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			to := newTarget(t)
			reader, pipe := io.Pipe()
			ended := make(chan error)
			go func() { ended <- w.write(reader, io.Discard, to.configured("", "")) }()
			fmt.Fprintf(pipe, "%s%s\n", w.schema, w.record("new_rooms", `{"name":"room-0"}`))
			for n := 0; !to.has("room-0"); n++ {
				if n == 1000 {
					t.Fatal("it is not written")
				}
				time.Sleep(10 * time.Millisecond)
			}
			pipe.Close()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWhatAHostGivesWrongIsSaid(t *testing.T) {
	to := newTarget(t)
	room := writers[0].record("new_rooms", `{"name":"room-0"}`)
	for name, c := range map[string]struct{ configuration, catalog, in, says string }{
		"an action that cannot be repeated": {configuration: `,"actions":[{"stream":"x","action":"end_room"}]`, says: "actions: end_room cannot be an action here, for a host sends again what failed, and everybody in the room is thrown out"},
		"an action that is not there":       {configuration: `,"actions":{"x":"romos"}`, says: `actions: there is no action "romos"; there are rooms, room_status, room_codes, webhook_replays`},
		"a stream that stands there twice":  {configuration: `,"actions":"x=rooms,x=rooms"`, says: `actions: the stream "x" stands in it twice`},
		"actions of another form":           {configuration: `,"actions":7`, says: `actions: give a list such as`},
		"a stream without an action":        {catalog: `{"streams":[{"stream":{"name":"users"}}]}`, says: `actions: the stream "users" has none: there is no action "users"`},
		"overwriting":                       {catalog: `{"streams":[{"stream":{"name":"rooms"},"destination_sync_mode":"overwrite"}]}`, says: `the stream "rooms" has the mode "overwrite"; rooms cannot be deleted`},
		"a catalog that is none":            {catalog: `[]`, says: "the catalog is not a configured catalog of Airbyte"},
		"a record of another stream":        {in: writers[0].record("users", `{}`), says: `a record of the stream "users" came, of which nothing was said before`},
		"a line that is no JSON":            {in: "Traceback (most recent call last):", says: "a message is not one of Airbyte's protocol"},
		"a record without data":             {in: `{"type":"RECORD","record":{"stream":"new_rooms"}}`, says: `a record of the stream "new_rooms" has no data`},
		"a line without end":                {in: `{"type":"RECORD","record":{"stream":"new_rooms","data":{"name":"` + strings.Repeat("x", 17<<20) + `"}}}`, says: "a message has more than 16 MiB"},
		"what is before it is written":      {in: room + "\n{", says: "a message is not one of Airbyte's protocol"},
	} {
		t.Run(name, func(t *testing.T) {
			catalog := writeCatalog
			if c.catalog != "" {
				catalog = c.catalog
			}
			configuration := to.configured("", "")
			if c.configuration != "" {
				configuration = strings.Replace(configuration, `,"actions":"new_rooms=rooms"`, c.configuration, 1)
			}
			var out bytes.Buffer
			err := (&airbyte.Destination{In: strings.NewReader(c.in), Out: &out}).Write(ctx, []byte(configuration), []byte(catalog))
			var said struct {
				Trace struct {
					Error struct{ Message, Failure_type string }
				}
			}
			lines := strings.Split(strings.TrimSpace(out.String()), "\n")
			if !errors.Is(err, airbyte.ErrFailed) || json.Unmarshal([]byte(lines[len(lines)-1]), &said) != nil || said.Trace.Error.Failure_type != "config_error" || !strings.Contains(said.Trace.Error.Message, c.says) {
				t.Errorf("%v\n%s\nwant %s", err, out.String(), c.says)
			}
		})
	}
	to.once(t, 1) // of the last row
	if err := writers[1].write(strings.NewReader(`{"type":"BATCH","stream":"rooms"}`), io.Discard, to.configured("", "")); !errors.Is(err, singer.ErrConfiguration) {
		t.Errorf("BATCH: %v", err)
	}
}

func TestATokenThatIsRefusedEndsAWriteWithItsCause(t *testing.T) {
	to := newTarget(t)
	key := fixtures.Workspace()
	expired := fixtures.Sign(key, fixtures.Management(key, time.Now().Add(-2*time.Hour), time.Hour))
	configuration := fmt.Sprintf(`{"api_key_value":%q,"base_url":%q}`, expired, to.url+"/v2")
	var out bytes.Buffer
	in := writers[0].record("rooms", `{"name":"room-0"}`) + "\n" + writers[0].state(1)
	err := (&airbyte.Destination{In: strings.NewReader(in), Out: &out}).Write(ctx, []byte(configuration), []byte(`{"streams":[{"stream":{"name":"rooms"},"destination_sync_mode":"append"}]}`))
	if !errors.Is(err, airbyte.ErrFailed) || !strings.Contains(out.String(), "expired_token") || !strings.Contains(out.String(), `"failure_type":"config_error"`) || lastState(t, out.String()) != 0 || strings.Contains(out.String(), expired) {
		t.Errorf("%v\n%s", err, out.String())
	}
}
