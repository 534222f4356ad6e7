package jsontext

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Fault says where a text stops being JSON, and what stands there. An empty
// evidence means that it is JSON.
func Fault(data []byte) (at int, evidence string) {
	if json.Valid(data) {
		return 0, ""
	}
	var fault *json.SyntaxError
	var raw json.RawMessage
	if !errors.As(json.Unmarshal(data, &raw), &fault) {
		return 0, "this is not JSON"
	}
	if strings.Contains(fault.Error(), "unexpected end") {
		return len(bytes.TrimRight(data, " \t\r\n")), "the JSON ends too early: a quote or a bracket is not closed"
	}
	at = max(0, min(int(fault.Offset)-1, len(data)-1))
	for at > 0 && !utf8.RuneStart(data[at]) {
		at--
	}
	if strings.Contains(fault.Error(), "after top-level value") {
		return at, "something follows the JSON value"
	}
	if strings.Contains(fault.Error(), "depth") {
		return at, "the JSON is nested too deeply"
	}
	return at, misplaced(data[at:])
}

// misplaced says what the character at which JSON breaks off probably is.
func misplaced(rest []byte) string {
	switch r, _ := utf8.DecodeRune(rest); {
	case r == '\'':
		return "JSON strings stand in double quotes"
	case strings.ContainsRune("“”„‟«»‘’", r):
		return `this is a typographic quote; JSON strings stand in straight double quotes (")`
	case r == '/' || r == '#':
		return "JSON has no comments"
	case r == '}' || r == ']':
		return "a value is missing here, or a comma is too many"
	case r > unicode.MaxASCII && unicode.IsSpace(r):
		return "this is a no-break or another special space; replace it by a plain one"
	case unicode.Is(unicode.Cf, r):
		return "an invisible character stands here; delete it"
	case r < ' ':
		return "a line break or control character stands inside a string or in a wrong place"
	}
	return "this is not JSON: a comma, a quote or a colon may be missing before this place"
}
