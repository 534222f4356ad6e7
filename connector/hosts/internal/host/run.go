package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/exchange"
)

// A state is given when so many records, or so much time, have passed since the last.
const (
	stateRecords = 1000
	stateAfter   = 10 * time.Second
)

// Protocol is how a host is told. An error is one of writing, and ends everything.
type Protocol interface {
	Begin(exchange.Stream) error
	Records(exchange.Stream, []exchange.Record) error
	State(stream exchange.Stream, state State, records int) error // how many came since the last one
	Log(level, text string) error
	End(stream exchange.Stream, failed error) error // nil if it was read to its end
}

// Levels of Log.
const (
	Info = "INFO"
	Warn = "WARN"
)

// Selected is a stream that a host asks for, with the state that it kept.
type Selected struct {
	Stream exchange.Stream
	Full   bool // everything anew, though the stream can be read incrementally
	State  State
}

// Cursor is the field of a record by whose time a stream is read incrementally; empty
// where that is a field of another's, as of the session of a peer.
func Cursor(stream exchange.Stream) string {
	if slices.Contains(stream.Fields(), stream.Cursor) {
		return stream.Cursor
	}
	return ""
}

// State is what a host keeps of a stream. The state of a full read says that it is
// unfinished, so that it goes on where it was killed, and the next one begins anew. What
// a host adds to it is passed over.
type State struct {
	Read       exchange.State `json:"read"`
	Unfinished bool           `json:"unfinished_full_refresh,omitempty"`
}

// ParseState reads what a host kept; the error is exchange.ErrState.
func ParseState(data json.RawMessage) (State, error) {
	var s State
	if len(data) > 0 && json.Unmarshal(data, &s) != nil {
		return s, fmt.Errorf("%w: it is damaged, or not this connector's", exchange.ErrState)
	}
	return s, nil
}

// Reader gives the records of a Source to a host.
type Reader struct {
	Source       *exchange.Source
	To           Protocol
	StateRecords int // 1,000 if zero
}

// errReported is a failure of a stream that the Protocol has.
type errReported struct{ error }

func (e errReported) Unwrap() error { return e.error }

// Reported says whether the host was told of an error.
func Reported(err error) bool {
	_, told := errors.AsType[errReported](err)
	return told
}

// Read reads the streams one after the other. All states are judged before the first
// call. A stream that fails does not keep the others from being read, unless its failure
// is theirs as well; the error is the first, or one of writing.
func (r *Reader) Read(ctx context.Context, streams []Selected) error {
	for i, s := range streams {
		if streams[i].Full = s.Full && s.Stream.Incremental(); streams[i].Full && !s.State.Unfinished {
			streams[i].State.Read = ""
		}
		if err := r.Source.Accepts(s.Stream, streams[i].State.Read); err != nil {
			return fmt.Errorf("%s: %w", s.Stream.Name, err)
		}
	}
	var first error
	for _, s := range streams {
		err := r.stream(ctx, s)
		if err != nil && !Reported(err) {
			return err
		}
		if first == nil {
			first = err
		}
		if ctx.Err() != nil || err != nil && ofAll(err) {
			break
		}
	}
	return first
}

// ofAll says whether what ended one stream would end any other.
func ofAll(err error) bool {
	fault, ok := errors.AsType[*exchange.Error](err)
	return !ok || fault.Code != connector.PermissionDenied && fault.Code != connector.UnexpectedResponse
}

// stream reads one stream.
func (r *Reader) stream(ctx context.Context, s Selected) error {
	if err := r.To.Begin(s.Stream); err != nil {
		return err
	}
	last, since, total, seen := time.Now(), 0, 0, noted{}
	keep := func(read exchange.State, done bool) error {
		err := r.To.State(s.Stream, State{read, s.Full && !done}, since)
		last, since = time.Now(), 0
		return err
	}
	every := r.StateRecords
	if every == 0 {
		every = stateRecords
	}
	for page, failed := range r.Source.Read(ctx, s.Stream, s.State.Read) {
		err := r.notes(s.Stream, page.Notes, seen)
		if err == nil && len(page.Records) > 0 {
			err = r.To.Records(s.Stream, page.Records)
		}
		if err != nil {
			return err
		}
		since, total = since+len(page.Records), total+len(page.Records)
		interrupted := failed != nil && ctx.Err() != nil && since > 0
		if interrupted || failed == nil && (page.Done || since >= every || time.Since(last) >= stateAfter) {
			if err := keep(page.State, page.Done); err != nil {
				return err
			}
		}
		if failed != nil {
			return r.fail(s.Stream, failed)
		}
	}
	if err := r.To.Log(Info, fmt.Sprintf("%s: %d records%s", s.Stream.Name, total, seen.rest())); err != nil {
		return err
	}
	return r.To.End(s.Stream, nil)
}

func (r *Reader) fail(stream exchange.Stream, failed error) error {
	if err := r.To.End(stream, failed); err != nil {
		return err
	}
	return errReported{failed}
}
