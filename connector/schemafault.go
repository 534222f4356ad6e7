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
		n, most := utf8.RuneCountInString(r.doc.last(key).Text), credentialSchema().Properties[key].MaxLength
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
	f := r.doc.last(key)
	r.add(f.place(), code, f.ValueAt, message)
}

func (r *reading) missing() {
	for _, f := range form() {
		if !f.Required || r.doc.last(f.Name) != nil {
			continue
		}
		message := fmt.Sprintf("%s (%s) is required and missing", r.field(f.Name), f.Title)
		found := r.tokensElsewhere()
		if f.Name != tokenField || len(found) == 0 {
			r.add(pointer(f.Name), MissingField, r.doc.start, message)
			continue
		}
		r.add(pointer(f.Name), MissingField, r.doc.start, message+"; the token stands in "+found[0].name())
		r.problems[len(r.problems)-1].Remedy = found[0].remedy()
	}
}

// unknown judges the fields that are none of a credential's. One that holds the
// token is named as its place; beside it, in a document that somebody else made,
// nothing is to be removed.
func (r *reading) unknown() {
	found := r.tokensElsewhere()
	at := map[string]bool{}
	for _, t := range found {
		at[t.Path[0]] = true
		offset := t.At
		if f := r.doc.last(t.Path[0]); len(t.Path) == 1 && f != nil {
			offset = f.KeyAt
		}
		r.add(pointer(t.Path...), UnknownField, offset, fmt.Sprintf("the field %s holds %s; a credential has it in %q", t.name(), t.what, tokenField))
		r.problems[len(r.problems)-1].Remedy = t.remedy()
	}
	foreign := len(found) > 0 && r.doc.last(tokenField) == nil
	for i := range r.doc.fields {
		f := &r.doc.fields[i]
		near := nearest(f.Key)
		if foreign && near == "" || isField(f.Key) || f.superseded || at[f.Key] || r.settled[f.Key] {
			continue
		}
		message := r.field(f.Key) + " is not one of a credential"
		if near != "" {
			message += fmt.Sprintf("; did you mean %q?", near)
		}
		r.add(f.place(), UnknownField, f.KeyAt, message)
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

// isField says whether a key is one that the schema knows.
func isField(key string) bool { return credentialSchema().Properties[key] != nil }
