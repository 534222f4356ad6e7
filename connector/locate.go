package connector

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// document is a JSON text walked once: what a JSON object decodes to, and where
// in the text its parts stand, which encoding/json does not tell.
type document struct {
	data    []byte
	start   int      // offset of the top-level value
	members []member // of the top-level object, in the order of the text
	value   any      // what the schema judges
}

// member is one key of the document's object with its value.
type member struct {
	key      string
	keyAt    int // offset of the key's opening quote
	valueAt  int // offset of the value's first character
	text     string
	isText   bool
	repeats  bool // an earlier member has the same key
	halfPair bool
}

// walk cuts a text that json.Valid has accepted into the members of its object.
// Fields are strings, so a value of any other type is not decoded: a stand-in of
// the same type is enough for the schema to say that the type is wrong, and no
// hostile number or nesting reaches the validator.
func walk(data []byte) document {
	s := scanner{data: data}
	s.space()
	doc := document{data: data, start: s.at}
	if data[s.at] != '{' {
		doc.value = standIn(data[s.at])
		return doc
	}
	object := make(map[string]any, 4)
	doc.value = object
	s.at++
	for s.space(); data[s.at] != '}'; s.space() {
		m := member{keyAt: s.at}
		m.key = unquote(s.skip())
		s.space()
		s.at++ // the colon
		s.space()
		m.valueAt = s.at
		raw := s.skip()
		var value any = standIn(raw[0])
		if raw[0] == '"' {
			m.text, m.isText = unquote(raw), true
			m.halfPair = strings.ContainsRune(m.text, utf8.RuneError) && loneSurrogate(raw)
			value = m.text
		}
		_, m.repeats = object[m.key]
		object[m.key] = value
		doc.members = append(doc.members, m)
		s.space()
		if data[s.at] == ',' {
			s.at++
		}
	}
	return doc
}

// member finds the last member of that name, which is the one that counts.
func (d *document) member(key string) *member {
	for i := len(d.members) - 1; i >= 0; i-- {
		if d.members[i].key == key {
			return &d.members[i]
		}
	}
	return nil
}

// scanner steps over JSON that is known to be valid.
type scanner struct {
	data []byte
	at   int
}

func (s *scanner) space() {
	for s.at < len(s.data) && strings.IndexByte(" \t\r\n", s.data[s.at]) >= 0 {
		s.at++
	}
}

// skip steps over one value and returns its text. It counts brackets instead of
// recursing, so that depth costs nothing.
func (s *scanner) skip() []byte {
	from, depth := s.at, 0
	for {
		switch s.data[s.at] {
		case '"':
			for s.at++; s.data[s.at] != '"'; s.at++ {
				if s.data[s.at] == '\\' {
					s.at++
				}
			}
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		s.at++
		if depth > 0 {
			continue
		}
		// A number or a literal has no end of its own.
		if first := s.data[from]; first == '"' || first == '{' || first == '[' ||
			s.at == len(s.data) || strings.IndexByte(" \t\r\n,}]", s.data[s.at]) >= 0 {
			return s.data[from:s.at]
		}
	}
}

// standIn is a value of the JSON type that begins with c.
func standIn(c byte) any {
	switch c {
	case '{':
		return map[string]any{}
	case '[':
		return []any{}
	case '"':
		return ""
	case 't', 'f':
		return true
	case 'n':
		return nil
	}
	return json.Number("0")
}

// unquote decodes a valid JSON string.
func unquote(raw []byte) string {
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1])
	}
	var s string
	_ = json.Unmarshal(raw, &s) // it is valid
	return s
}

// loneSurrogate says whether a JSON string has half of a surrogate pair, which
// encoding/json silently replaces.
func loneSurrogate(raw []byte) bool {
	high := false // the last escape was a high half
	for i := 1; i < len(raw)-1; i++ {
		half := byte(0)
		if raw[i] == '\\' {
			i++
			if raw[i] == 'u' {
				if d := raw[i+1] | 0x20; d == 'd' {
					half = raw[i+2] | 0x20 // 8 9 a b are high, c d e f are low
				}
				i += 4
			}
		}
		low := half >= 'c' && half <= 'f'
		if high != low {
			return true
		}
		high = half == '8' || half == '9' || half == 'a' || half == 'b'
	}
	return high
}

// position turns a byte offset into a line and a column, both from 1 and the
// column in characters.
func position(data []byte, offset int) (line, column int) {
	before := data[:min(offset, len(data))]
	line = 1 + bytes.Count(before, []byte{'\n'})
	return line, 1 + utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])
}
