package batch

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"unicode/utf8"

	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/connector/internal/jsontext"
)

// Bounds of a file.
const (
	MaxFile    = 64 << 20 // bytes
	MaxRecords = 250_000
)

// ErrFile is the error about a file that cannot be read as records at all.
var ErrFile = errors.New("the file cannot be read")

// Record is one record of a file that breaks no rule.
type Record struct {
	Line int      // of JSON Lines and CSV the line at which it begins, from 1; of an array its place in it
	Sum  [32]byte // SHA-256 of its bytes: of the line without its end, of the element, of the row
	Data json.RawMessage
}

// Batch is a file that was read.
type Batch struct {
	Records []Record       // in their order
	Invalid []exchange.Ack // what breaks a rule, an ack for each problem, in the order of the file
}

// Data gives the records, for Destination.Write.
func (b *Batch) Data() iter.Seq[json.RawMessage] {
	return func(yield func(json.RawMessage) bool) {
		for _, r := range b.Records {
			if !yield(r.Data) {
				return
			}
		}
	}
}

// Read reads a file, and judges each record by the rules of the action. The error is
// ErrFile, or one of reading.
func Read(from io.Reader, action exchange.Action) (*Batch, error) {
	text, err := io.ReadAll(io.LimitReader(from, MaxFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > MaxFile {
		return nil, fmt.Errorf("%w: it is larger than 64 MiB; cut it into several", ErrFile)
	}
	if bytes.HasPrefix(text, []byte{0xff, 0xfe}) || bytes.HasPrefix(text, []byte{0xfe, 0xff}) {
		return nil, fmt.Errorf("%w: it is UTF-16; save it as UTF-8", ErrFile)
	}
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	r := &reading{Batch: new(Batch), action: action, text: text}
	switch first := bytes.TrimLeft(text, " \t\r\n"); {
	case len(first) == 0:
		return nil, fmt.Errorf("%w: it is empty", ErrFile)
	case bytes.IndexByte(text, 0) >= 0:
		return nil, fmt.Errorf("%w: it has NUL bytes, so it is no text", ErrFile)
	case first[0] == '[':
		err = r.array()
	case first[0] == '{' && !json.Valid(firstLine(first)) && json.Valid(text):
		err = r.record(1, len(text)-len(first), bytes.TrimRight(first, " \t\r\n"))
	case first[0] == '{':
		err = r.lines()
	default:
		err = r.csv()
	}
	return r.Batch, err
}

func firstLine(text []byte) []byte {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return line
}

// reading is the reading of one file.
type reading struct {
	*Batch
	action exchange.Action
	text   []byte // without a byte order mark
}

// record judges a record whose bytes begin at an offset of the file.
func (r *reading) record(line, at int, data []byte) error {
	if len(r.Records)+len(r.Invalid) >= MaxRecords {
		return fmt.Errorf("%w: it has more than 250,000 records; cut it into several", ErrFile)
	}
	problems := r.action.Judge(data)
	for _, p := range problems {
		physical, column := jsontext.Position(r.text, at+p.Offset)
		r.invalid(line, column, physical, p)
	}
	if len(problems) == 0 {
		r.Records = append(r.Records, Record{line, sha256.Sum256(data), data})
	}
	return nil
}

// invalid adds the ack of a problem. Where the record is not on a line of its own number,
// the message says on which line the problem is.
func (r *reading) invalid(line, column, physical int, p exchange.Problem) {
	if physical != line {
		p.Message += fmt.Sprintf(" (line %d of the file)", physical)
	}
	r.Invalid = append(r.Invalid, exchange.Ack{Line: line, Column: column, Status: exchange.Invalid, Code: p.Code, Message: p.Message})
}

// lines reads JSON Lines. Blank ones are passed over.
func (r *reading) lines() error {
	line, at := 0, 0
	for text := range bytes.Lines(r.text) {
		line++
		if data := bytes.TrimRight(text, "\r\n"); len(bytes.TrimSpace(data)) > 0 {
			if err := r.record(line, at, data); err != nil {
				return err
			}
		}
		at += len(text)
	}
	return nil
}

// array reads a JSON array.
func (r *reading) array() error {
	if !utf8.Valid(r.text) {
		return fmt.Errorf("%w: it is not UTF-8", ErrFile)
	}
	if at, evidence := jsontext.Fault(r.text); evidence != "" {
		line, column := jsontext.Position(r.text, at)
		return fmt.Errorf("%w: line %d, column %d: %s", ErrFile, line, column, evidence)
	}
	n := 0
	for element := range jsontext.Elements(r.text) {
		n++
		at := cap(r.text) - cap(element) // a part of the text ends where it does
		if err := r.record(n, at, element); err != nil {
			return err
		}
	}
	return nil
}
