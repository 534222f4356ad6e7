package exchange

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/100ms-connector/connector-go/fixtures"
)

// shape makes a record of a stream as a Source does.
func shape(t testing.TB, stream string, secrets, people bool, raw string) (shaped, []string) {
	t.Helper()
	row, ok := Find(stream)
	if !ok {
		t.Fatalf("no stream %s", stream)
	}
	var unknown []string
	f := &filter{stream: row, marks: schemaOf(stream).marks, secrets: secrets, people: people, unknown: func(path string) { unknown = append(unknown, path) }}
	record, err := f.record([]byte(raw), nil)
	if err != nil {
		t.Fatal(err)
	}
	return record, unknown
}

var token = fixtures.Sign(fixtures.Workspace(), fixtures.Claims{"type": "app"})

// TestARecordIsFaithfulButForSecrets compares whole records.
func TestARecordIsFaithfulButForSecrets(t *testing.T) {
	for _, c := range []struct{ name, stream, raw, want, unknown string }{
		{"numbers are exact", "rooms", `{"id":"a","size":18446744073709551615,"max_duration_seconds":1.50e+3}`, "", ""},
		{"null and empty are kept", "rooms", `{"id":"a","name":null,"description":"","polls":[],"recording_info":{}}`, "", ""},
		{"white space goes", "rooms", "{ \"id\" : \"a\" ,\n\t\"polls\" : [ \"x\" , null ] , \"webhook\":\r{ } }", `{"id":"a","polls":["x",null],"webhook":{}}`, ""},
		{"escapes are kept", "rooms", `{"id":"a","name":"\u0041\/\ud83d\ude00 \"é\""}`, "", ""},
		{"ends of lines are escaped", "rooms", "{\"id\":\"a\",\"name\":\"x\u2028y\u2029z\u0085\"}", `{"id":"a","name":"x\u2028y\u2029z\u0085"}`, ""},
		{"what is no UTF-8 is replaced", "rooms", "{\"id\":\"a\",\"name\":\"x\xffy\"}", "{\"id\":\"a\",\"name\":\"x\ufffdy\"}", ""},
		{"bucket keys", "rooms", `{"id":"a","recording_info":{"upload_info":{"location":"b","credentials":{"key":"AKIA","secret":"s3cr3t","other":"x"}}}}`,
			`{"id":"a","recording_info":{"upload_info":{"location":"b","credentials":{"key":"[redacted]","secret":"[redacted]","other":"[redacted]"}}}}`, ""},
		{"headers of a webhook keep their names", "rooms", `{"id":"a","webhook":{"url":"https://u:p@h.example/x?k=v#f","headers":{"X-Key":"k","Y":""}}}`,
			`{"id":"a","webhook":{"url":"https://[redacted]@h.example/x?[redacted]","headers":{"X-Key":"[redacted]","Y":""}}}`, ""},
		{"the query of a meeting URL", "recordings", `{"id":"a","meeting_url":"https://x.example/meeting/a?auth_token=` + token + `"}`, `{"id":"a","meeting_url":"https://x.example/meeting/a?[redacted]"}`, ""},
		{"a token in the path of a meeting URL", "recordings", `{"id":"a","meeting_url":"https://x.example/` + token + `"}`, `{"id":"a","meeting_url":"[redacted]"}`, ""},
		{"stream keys in a list keep their number", "external_streams", `{"id":"a","rtmp_urls":["rtmp://a/k","rtmp://b/k"]}`, `{"id":"a","rtmp_urls":["[redacted]","[redacted]"]}`, ""},
		{"a key whose name is escaped", "stream_keys", `{"id":"a","k\u0065y":"k"}`, `{"id":"a","k\u0065y":"[redacted]"}`, ""},
		{"an unknown field is passed on", "rooms", `{"id":"a","colour":"red","recording_info":{"x":{"y":1}}}`, "", "colour recording_info.x"},
		{"an unknown field with the name of a secret", "rooms", `{"id":"a","apiKey":"k","signing-secret":{"a":["b",1]},"author":"x","keyboard":"y"}`,
			`{"id":"a","apiKey":"[redacted]","signing-secret":{"a":["[redacted]",1]},"author":"x","keyboard":"y"}`, "apiKey author keyboard signing-secret"},
		{"an unknown field with the value of a secret", "rooms", `{"id":"a","x":"` + token + `","y":["https://s3.example/f?X-Amz-Signature=0"],"z":"https://a:b@c.example/","w":"https://c.example/?page=2"}`,
			`{"id":"a","x":"[redacted]","y":["[redacted]"],"z":"[redacted]","w":"https://c.example/?page=2"}`, "w x y z"},
		{"what is beneath an open object", "webhook_deliveries", `{"event_id":"a","payload":{"event_data":{"recording_presigned_url":"https://b.example/f?sig=1","auth":"x","n":9223372036854775807}}}`,
			`{"event_id":"a","payload":{"event_data":{"recording_presigned_url":"[redacted]","auth":"[redacted]","n":9223372036854775807}}}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, unknown := shape(t, c.stream, false, true, c.raw)
			want := c.want
			if want == "" {
				want = c.raw
			}
			if string(got.Data) != want {
				t.Errorf("got  %s\nwant %s", got.Data, want)
			}
			slices.Sort(unknown)
			if strings.Join(unknown, " ") != c.unknown {
				t.Errorf("unknown fields %v, want %s", unknown, c.unknown)
			}
			with, _ := shape(t, c.stream, true, true, c.raw)
			if strings.Contains(string(with.Data), "[redacted]") {
				t.Errorf("secrets that were asked for: %s", with.Data)
			}
		})
	}
}

func TestPersonalFieldsAreLeftOutOnDemand(t *testing.T) {
	raw := `{"id":"a","active":true,"peers":{"p":{"id":"p","name":"Ada","user_id":"u","role":"host"}}}`
	got, _ := shape(t, "sessions", false, false, raw)
	if want := `{"id":"a","active":true,"peers":{"p":{"id":"p","role":"host"}}}`; string(got.Data) != want {
		t.Errorf("got %s", got.Data)
	}
}

func TestEveryStreamHasASchemaThatDeclaresItsKey(t *testing.T) {
	for _, s := range Streams() {
		if err := schemaOf(s.Name).err; err != nil {
			t.Error(err)
			continue
		}
		for _, name := range append(slices.Clone(s.Key), s.timeField(), s.status, s.account) {
			if name != "" && s.part == "" && !slices.Contains(s.Fields(), name) || s.part != "" && slices.Contains(s.Key, name) && !slices.Contains(s.Fields(), name) {
				t.Errorf("%s: the schema does not declare %s", s.Name, name)
			}
		}
		for _, name := range s.Key {
			if slices.Contains(s.Secret(), name) || slices.Contains(s.Personal(), name) {
				t.Errorf("%s: the key %s is a secret, or about a person", s.Name, name)
			}
		}
		if s.Calls == "" || len(s.Key) == 0 {
			t.Errorf("%s: the row is not complete", s.Name)
		}
	}
}

func TestKeysNeverLookAlike(t *testing.T) {
	quoted := func(parts ...string) (values [][]byte) {
		for _, p := range parts {
			values = append(values, quote(p))
		}
		return values
	}
	seen := map[string]string{}
	for _, parts := range [][]string{{"a", "b/c"}, {"a/b", "c"}, {"a%2Fb", "c"}, {"a", "b%2Fc"}, {"a", "b", "c"}, {"", "a"}, {"a", ""}, {"1", "2"}} {
		key := keyOf(quoted(parts...))
		if other := seen[key]; other != "" || key == "" {
			t.Errorf("%q and %s have the key %q", parts, other, key)
		}
		seen[key] = fmt.Sprintf("%q", parts)
	}
	for _, incomplete := range [][][]byte{{[]byte("null")}, {nil}, {quote("a"), nil}, {[]byte("null"), quote("a")}} {
		if key := keyOf(incomplete); key != "" {
			t.Errorf("an incomplete key is %q", key)
		}
	}
}

func TestANameOfASecretIsTold(t *testing.T) {
	for name, want := range map[string]bool{
		"key": true, "secretKey": true, "api_key": true, "X-Api-Key": true, "access_token": true, "authToken": true, "auth": true, "Authorization": true,
		"password": true, "clientSecret": true, "credentials": true, "streamkey": true, "JWT": true, "upload_token": true,
		"keyboard": false, "monkey": false, "author": false, "authored_at": false, "tokenizer": false, "secretary": false, "name": false, "": false,
	} {
		if secretName([]byte(name)) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}

// FuzzRecord shapes any object: what comes out is one line of JSON that means what went
// in, but for secrets.
func FuzzRecord(f *testing.F) {
	for _, seed := range []string{
		`{"id":"a"}`, `{"id":1,"id":2}`, `{"":{"":[{}]}}`, `{"id":"\u2028","webhook":{"url":"https://a@b/?c"}}`, `{"webhook":{"url":"://","headers":[{"a":["b"]}]}}`,
		`{"created_at":"0001-01-01T00:00:00Z","recording_info":[{"upload_info":null}]}`, `{"id":{"a":1e999}}`, "{\"id\":\"\xff\"}", `{"x":"https://%zz"}`,
	} {
		f.Add(seed)
	}
	row, _ := Find("rooms")
	f.Fuzz(func(t *testing.T, raw string) {
		if !json.Valid([]byte(raw)) || raw[0] != '{' {
			return
		}
		for _, secrets := range []bool{true, false} {
			g := &filter{stream: row, marks: schemaOf("rooms").marks, secrets: secrets, people: true, unknown: func(string) {}}
			got, err := g.record([]byte(raw), nil)
			if err != nil {
				t.Fatal(err)
			}
			if !json.Valid(got.Data) || bytes.ContainsAny(got.Data, "\n\r\u2028\u2029\u0085") {
				t.Errorf("%q became %q", raw, got.Data)
			}
			if secrets && meaning(got.Data) != meaning([]byte(raw)) {
				t.Errorf("%q became %q", raw, got.Data)
			}
		}
	})
}

func meaning(data []byte) string {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	_ = d.Decode(&v) // it is valid
	return fmt.Sprint(v)
}
