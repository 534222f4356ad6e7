package sink

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"

	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/connector/internal/jsontext"
)

// Encoder writes records in one format.
type Encoder interface {
	Header(text []byte) []byte // appends what stands before the first record
	Record(text []byte, record exchange.Record) []byte
}

// Formats are the names of the formats, which are also the endings of their files.
func Formats() []string { return []string{"jsonl", "csv"} }

// NewEncoder makes the encoder of a format for one stream.
func NewEncoder(format string, stream exchange.Stream) Encoder {
	if format == "csv" {
		return &table{fields: stream.Fields()}
	}
	return lines{}
}

// lines are JSON Lines: the record alone.
type lines struct{}

func (lines) Header(text []byte) []byte { return text }
func (lines) Record(text []byte, record exchange.Record) []byte {
	return append(append(text, record.Data...), '\n')
}

// Named makes JSON Lines that say of which stream a record is, for several streams in
// one output.
func Named(stream exchange.Stream) Encoder {
	return named(`{"stream":"` + stream.Name + `","record":`) // names of streams are plain
}

type named string

func (named) Header(text []byte) []byte { return text }
func (n named) Record(text []byte, record exchange.Record) []byte {
	return append(append(append(text, n...), record.Data...), "}\n"...)
}

// table is CSV as in RFC 4180, with line feeds: a column for each field that the schema
// declares. Null and absent are empty cells, what is nested stands as JSON, and a string
// that a spreadsheet would take for a formula stands behind an apostrophe.
type table struct {
	fields []string
	cells  [][]byte
}

func (t *table) Header(text []byte) []byte {
	for i, name := range t.fields {
		if i > 0 {
			text = append(text, ',')
		}
		text = cell(text, name)
	}
	return append(text, '\n')
}

func (t *table) Record(text []byte, record exchange.Record) []byte {
	if t.cells == nil {
		t.cells = make([][]byte, len(t.fields))
	}
	clear(t.cells)
	for key, value := range jsontext.Each(record.Data) {
		for i, name := range t.fields {
			if string(key[1:len(key)-1]) == name {
				t.cells[i] = value
			}
		}
	}
	for i, value := range t.cells {
		if i > 0 {
			text = append(text, ',')
		}
		switch {
		case len(value) == 0 || bytes.Equal(value, []byte("null")):
		case value[0] == '"':
			text = cell(text, Guard(jsontext.Unquote(value)))
		default:
			text = cell(text, string(value))
		}
	}
	return append(text, '\n')
}

// cell appends a value, in quotes if it needs them.
func cell(text []byte, value string) []byte {
	if !strings.ContainsAny(value, ",\"\r\n") && !strings.HasPrefix(value, " ") && value != `\.` {
		return append(text, value...)
	}
	text = append(text, '"')
	text = append(text, strings.ReplaceAll(value, `"`, `""`)...)
	return append(text, '"')
}

const formulas = "=+-@"

// Guard puts an apostrophe before a text that a spreadsheet would take for a formula,
// and before one that looks guarded, so that Unguard gives every text back.
func Guard(text string) string {
	if rest := strings.TrimLeft(text, "'"); rest != "" && strings.IndexByte(formulas, rest[0]) >= 0 {
		return "'" + text
	}
	return text
}

// Unguard takes off what Guard put before a text.
func Unguard(text string) string {
	if rest := strings.TrimLeft(text, "'"); len(rest) < len(text) && rest != "" && strings.IndexByte(formulas, rest[0]) >= 0 {
		return text[1:]
	}
	return text
}

// Output writes records to a writer, those of a page at once.
type Output struct {
	To      io.Writer
	Encoder Encoder
	begun   bool
	text    []byte
}

// Write writes the records of a page.
func (o *Output) Write(records []exchange.Record) error {
	if len(records) == 0 {
		return nil
	}
	o.text = o.text[:0]
	if !o.begun {
		o.text = o.Encoder.Header(o.text)
	}
	for _, record := range records {
		if o.text = o.Encoder.Record(o.text, record); len(o.text) > 256<<10 {
			if err := o.write(); err != nil {
				return err
			}
		}
	}
	o.begun = true
	return o.write()
}

func (o *Output) write() error {
	_, err := o.To.Write(o.text)
	o.text = o.text[:0]
	return err
}

// StateLine is the line that stands between records and says what has been written.
func StateLine(c *Checkpoint) ([]byte, error) {
	line, err := json.Marshal(struct {
		State *Checkpoint `json:"state"`
	}{c})
	return append(line, '\n'), err
}
