package connector

import (
	"encoding/json"
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
