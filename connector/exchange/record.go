package exchange

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/100ms-connector/connector-go/connector/internal/jsontext"
	"github.com/100ms-connector/connector-go/connector/internal/pasted"
)

// Record is one object of a stream, as the API gave it but for secrets.
type Record struct {
	Key  string          // the values of the stream's Key, joined by slashes; empty if the record lacks one
	At   time.Time       // when it was made, by its own word; zero if it does not say
	Data json.RawMessage // one object, on one line
}

// filter makes records of what the API gave. It is not safe for concurrent use.
type filter struct {
	stream  Stream
	marks   *marks
	secrets bool // they are passed on
	people  bool // personal fields are passed on

	unknown func(path string)
	path    []string // to the value at hand
	text    []byte   // in which records are written, one behind the other
}

// field is one that is added to a record: the name, and the value's JSON.
type field struct {
	name  string
	value []byte
}

// shaped is a record with what the walk wants to know of it.
type shaped struct {
	Record
	status  string
	account string
}

// record makes a record of an object's text; added are fields that it gets, or that
// replace its own.
func (f *filter) record(raw []byte, added []field) (shaped, error) {
	var found shaped
	if len(raw) == 0 || raw[0] != '{' {
		return found, unexpected("unexpected_response: a record of %s is no object", f.stream.Name)
	}
	keys := make([][]byte, len(f.stream.Key))
	at := f.stream.timeField()
	look := func(name string, value []byte) {
		for i, key := range f.stream.Key {
			if name == key {
				keys[i] = value
			}
		}
		switch name {
		case at:
			found.At = parseTime(value)
		case f.stream.status:
			found.status = textOf(value)
		case f.stream.account:
			found.account = textOf(value)
		}
	}
	if cap(f.text)-len(f.text) < len(raw)+256 {
		f.text = make([]byte, 0, max(64<<10, 2*len(raw)))
	}
	from := len(f.text)
	f.text = append(f.text, '{')
	for _, a := range added {
		look(a.name, a.value)
		f.text = append(append(append(f.begin(from), '"'), a.name...), `":`...)
		f.text = append(f.text, a.value...)
	}
	f.path = f.path[:0]
members:
	for key, value := range jsontext.Each(raw) {
		name := key[1 : len(key)-1]
		for _, a := range added {
			if string(name) == a.name {
				continue members
			}
		}
		look(string(name), value)
		f.member(from, key, value, f.marks)
	}
	f.text = append(f.text, '}')
	found.Data = f.text[from:len(f.text):len(f.text)]
	if !utf8.Valid(found.Data) {
		found.Data = []byte(string([]rune(string(found.Data)))) // U+FFFD for each byte, as encoding/json reads it
	}
	found.Data = oneLine(found.Data)
	found.Key = keyOf(keys)
	return found, nil
}

// begin is the text with a comma, if a member stands behind the bracket at from.
func (f *filter) begin(from int) []byte {
	if len(f.text) > from+1 {
		return append(f.text, ',')
	}
	return f.text
}

// member writes one member of the object that began at from.
func (f *filter) member(from int, key, value []byte, of *marks) {
	name := key[1 : len(key)-1]
	if bytes.IndexByte(name, '\\') >= 0 {
		name = []byte(jsontext.Unquote(key))
	}
	m, known := of.member(name)
	if m.personal && !f.people {
		return
	}
	f.text = append(append(f.begin(from), key...), ':')
	if !known {
		f.unknown(strings.Join(append(f.path, string(name)), "."))
	}
	if c := value[0]; c == '{' || c == '[' {
		f.path = append(f.path, string(name))
		f.value(value, m)
		f.path = f.path[:len(f.path)-1]
		return
	}
	f.value(value, m)
}

// value writes a value, without white space between its parts.
func (f *filter) value(value []byte, m *marks) {
	switch from := len(f.text); value[0] {
	case '{':
		f.text = append(f.text, '{')
		for key, inner := range jsontext.Each(value) {
			f.member(from, key, inner, m)
		}
		f.text = append(f.text, '}')
	case '[':
		f.text = append(f.text, '[')
		for inner := range jsontext.Elements(value) {
			f.text = f.begin(from)
			f.value(inner, m.element())
		}
		f.text = append(f.text, ']')
	case '"':
		f.text = append(f.text, f.shown(value, m.secret)...)
	default:
		f.text = append(f.text, value...)
	}
}

var redacted = []byte(`"` + pasted.Redacted + `"`)

// shown is a string as it is passed on. An empty one hides nothing.
func (f *filter) shown(value []byte, s secrecy) []byte {
	if s == open || f.secrets || len(value) == 2 {
		return value
	}
	if s == secret {
		return redacted
	}
	text := jsontext.Unquote(value)
	if s == undecided {
		if secretValue(text) {
			return redacted
		}
		return value
	}
	if kept := withoutAccess(text); kept != text {
		return quote(kept)
	}
	return value
}

func quote(text string) []byte {
	data, _ := json.Marshal(text) // a string can be marshalled
	return data
}

// keyOf joins the values of a key, so that different keys never look alike.
func keyOf(values [][]byte) string {
	if len(values) == 1 {
		return textOf(values[0])
	}
	var b strings.Builder
	for i, value := range values {
		if len(value) == 0 || value[0] == 'n' {
			return ""
		}
		text := textOf(value)
		if i > 0 {
			b.WriteByte('/')
		}
		if strings.ContainsAny(text, "/%") {
			text = escapeKey.Replace(text)
		}
		b.WriteString(text)
	}
	return b.String()
}

var escapeKey = strings.NewReplacer("%", "%25", "/", "%2F")

// textOf is a string's content, or a number's or a literal's text; empty for null.
func textOf(value []byte) string {
	switch {
	case len(value) == 0 || value[0] == 'n':
		return ""
	case value[0] == '"':
		return jsontext.Unquote(value)
	}
	return string(value)
}

// parseTime reads a time as the API writes it, with 0 to 9 digits of fraction; zero
// if it is none.
func parseTime(value []byte) time.Time {
	t, err := time.Parse(time.RFC3339, textOf(value))
	if err != nil {
		return time.Time{}
	}
	return t
}
