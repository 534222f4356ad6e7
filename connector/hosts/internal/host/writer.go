package host

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/100ms-connector/connector-go/connector/exchange"
)

// ErrRejected is the error about a record that breaks a rule, or that 100ms refuses.
var ErrRejected = errors.New("a record was not written")

// Records are written when so many, so many bytes, or for so long have been waiting.
const (
	writeRecords = 1000
	writeBytes   = 8 << 20
	writeAfter   = 2 * time.Second
)

// MaxLine is the most bytes that a message of a host may have.
const MaxLine = 16 << 20

// Message is one of a host: a record of a stream, that such records will come, or text
// that is given back once the records before it are written.
type Message struct {
	Stream string
	Record json.RawMessage
	Echo   []byte
}

// Writer writes the records of a host, and echoes what it says between them. It has no
// logic of writing: that is exchange.Destination's.
type Writer struct {
	Echo func(text []byte) error
	Log  func(level, text string) error

	configuration *Configuration
	add, change   *exchange.Destination // which leave what differs, and change it
	streams       map[string]*written
}

// written is a stream that is written.
type written struct {
	name     string
	action   exchange.Action
	to       *exchange.Destination
	records  int // so far
	acked    map[exchange.Status]int
	rejected int
}

// NewWriter writes as the configuration says, through a transport; through one that all
// share if it is nil.
func NewWriter(c *Configuration, transport http.RoundTripper) *Writer {
	client := c.client(transport)
	return &Writer{
		configuration: c, streams: map[string]*written{},
		add: &exchange.Destination{Client: client}, change: &exchange.Destination{Client: client, Update: true},
	}
}

// Declare says that records of a stream may come, and whether what is there is changed.
// The error is ErrConfiguration.
func (w *Writer) Declare(stream string, change bool) error {
	action, err := w.configuration.action(stream)
	if err != nil {
		return err
	}
	to := w.add
	if change || w.configuration.update {
		to = w.change
	}
	if w.streams[stream] == nil {
		w.streams[stream] = &written{name: stream, action: action, to: to, acked: map[exchange.Status]int{}}
	}
	return nil
}

// Write takes the messages that next gives until it gives io.EOF. What is waiting is
// written also before another error of next. The error is ErrConfiguration, ErrRejected,
// exchange.ErrChangedMore, an *exchange.Error, next's, or one of Echo or Log. next may be
// called once more behind an error.
func (w *Writer) Write(ctx context.Context, next func() (Message, error)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	came, ended := make(chan Message), make(chan error, 1)
	go func() {
		defer close(came)
		for {
			m, err := next()
			if err != nil {
				ended <- err
				return
			}
			select {
			case came <- m:
			case <-ctx.Done():
				return
			}
		}
	}()
	var waiting []Message
	var records, size int
	var due <-chan time.Time
	flush := func() error {
		err := w.flush(ctx, waiting)
		waiting, records, size, due = nil, 0, 0, nil
		return err
	}
	for {
		select {
		case m, more := <-came:
			if !more {
				if err := flush(); err != nil {
					return err
				}
				if err := <-ended; err != io.EOF {
					return err
				}
				return w.summarize()
			}
			if m.Record == nil && m.Echo == nil {
				if err := w.Declare(m.Stream, false); err != nil {
					return errors.Join(flush(), err)
				}
				continue
			}
			if m.Record != nil {
				records, size = records+1, size+len(m.Record)
			}
			waiting = append(waiting, m)
			if due == nil {
				due = time.After(writeAfter)
			}
			if records < writeRecords && size < writeBytes {
				continue
			}
		case <-due:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := flush(); err != nil {
			return err
		}
	}
}

// flush writes what waits: the records of one stream that stand together at once.
func (w *Writer) flush(ctx context.Context, waiting []Message) error {
	for len(waiting) > 0 {
		if waiting[0].Record == nil {
			if err := w.Echo(waiting[0].Echo); err != nil {
				return err
			}
			waiting = waiting[1:]
			continue
		}
		stream := waiting[0].Stream
		n := slices.IndexFunc(waiting, func(m Message) bool { return m.Record == nil || m.Stream != stream })
		if n < 0 {
			n = len(waiting)
		}
		if err := w.records(ctx, stream, waiting[:n]); err != nil {
			return err
		}
		waiting = waiting[n:]
	}
	return nil
}

// records writes records of one stream.
func (w *Writer) records(ctx context.Context, name string, messages []Message) error {
	s := w.streams[name]
	if s == nil {
		return fmt.Errorf("%w: a record of the stream %.100q came, of which nothing was said before", ErrConfiguration, name)
	}
	for ack, err := range s.to.Write(ctx, s.action, func(yield func(json.RawMessage) bool) {
		for _, m := range messages {
			if !yield(WithoutNulls(m.Record)) {
				return
			}
		}
	}) {
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		s.acked[ack.Status]++
		if ack.Done() {
			continue
		}
		said := fmt.Sprintf("record %d of %s: %s, %s: %s", s.records+ack.Line, name, ack.Status, ack.Code, ack.Message)
		if !w.configuration.skip {
			return fmt.Errorf("%w: %s. With skip_rejected the sync goes on behind it", ErrRejected, said)
		}
		if s.rejected++; s.rejected <= maxNoted {
			if err := w.Log(Warn, said); err != nil {
				return err
			}
		}
	}
	s.records += len(messages)
	return nil
}

// summarize says what became of the records of each stream.
func (w *Writer) summarize() error {
	var names []string
	for name := range w.streams {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		s := w.streams[name]
		said := fmt.Sprintf("%s: %d records", name, s.records)
		for _, status := range []exchange.Status{exchange.Created, exchange.Updated, exchange.Unchanged, exchange.Exists, exchange.Invalid, exchange.Failed, exchange.Uncertain} {
			if n := s.acked[status]; n > 0 {
				said += fmt.Sprintf(", %d %s", n, status)
			}
		}
		if err := w.Log(Info, said); err != nil {
			return err
		}
	}
	return nil
}

// WithoutNulls is a record without the fields that are null: sources give that for what
// they do not have.
func WithoutNulls(record json.RawMessage) json.RawMessage {
	if !bytes.Contains(record, []byte("null")) {
		return record
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(record, &fields) != nil {
		return record // the judgement says what is wrong with it
	}
	for name, value := range fields {
		if string(value) == "null" {
			delete(fields, name)
		}
	}
	kept, err := json.Marshal(fields)
	if err != nil {
		return record
	}
	return kept
}

// Lines gives the lines of an input, one after the other; io.EOF behind the last. A line
// of more than MaxLine bytes is ErrConfiguration.
func Lines(in io.Reader) func() ([]byte, error) {
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 0, 64<<10), MaxLine)
	return func() ([]byte, error) {
		for lines.Scan() {
			if line := bytes.TrimSpace(lines.Bytes()); len(line) > 0 {
				return bytes.Clone(line), nil
			}
		}
		switch err := lines.Err(); {
		case err == nil:
			return nil, io.EOF
		case errors.Is(err, bufio.ErrTooLong):
			return nil, fmt.Errorf("%w: a message has more than 16 MiB", ErrConfiguration)
		default:
			return nil, err
		}
	}
}
