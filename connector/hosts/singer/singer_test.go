package singer_test

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
	"github.com/100ms-connector/connector-go/connector/hosts/singer"
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

func api(t *testing.T) string {
	server := httptest.NewServer(&sandbox.Sandbox{Account: &sandbox.Account{Rooms: 30, Sessions: 40, Peers: 5, Now: time.Now()}})
	t.Cleanup(server.Close)
	return server.URL
}

func configuration(baseURL string, life time.Duration) []byte {
	key := fixtures.Workspace()
	token := fixtures.Sign(key, fixtures.Management(key, time.Now().Add(min(0, 2*life)), max(life, -life)))
	return fmt.Appendf(nil, `{"api_key_value":%q,"base_url":%q}`, token, baseURL)
}

func catalog(streams ...string) []byte {
	return []byte(`{"streams":[` + strings.Join(streams, ",") + `]}`)
}

// of is a stream of a catalog, with more metadata.
func of(name, metadata, more string) string {
	return fmt.Sprintf(`{"tap_stream_id":%q,"stream":%q,"metadata":[{"breadcrumb":[],"metadata":{%s}}%s]}`, name, name, metadata, more)
}

func sync(config, catalog, state []byte) (out, logs string, err error) {
	var o, l bytes.Buffer
	err = (&singer.Tap{Out: &o, Logs: &l, Transport: transport}).Sync(context.Background(), config, catalog, state)
	return o.String(), l.String(), err
}

func TestWhatIsSelectedIsReadAndNothingElse(t *testing.T) {
	config := configuration(api(t)+"/v2", time.Hour)
	for _, c := range []struct{ name, streams, want string }{
		{"selected", of("rooms", `"selected":true`, ""), "rooms"},
		{"selected by default", of("rooms", `"selected-by-default":true`, "") + "," + of("sessions", `"selected-by-default":true,"selected":false`, ""), "rooms"},
		{"the old form", `{"tap_stream_id":"templates","selected":true}`, "templates"},
		{"not selected", of("rooms", ``, ""), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, _, err := sync(config, catalog(c.streams), nil)
			seen := map[string]bool{}
			for _, found := range regexp.MustCompile(`(?m)^\{"type":"RECORD","stream":"(\w+)"`).FindAllStringSubmatch(out, -1) {
				seen[found[1]] = true
			}
			if err != nil || len(seen) > 1 || c.want != "" && !seen[c.want] || c.want == "" && len(seen) > 0 {
				t.Errorf("%v %v", seen, err)
			}
		})
	}
	t.Run("a field that is not, and the key for all that", func(t *testing.T) {
		fields := ""
		for _, field := range []string{"name", "description", "id", "created_at"} {
			fields += fmt.Sprintf(`,{"breadcrumb":["properties",%q],"metadata":{"selected":false}}`, field)
		}
		out, _, err := sync(config, catalog(of("rooms", `"selected":true`, fields)), nil)
		lines := strings.Split(out, "\n")
		var schema struct {
			Schema struct{ Properties map[string]any }
		}
		var record struct{ Record map[string]any }
		if err != nil || json.Unmarshal([]byte(lines[0]), &schema) != nil || json.Unmarshal([]byte(lines[1]), &record) != nil {
			t.Fatalf("%v\n%.2000s", err, out)
		}
		for place, fields := range map[string]map[string]any{"schema": schema.Schema.Properties, "record": record.Record} {
			_, name := fields["name"]
			_, id := fields["id"]
			_, created := fields["created_at"]
			if name || !id || !created {
				t.Errorf("the %s has %v", place, fields)
			}
		}
	})
}

func TestStatesOfOtherStreamsStay(t *testing.T) {
	config := configuration(api(t)+"/v2", time.Hour)
	out, _, err := sync(config, catalog(of("rooms", `"selected":true`, "")), []byte(`{"bookmarks":{"sessions":{"read":{"v":1,"stream":"sessions"}},"rooms":null},"currently_syncing":null}`))
	lines := strings.Split(strings.TrimSpace(out), "\n")
	last := lines[len(lines)-1]
	if err != nil || !strings.HasPrefix(last, `{"type":"STATE","value":{"bookmarks":{"rooms":{"read":{"v":1,`) || !strings.Contains(last, `"sessions":{"read":{"v":1,"stream":"sessions"}}`) {
		t.Errorf("%v\n%s", err, last)
	}
	if strings.Contains(last, "unfinished") {
		t.Errorf("a read to the end is unfinished: %s", last)
	}
	state := strings.TrimSuffix(strings.TrimPrefix(last, `{"type":"STATE","value":`), "}")
	again, _, err := sync(config, catalog(of("rooms", `"selected":true`, "")), []byte(state))
	if first, second := strings.Count(out, `"RECORD"`), strings.Count(again, `"RECORD"`); err != nil || second >= first {
		t.Errorf("%d records, then %d, %v", first, second, err)
	}
	whole, _, err := sync(config, catalog(of("rooms", `"selected":true,"replication-method":"FULL_TABLE"`, "")), []byte(state))
	if first, all := strings.Count(out, `"RECORD"`), strings.Count(whole, `"RECORD"`); err != nil || all != first {
		t.Errorf("%d records, then the full table of %d, %v", first, all, err)
	}
}

