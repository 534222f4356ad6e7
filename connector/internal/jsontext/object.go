// Package jsontext reads JSON as text: where its members and strings stand, and
// where it stops being JSON. encoding/json tells none of that.
//
// All offsets are in bytes from the start of the text. The functions that take
// valid JSON panic or return nonsense for anything else: ask [Fault] first.
package jsontext

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// Members are the keys of a JSON object with their values, in the order of the
// text and with repetitions.
type Members []Member

// Member is one key of an object with its value.
type Member struct {
	Key     string
	KeyAt   int    // where the key's opening quote stands
	ValueAt int    // where the value begins
	Raw     []byte // the value's text, a part of the input
	Text    string // the value, if it is a string
	IsText  bool
}

// Object cuts valid JSON into the members of its object. start is where the
// top-level value begins; the members are nil if it is not an object.
func Object(data []byte) (start int, found Members) {
	s := scanner{data: data}
	s.space()
	start = s.at
	if data[s.at] != '{' {
		return start, nil
	}
	return start, s.members()
}

// members cuts the object at which the scanner stands.
func (s *scanner) members() Members {
	found := make(Members, 0, 7) // a token has seven claims
	s.at++
	for s.space(); s.data[s.at] != '}'; s.space() {
		m := Member{KeyAt: s.at}
		m.Key = unquote(s.skip())
		s.space()
		s.at++ // the colon
		s.space()
		m.ValueAt = s.at
		m.Raw = s.skip()
		if m.Raw[0] == '"' {
			m.Text, m.IsText = unquote(m.Raw), true
		}
		found = append(found, m)
		s.space()
		if s.data[s.at] == ',' {
			s.at++
		}
	}
	return found
}

// Last finds the last member of that name, which is the one that counts; nil if
// there is none. Unlike encoding/json it does not take EXP for exp.
func (m Members) Last(key string) *Member {
	for i := len(m) - 1; i >= 0; i-- {
		if m[i].Key == key {
			return &m[i]
		}
	}
	return nil
}

// IsNull says whether the value is null.
func (m *Member) IsNull() bool { return m.Raw[0] == 'n' }

// String is one string of a document, wherever it stands.
type String struct {
	Path []string // the keys and indexes that lead to it
	At   int      // where its opening quote stands
	Text string
}

// Strings lists the values that are strings, at any depth, in the order of the
// text. It stops at a depth of 100, which no document of people has.
func Strings(data []byte) []String {
	s := scanner{data: data}
	s.space()
	return s.strings(nil, 100, nil)
}

func (s *scanner) strings(path []string, depth int, found []String) []String {
	switch at := s.at; {
	case s.data[at] == '"':
		return append(found, String{path, at, unquote(s.skip())})
	case depth == 0 || s.data[at] != '{' && s.data[at] != '[':
		s.skip()
		return found
	case s.data[at] == '{':
		for _, m := range s.members() {
			inner := scanner{data: s.data, at: m.ValueAt}
			found = inner.strings(append(slices.Clip(path), m.Key), depth-1, found)
		}
		s.at++
		return found
	}
	s.at++
	i := 0
	for s.space(); s.data[s.at] != ']'; s.space() {
		found = s.strings(append(slices.Clip(path), strconv.Itoa(i)), depth-1, found)
		i++
		s.space()
		if s.data[s.at] == ',' {
			s.at++
		}
	}
	s.at++
	return found
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

// unquote decodes a valid JSON string.
func unquote(raw []byte) string {
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1])
	}
	var s string
	_ = json.Unmarshal(raw, &s) // it is valid
	return s
}
