package fleet

import (
	"context"
	"time"
)

// Machines that share a database may differ in their clocks. What is due, what a new token
// says of its time, and when a test was made counts by the clock of the database.

const (
	clockEvery = 30 * time.Second // how often the clocks are compared
	leastSkew  = time.Second      // what differs by less is the way to the database
)

// readClock compares this machine's clock with the store's.
func (w *Watcher) readClock(ctx context.Context) error {
	before := w.local()
	theirs, err := w.Store.Now(ctx)
	if err != nil {
		return err
	}
	after := w.local()
	ahead := theirs.Sub(before.Add(after.Sub(before) / 2))
	if ahead.Abs() < leastSkew {
		ahead = 0
	}
	w.ahead.Store(int64(ahead))
	return nil
}

func (w *Watcher) local() time.Time {
	if w.Clock != nil {
		return w.Clock()
	}
	return time.Now()
}

// skew is what is to be added to this machine's clock.
func (w *Watcher) skew() time.Duration { return time.Duration(w.ahead.Load()) }

// now is the time that counts.
func (w *Watcher) now() time.Time { return w.local().Add(w.skew()) }
