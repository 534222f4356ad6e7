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
// values of the other fields are the defaults. One process at a time looks after a store
// in this way; a second one does no harm, and tests what the first one tests.
type Watcher struct {
	Store   *store.Store
	Renewer *Renewer
	Every   time.Duration    // the longest time between two tests of a credential; an hour if zero
	Workers int              // credentials at once; 50 if zero
	Clock   func() time.Time // this machine's; time.Now if nil
	Tell    func(Event)      // is told of each; nil if nobody is. It is called by several goroutines

	ahead atomic.Int64 // by how much the clock of the store is ahead of this machine's
	mu    sync.Mutex
	later map[string]time.Time // by name: when one that is not well is looked after again
}

// ErrHeld is the error about a credential that was not looked after, for 100ms has said of
// its workspace that too much is asked.
var ErrHeld = errors.New("the workspace has asked to be left alone for a while")

// Bounds of the time after which what failed is tried again.
const (
	leastDelay = 10 * time.Second
	mostDelay  = 10 * time.Minute
	lookEvery  = time.Minute // how often the store is looked at for what is new
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
	var mu sync.Mutex
	var due []store.Record
	for _, r := range records {
		if now := w.now(); !w.next(r, now).After(now) {
			due = append(due, r)
			continue
		}
		all[r.Name] = known(r)
	}
	w.each(ctx, due, func(e Event, gone bool) {
		mu.Lock()
		defer mu.Unlock()
		if !gone {
			all[e.Name] = e
		}
	})
	return all, ctx.Err()
}

// Run looks after the credentials until ctx ends; then it finishes what is under way, and
// returns nil. A store that cannot be read is told, and tried again.
func (w *Watcher) Run(ctx context.Context) error {
	for {
		sleep := lookEvery
		records, err := w.Store.List(ctx)
		if err != nil && ctx.Err() == nil {
			w.tell(Event{Err: err})
			sleep = leastDelay
		}
		now := w.now()
		var due []store.Record
		for _, r := range records {
			if at := w.due(r, now); at.After(now) {
				sleep = min(sleep, at.Sub(now))
			} else {
				due = append(due, r)
			}
		}
		w.each(ctx, due, w.postpone)
		if len(due) > 0 {
			sleep = 0 // what is due now may be another one
		}
		select {
		case <-time.After(max(sleep, time.Second)):
		case <-ctx.Done():
			return nil
		}
	}
}

// due is next, but for those that are not well.
func (w *Watcher) due(r store.Record, now time.Time) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	at := w.next(r, now)
	if later := w.later[r.Name]; later.After(at) {
		return later
	}
	return at
}

func (w *Watcher) postpone(e Event, gone bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.later == nil {
		w.later = map[string]time.Time{}
	}
	if delete(w.later, e.Name); !gone && !e.Again.IsZero() {
		w.later[e.Name] = e.Again
	}
}

// each looks after some credentials, several at once. When ctx ends no further one is
// begun.
func (w *Watcher) each(ctx context.Context, records []store.Record, done func(e Event, gone bool)) {
	slots := make(chan struct{}, w.workers())
	var workers sync.WaitGroup
	defer workers.Wait()
	for _, r := range records {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		workers.Go(func() {
			defer func() { <-slots }()
			e, gone := w.tend(ctx, r.Name)
			if ctx.Err() != nil && e.Err != nil {
				return // it was not looked after
			}
			done(e, gone)
			if !gone && !errors.Is(e.Err, ErrHeld) { // it was told when it began
				w.tell(e)
			}
		})
	}
}

func (w *Watcher) tell(e Event) {
	if w.Tell != nil {
		w.Tell(e)
	}
}
