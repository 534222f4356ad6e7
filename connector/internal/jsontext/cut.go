package jsontext

import (
	"bytes"
	"iter"
)

// Each cuts the object of valid JSON into its members, one after the other and
// without copying: the key as it stands, in its quotes, and the value's text. It
// yields nothing if data is no object.
func Each(data []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		s := scanner{data: data}
		if s.space(); s.at == len(data) || data[s.at] != '{' {
			return
		}
		s.at++
		for s.space(); data[s.at] != '}'; s.space() {
			key := s.string()
			s.space()
			s.at++ // the colon
			s.space()
			if !yield(key, s.value()) {
				return
			}
			s.space()
			if data[s.at] == ',' {
				s.at++
			}
		}
	}
}

// Elements cuts the array of valid JSON into the texts of its elements. It yields
// nothing if data is no array.
func Elements(data []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		s := scanner{data: data}
		if s.space(); s.at == len(data) || data[s.at] != '[' {
			return
		}
		s.at++
		for s.space(); data[s.at] != ']'; s.space() {
			if !yield(s.value()) {
				return
			}
			s.space()
			if data[s.at] == ',' {
				s.at++
			}
		}
	}
}

// Unquote decodes a valid JSON string, its quotes included.
func Unquote(raw []byte) string { return unquote(raw) }

// string steps over a string and returns it with its quotes.
func (s *scanner) string() []byte {
	from := s.at
	s.at++
	for {
		end := bytes.IndexByte(s.data[s.at:], '"')
		escape := bytes.IndexByte(s.data[s.at:s.at+end], '\\')
		if escape < 0 {
			s.at += end + 1
			return s.data[from:s.at]
		}
		s.at += escape + 2
	}
}

// value is skip for data of many megabytes: it looks for quotes by words.
func (s *scanner) value() []byte {
	from, depth := s.at, 0
	for {
		switch c := s.data[s.at]; c {
		case '"':
			s.string()
		case '{', '[':
			depth++
			s.at++
		case '}', ']':
			depth--
			s.at++
		default:
			s.at++
			if depth > 0 {
				continue
			}
			for s.at < len(s.data) && !ends(s.data[s.at]) { // a number or a literal
				s.at++
			}
		}
		if depth == 0 {
			return s.data[from:s.at]
		}
	}
}

// ends says whether a byte stands behind a number or a literal.
func ends(c byte) bool {
	return c == ',' || c == '}' || c == ']' || c == ' ' || c == '\n' || c == '\r' || c == '\t'
}
