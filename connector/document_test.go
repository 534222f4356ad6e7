package connector

import (
	"encoding/json"
	"math/rand"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/100ms-connector/connector-go/fixtures"
)

func TestTheWalkAgreesWithEncodingJSON(t *testing.T) {
	rng := rand.New(rand.NewSource(100))
	for range 5000 {
		docWalkHolds(t, []byte(fixtures.RandomObject(rng)))
		if t.Failed() {
			return
		}
	}
	for _, d := range fixtures.Documents(docNow) {
		if len(d.Data) <= MaxDocument {
			docWalkHolds(t, d.Data)
		}
	}
}

// docWalkHolds asserts what is true of the walk for every text.
func docWalkHolds(t *testing.T, data []byte) {
	t.Helper()
	if !json.Valid(data) || !utf8.Valid(data) {
		return // it never comes to a walk
	}
	doc := readDocument(data)
	if trimmed := strings.TrimLeft(string(data), " \t\r\n"); doc.start != len(data)-len(trimmed) {
		t.Errorf("%q begins at %d", data, doc.start)
	}
	var want map[string]json.RawMessage
	if json.Unmarshal(data, &want) != nil || want == nil { // not an object
		if len(doc.fields) > 0 {
			t.Errorf("%.60q has members", data)
		}
		if got, expected := typeName(doc.value), docTypeName(data); got != expected {
			t.Errorf("%.60q is %s, not %s", data, got, expected)
		}
		return
	}
	seen := map[string]bool{}
	object, ok := doc.value.(map[string]any)
	if !ok || len(object) != len(want) {
		t.Errorf("%q: %d keys, want %d", data, len(object), len(want))
	}
	end := doc.start
	for i := range doc.fields {
		m := &doc.fields[i]
		if m.KeyAt <= end || m.ValueAt <= m.KeyAt {
			t.Errorf("%q: member %d stands at %d and %d", data, i, m.KeyAt, m.ValueAt)
		}
		end = m.ValueAt
		var key string
		if err := json.NewDecoder(strings.NewReader(string(data[m.KeyAt:]))).Decode(&key); err != nil || key != m.Key {
			t.Errorf("%q: the key at %d is %q, not %q", data, m.KeyAt, key, m.Key)
		}
		var value json.RawMessage
		if err := json.NewDecoder(strings.NewReader(string(data[m.ValueAt:]))).Decode(&value); err != nil {
			t.Errorf("%q: no value at %d: %v", data, m.ValueAt, err)
		}
		if m.repeats != seen[m.Key] {
			t.Errorf("%q: %q repeats: %v", data, m.Key, m.repeats)
		}
		seen[m.Key] = true
		var text string
		isText := json.Unmarshal(value, &text) == nil && value[0] == '"'
		if m.IsText != isText || m.Text != text {
			t.Errorf("%q: %q is %q (text: %v), want %q", data, m.Key, m.Text, m.IsText, text)
		}
		if doc.last(m.Key) == m {
			if string(want[m.Key]) != string(value) {
				t.Errorf("%q: the last %q is %s, want %s", data, m.Key, value, want[m.Key])
			}
			if got, expected := typeName(object[m.Key]), docTypeName(value); got != expected {
				t.Errorf("%q: %q is %s, want %s", data, m.Key, got, expected)
			}
			if m.IsText && !reflect.DeepEqual(object[m.Key], any(m.Text)) {
				t.Errorf("%q: the schema is shown %v for %q", data, object[m.Key], m.Text)
			}
		}
	}
	if len(seen) != len(want) || doc.last("no such key") != nil {
		t.Errorf("%q: %d keys, want %d", data, len(seen), len(want))
	}
}

// docTypeName is typeName of what encoding/json makes of a text.
func docTypeName(data []byte) string {
	d := json.NewDecoder(strings.NewReader(string(data)))
	d.UseNumber()
	var v any
	_ = d.Decode(&v)
	return typeName(v)
}
