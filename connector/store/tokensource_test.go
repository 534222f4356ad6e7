package store_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
	"github.com/100ms-connector/connector-go/fixtures"
)

// living is a token that lives for a time from now.
func living(life time.Duration) connector.Secret {
	return connector.Secret(fixtures.Sign(fixtures.Workspace(), fixtures.Management(fixtures.Workspace(), time.Now(), life)))
}

func gives(t *testing.T, source connector.TokenSource, want connector.Secret) {
	t.Helper()
	if got, err := source.Token(ctx); err != nil || got != want {
		t.Errorf("it gives another token, or %v", err)
	}
}

// TestATokenSourceFollowsTheStore lets time pass in a bubble, on a real store.
func TestATokenSourceFollowsTheStore(t *testing.T) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, p place, s *store.Store, source connector.TokenSource)
	}{
		{"what another process has renewed is read after the time that was given", func(t *testing.T, p place, s *store.Store, source connector.TokenSource) {
			old, fresh := living(time.Hour), living(2*time.Hour)
			ok(t, s.Save(ctx, credential("a", old)))
			gives(t, source, old)
			ok(t, replace(p.open(t), "a", old, fresh))
			time.Sleep(time.Minute - time.Second)
			gives(t, source, old) // without a look at the store
			time.Sleep(time.Second)
			gives(t, source, fresh)
		}},
		{"it is read again as soon as it has expired, and not more than once a second", func(t *testing.T, p place, s *store.Store, source connector.TokenSource) {
			old, fresh := living(20*time.Second), living(time.Hour)
			ok(t, s.Save(ctx, credential("a", old)))
			gives(t, source, old)
			time.Sleep(20 * time.Second)
			gives(t, source, old) // the API is asked
			ok(t, replace(s, "a", old, fresh))
			time.Sleep(time.Second - time.Nanosecond)
			gives(t, source, old)
			time.Sleep(time.Nanosecond)
			gives(t, source, fresh)
		}},
		{"a store that cannot be read does no harm before the token has expired", func(t *testing.T, p place, s *store.Store, source connector.TokenSource) {
			value := living(10 * time.Minute)
			ok(t, s.Save(ctx, credential("a", value)))
			gives(t, source, value)
			ok(t, s.Close())
			time.Sleep(9 * time.Minute)
			gives(t, source, value)
			time.Sleep(time.Minute)
			_, err := source.Token(ctx)
			fails(t, err, store.ErrUnavailable)
		}},
		{"what was deleted is given no more", func(t *testing.T, p place, s *store.Store, source connector.TokenSource) {
			ok(t, s.Save(ctx, credential("a", living(time.Hour))))
			gives(t, source, living(time.Hour))
			ok(t, s.Delete(ctx, "a"))
			time.Sleep(time.Minute)
			_, err := source.Token(ctx)
			fails(t, err, store.ErrNotFound)
		}},
		{"what is no token is not for sending", func(t *testing.T, p place, s *store.Store, source connector.TokenSource) {
			ok(t, s.Save(ctx, credential("a", connector.Secret(fixtures.Workspace().AppSecret))))
			_, err := source.Token(ctx)
			fails(t, err, connector.NotAToken)
		}},
		{"a context that has ended is its caller's alone", func(t *testing.T, p place, s *store.Store, source connector.TokenSource) {
			value := living(time.Hour)
			ok(t, s.Save(ctx, credential("a", value)))
			over, cancel := context.WithCancel(ctx)
			cancel()
			_, err := source.Token(over)
			fails(t, err, context.Canceled)
			gives(t, source, value)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := onSQLite(t)
				s := p.open(t)
				c.test(t, p, s, s.TokenSource("a", 0))
			})
		})
	}
}

func TestAReadingEndsWhenTheClockIsSetBack(t *testing.T) {
	at := time.Date(2026, 11, 26, 10, 0, 0, 0, time.UTC)
	for now, want := range map[time.Duration]bool{-time.Second: false, 0: true, 59 * time.Second: true, time.Minute: false} {
		if got := store.CurrentReading(at, at.Add(time.Minute), at.Add(now)); got != want {
			t.Errorf("after %v it counts: %v", now, got)
		}
	}
}

func TestManyWhoNeedATokenAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, p place) {
		s := p.open(t)
		ok(t, s.Save(ctx, credential("a", token(0))))
		source := s.TokenSource("a", time.Millisecond)
		current := map[connector.Secret]bool{token(0): true, token(1): true}
		var all sync.WaitGroup
		for range 32 {
			all.Go(func() {
				for range 50 {
					if got, err := source.Token(ctx); err != nil || !current[got] {
						t.Errorf("another token, or %v", err)
					}
				}
			})
		}
		ok(t, replace(s, "a", token(0), token(1)))
		all.Wait()
	})
}
