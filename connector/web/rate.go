package web

import (
	"sync"
	"time"
)

// bucket bounds a rate: burst at once, then rate a second.
type bucket struct {
	rate, burst float64
	now         func() time.Time

	mu   sync.Mutex
	used float64
	last time.Time
}

// take says whether there is room for one more.
func (b *bucket) take() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	b.used = max(0, b.used-b.rate*now.Sub(b.last).Seconds())
	b.last = now
	if b.used+1 > b.burst {
		return false
	}
	b.used++
	return true
}
