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
	start   int     // offset of the top-level value
	members members // of the top-level object
	value   any     // what the schema judges
}

// members are the keys of a JSON object with their values, in the order of the
// text and with repetitions.
type members []member

// member is one key of an object with its value.
type member struct {
	key        string
	keyAt      int    // offset of the key's opening quote
	valueAt    int    // offset of the value's first character
	raw        []byte // the value's text, a part of the input
	text       string // the value, if it is a string
	isText     bool
	expanded   bool // text is what a variable stood for
	repeats    bool // an earlier member has the same key
	superseded bool // a later one has, which is the one that counts
}

// walk cuts a text that json.Valid has accepted into the members of its object.
// Fields are strings, so a value of any other type is not decoded: a stand-in of
// the same type is enough for the schema to say that the type is wrong, and no
// hostile number or nesting reaches the validator.
func walk(data []byte) document {
	doc := document{data: data}
	doc.start, doc.members = cut(data)
	if doc.members == nil {
		doc.value = standIn(data[doc.start])
		return doc
	}
	object := make(map[string]any, len(doc.members))
	repeated := false
	for i := range doc.members {
		m := &doc.members[i]
		var value any = m.text
		if !m.isText {
			value = standIn(m.raw[0])
		}
		_, m.repeats = object[m.key]
		repeated = repeated || m.repeats
		object[m.key] = value
	}
	if repeated {
		later := make(map[string]bool, len(object))
		for i := len(doc.members) - 1; i >= 0; i-- {
			m := &doc.members[i]
			m.superseded = later[m.key]
			later[m.key] = true
		}
	}
	doc.value = object
	return doc
}

// cut steps once over valid JSON. The members are nil if it is not an object.
func cut(data []byte) (start int, found members) {
	s := scanner{data: data}
	s.space()
	start = s.at
	if data[s.at] != '{' {
		return start, nil
	}
	found = make(members, 0, 7) // a token has seven claims
	s.at++
	for s.space(); data[s.at] != '}'; s.space() {
		m := member{keyAt: s.at}
		m.key = unquote(s.skip())
		s.space()
		s.at++ // the colon
		s.space()
		m.valueAt = s.at
		m.raw = s.skip()
		if m.raw[0] == '"' {
			m.text, m.isText = unquote(m.raw), true
		}
		found = append(found, m)
		s.space()
		if data[s.at] == ',' {
			s.at++
		}
	}
	return start, found
}

// last finds the last member of that name, which is the one that counts; nil if
// there is none. Unlike encoding/json it does not take EXP for exp.
func (m members) last(key string) *member {
	for i := len(m) - 1; i >= 0; i-- {
		if m[i].key == key {
			return &m[i]
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
