package store_test

import (
	"sync"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector/store"
)

func TestWhatIsDueIsTakenOnce(t *testing.T) {
	onEach(t, func(t *testing.T, p place) {
		s := three(t, p)
		other := p.open(t)
		var mu sync.Mutex
		taken := map[string]int{}
		var all sync.WaitGroup
		for i := range 6 {
			all.Go(func() {
				due, err := []*store.Store{s, other}[i%2].TakeDue(ctx, 2, time.Minute)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				for _, r := range due {
					taken[r.ID]++
				}
			})
		}
		all.Wait()
		if len(taken) != 3 {
			t.Errorf("%v", taken)
		}
		for id, times := range taken {
			if times != 1 {
				t.Errorf("%s was taken %d times", id, times)
			}
		}
		if left, some, err := s.NextDue(ctx); err != nil || !some || left < 50*time.Second || left > time.Minute {
			t.Errorf("%v, %v, %v", left, some, err)
		}
		b, err := s.Show(ctx, "b")
		ok(t, err)
		ok(t, s.Postpone(ctx, b, -time.Second))
		if due, err := other.TakeDue(ctx, 2, time.Hour); err != nil || len(due) != 1 || due[0] != b {
			t.Errorf("%v, %v", due, err)
		}
		ok(t, s.DueWithin(ctx, time.Second))
		if left, _, err := s.NextDue(ctx); err != nil || left > time.Second {
			t.Errorf("%v, %v", left, err)
		}
		// A new value is due at once, and who has looked at the old one does not put it off.
		ok(t, s.DueWithin(ctx, 0))
		ok(t, s.Postpone(ctx, b, time.Hour))
		ok(t, replace(s, "b", token(1), token(7)))
		ok(t, s.Postpone(ctx, b, time.Hour))
		if left, _, err := s.NextDue(ctx); err != nil || left != 0 {
			t.Errorf("%v, %v", left, err)
		}
	})
}

func TestNothingIsDueInAnEmptyStore(t *testing.T) {
	onEach(t, func(t *testing.T, p place) {
		s := p.open(t)
		if _, some, err := s.NextDue(ctx); some || err != nil {
			t.Error(some, err)
		}
		if due, err := s.TakeDue(ctx, 10, time.Minute); due != nil || err != nil {
			t.Error(due, err)
		}
	})
}
