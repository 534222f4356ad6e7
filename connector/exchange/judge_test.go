package exchange_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/100ms-connector/connector-go/connector/exchange"
)

func TestARecordIsJudgedWithThePlaceOfEachProblem(t *testing.T) {
	for _, c := range []struct {
		name, action, record string
		want                 []string // offset, code, message
	}{
		{"a good room", "rooms", ` {"name":"a","size":2500,"recording_info":{"enabled":true,"upload_info":{"type":"s3","location":"b","credentials":{"key":"k","secret":"s"}}}} `, nil},
		{"no name", "rooms", `{}`, []string{`0 schema the field "name" is required and missing`}},
		{"a name with a blank", "rooms", `{"name":"a b"}`, []string{`8 schema the field "name" does not have its form: Name, unique in the workspace without regard to case: letters, digits and . - : _`}},
		{"several problems, in the order of their places", "rooms", `{"nme":"a","size":2501,"large_room":"yes","region":"mars"}`, []string{
			`0 schema the field "name" is required and missing`,
			`1 schema the field "nme" is none of the fields of this action; did you mean "name"?`,
			`18 schema the field "size" is at most 2500 unless large_room is true`,
			`36 schema the field "large_room" must be true or false, not a text`,
			`51 schema the field "region" must be one of in, us, eu, auto`,
		}},
		{"a field that only the API gives", "rooms", `{"name":"a","created_at":"2026-01-01T00:00:00Z"}`, []string{`12 schema the field "created_at" is 100ms's to give, and cannot be written; leave it out`}},
		{"a key that stands twice", "rooms", `{"name":"a","n\u0061me":"b"}`, []string{`12 schema the field "name" stands twice`}},
		{"a fraction", "rooms", `{"name":"a","size":1.0}`, []string{`19 schema the field "size" must be a whole number, written without a fraction`}},
		{"an exponent that breaks the library", "rooms", `{"name":"a","size":1e10000000}`, []string{`19 schema the field "size" must be a number of at most 20 digits, without an exponent`}},
		{"a redacted value, deep within", "rooms", `{"name":"a","webhook":{"url":"https://x.example/?[redacted]"}}`, []string{
			`29 redacted_value the field "webhook.url" holds [redacted], which stands for a secret that was taken out; give the value itself, or leave the field out`}},
		{"null", "rooms", `{"name":null}`, []string{`8 schema the field "name" must be a text, not null`}},
		{"an array", "rooms", `[{"name":"a"}]`, []string{`0 schema the record must be an object`}},
		{"no JSON", "rooms", `{"name":"a",}`, []string{`12 schema the record is not JSON: a value is missing here, or a comma is too many`}},
		{"bytes that are no UTF-8", "rooms", "{\"name\":\"\xff\"}", []string{`9 schema the record is not UTF-8`}},
		{"nested too deeply", "rooms", `{"name":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`, []string{`0 schema the record is nested more than 32 levels deep`}},
		{"a token as a key", "rooms", `{"name":"a","eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.c2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJlc2lnbmE":1}`, []string{`12 schema the field "[redacted]" is none of the fields of this action`}},
		{"neither id nor name", "room_status", `{"enabled":true}`, []string{`0 schema give one of id and name, and not both`}},
		{"id and name", "room_status", `{"enabled":true,"id":"a","name":"b"}`, []string{`0 schema give one of id and name, and not both`}},
		{"a stop with options", "recordings", `{"room_id":"a","state":"stop","audio_only":true}`, []string{`0 schema a stop takes room_id and state alone`}},
		{"a start of a stream to nowhere", "external_streams", `{"room_id":"a","state":"start"}`, []string{`0 schema the field "rtmp_urls" is required and missing`}},
		{"a time that is none", "webhook_replays", `{"start_time":"yesterday","end_time":"2026-01-01T00:00:00Z"}`, []string{`14 schema the field "start_time" does not have its form: From when; at most 30 days ago`}},
	} {
		action, _ := exchange.FindAction(c.action)
		var got []string
		for _, p := range action.Judge(json.RawMessage(c.record)) {
			got = append(got, fmt.Sprintf("%d %s %s", p.Offset, p.Code, p.Message))
		}
		if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
		}
	}
}

func FuzzJudge(f *testing.F) {
	for _, seed := range []string{
		``, ` `, `{}`, `null`, `"x"`, `[]`, `{"name":"a"}`, `{"name":"a","size":1e400}`, `{"name":"\ud800"}`, `{"a":{"b":[{"c":1}]}}`, "\xef\xbb\xbf{}",
		`{"room_id":"a","state":"stop"}`, `{"name":"a","webhook":{"url":"https://x","headers":{"/":"~"}}}`, `{"":{"":""}}`, `{"name":"a" , "polls":[ "a" , "b" ]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, record []byte) {
		for _, action := range exchange.Actions() {
			for _, p := range action.Judge(record) {
				if p.Offset < 0 || p.Offset > len(record) || p.Message == "" || p.Code != exchange.CodeSchema && p.Code != exchange.CodeRedacted {
					t.Errorf("%s: %+v", action.Name, p)
				}
			}
		}
	})
}

func TestEveryActionHasASchemaThatSaysWhatItsFieldsAre(t *testing.T) {
	for _, action := range exchange.Actions() {
		var schema struct {
			ID          string `json:"$id"`
			Description string
			Additional  *bool `json:"additionalProperties"`
			Properties  map[string]struct{ Type, Description string }
		}
		if err := json.Unmarshal(action.Schema(), &schema); err != nil || !strings.HasSuffix(schema.ID, "/"+action.Name+".schema.json") || schema.Description == "" || schema.Additional == nil || *schema.Additional {
			t.Errorf("%s: %v, %+v", action.Name, err, schema)
		}
		for name, field := range schema.Properties {
			if field.Type == "" || field.Description == "" {
				t.Errorf("%s.%s says not enough", action.Name, name)
			}
		}
		if action.Does == "" {
			t.Errorf("%s does not say what it does", action.Name)
		}
	}
}
