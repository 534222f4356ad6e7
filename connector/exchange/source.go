package exchange

import (
	"cmp"
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/100ms-connector/connector-go/connector"
)

// Source reads the streams of a workspace. Client must be set; the zero values of the
// other fields are the defaults. It is safe for concurrent use, and all reads share
// its rate; do not change its fields once it is in use, nor copy it.
//
// A Client whose Source has a method Forget(connector.Secret), as
// connector.MintingSource has, gets another token where the API refuses one.
type Source struct {
	Client *connector.Client

	Since            time.Time     // where an incremental stream without a state begins; if zero, with the first record
	Rooms            []string      // ids; if not empty, records of these rooms alone, of streams that are of rooms
	AllRooms         bool          // analytics_events: ask every room, not only those with a session in 30 days
	Limit            int           // of records given by one Read; none if zero
	FullRefresh      bool          // read everything anew, whatever the state says
	FullRefreshEvery time.Duration // read everything anew when the last time was so long ago; never if zero
	IncludeSecrets   bool          // give secrets as the API gives them
	DropPersonal     bool          // leave out the fields about a person
	Concurrency      int           // parents asked at once; 4 if zero
	MaxRate          float64       // calls a second; if zero, 10, and without limit on a loopback address; none if negative
	Patience         time.Duration // for waiting and repeating, of each call; 60 s if zero, none if negative

	api caller
}

// Page is what is given at once: at most 1,000 records, and the State that stands as
// soon as they are kept.
type Page struct {
	Stream  string
	Records []Record
	State   State
	Done    bool   // nothing is left: the stream was read to its end, and again from its front if it had been interrupted
	Notes   []Note // what is worth knowing since the last page
}

// maxPage is how many records a Page has at most.
const maxPage = 1000

// Read gives the records of a stream from where a state says; the empty State is the
// beginning. Each page is given before the next is asked for. After an error, which is
// the last that comes, the Page beside it has no records, and the State of the page
// before: read with it again later.
//
// Every record is given at least once. Incremental streams give records again that may
// have changed since; the key tells.
//
// Errors: ErrState and ErrStream, with which nothing was asked; else an *Error.
func (s *Source) Read(ctx context.Context, stream Stream, from State) iter.Seq2[Page, error] {
	return func(yield func(Page, error) bool) {
		r, err := s.begin(ctx, stream, from)
		if err == nil {
			r.yield = yield
			err = r.read()
		}
		if err == nil || err == errStopped || err == errLimit {
			return
		}
		if fault, ok := errors.AsType[*Error](err); ok {
			named := *fault
			named.Stream = stream.Name
			err = &named
		}
		failed := Page{Stream: stream.Name, State: from}
		if r != nil {
			failed.State, failed.Notes = r.given, r.notes
		}
		yield(failed, err)
	}
}

// Calls is how many calls were made so far.
func (s *Source) Calls() int64 { return s.api.calls.Load() }

func (s *Source) terms() terms { return terms{s.Client, s.MaxRate, s.Patience} }

// ask reads what is at a path, as caller.call does.
func (s *Source) ask(ctx context.Context, path string, query url.Values, take func(io.Reader) error) error {
	return s.api.call(ctx, s.terms(), request{method: http.MethodGet, path: path, query: query}, take)
}

func (s *Source) concurrency() int {
	if s.Concurrency <= 0 {
		return 4
	}
	return s.Concurrency
}

// now is the time by the API's clock, as far as it is known.
func (s *Source) now() time.Time { return s.api.now() }

// Accepts says whether Read would take a state, without a call: who reads several
// streams asks before the first. The error is ErrState or ErrStream.
func (s *Source) Accepts(stream Stream, from State) error {
	_, _, err := s.position(stream, from)
	return err
}

// position is where a read begins, of a stream of the table.
func (s *Source) position(stream Stream, from State) (Stream, *position, error) {
	known, ok := Find(stream.Name)
	switch {
	case !ok:
		return known, nil, ErrStream
	case s.Client == nil || s.Client.Source == nil:
		return known, nil, errors.New("the Source has no Client, or that has no Source")
	}
	at := &position{V: stateVersion, Stream: known.Name, BaseURL: strings.TrimSuffix(s.terms().base().String(), "/"), Options: s.options(), Walks: map[string]*place{}}
	if !s.FullRefresh {
		last, err := parseState(from)
		if err == nil && last != nil {
			err = last.bound(at)
		}
		if err != nil {
			return known, nil, err
		}
		at = cmp.Or(last, at)
	}
	if due := s.FullRefreshEvery; due > 0 && !at.interrupted() && s.now().Sub(at.Full) >= due {
		at.Walks = map[string]*place{}
	}
	if len(at.Walks) == 0 {
		at.Full = s.now().UTC().Truncate(time.Second)
	}
	return known, at, nil
}

// begin judges the state before anything is asked.
func (s *Source) begin(ctx context.Context, stream Stream, from State) (*reading, error) {
	known, at, err := s.position(stream, from)
	if err != nil {
		return nil, err
	}
	r := &reading{source: s, ctx: ctx, stream: known, state: at, given: from, left: cmp.Or(max(0, s.Limit), -1), noted: map[Note]bool{}}
	r.filter = &filter{stream: known, marks: schemaOf(known.Name).marks, secrets: s.IncludeSecrets, people: !s.DropPersonal,
		unknown: func(path string) { r.note(Note{Kind: UnknownField, Field: path}) }}
	return r, nil
}
