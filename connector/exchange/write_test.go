package exchange_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/fixtures"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

// workspace is a sandbox that takes writes, served.
type workspace struct {
	*sandbox.Sandbox
	url   string
	token connector.Secret
}

func newWorkspace(t testing.TB) *workspace {
	t.Helper()
	s := &sandbox.Sandbox{Account: &sandbox.Account{Rooms: 30}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return &workspace{s, server.URL, connector.Secret(fixtures.Cases(time.Now())[0].Value)}
}

// at is a destination below a prefix of the sandbox's.
func (w *workspace) at(prefix string) *exchange.Destination {
	base, err := url.Parse(w.url + prefix + "/v2")
	if err != nil {
		panic(err)
	}
	transport := connector.NewTransport()
	idle.mu.Lock()
	idle.all = append(idle.all, transport)
	idle.mu.Unlock()
	return &exchange.Destination{Client: &connector.Client{Source: w.token, BaseURL: base, Transport: transport, Timeout: 2 * time.Second}, Patience: 5 * time.Second}
}

func records(lines ...string) iter.Seq[json.RawMessage] {
	return func(yield func(json.RawMessage) bool) {
		for _, line := range lines {
			if !yield(json.RawMessage(line)) {
				return
			}
		}
	}
}

// write writes records and gives what is acked of each, in one line.
func write(t testing.TB, d *exchange.Destination, action string, lines ...string) (acks []string, err error) {
	t.Helper()
	found, ok := exchange.FindAction(action)
	if !ok {
		t.Fatalf("there is no action %s", action)
	}
	for ack, failed := range d.Write(t.Context(), found, records(lines...)) {
		if failed != nil {
			err = failed
			break
		}
		said := string(ack.Status)
		if ack.Code != "" {
			said += " " + ack.Code
		}
		if ack.Status == exchange.Exists || ack.Status == exchange.Planned {
			said += ": " + ack.Message
		}
		acks = append(acks, said)
	}
	return acks, err
}

// made counts what took place, by path and key.
func (w *workspace) made() map[string]int {
	counts := map[string]int{}
	for _, took := range w.Writes() {
		counts[took.Path+" "+took.Key]++
	}
	return counts
}

func TestARoomIsMadeFoundComparedAndChanged(t *testing.T) {
	w := newWorkspace(t)
	d := w.at("")
	update, look := w.at(""), w.at("")
	update.Update, look.DryRun = true, true
	room := `{"name":"Daily.standup","description":"every morning","size":12,"webhook":{"url":"https://hooks.example/x","headers":{"X-Key":"s3cr3t"}}}`
	for _, step := range []struct {
		name   string
		by     *exchange.Destination
		record string
		want   string
		writes int
	}{
		{"a dry run says what would be made", look, room, "planned: would make the room Daily.standup", 0},
		{"a room that is not there is made", d, room, "created", 1},
		{"written again it is unchanged", d, room, "unchanged", 0},
		{"a name in other capitals is the same room", d, strings.Replace(room, "Daily", "DAILY", 1), "unchanged", 0},
		{"what says nothing is the same as nothing", d, `{"name":"daily.standup","large_room":false,"polls":[],"recording_info":{"enabled":false}}`, "unchanged", 0},
		{"another secret cannot be compared", d, strings.Replace(room, "s3cr3t", "other", 1), "unchanged", 0},
		{"a difference exists", d, `{"name":"daily.standup","size":13,"description":"each morning"}`, "exists: the room is there, and differs in description, size", 0},
		{"a dry run of it exists", look, `{"name":"daily.standup","size":13}`, "exists: the room is there, and differs in size", 0},
		{"with Update it is changed", update, `{"name":"daily.standup","size":13}`, "updated", 1},
		{"and is unchanged then", update, `{"name":"daily.standup","size":13,"description":"every morning"}`, "unchanged", 0},
		{"another template is a conflict", update, `{"name":"daily.standup","template_id":"0123456789abcdef01234567"}`, "failed conflict", 0},
		{"what the API refuses is failed", d, `{"name":"other","template_id":"0123456789abcdef01234567"}`, "failed refused", 0},
		{"what breaks a rule is invalid", d, `{"name":"no blanks"}`, "invalid schema", 0},
		{"what a read has redacted is invalid", d, `{"name":"x","description":"[redacted]"}`, "invalid redacted_value", 0},
	} {
		before := len(w.Writes())
		acks, err := write(t, step.by, "rooms", step.record)
		if err != nil || len(acks) != 1 || acks[0] != step.want {
			t.Errorf("%s: %q, %v; want %q", step.name, acks, err, step.want)
		}
		if n := len(w.Writes()) - before; n != step.writes {
			t.Errorf("%s: %d writes took place, want %d", step.name, n, step.writes)
		}
	}
}

func TestEachActionIsCarriedOutOnceAndSaysWhatBecameOfIt(t *testing.T) {
	w := newWorkspace(t)
	d := w.at("")
	d.Consent = true
	active := sessionRoom(t, w)
	acks, err := write(t, d, "rooms", `{"name":"one"}`)
	if err != nil || acks[0] != "created" {
		t.Fatal(acks, err)
	}
	one := w.Writes()[0].ID
	for _, step := range []struct{ name, action, record, want string }{
		{"codes for all roles", "room_codes", `{"name":"ONE"}`, "created"},
		{"codes that are there are kept", "room_codes", `{"name":"one"}`, "unchanged"},
		{"a code of a role that has one", "room_codes", `{"room_id":"` + one + `","role":"host"}`, "unchanged"},
		{"a role that the template has not", "room_codes", `{"room_id":"` + one + `","role":"none"}`, "failed not_found"},
		{"a room that is not there", "room_codes", `{"name":"two"}`, "failed not_found"},
		{"a room is enabled already", "room_status", `{"name":"one","enabled":true}`, "unchanged"},
		{"a room is disabled", "room_status", `{"id":"` + one + `","enabled":false}`, "updated"},
		{"a disabled room gets no codes", "room_codes", `{"name":"one","role":"guest"}`, "failed forbidden"},
		{"and is enabled by name", "room_status", `{"name":"One","enabled":true}`, "updated"},
		{"a message", "messages", `{"room_id":"` + active + `","message":"hello"}`, "created"},
		{"a message into a room where nobody is", "messages", `{"room_id":"` + one + `","message":"hello"}`, "failed not_found"},
		{"people of a role are removed", "remove_peers", `{"room_id":"` + active + `","role":"guest"}`, "created"},
		{"a recording is started", "recordings", `{"room_id":"` + one + `","state":"start","audio_only":true}`, "created"},
		{"one that runs is unchanged", "recordings", `{"room_id":"` + one + `","state":"start","audio_only":true}`, "unchanged"},
		{"it is stopped", "recordings", `{"room_id":"` + one + `","state":"stop"}`, "updated"},
		{"what does not run is unchanged", "recordings", `{"room_id":"` + one + `","state":"stop"}`, "unchanged"},
		{"a stream is started", "external_streams", `{"room_id":"` + one + `","state":"start","rtmp_urls":["rtmp://x.example/live/s3cr3t"]}`, "created"},
		{"and an HLS stream", "live_streams", `{"room_id":"` + one + `","state":"start"}`, "created"},
		{"the room is ended", "end_room", `{"room_id":"` + active + `","lock":true}`, "created"},
		{"and cannot be ended again", "end_room", `{"room_id":"` + active + `"}`, "failed not_found"},
	} {
		acks, err := write(t, d, step.action, step.record)
		if err != nil || len(acks) != 1 || acks[0] != step.want {
			t.Errorf("%s: %q, %v; want %q", step.name, acks, err, step.want)
		}
	}
}

// sessionRoom is a room in which people are.
func sessionRoom(t testing.TB, w *workspace) string {
	t.Helper()
	source := &exchange.Source{Client: w.at("").Client}
	stream, _ := exchange.Find("active_rooms")
	for page, err := range source.Read(t.Context(), stream, "") {
		if err != nil {
			t.Fatal(err)
		}
		for _, record := range page.Records {
			return record.Key
		}
	}
	t.Fatal("nobody is in a room")
	return ""
}

func TestActionsOnPeopleNeedConsent(t *testing.T) {
	w := newWorkspace(t)
	for _, a := range exchange.Actions() {
		_, err := write(t, w.at(""), a.Name)
		if dangerous := a.Danger != ""; dangerous != errors.Is(err, exchange.ErrConsent) || dangerous != !a.Repeatable {
			t.Errorf("%s: %v", a.Name, err)
		}
	}
	for _, err := range w.at("").Write(t.Context(), exchange.Action{Name: "none"}, records()) {
		if !errors.Is(err, exchange.ErrAction) {
			t.Error(err)
		}
	}
}

// TestNothingIsWrittenTwiceWhateverTheAPIDoes writes rooms under every fault of a write,
// and under every setting of what is unknown of the API.
func TestNothingIsWrittenTwiceWhateverTheAPIDoes(t *testing.T) {
	var lines []string
	for i := range 6 {
		lines = append(lines, fmt.Sprintf(`{"name":"room-%d","size":%d}`, i, i+1))
	}
	prefixes := []string{"", "/fault/lost-cut", "/fault/lost-500", "/fault/lost-504", "/fault/lost-page", "/fault/lost-cut-json", "/fault/write-500@1-3", "/fault/write-cut@2-4", "/fault/write-429@1-1"}
	for _, s := range sandbox.Switches() {
		for _, value := range s.Values[1:] {
			prefixes = append(prefixes, "/"+s.Name+"/"+value, "/fault/lost-cut@2-5/"+s.Name+"/"+value)
		}
	}
	for _, prefix := range prefixes {
		t.Run(strings.Trim(prefix, "/"), func(t *testing.T) {
			t.Parallel()
			w := newWorkspace(t)
			for run, want := range []string{"created", "unchanged"} {
				acks, err := write(t, w.at(prefix), "rooms", lines...)
				if err != nil || len(acks) != len(lines) || slices.ContainsFunc(acks, func(s string) bool { return s != want }) {
					t.Fatalf("run %d: %q, %v", run+1, acks, err)
				}
			}
			for what, n := range w.made() {
				if n != 1 {
					t.Errorf("%s took place %d times", what, n)
				}
			}
			if n := len(w.made()); n != len(lines) {
				t.Errorf("%d rooms were made", n)
			}
		})
	}
}

func TestAStrangersRoomIsNeverWrittenOverInSilence(t *testing.T) {
	w := newWorkspace(t)
	if _, err := write(t, w.at(""), "rooms", `{"name":"Theirs","size":5}`); err != nil {
		t.Fatal(err)
	}
	later := w.at("/clock/+1h/name/exact")
	acks, err := write(t, later, "rooms", `{"name":"theirs","size":9}`, `{"name":"mine"}`)
	if !errors.Is(err, exchange.ErrChangedMore) || len(acks) == 0 || acks[0] != "failed changed_more" {
		t.Errorf("where no list shows it: %q, %v", acks, err)
	}
	d := w.at("/fault/changes-more")
	d.Update = true
	if acks, err := write(t, d, "rooms", `{"name":"theirs","description":"new"}`); !errors.Is(err, exchange.ErrChangedMore) || len(acks) != 1 || acks[0] != "failed changed_more" {
		t.Errorf("where more is changed: %q, %v", acks, err)
	}
	d = w.at("/patch/reset")
	d.Update = true
	if acks, err := write(t, d, "rooms", `{"name":"theirs","description":"newer"}`); !errors.Is(err, exchange.ErrChangedMore) || len(acks) != 1 || acks[0] != "failed changed_more" {
		t.Errorf("where absent fields are reset: %q, %v", acks, err)
	}
}

func TestWhatCannotBeLookedUpIsUncertainAndNotSentAgain(t *testing.T) {
	for _, fault := range []string{"lost-cut", "lost-500", "lost-page", "lost-cut-json", "write-cut", "write-500"} {
		w := newWorkspace(t)
		d := w.at("/fault/" + fault)
		d.Consent = true
		room := sessionRoom(t, w)
		acks, err := write(t, d, "messages", `{"room_id":"`+room+`","message":"one"}`, `{"room_id":"`+room+`","message":"two"}`)
		if err != nil || !slices.Equal(acks, []string{"uncertain no_answer", "uncertain no_answer"}) {
			t.Errorf("%s: %q, %v", fault, acks, err)
		}
		if n := len(w.Writes()); n > 2 {
			t.Errorf("%s: %d messages were sent", fault, n)
		}
	}
}

func TestWhatIsNoMatterOfTheRecordEndsTheWrite(t *testing.T) {
	w := newWorkspace(t)
	for _, c := range []struct {
		name, prefix string
		token        int
		code         connector.Code
	}{
		{"an expired token", "", index(t, "expired"), connector.ExpiredToken},
		{"an app token", "", index(t, "app"), connector.WrongTokenType},
		{"an API that is down", "/fault/503", 0, connector.ServiceUnavailable},
		{"a write that is redirected", "/fault/write-301", 0, connector.UnexpectedResponse},
	} {
		d := w.at(c.prefix)
		d.Client.Source, d.Patience = connector.Secret(fixtures.Cases(time.Now())[c.token].Value), -1
		acks, err := write(t, d, "rooms", `{"name":"a"}`, `{"name":"b"}`)
		if !errors.Is(err, c.code) || len(acks) != 0 || len(w.Writes()) != 0 {
			t.Errorf("%s: %q, %v", c.name, acks, err)
		}
	}
}

func index(t *testing.T, name string) int {
	i := slices.IndexFunc(fixtures.Cases(time.Now()), func(c fixtures.Case) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("there is no case %s", name)
	}
	return i
}

func TestAcksComeInTheOrderOfTheRecordsAndOneNameIsNeverWrittenAtOnce(t *testing.T) {
	w := newWorkspace(t)
	d := w.at("/latency/2ms")
	d.Concurrency, d.Update = 8, true
	var lines []string
	for i := range 60 {
		lines = append(lines, fmt.Sprintf(`{"name":"room-%d","size":%d}`, i%7, i+1))
	}
	found, _ := exchange.FindAction("rooms")
	n := 0
	for ack, err := range d.Write(t.Context(), found, records(lines...)) {
		n++
		want := exchange.Created
		if n > 7 {
			want = exchange.Updated
		}
		if err != nil || ack.Line != n || ack.Status != want {
			t.Fatalf("%d: %+v, %v", n, ack, err)
		}
	}
	if n != len(lines) || len(w.Writes()) != n {
		t.Errorf("%d acks, %d writes", n, len(w.Writes()))
	}
}

func TestAWriteThatIsCanceledFinishesAndAcksWhatIsUnderWay(t *testing.T) {
	w := newWorkspace(t)
	d := w.at("/latency/20ms")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	found, _ := exchange.FindAction("rooms")
	endless := func(yield func(json.RawMessage) bool) {
		for i := 0; yield(json.RawMessage(fmt.Sprintf(`{"name":"r%d"}`, i))); i++ {
		}
	}
	acked := 0
	for ack, err := range d.Write(ctx, found, endless) {
		if err != nil {
			if !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			break
		}
		if ack.Status != exchange.Created {
			t.Errorf("%+v", ack)
		}
		if acked++; acked == 5 {
			cancel()
		}
	}
	if acked < 5 || acked != len(w.Writes()) {
		t.Errorf("%d acks of %d writes", acked, len(w.Writes()))
	}
}

// journal is kept in memory.
type journal struct {
	mu    sync.Mutex
	began map[int]bool
	acks  map[int]exchange.Ack
}

func (j *journal) Earlier(n int) (*exchange.Ack, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if ack, ok := j.acks[n]; ok {
		return &ack, true
	}
	return nil, j.began[n]
}

func (j *journal) Begin(n int) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.began[n] {
		return fmt.Errorf("record %d begins twice", n)
	}
	j.began[n] = true
	return nil
}

