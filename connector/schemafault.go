package connector

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// judgeSchema turns what the schema rejects into problems. Only the place and
// the keyword are taken from the validator: its messages can quote values, and
// the order of its causes is not stable.
func (r *reading) judgeSchema(failure *jsonschema.ValidationError) {
	for _, cause := range failure.Causes {
		r.judgeSchema(cause)
	}
	if len(failure.Causes) > 0 {
		return
	}
	key := strings.TrimPrefix(failure.InstanceLocation, "/")
	switch keyword := path.Base(failure.KeywordLocation); keyword {
	case "required":
		r.missing()
	case "additionalProperties":
		r.unknown()
	case "type":
		r.wrongType(key)
	case "minLength", "pattern":
		if key == tokenField {
			return // judgeToken says it, for a value that is blank once cleaned too
		}
		r.once(key, Blank, r.field(key)+" must not be blank")
	case "maxLength":
		n, most := utf8.RuneCountInString(r.doc.members.last(key).text), credentialSchema().Properties[key].MaxLength
		r.once(key, TooLong, fmt.Sprintf("%s has %d characters, more than the %d allowed", r.field(key), n, most))
	default:
		panic("connector: no problem is declared for the schema's keyword " + keyword)
	}
}

// once adds a problem of a field's value, and closes the field: a blank name
// breaks two keywords and is one fault.
func (r *reading) once(key string, code Code, message string) {
	if r.settled[key] {
		return
	}
	r.settle(key)
	r.add(pointer(key), code, r.doc.members.last(key).valueAt, message)
}

func (r *reading) missing() {
	for _, f := range form() {
		if f.Required && r.doc.members.last(f.Name) == nil {
			r.add(pointer(f.Name), MissingField, r.doc.start, fmt.Sprintf("%s (%s) is required and missing", r.field(f.Name), f.Title))
		}
	}
}

func (r *reading) unknown() {
	for i := range r.doc.members {
		m := &r.doc.members[i]
		if isField(m.key) || m.superseded {
			continue
		}
		message := r.field(m.key) + " is not one of a credential"
		if near := nearest(m.key); near != "" {
			message += fmt.Sprintf("; did you mean %q?", near)
		}
		r.add(pointer(m.key), UnknownField, m.keyAt, message)
	}
}

func (r *reading) wrongType(key string) {
	if key == "" {
		r.add("", WrongType, r.doc.start, "a credential document is a JSON object, not "+typeName(r.doc.value))
		r.problems[len(r.problems)-1].Remedy = EmptyDocument.Info().Remedy
		return
	}
	value := r.doc.value.(map[string]any)[key]
	r.once(key, WrongType, fmt.Sprintf("%s must be a string, not %s", r.field(key), typeName(value)))
}

func typeName(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "true or false"
	case string:
		return "a string"
	case json.Number:
		return "a number"
	case []any:
		return "an array"
	}
	return "an object"
}

// isField says whether a key is one that the schema knows. It asks the compiled
// schema, which is there already; the form need not be read for a good document.
func isField(key string) bool { return credentialSchema().Properties[key] != nil }

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

// nearest is the field that a wrong key was probably meant to be, or empty.
func nearest(key string) string {
	if presentableName(key) != key {
		return ""
	}
	squeeze := func(s string) string {
		return strings.Map(func(c rune) rune {
			if c == '_' || c == '-' || c == ' ' || c == '.' {
				return -1
			}
			return c
		}, strings.ToLower(s))
	}
	given := squeeze(key)
	best, fewest := "", 3
	for _, f := range form() {
		want := squeeze(f.Name)
		d := editDistance(given, want)
		if len(given) >= 4 && strings.HasPrefix(want, given) {
			d = 1 // api_key, desc
		}
		if d < fewest && d < len(want)/2 {
			best, fewest = f.Name, d
		}
	}
	return best
}

// editDistance counts, by bytes, the letters to insert, drop, change or swap with
// their neighbour (optimal string alignment).
func editDistance(a, b string) int {
	var before, last []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, row = last, row, make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}
