package tables

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/connector/internal/jsontext"
)

// kind is what a column holds.
type kind int

const (
	text kind = iota
	moment
	integer
	number
	boolean
	nested
	other // the column _other
)

// column is a column of a stream's table.
type column struct {
	name string
	kind kind
}

// columnsOf are the fields of a stream's schema, in its order.
func columnsOf(stream exchange.Stream) ([]column, error) {
	var schema struct {
		Properties map[string]struct {
			Type   types
			Format string
		}
	}
	if err := json.Unmarshal(stream.Schema(), &schema); err != nil {
		return nil, err
	}
	var found []column
	for _, name := range stream.Fields() {
		declared := schema.Properties[name]
		found = append(found, column{name, declared.Type.kind(declared.Format)})
	}
	return found, nil
}

// types are those that a schema allows for a field: one, or a list.
type types []string

// UnmarshalJSON takes a name alone for a list of it.
func (t *types) UnmarshalJSON(data []byte) error {
	if data[0] == '"' {
		*t = make(types, 1)
		return json.Unmarshal(data, &(*t)[0])
	}
	return json.Unmarshal(data, (*[]string)(t))
}

// kind is that of the column that holds them all.
func (t types) kind(format string) kind {
	one := slices.DeleteFunc(slices.Clone(t), func(name string) bool { return name == "null" })
	if len(one) != 1 {
		return nested
	}
	switch one[0] {
	case "string":
		if format == "date-time" {
			return moment
		}
		return text
	case "integer":
		return integer
	case "number":
		return number
	case "boolean":
		return boolean
	}
	return nested
}

// value is a JSON value as the column takes it. fits is false for one that it cannot
// hold as it is.
func (c column) value(d *Dialect, raw []byte) (value any, fits bool) {
	first := raw[0]
	if first == 'n' {
		return nil, true
	}
	switch c.kind {
	case text:
		if first == '"' && plain(raw) {
			return jsontext.Unquote(raw), true
		}
	case moment:
		if first == '"' {
			t, err := time.Parse(time.RFC3339, jsontext.Unquote(raw))
			return d.time(t), err == nil
		}
	case integer:
		n, err := strconv.ParseInt(string(raw), 10, 64)
		return n, err == nil
	case number:
		x, err := strconv.ParseFloat(string(raw), 64)
		return x, err == nil && !math.IsInf(x, 0)
	case boolean:
		return first == 't', first == 't' || first == 'f'
	case nested:
		return string(raw), plain(raw)
	}
	return nil, false
}

// plain says whether every database can hold a JSON text: it has neither the character
// NUL nor half of a surrogate pair.
func plain(raw []byte) bool {
	if bytes.IndexByte(raw, '\\') < 0 {
		return true
	}
	unit := func(at int) uint64 {
		if at+6 > len(raw) || raw[at] != '\\' || raw[at+1] != 'u' {
			return 0
		}
		n, _ := strconv.ParseUint(string(raw[at+2:at+6]), 16, 16) // of valid JSON
		return n
	}
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		if raw[i+1] != 'u' {
			i++
			continue
		}
		switch n := unit(i); {
		case n == 0, n >= 0xdc00 && n < 0xe000:
			return false
		case n >= 0xd800 && n < 0xdc00:
			if low := unit(i + 6); low < 0xdc00 || low >= 0xe000 {
				return false
			}
			i += 6
		}
		i += 5
	}
	return true
}
