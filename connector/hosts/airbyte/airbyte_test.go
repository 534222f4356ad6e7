package airbyte_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v5"
	"go.uber.org/goleak"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/connector/hosts/airbyte"
	"github.com/100ms-connector/connector-go/fixtures"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

// transport is closed behind the last test, so that nothing is left.
var transport = connector.NewTransport()

type suite struct{ *testing.M }

func (s suite) Run() int {
	defer transport.CloseIdleConnections()
	return s.M.Run()
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(suite{m}) }

func token(life time.Duration) string {
	key := fixtures.Workspace()
	return fixtures.Sign(key, fixtures.Management(key, time.Now().Add(min(0, 2*life)), max(life, -life)))
}

// api is a sandbox, and the base URL below a prefix of it.
func api(t *testing.T) (*sandbox.Sandbox, func(prefix string) string) {
	s := &sandbox.Sandbox{Account: &sandbox.Account{Rooms: 30, Sessions: 40, Peers: 5, Now: time.Now()}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return s, func(prefix string) string { return server.URL + prefix + "/v2" }
}

// printed is what a verb prints: times and ids replaced, one message a line.
func printed(t *testing.T, verb func(*airbyte.Source) error) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := verb(&airbyte.Source{Out: &out, Transport: transport, Now: func() time.Time { return time.UnixMilli(1700000000000) }})
	text := regexp.MustCompile(`http://127[^/]*`).ReplaceAllString(out.String(), "API")
	text = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC`).ReplaceAllString(text, "DATE")
	if strings.Contains(text, "eyJ") {
		t.Errorf("a token is printed: %s", text)
	}
	return text, err
}

func TestCheckGivesAVerdictOnEveryCredentialAndNoneOnTheNetwork(t *testing.T) {
	_, base := api(t)
	key := fixtures.Workspace()
	for _, c := range []struct {
		name   string
		config map[string]any
		want   string // in the message
		failed bool
	}{
		{"a live token", map[string]any{"api_key_value": token(time.Hour)}, `"status":"SUCCEEDED","message":"the API accepted the token`, false},
		{"the other name of the token", map[string]any{"management_token": token(time.Hour), "start_date": "2026-01-01T00:00:00Z"}, `"SUCCEEDED"`, false},
		{"a key in place of a token", map[string]any{"access_key": key.AccessKey, "app_secret": key.AppSecret}, `"SUCCEEDED"`, false},
		{"a key of another workspace", map[string]any{"access_key": key.AccessKey, "app_secret": fixtures.OtherWorkspace().AppSecret}, `"FAILED","message":"token_refused: `, false},
		{"a token that has expired", map[string]any{"api_key_value": token(-time.Hour)}, `"FAILED","message":"expired_token: `, false},
		{"an App Secret", map[string]any{"api_key_value": key.AppSecret}, `"FAILED","message":"not_a_token: `, false},
		{"no credential", map[string]any{}, `"FAILED","message":"the configuration cannot be used: api_key_value: it is missing`, false},
		{"two tokens", map[string]any{"api_key_value": "a.b.c", "management_token": "d.e.f"}, `the two differ`, false},
		{"half a key", map[string]any{"access_key": key.AccessKey}, `access_key and app_secret: the App Secret is empty`, false},
		{"a date that is none, and a flag", map[string]any{"api_key_value": token(time.Hour), "start_date": "soon", "include_secrets": "perhaps"}, `start_date: give a time as in 2026-01-31T00:00:00Z, or a date; include_secrets: give true or false`, false},
		{"an API that is down", map[string]any{"api_key_value": token(time.Hour), "base_url": base("/fault/503")}, `"type":"ERROR","emitted_at":1700000000000,"error":{"message":"service_unavailable: `, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.config["base_url"] == nil {
				c.config["base_url"] = base("")
			}
			config, _ := json.Marshal(c.config)
			text, err := printed(t, func(s *airbyte.Source) error { return s.Check(context.Background(), config) })
			if !strings.Contains(text, c.want) || strings.Count(text, "\n") != 1 || errors.Is(err, airbyte.ErrFailed) != c.failed {
				t.Errorf("%v\n%s", err, text)
			}
			if c.failed && !strings.Contains(text, `"failure_type":"transient_error"`) {
				t.Error(text)
			}
		})
	}
}

// catalog asks for streams by name.
func catalog(mode string, names ...string) []byte {
	var streams []string
	for _, name := range names {
		streams = append(streams, fmt.Sprintf(`{"stream":{"name":%q,"json_schema":{}},"sync_mode":%q,"destination_sync_mode":"append"}`, name, mode))
	}
	return []byte(`{"streams":[` + strings.Join(streams, ",") + `]}`)
}

