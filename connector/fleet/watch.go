package fleet

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/100ms-connector/connector-go/connector/store"
)

// Watcher looks after the credentials of a store. Store and Renewer must be set; the zero
// values of the other fields are the defaults. When each is due stands in the store, so
// that of several processes each looks after what no other has taken.
type Watcher struct {
	Store   *store.Store
	Renewer *Renewer
	Every   time.Duration    // the longest time between two tests of a credential; an hour if zero
	Workers int              // credentials at once; 50 if zero
	Clock   func() time.Time // this machine's; time.Now if nil
	Tell    func(Event)      // is told of each; nil if nobody is. It is called by several goroutines

	ahead atomic.Int64 // by how much the clock of the store is ahead of this machine's
}

// ErrHeld is the error about a credential that was not looked after, for 100ms has said of
// its workspace that too much is asked.
var ErrHeld = errors.New("the workspace has asked to be left alone for a while")

// Bounds of the time after which what failed is tried again.
const (
	leastDelay = 10 * time.Second
	mostDelay  = 10 * time.Minute
	lookEvery  = 2 * time.Second // how often the store is looked at for what is new
	takeMost   = 1000            // that are taken at once
	jobEnds    = 2 * time.Second // the least time until one is looked after again, in which its last job comes to its end
	jobLost    = 2 * time.Minute // what was taken and not looked after is due again: a process was killed
)

func (w *Watcher) every() time.Duration {
	if w.Every <= 0 {
		return time.Hour
	}
	return w.Every
}

func (w *Watcher) workers() int {
	if w.Workers <= 0 {
		return 50
	}
	return w.Workers
}

// Once looks after what is due now, and gives how every credential of the store is then,
// by name. The error is the store's or the context's.
func (w *Watcher) Once(ctx context.Context) (map[string]Event, error) {
	records, err := w.Store.List(ctx)
	if err != nil {
		return nil, err
	}
	all := map[string]Event{}
	var due []store.Record
	for _, r := range records {
		if now := w.now(); !w.next(r, now).After(now) {
			due = append(due, r)
			continue
		}
		all[r.Name] = known(r)
	}
	var mu sync.Mutex
	w.each(ctx, len(due), func(i int) {
		if e, done := w.look(ctx, due[i]); done {
			mu.Lock()
			defer mu.Unlock()
			all[e.Name] = e
		}
	})
	return all, ctx.Err()
}

// Run looks after the credentials until ctx ends; then it finishes what is under way, and
// returns nil. A store that cannot be read is told, and tried again.
func (w *Watcher) Run(ctx context.Context) error {
	w.repeat(ctx, w.turn)
	return nil
}

// repeat does something again and again until ctx ends. That it fails is told once, until
// it succeeds or fails otherwise.
func (w *Watcher) repeat(ctx context.Context, do func(context.Context) error) {
	failed := ""
	err := w.Store.DueWithin(ctx, w.every()) // they may have been put off for longer
	for ; ctx.Err() == nil; err = do(ctx) {
		if err == nil {
			failed = ""
			continue
		}
		if text := err.Error(); text != failed && ctx.Err() == nil {
			failed = text
			w.tell(Event{Err: err})
		}
		wait(ctx, lookEvery)
	}
}

// turn looks after some of what is due, or waits until something is.
func (w *Watcher) turn(ctx context.Context) error {
	due, err := w.Store.TakeDue(ctx, takeMost, jobLost)
	if err != nil {
		return err
	}
	w.each(ctx, len(due), func(i int) { w.look(ctx, due[i]) })
	if len(due) > 0 {
		return nil
	}
	return w.untilDue(ctx)
}

// untilDue waits until something is due, or may be because it is new.
func (w *Watcher) untilDue(ctx context.Context) error {
	left, some, err := w.Store.NextDue(ctx)
	if err != nil {
		return err
	}
	if !some || left > lookEvery {
		left = lookEvery
	}
	wait(ctx, max(left, 50*time.Millisecond))
	return nil
}

func wait(ctx context.Context, span time.Duration) {
	select {
	case <-time.After(span):
	case <-ctx.Done():
	}
}

// each does something n times, several at once. When ctx ends no further one is begun.
func (w *Watcher) each(ctx context.Context, n int, do func(i int)) {
	slots := make(chan struct{}, w.workers())
	var workers sync.WaitGroup
	defer workers.Wait()
	for i := range n {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		workers.Go(func() {
			defer func() { <-slots }()
			do(i)
		})
	}
}

func (w *Watcher) tell(e Event) {
	if w.Tell != nil {
		w.Tell(e)
	}
}
