package connector

import (
	"encoding/json"
	"strings"

	"github.com/100ms-connector/connector-go/connector/internal/jsontext"
)

// document is a text cut into the fields of a credential.
type document struct {
	data   []byte
	start  int     // where the top-level value begins
	fields []field // of the top-level object, or those that a host has in their place
	value  any     // what the schema judges
	bare   bool    // no document, but a value alone
}

// field is one member of the document.
type field struct {
	jsontext.Member
	pointer    string // if it is not the key's
	whole      bool   // it is no field, but all of the text
	expanded   bool   // Text is what a variable stood for
	repeats    bool   // an earlier member has the same key
	superseded bool   // a later one has, which is the one that counts
}

// place is the field's pointer. It is made when it is needed, for most fields have no
// problem.
func (f *field) place() string {
	if f.whole || f.pointer != "" {
		return f.pointer
	}
	return pointer(f.Key)
}

// tokenField is the field that holds the token.
const tokenField = "api_key_value"

// readDocument cuts valid JSON. Fields are strings, so a value of any other type is
// not decoded: a stand-in of the same type is enough for the schema to say that the
// type is wrong, and no hostile number or nesting reaches the validator.
func readDocument(data []byte) document {
	doc := document{data: data}
	start, members := jsontext.Object(data)
	doc.start = start
	if members == nil {
		doc.value = standIn(data[start])
		return doc
	}
	doc.fields = make([]field, len(members))
	for i, m := range members {
		doc.fields[i] = field{Member: m}
	}
	if fields := hostFields(members); fields != nil {
		doc.fields = fields
	}
	doc.judgeKeys()
	return doc
}

// judgeKeys finds the keys that are given twice, and makes what the schema judges.
func (d *document) judgeKeys() {
	object := make(map[string]any, len(d.fields))
	repeated := false
	for i := range d.fields {
		f := &d.fields[i]
		var value any = f.Text
		if !f.IsText {
			value = standIn(f.Raw[0])
		}
		_, f.repeats = object[f.Key]
		repeated = repeated || f.repeats
		object[f.Key] = value
	}
	if repeated {
		later := make(map[string]bool, len(object))
		for i := len(d.fields) - 1; i >= 0; i-- {
			f := &d.fields[i]
			f.superseded = later[f.Key]
			later[f.Key] = true
		}
	}
	d.value = object
}

// last finds the field that counts; nil if there is none.
func (d *document) last(key string) *field {
	for i := len(d.fields) - 1; i >= 0; i-- {
		if d.fields[i].Key == key {
			return &d.fields[i]
		}
	}
	return nil
}

// hostShapes are the documents that hosts take and credential export writes, with
// the place of the token in them.
var hostShapes = []struct{ mark, object, token string }{
	{"credentials_type", "credentials", "api.key.auth.value"}, // Nexla's generic REST connector
	{"auth_mode", "config", "api.key.auth.value"},             // Nexla's agent API
}

// hostFields finds the credential in a document of a host's; nil if it is none.
func hostFields(members jsontext.Members) []field {
	for _, shape := range hostShapes {
		object := members.Last(shape.object)
		if members.Last(shape.mark) == nil || object == nil || object.Raw[0] != '{' {
			continue
		}
		_, inner := jsontext.Object(object.Raw)
		token := inner.Last(shape.token)
		if token == nil {
			continue
		}
		var fields []field
		for _, m := range members {
			if m.Key == "name" || m.Key == "description" {
				fields = append(fields, field{Member: m})
			}
		}
		found := field{Member: *token, pointer: pointer(shape.object, shape.token)}
		found.Key = tokenField
		found.KeyAt += object.ValueAt
		found.ValueAt += object.ValueAt
		found.Text = strings.TrimPrefix(found.Text, "Bearer ") // as the host wants it, and no damage
		return append(fields, found)
	}
	return nil
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