func (j *journal) End(n int, ack exchange.Ack) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.acks[n] = ack
	return nil
}

func TestARunThatGoesOnWritesNothingTwice(t *testing.T) {
	w := newWorkspace(t)
	kept := &journal{began: map[int]bool{}, acks: map[int]exchange.Ack{}}
	d := w.at("")
	d.Journal, d.Consent = kept, true
	if acks, err := write(t, d, "rooms", `{"name":"a"}`, `{"name":"b"}`); err != nil || !slices.Equal(acks, []string{"created", "created"}) {
		t.Fatal(acks, err)
	}
	delete(kept.acks, 2) // killed before it was told
	kept.began[3] = true // killed before the call
	acks, err := write(t, d, "rooms", `{"name":"a"}`, `{"name":"b"}`, `{"name":"c"}`)
	if err != nil || !slices.Equal(acks, []string{"created", "created", "created"}) || len(w.Writes()) != 3 {
		t.Errorf("%q, %v, %d writes", acks, err, len(w.Writes()))
	}
	d.Journal = &journal{began: map[int]bool{1: true}, acks: map[int]exchange.Ack{}}
	if acks, err := write(t, d, "messages", `{"room_id":"`+sessionRoom(t, w)+`","message":"hello"}`); err != nil || acks[0] != "uncertain no_answer" || len(w.Writes()) != 3 {
		t.Errorf("a message: %q, %v", acks, err)
	}
}
