package batch

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/connector/exchange/sink"
	"github.com/100ms-connector/connector-go/connector/internal/words"
)

// csv reads rows under a header. The action's schema says what type each cell has.
func (r *reading) csv() error {
	c := csv.NewReader(bytes.NewReader(r.text))
	c.FieldsPerRecord = -1
	types := typesOf(r.action)
	header, err := c.Read()
	if err != nil {
		return broken(err)
	}
	columns := slices.Clone(header)
	for i, name := range columns {
		line, column := c.FieldPos(i)
		said := ""
		switch {
		case slices.Contains(columns[:i], name):
			said = fmt.Sprintf("the column %.100q stands twice", name)
		case types[name] == "":
			said = fmt.Sprintf("the column %.100q is none of the fields of this action", name)
			if near := words.Nearest(name, slices.Sorted(maps.Keys(types))); near != "" {
				said += fmt.Sprintf("; did you mean %q?", near)
			}
		default:
			continue
		}
		r.invalid(line, column, line, exchange.Problem{Code: exchange.CodeSchema, Message: said})
	}
	if len(r.Invalid) > 0 {
		return nil // every row would have the same fault
	}
	for {
		before := c.InputOffset()
		row, err := c.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return broken(err)
		}
		if err := r.row(c, columns, types, row, r.text[before:c.InputOffset()]); err != nil {
			return err
		}
	}
}

// row judges one row.
func (r *reading) row(c *csv.Reader, columns []string, types map[string]string, row []string, raw []byte) error {
	if len(r.Records)+len(r.Invalid) >= MaxRecords {
		return fmt.Errorf("%w: it has more than 250,000 records; cut it into several", ErrFile)
	}
	line, _ := c.FieldPos(0)
	if len(row) != len(columns) {
		_, column := c.FieldPos(len(row) - 1)
		r.invalid(line, column, line, exchange.Problem{Code: exchange.CodeSchema, Message: fmt.Sprintf("the row has %d cells, and the header %d columns", len(row), len(columns))})
		return nil
	}
	record := []byte{'{'}
	for i, cell := range row {
		if cell == "" {
			continue
		}
		if len(record) > 1 {
			record = append(record, ',')
		}
		record = append(append(append(record, quoted(columns[i])...), ':'), typed(cell, types[columns[i]])...)
	}
	record = append(record, '}')
	problems := r.action.Judge(record)
	for _, p := range problems {
		name, _, _ := strings.Cut(p.Field, ".")
		physical, column := line, 1
		if i := slices.Index(columns, name); i >= 0 {
			physical, column = c.FieldPos(i)
		}
		r.invalid(line, column, physical, p)
	}
	if len(problems) == 0 {
		r.Records = append(r.Records, Record{line, sha256.Sum256(bytes.Trim(raw, "\r\n")), record})
	}
	return nil
}

// broken is the error of what is no CSV.
func broken(err error) error {
	if fault, ok := errors.AsType[*csv.ParseError](err); ok {
		return fmt.Errorf("%w: it is neither JSON nor CSV: line %d, column %d: %w", ErrFile, fault.Line, fault.Column, fault.Err)
	}
	return fmt.Errorf("%w: %w", ErrFile, err)
}

// typesOf are the types of the fields of an action's records.
func typesOf(action exchange.Action) map[string]string {
	var schema struct {
		Properties map[string]struct{ Type string }
	}
	_ = json.Unmarshal(action.Schema(), &schema) // tests hold each schema
	types := map[string]string{}
	for name, field := range schema.Properties {
		types[name] = field.Type
	}
	return types
}

var number = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)

// typed is a cell as JSON. One that does not fit its type stays a text, so that the
// rules say what it must be.
func typed(cell, kind string) []byte {
	cell = sink.Unguard(cell)
	switch kind {
	case "integer", "number":
		if number.MatchString(cell) {
			return []byte(cell)
		}
	case "boolean":
		if lower := strings.ToLower(cell); lower == "true" || lower == "false" { // spreadsheets write TRUE
			return []byte(lower)
		}
	case "object", "array":
		if text := []byte(cell); json.Valid(text) {
			return text
		}
	}
	return quoted(cell)
}

func quoted(text string) []byte {
	data, _ := json.Marshal(text) // a text can be marshalled
	return data
}