func TestFailuresAreNamed(t *testing.T) {
	url := api(t)
	rooms := catalog(of("rooms", `"selected":true`, ""))
	for _, c := range []struct {
		name                   string
		config, catalog, state []byte
		is                     error
		logged                 string
	}{
		{"an expired token", configuration(url+"/v2", -time.Hour), rooms, nil, connector.ExpiredToken, "ERROR rooms: expired_token: "},
		{"an API that answers with a page", configuration(url+"/fault/html-200/v2", time.Hour), rooms, nil, connector.UnexpectedResponse, "ERROR rooms: unexpected_response: "},
		{"no configuration", []byte(`{}`), rooms, nil, singer.ErrConfiguration, ""},
		{"a catalog that is none", configuration(url+"/v2", time.Hour), []byte(`[]`), nil, singer.ErrConfiguration, ""},
		{"a state that is none", configuration(url+"/v2", time.Hour), rooms, []byte(`[]`), exchange.ErrState, ""},
		{"a bookmark of another tap", configuration(url+"/v2", time.Hour), rooms, []byte(`{"bookmarks":{"rooms":"2020-01-01"}}`), exchange.ErrState, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, logs, err := sync(c.config, c.catalog, c.state)
			if !errors.Is(err, c.is) || singer.Told(err) != (c.logged != "") || !strings.Contains(logs, c.logged) || strings.Contains(out, `"STATE"`) {
				t.Errorf("%v, told: %v\n%s\n%s", err, singer.Told(err), logs, out)
			}
		})
	}
}

// Meltano passes every setting as a string, and what was left empty as an empty one.
func TestSettingsMayBeStrings(t *testing.T) {
	url := api(t)
	for _, c := range []struct{ setting, value, want string }{
		{"drop_personal", `"true"`, "without personal fields"},
		{"drop_personal", `"False"`, ""},
		{"include_secrets", `"TRUE"`, "secrets"},
		{"all_rooms", `true`, "all rooms"},
		{"all_rooms", `""`, ""},
		{"all_rooms", `null`, ""},
		{"room_ids", `"5f9edc6ac238215aec7700df, 60f26c73ac238215aec77000"`, "room=5f9edc6ac238215aec7700df, room=60f26c73ac238215aec77000"},
		{"room_ids", `"[\"5f9edc6ac238215aec7700df\"]"`, "room=5f9edc6ac238215aec7700df"},
		{"room_ids", `["5f9edc6ac238215aec7700df"]`, "room=5f9edc6ac238215aec7700df"},
		{"room_ids", `""`, ""},
	} {
		t.Run(c.setting+" "+c.value, func(t *testing.T) {
			config := bytes.Replace(configuration(url+"/v2", time.Hour), []byte("{"), []byte(`{"`+c.setting+`":`+c.value+`,`), 1)
			out, logs, err := sync(config, catalog(of("feedback", `"selected":true`, "")), nil)
			found := regexp.MustCompile(`"options":"([^"]*)"`).FindStringSubmatch(out)
			got := ""
			if found != nil {
				got = found[1]
			}
			if err != nil || got != c.want {
				t.Errorf("%q, want %q; %v %s", got, c.want, err, logs)
			}
		})
	}
}

func TestTheCatalogIsSingers(t *testing.T) {
	var out bytes.Buffer
	if err := (&singer.Tap{Out: &out}).Discover(); err != nil {
		t.Fatal(err)
	}
	var found struct {
		Streams []struct {
			ID       string `json:"tap_stream_id"`
			Schema   json.RawMessage
			Key      []string `json:"key_properties"`
			Metadata []struct {
				Breadcrumb []string
				Metadata   map[string]any
			}
		}
	}
	if err := json.Unmarshal(out.Bytes(), &found); err != nil || len(found.Streams) != len(exchange.Streams()) {
		t.Fatalf("%d streams, %v", len(found.Streams), err)
	}
	for _, s := range found.Streams {
		if _, err := jsonschema.CompileString(s.ID, string(s.Schema)); err != nil {
			t.Error(err)
		}
		automatic := map[string]bool{}
		for _, m := range s.Metadata {
			if m.Metadata["inclusion"] == "automatic" {
				automatic[m.Breadcrumb[1]] = true
			}
		}
		for _, key := range s.Key {
			if !automatic[key] {
				t.Errorf("%s: the key %s can be left out", s.ID, key)
			}
		}
		if s.Metadata[0].Metadata["selected-by-default"] != true {
			t.Errorf("%s is not selected", s.ID)
		}
	}
}
