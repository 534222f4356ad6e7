package connector

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"
)

// syntaxFault says where a text stops being JSON, and what stands there. An
// empty evidence means that it is JSON.
func syntaxFault(data []byte) (at int, evidence string) {
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
	switch c := data[at]; {
	case c == '\'':
		return at, "JSON strings stand in double quotes"
	case c == '/' || c == '#':
		return at, "JSON has no comments"
	case c == '}' || c == ']':
		return at, "a value is missing here, or a comma is too many"
	case c < ' ':
		return at, "a line break or control character stands inside a string or in a wrong place"
	}
	return at, "this is not JSON: a comma, a quote or a colon may be missing before this place"
}
