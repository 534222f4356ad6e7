package output

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/100ms-connector/connector-go/connector"
)

// jsonDocument is one JSON document for all results, which are written as they come;
// schema/ describes it.
type jsonDocument struct {
	list    *List
	summary map[string]int
}

func newJSON(w io.Writer, o Options) Format {
	d := &jsonDocument{list: NewList(w, "results"), summary: map[string]int{}}
	for _, name := range outcomes(o.Verb) {
		d.summary[name] = 0
	}
	return d
}

func (d *jsonDocument) Result(r Result) error {
	d.summary[outcome(r)]++
	if r.Report != nil {
		return d.list.Add(struct {
			Source string `json:"source"`
			*connector.Report
		}{r.Source, r.Report})
	}
	v := struct {
		Source   string              `json:"source"`
		Valid    bool                `json:"valid"`
		Problems []connector.Problem `json:"problems"`
		Error    string              `json:"error,omitempty"` // why it could not be read
	}{Source: r.Source, Valid: r.Status(false) == Passed, Problems: r.Problems}
	if v.Problems == nil {
		v.Problems = []connector.Problem{}
	}
	if r.Err != nil {
		v.Error = Reason(r.Err)
	}
	return d.list.Add(v)
}

func (d *jsonDocument) End() error { return d.list.End("summary", d.summary) }

// List writes a JSON document with one list, an item at a time: what JSON writes of
// {"schema_version": 1, NAME: [ITEM, …]}, without all items in memory.
type List struct {
	w     *bufio.Writer
	text  bytes.Buffer
	e     *json.Encoder
	items int
}

// NewList begins one.
func NewList(w io.Writer, name string) *List {
	l := &List{w: bufio.NewWriterSize(w, 64<<10)}
	l.e = json.NewEncoder(&l.text)
	l.e.SetEscapeHTML(false)
	fmt.Fprintf(l.w, "{\n  \"schema_version\": 1,\n  %q: [", name)
	return l
}

// Add writes an item.
func (l *List) Add(item any) error {
	if l.items++; l.items > 1 {
		l.w.WriteByte(',')
	}
	return l.value("    ", "\n    ", item)
}

// value writes a value, behind a text, with its lines indented.
func (l *List) value(indent, before string, v any) error {
	l.text.Reset()
	l.e.SetIndent(indent, "  ")
	if err := l.e.Encode(v); err != nil {
		return err
	}
	l.w.WriteString(before)
	_, err := l.w.Write(bytes.TrimRight(l.text.Bytes(), "\n"))
	return err
}

// End ends the document, with one more member unless its name is empty.
func (l *List) End(name string, v any) error {
	if l.items > 0 {
		l.w.WriteString("\n  ")
	}
	l.w.WriteByte(']')
	if name != "" {
		if err := l.value("  ", fmt.Sprintf(",\n  %q: ", name), v); err != nil {
			return err
		}
	}
	l.w.WriteString("\n}\n")
	return l.w.Flush()
}

// JSON prints a value for people and machines alike.
func JSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
