package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"net/http"
	"net/url"
	"time"

	"github.com/100ms-connector/connector-go/connector"
)

// Destination writes records into a workspace. Client must be set; the zero values of the
// other fields are the defaults. It is safe for concurrent use, and all writes share
// its rate; do not change its fields once it is in use, nor copy it.
type Destination struct {
	Client *connector.Client

	Update      bool          // rooms: change what is there and differs
	DryRun      bool          // only look, and say what would be done
	Consent     bool          // to what an action's Danger says
	Concurrency int           // records written at once; 4 if zero
	MaxRate     float64       // calls a second, as of a Source
	Patience    time.Duration // for waiting and repeating, of each call, as of a Source
	Journal     Journal       // is told before and after; nil if none is kept

	api caller
}

// Journal is what a Destination tells, so that a write that is killed can go on without
// doing anything twice. Records are counted from 1. Its methods are called by several
// goroutines, and an error of theirs ends the write.
type Journal interface {
	// Earlier says what an earlier run left of a record: its ack, or only that it began.
	// A record with an ack is given it again and not written; one that only began is
	// looked up.
	Earlier(record int) (ack *Ack, began bool)
	// Begin is called before the first call that changes something: it returns when that
	// it began will outlive the process.
	Begin(record int) error
	// End is called with the outcome, in the order in which records end.
	End(record int, ack Ack) error
}

// ErrAction is the error about an Action that is not of the table.
var ErrAction = errors.New("there is no such action")

// ErrConsent is the error about an action with a Danger, without Consent.
var ErrConsent = errors.New("the action needs consent, for it acts on people in a call")

// ErrChangedMore is the error of a write that stopped because more was changed than a
// record asks for. The ack with CodeChangedMore says what.
var ErrChangedMore = errors.New("more was changed than was asked for, so nothing further is written")

// Write writes records, and gives an ack for each in the order of the records. Each
// record is judged before anything is asked for it; who wants nothing written of a batch
// that has a fault judges it whole before, with Action.Judge. Records are taken as they
// are written, a bounded number ahead; those of one room are written one after the other.
//
// The error, which is the last that comes, says why the rest was not tried, and has no
// ack: ErrAction, ErrConsent, ErrChangedMore, an *Error as of a Source, or the Journal's.
// What was under way is finished and acked before.
func (d *Destination) Write(ctx context.Context, action Action, records iter.Seq[json.RawMessage]) iter.Seq2[Ack, error] {
	return func(yield func(Ack, error) bool) {
		known, ok := FindAction(action.Name)
		switch {
		case !ok:
			yield(Ack{}, ErrAction)
		case known.Danger != "" && !d.Consent && !d.DryRun:
			yield(Ack{}, ErrConsent)
		case d.Client == nil || d.Client.Source == nil:
			yield(Ack{}, errors.New("the Destination has no Client, or that has no Source"))
		default:
			w := begin(ctx, d, known)
			defer w.end()
			w.all(records, yield)
		}
	}
}

// Calls is how many calls were made so far.
func (d *Destination) Calls() int64 { return d.api.calls.Load() }

func (d *Destination) terms() terms { return terms{d.Client, d.MaxRate, d.Patience} }

func (d *Destination) concurrency() int {
	if d.Concurrency <= 0 {
		return 4
	}
	return d.Concurrency
}

// ask reads what is at a path, as caller.call does.
func (d *Destination) ask(ctx context.Context, path string, query url.Values, take func(io.Reader) error) error {
	return d.api.call(ctx, d.terms(), request{method: http.MethodGet, path: path, query: query}, take)
}