func configuration(baseURL string, life time.Duration) []byte {
	return fmt.Appendf(nil, `{"api_key_value":%q,"base_url":%q}`, token(life), baseURL)
}

// outline is a read's messages without what is in the records and states.
func outline(text string) string {
	var b strings.Builder
	records := 0
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, `{"type":"RECORD"`) {
			records++
			continue
		}
		if records > 0 {
			fmt.Fprintf(&b, "%d records\n", records)
			records = 0
		}
		b.WriteString(regexp.MustCompile(`"stream_state":\{.*\},"sourceStats"`).ReplaceAllString(line, `"stream_state":…},"sourceStats"`))
	}
	return b.String()
}

func TestAReadPrintsStatusesRecordsAndStates(t *testing.T) {
	_, base := api(t)
	for _, c := range []struct{ name, prefix, mode, stream, want string }{
		{"a stream", "", "incremental", "rooms", `
{"type":"TRACE","trace":{"type":"STREAM_STATUS","emitted_at":1700000000000,"stream_status":{"stream_descriptor":{"name":"rooms"},"status":"STARTED"}}}
{"type":"TRACE","trace":{"type":"STREAM_STATUS","emitted_at":1700000000000,"stream_status":{"stream_descriptor":{"name":"rooms"},"status":"RUNNING"}}}
30 records
{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"rooms"},"stream_state":…},"sourceStats":{"recordCount":30}}}
{"type":"LOG","log":{"level":"INFO","message":"rooms: 30 records"}}
{"type":"TRACE","trace":{"type":"STREAM_STATUS","emitted_at":1700000000000,"stream_status":{"stream_descriptor":{"name":"rooms"},"status":"COMPLETE"}}}
`},
		{"an empty stream", "/data/none", "incremental", "rooms", `
{"type":"TRACE","trace":{"type":"STREAM_STATUS","emitted_at":1700000000000,"stream_status":{"stream_descriptor":{"name":"rooms"},"status":"STARTED"}}}
{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"rooms"},"stream_state":…},"sourceStats":{"recordCount":0}}}
{"type":"LOG","log":{"level":"INFO","message":"rooms: 0 records"}}
{"type":"TRACE","trace":{"type":"STREAM_STATUS","emitted_at":1700000000000,"stream_status":{"stream_descriptor":{"name":"rooms"},"status":"COMPLETE"}}}
`},
		{"a login page in mid-read", "/fault/html-200", "full_refresh", "rooms", `
{"type":"TRACE","trace":{"type":"STREAM_STATUS","emitted_at":1700000000000,"stream_status":{"stream_descriptor":{"name":"rooms"},"status":"STARTED"}}}
{"type":"TRACE","trace":{"type":"ERROR","emitted_at":1700000000000,"error":{"message":"rooms: unexpected_response: `},
	} {
		t.Run(c.name, func(t *testing.T) {
			text, _ := printed(t, func(s *airbyte.Source) error {
				return s.Read(context.Background(), configuration(base(c.prefix), time.Hour), catalog(c.mode, c.stream), []byte("[]"))
			})
			if got := outline(text); !strings.HasPrefix("\n"+got, c.want) {
				t.Errorf("got %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestAFailureIsNamedAndNothingFollowsItButIncomplete(t *testing.T) {
	_, base := api(t)
	for _, c := range []struct {
		name, prefix string
		life         time.Duration
		streams      []string
		failure      string
		message      string
		statuses     string
	}{
		{"an expired token ends all", "", -time.Hour, []string{"rooms", "sessions"}, "config_error", "rooms: expired_token: the token", "rooms STARTED, rooms INCOMPLETE"},
		{"a login page ends one stream", "/fault/html-200", time.Hour, []string{"rooms", "templates"}, "transient_error", "rooms: unexpected_response: ", "rooms STARTED, rooms INCOMPLETE, templates STARTED, templates INCOMPLETE"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text, err := printed(t, func(s *airbyte.Source) error {
				return s.Read(context.Background(), configuration(base(c.prefix), c.life), catalog("incremental", c.streams...), nil)
			})
			if !errors.Is(err, airbyte.ErrFailed) || strings.Contains(text, `"STATE"`) {
				t.Errorf("%v\n%s", err, text)
			}
			if !strings.Contains(text, `"error":{"message":"`+c.message) || !strings.Contains(text, `"failure_type":"`+c.failure+`","stream_descriptor":{"name":"rooms"}`) {
				t.Error(text)
			}
			var statuses []string
			for _, found := range regexp.MustCompile(`"name":"(\w+)"\},"status":"(\w+)"`).FindAllStringSubmatch(text, -1) {
				statuses = append(statuses, found[1]+" "+found[2])
			}
			if got := strings.Join(statuses, ", "); got != c.statuses {
				t.Errorf("%s", got)
			}
		})
	}
}

func TestWhatCannotBeReadIsToldBeforeTheFirstCall(t *testing.T) {
	s, base := api(t)
	rooms, _ := exchange.Find("rooms")
	other := `[{"type":"STREAM","stream":{"stream_descriptor":{"name":"rooms"},"stream_state":{"read":{"v":1,"stream":"rooms","base_url":"https://elsewhere.example/v2","walks":{}}}}}]`
	newer := strings.Replace(other, `"v":1`, `"v":99`, 1)
	for _, c := range []struct{ name, config, catalog, state, want string }{
		{"a configuration that is none", `[]`, string(catalog("incremental", "rooms")), "", "it is not a JSON object"},
		{"a catalog that is none", "", `[]`, "", "the catalog is not a configured catalog"},
		{"a stream that is not there", "", string(catalog("incremental", "polls")), "", `a stream \"polls\", which this connector does not`},
		{"a stream twice", "", string(catalog("incremental", "rooms", "rooms")), "", "the stream rooms twice"},
		{"a state that is none", "", string(catalog("incremental", "rooms")), `{"rooms":1}`, "not a list of Airbyte's state messages"},
		{"a state of another API", "", string(catalog("incremental", "rooms")), other, "rooms: the state cannot be used: it is of the base URL"},
		{"a state of a newer version", "", string(catalog("incremental", "rooms")), newer, "of version 99"},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := []byte(c.config)
			if c.config == "" {
				config = configuration(base(""), time.Hour)
			}
			text, err := printed(t, func(s *airbyte.Source) error {
				return s.Read(context.Background(), config, []byte(c.catalog), []byte(c.state))
			})
			if !errors.Is(err, airbyte.ErrFailed) || !strings.Contains(text, c.want) || !strings.Contains(text, `"failure_type":"config_error"`) {
				t.Errorf("%v\n%s", err, text)
			}
		})
	}
	if s.Requests() > 0 {
		t.Errorf("%d calls", s.Requests())
	}
	// A full refresh does not look at the state.
	if text, err := printed(t, func(s *airbyte.Source) error {
		return s.Read(context.Background(), configuration(base(""), time.Hour), catalog("full_refresh", rooms.Name), []byte(other))
	}); err != nil {
		t.Errorf("%v\n%s", err, text)
	}
}

// lastState is the state that a host keeps.
func lastState(text string) []byte {
	lines := strings.Split(text, "\n")
	for i := len(lines) - 1; i >= 0; i-- {
		if state, found := strings.CutPrefix(lines[i], `{"type":"STATE","state":`); found {
			return []byte("[" + strings.TrimSuffix(state, "}") + "]")
		}
	}
	return nil
}

func TestAFullRefreshBeginsAnewUnlessItWasCutOff(t *testing.T) {
	s, base := api(t)
	s.Account.Sessions = 600
	config := configuration(base(""), time.Hour)
	read := func(mode string, state []byte, limit int) (records int, kept []byte) {
		var out bytes.Buffer
		s := &airbyte.Source{Out: &limited{&out, limit}, Transport: transport, StateRecords: 1}
		_ = s.Read(context.Background(), config, catalog(mode, "sessions"), state)
		return strings.Count(out.String(), `{"type":"RECORD"`), lastState(out.String())
	}
	all, kept := read("full_refresh", nil, -1)
	if again, _ := read("full_refresh", kept, -1); again != all || all == 0 {
		t.Errorf("%d records, and then %d", all, again)
	}
	if more, _ := read("incremental", kept, -1); more >= all {
		t.Errorf("incremental after full: %d of %d records", more, all)
	}
	some, cut := read("full_refresh", nil, 9) // writes
	rest, _ := read("full_refresh", cut, -1)
	if some < 200 || some+rest < all || rest > all-100 {
		t.Errorf("%d records until it was killed, %d from then on, %d at once", some, rest, all)
	}
}

// limited takes so many writes.
type limited struct {
	to   *bytes.Buffer
	left int
}

func (l *limited) Write(p []byte) (int, error) {
	if l.left == 0 {
		return 0, errors.New("killed")
	}
	l.left--
	return l.to.Write(p)
}

// stopping ends the context behind the first record.
type stopping struct {
	bytes.Buffer
	stop func()
}

func (s *stopping) Write(p []byte) (int, error) {
	if bytes.HasPrefix(p, []byte(`{"type":"RECORD"`)) {
		s.stop()
	}
	return s.Buffer.Write(p)
}

func TestAnInterruptedReadGivesItsLastState(t *testing.T) {
	s, base := api(t)
	s.Account.Sessions = 600
	ctx, stop := context.WithCancel(context.Background())
	out := &stopping{stop: stop}
	err := (&airbyte.Source{Out: out, Transport: transport}).Read(ctx, configuration(base(""), time.Hour), catalog("incremental", "sessions", "rooms"), nil)
	given := strings.Count(out.String(), `"type":"RECORD"`)
	if !errors.Is(err, airbyte.ErrFailed) || given == 0 || given >= 600 {
		t.Fatalf("%d records, %v", given, err)
	}
	if want := fmt.Sprintf(`"sourceStats":{"recordCount":%d}`, given); strings.Count(out.String(), `"type":"STATE"`) != 1 || !strings.Contains(out.String(), want) {
		t.Errorf("%d records, and of the states none has %s", given, want)
	}
	if strings.Contains(out.String(), `"name":"rooms"`) {
		t.Error("the next stream was begun")
	}
}

func TestRecordsFitTheCatalogAndEachIsOneLineToEveryReader(t *testing.T) {
	_, base := api(t)
	var names []string
	schemas := map[string]*jsonschema.Schema{}
	text, _ := printed(t, func(s *airbyte.Source) error { return s.Discover() })
	var discovered struct {
		Catalog struct {
			Streams []struct {
				Name      string
				Schema    json.RawMessage `json:"json_schema"`
				Key       [][]string      `json:"source_defined_primary_key"`
				Resumable bool            `json:"is_resumable"`
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &discovered); err != nil {
		t.Fatal(err)
	}
	for _, stream := range discovered.Catalog.Streams {
		names = append(names, stream.Name)
		var err error
		if schemas[stream.Name], err = jsonschema.CompileString(stream.Name, string(stream.Schema)); err != nil {
			t.Fatal(err)
		}
		if !stream.Resumable || len(stream.Key) == 0 {
			t.Errorf("%s: %+v", stream.Name, stream.Key)
		}
	}
	text, err := printed(t, func(s *airbyte.Source) error {
		return s.Read(context.Background(), configuration(base(""), time.Hour), catalog("full_refresh", names...), nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(text, "\u2028\u2029\u0085\r\v\f") || !strings.Contains(text, `\u2028`) {
		t.Error("a line is cut by readers that know more ends of lines")
	}
	for _, secret := range sandbox.SecretMarks {
		if strings.Contains(text, secret) {
			t.Errorf("a secret is printed")
		}
	}
	count := map[string]int{}
	for line := range strings.Lines(text) {
		var m struct {
			Type   string
			Record struct {
				Stream string
				Data   any
			}
		}
		d := json.NewDecoder(strings.NewReader(line))
		d.UseNumber()
		if err := d.Decode(&m); err != nil {
			t.Fatal(err)
		}
		if m.Type == "RECORD" {
			count[m.Record.Stream]++
			if err := schemas[m.Record.Stream].Validate(m.Record.Data); err != nil {
				t.Errorf("%s: %v", m.Record.Stream, err)
			}
		}
	}
	for _, name := range names {
		if count[name] == 0 {
			t.Errorf("%s has no record", name)
		}
	}
}

func TestTheSpecificationTakesTheConfigurationsOfOtherConnectors(t *testing.T) {
	text, _ := printed(t, func(s *airbyte.Source) error { return s.Spec() })
	var printed struct {
		Spec struct {
			Connection json.RawMessage `json:"connectionSpecification"`
		}
	}
	if err := json.Unmarshal([]byte(text), &printed); err != nil {
		t.Fatal(err)
	}
	schema, err := jsonschema.CompileString("spec", string(printed.Spec.Connection))
	if err != nil {
		t.Fatal(err)
	}
	for _, config := range []string{
		`{"management_token":"a.b.c","start_date":"2026-01-01T00:00:00Z"}`,
		`{"name":"100ms","api_key_value":"a.b.c","room_ids":["a"],"include_secrets":true,"base_url":"https://api.100ms.live/v2"}`,
		`{"access_key":"a","app_secret":"b","drop_personal":true,"something":"else"}`,
	} {
		var v any
		if err := json.Unmarshal([]byte(config), &v); err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(v); err != nil {
			t.Errorf("%s: %v", config, err)
		}
	}
}
