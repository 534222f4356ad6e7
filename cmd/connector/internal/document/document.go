// Package document reads credential documents in the notations that files have.
// JSON is judged as it is. YAML and .env are translated to JSON, and the places of
// what is wrong are translated back, so that package connector knows JSON alone.
package document

import (
	"cmp"
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/100ms-connector/connector-go/connector"
)

// notation is how a document is written.
type notation struct {
	name      string
	translate func(data []byte) (*translation, error)
}

// of is the notation that a file's name tells; nil is JSON.
func of(name string) *notation {
	base := strings.ToLower(filepath.Base(name))
	switch ext := filepath.Ext(base); {
	case ext == ".yaml", ext == ".yml":
		return &notation{"YAML", fromYAML}
	case ext == ".env", base == ".env", strings.HasPrefix(base, ".env."):
		return &notation{".env", fromDotenv}
	}
	return nil
}

// Translates says whether a document of that file name is written in another
// notation than JSON.
func Translates(name string) bool { return of(name) != nil }

// Named says whether a name is that of a document, by its ending.
func Named(name string) bool {
	return strings.EqualFold(filepath.Ext(name), ".json") || of(name) != nil
}

// Problems is Validator.Problems for a document of that file name.
func Problems(v *connector.Validator, name string, data []byte) []connector.Problem {
	t, err := translated(name, data)
	if err != nil {
		return err.Problems
	}
	return t.placed(v.Problems(t.json))
}

// Parse is Validator.Parse for a document of that file name.
func Parse(v *connector.Validator, name string, data []byte) (*connector.Credential, error) {
	t, err := translated(name, data)
	if err != nil {
		return nil, err
	}
	cred, parseErr := v.Parse(t.json)
	if invalid, ok := errors.AsType[*connector.ValidationError](parseErr); ok {
		invalid.Problems = t.placed(invalid.Problems)
	}
	return cred, parseErr
}

// translated is the JSON of a document. What is no text, or too much of it, goes
// on as it is: package connector says what is wrong with it.
func translated(name string, data []byte) (*translation, *connector.ValidationError) {
	n := of(name)
	if n == nil || len(data) > connector.MaxDocument || !utf8.Valid(data) {
		return &translation{json: data}, nil
	}
	t, err := n.translate(data)
	if fault, ok := errors.AsType[*fault](err); ok {
		return nil, &connector.ValidationError{Problems: []connector.Problem{{
			Code: connector.Syntax, Severity: connector.SeverityError, Message: fault.message,
			Remedy: "Mend the " + n.name + " at this place.", Line: fault.line, Column: fault.column,
		}}}
	}
	return t, nil
}

// place is a line and a column, both from 1 and the column in characters.
type place struct{ line, column int }

// fault is why a document cannot be translated. Its message quotes nothing.
type fault struct {
	place
	message string
}

func (f *fault) Error() string { return f.message }

// translation is a document as JSON, in which every key and every value begins a
// line: the number of the line tells the place in the file.
type translation struct {
	json   []byte
	places []place // by the line of the JSON; nil if the document is its own JSON
}

// write adds text that begins a line of the JSON, and stands there in the file.
func (t *translation) write(text string, at place) {
	if len(t.places) > 0 {
		t.json = append(t.json, '\n')
	}
	t.places = append(t.places, at)
	t.json = append(t.json, text...)
}

// add adds text to the last line.
func (t *translation) add(text string) { t.json = append(t.json, text...) }

func quoted(s string) string {
	data, _ := json.Marshal(s) // a string always has a JSON
	return string(data)
}

// placed gives problems of the JSON their places in the file, and next steps that
// fit the file.
func (t *translation) placed(problems []connector.Problem) []connector.Problem {
	if t.places == nil {
		return problems
	}
	for i := range problems {
		p := &problems[i]
		at := t.places[min(p.Line, len(t.places))-1]
		p.Line, p.Column = at.line, at.column
		if remedy := remedies[p.Code]; remedy != "" {
			p.Remedy = remedy
		}
	}
	slices.SortStableFunc(problems, func(a, b connector.Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return problems
}

// remedies are the next steps that speak of JSON, for other notations.
var remedies = map[connector.Code]string{
	connector.EmptyDocument: "Write the fields name and api_key_value.",
	connector.WrongType:     "Write the value as text, in quotes.",
	connector.DuplicateKey:  "Keep one of them.",
}
