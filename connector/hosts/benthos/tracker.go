package benthos

import (
	"context"
	"sync"

	"github.com/100ms-connector/connector-go/connector/hosts/internal/host"
)

// tracker finds the newest place of which all earlier pages are acknowledged: that comes
// in any order.
type tracker struct {
	save func(context.Context, host.Place) error

	mu      sync.Mutex
	waiting []*page // in the order in which they were given
	closed  bool
}

type page struct {
	after host.Place
	acked bool
}

// add notes a page that was given, and returns what to call once it is acknowledged. The
// error is one of keeping the place, which then stands before the page.
func (t *tracker) add(after host.Place) (acked func(context.Context) error) {
	p := &page{after: after}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waiting = append(t.waiting, p)
	return func(ctx context.Context) error {
		t.mu.Lock()
		defer t.mu.Unlock()
		p.acked = true
		n := 0
		for n < len(t.waiting) && t.waiting[n].acked {
			n++
		}
		if n == 0 || t.closed {
			return nil
		}
		if err := t.save(ctx, t.waiting[n-1].after); err != nil {
			return err // the next one tries it again
		}
		t.waiting = t.waiting[n:]
		return nil
	}
}

// close has no place be kept any longer: another reading has begun where the last one is.
func (t *tracker) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
}
