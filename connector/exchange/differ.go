package exchange

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// differing lists the fields of a record that what is there does not have as the record
// wants them, sorted. Secrets are not compared, for the API may mask them; a value that
// says nothing (0, false, empty) is the same as none.
func differing(want map[string]json.RawMessage, have object, of *marks) []string {
	var fields []string
	for name, value := range want {
		inner, _ := of.member([]byte(name))
		if !same(value, have[name], inner) {
			fields = append(fields, name)
		}
	}
	slices.Sort(fields)
	return fields
}

// same says whether a value is as a record wants it.
func same(want, have json.RawMessage, of *marks) bool {
	switch {
	case of.secret == secret:
		return true
	case saysNothing(have):
		return saysNothing(want) || onlySecrets(want, of)
	case want[0] == '{':
		var w map[string]json.RawMessage
		var h object
		return json.Unmarshal(want, &w) == nil && json.Unmarshal(have, &h) == nil && h != nil && len(differing(w, h, of)) == 0
	case want[0] == '[':
		var w, h []json.RawMessage
		return json.Unmarshal(want, &w) == nil && json.Unmarshal(have, &h) == nil &&
			slices.EqualFunc(w, h, func(w, h json.RawMessage) bool { return same(w, h, of.element()) })
	case want[0] == '"' && have[0] == '"':
		w, h := textOf(want), textOf(have)
		return w == h || of.secret == inURL && withoutAccess(w) == withoutAccess(h)
	}
	return bytes.Equal(bytes.TrimSpace(want), bytes.TrimSpace(have)) || sameNumber(want, have)
}

func sameNumber(a, b json.RawMessage) bool {
	var x, y float64
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && x == y
}

// saysNothing says whether a value is absent or what the API leaves out.
func saysNothing(value json.RawMessage) bool {
	switch text := strings.Join(strings.Fields(string(value)), ""); text {
	case "", "null", "0", "0.0", "false", `""`, "[]", "{}":
		return true
	}
	if len(value) > 0 && value[0] == '{' {
		var members map[string]json.RawMessage
		_ = json.Unmarshal(value, &members) // without members it says nothing
		for _, member := range members {
			if !saysNothing(member) {
				return false
			}
		}
		return true
	}
	return false
}

// onlySecrets says whether a value has nothing that could be compared.
func onlySecrets(value json.RawMessage, of *marks) bool {
	if of.secret == secret {
		return true
	}
	var members map[string]json.RawMessage
	if value[0] != '{' || json.Unmarshal(value, &members) != nil {
		return false
	}
	for name, member := range members {
		if inner, _ := of.member([]byte(name)); !onlySecrets(member, inner) && !saysNothing(member) {
			return false
		}
	}
	return true
}

// derived are the fields of a room that follow from others.
var derived = []string{"updated_at", "recording", "recording_source_template", "enabled_source_template", "customer", "key", "template", "app_id"}

// changedMore lists the fields that differ between two looks at a room, beside those that
// were written and what follows from them. A field that one of the looks does not show
// is not compared.
func changedMore(before, after object, written []string) []string {
	var fields []string
	for name, value := range before {
		now, shown := after[name]
		if !shown || slices.Contains(derived, name) || slices.Contains(written, name) {
			continue
		}
		if !alike(value, now) {
			fields = append(fields, name)
		}
	}
	slices.Sort(fields)
	return fields
}

// alike compares two answers: times by what they mean to the millisecond, for some
// answers have more digits than others, and what is masked with what is not.
func alike(a, b json.RawMessage) bool {
	if saysNothing(a) && saysNothing(b) {
		return true
	}
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return false
	}
	if s, t := parseTime(a), parseTime(b); !s.IsZero() && !t.IsZero() {
		return s.Truncate(time.Millisecond).Equal(t.Truncate(time.Millisecond))
	}
	ax, _ := json.Marshal(x) // what was JSON can be marshalled
	ay, _ := json.Marshal(y)
	return bytes.Equal(ax, ay)
}
