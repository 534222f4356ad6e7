package exchange

import (
	"context"
	"sync"
	"time"
)

// gate lets calls pass one after the other: at a distance, and not before the time
// that the API asked to wait for.
type gate struct {
	mu     sync.Mutex
	next   time.Time // when the next call may pass
	closed time.Time // until when none may
}

// pass waits for its turn; gap is the distance to the next.
func (g *gate) pass(ctx context.Context, gap time.Duration) error {
	for {
		now := time.Now()
		g.mu.Lock()
		at := g.closed
		if gap > 0 && g.next.After(at) {
			at = g.next
		}
		if !at.After(now) {
			g.next = now.Add(gap)
			g.mu.Unlock()
			return ctx.Err()
		}
		g.mu.Unlock()
		if err := sleep(ctx, at.Sub(now)); err != nil {
			return err
		}
	}
}

// close holds all calls back for a time.
func (g *gate) close(wait time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if until := time.Now().Add(wait); until.After(g.closed) {
		g.closed = until
	}
}
