package exchange

import (
	"iter"

	"github.com/100ms-connector/connector-go/connector/internal/jsontext"
)

// records makes the records of a page; added are the fields that each of them gets.
func (r *reading) records(p page, added []field) iter.Seq2[shaped, error] {
	return func(yield func(shaped, error) bool) {
		for _, row := range p.rows {
			switch {
			case r.stream.part != "":
				if !r.parts(row.data, yield) {
					return
				}
			case row.key != nil && len(r.stream.levels) > 0:
				with := append(added[:len(added):len(added)], field{r.stream.levels[0], row.key})
				if !yield(r.filter.record(row.data, with)) {
					return
				}
			default:
				if !yield(r.filter.record(row.data, added)) {
					return
				}
			}
		}
	}
}

// parts makes records of what stands in a parent's record. They are as old as that.
func (r *reading) parts(parent []byte, yield func(shaped, error) bool) bool {
	var id, at, account, part []byte
	for key, value := range jsontext.Each(parent) {
		switch string(key[1 : len(key)-1]) {
		case r.stream.of[0].field:
			id = value
		case r.stream.timeField():
			at = value
		case r.stream.account:
			account = value
		case r.stream.part:
			part = value
		}
	}
	if len(id) == 0 {
		return yield(shaped{}, unexpected("unexpected_response: a record of %s has no %s", r.stream.of[0].stream, r.stream.of[0].field))
	}
	made, from := parseTime(at), textOf(account)
	return r.flatten(part, r.stream.levels, []field{{r.stream.as, id}}, func(record shaped, err error) bool {
		record.At, record.account = made, from
		return yield(record, err)
	})
}

// flatten makes a record of each entry of maps within maps. An array in the place of
// the innermost map has records without its key.
func (r *reading) flatten(value []byte, levels []string, added []field, yield func(shaped, error) bool) bool {
	switch {
	case len(value) == 0 || value[0] != '{' && value[0] != '[':
		return true // there is none
	case len(levels) == 0 && value[0] == '{':
		return yield(r.filter.record(value, added))
	case value[0] == '[':
		for inner := range jsontext.Elements(value) {
			if !r.flatten(inner, nil, added, yield) {
				return false
			}
		}
		return true
	}
	for key, inner := range jsontext.Each(value) {
		if !r.flatten(inner, levels[1:], append(added[:len(added):len(added)], field{levels[0], key}), yield) {
			return false
		}
	}
	return true
}
