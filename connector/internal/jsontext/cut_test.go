package jsontext

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
)

// FuzzCuttingAgreesWithEncodingJSON cuts any JSON into its smallest parts, puts them
// together again, and compares what both texts mean.
func FuzzCuttingAgreesWithEncodingJSON(f *testing.F) {
	for _, seed := range []string{
		`{}`, `[]`, `{"a":1}`, ` { "a" : [ 1 , -2.5e+7 , true , null , "x" ] , "b" : { } } `, `[[[]],[{}],{"":""}]`,
		`{"a\"b\\":"\\\"","\u0061":"\ud83d\ude00"}`, `18446744073709551615`, `"x"`, `["\\","\\\\\""]`, "[1\n,\t2\r]", `[false]`,
		`{"a":{"b":"}]"},"c":["[{"]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if !json.Valid(data) {
			return
		}
		if again := rebuilt(data); !reflect.DeepEqual(meaning(t, again), meaning(t, data)) {
			t.Errorf("%q became %q", data, again)
		}
	})
}

func meaning(t *testing.T, data []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%q: %v", data, err)
	}
	return v
}

func rebuilt(data []byte) []byte {
	data = bytes.TrimLeft(data, " \t\r\n")
	var b []byte
	switch data[0] {
	case '{':
		b = append(b, '{')
		for key, value := range Each(data) {
			b = append(append(append(append(b, key...), ':'), rebuilt(value)...), ',')
		}
		return append(bytes.TrimSuffix(b, []byte(",")), '}')
	case '[':
		b = append(b, '[')
		for value := range Elements(data) {
			b = append(append(b, rebuilt(value)...), ',')
		}
		return append(bytes.TrimSuffix(b, []byte(",")), ']')
	}
	return data
}
