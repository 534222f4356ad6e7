package store_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector/store"
)

func TestWhatIsExclusiveIsDoneByOne(t *testing.T) {
	p := onSQLite(t)
	one, two := p.open(t), p.open(t)
	release, err := one.Exclusive("watch")
	ok(t, err)
	_, err = two.Exclusive("watch")
	fails(t, err, store.ErrTaken)
	other, err := two.Exclusive("another")
	ok(t, err)
	other()
	release()
	release, err = two.Exclusive("watch")
	ok(t, err)
	release()
}

func TestAWorkspaceThatIsHeldIsHeldForAllProcesses(t *testing.T) {
	onEach(t, func(t *testing.T, p place) {
		one, two := p.open(t), p.open(t)
		if left, err := two.HeldFor(ctx, "a"); err != nil || left != 0 {
			t.Errorf("%v, %v", left, err)
		}
		for _, span := range []time.Duration{time.Minute, time.Hour, 2 * time.Minute} {
			ok(t, one.Hold(ctx, "a", span))
		}
		if left, err := two.HeldFor(ctx, "a"); err != nil || left.Round(time.Minute) != time.Hour {
			t.Errorf("%v, %v", left, err)
		}
		ok(t, one.Hold(ctx, "b", -time.Second))
		if left, err := two.HeldFor(ctx, "b"); err != nil || left != 0 {
			t.Errorf("what is over still holds: %v, %v", left, err)
		}
		if now, err := one.Now(ctx); err != nil || time.Since(now).Abs() > time.Minute {
			t.Errorf("%v, %v", now, err)
		}
	})
}

func TestARecordIsFoundByItsID(t *testing.T) {
	onEach(t, func(t *testing.T, p place) {
		s := three(t, p)
		list, err := s.List(ctx)
		ok(t, err)
		for _, r := range list {
			got, err := s.ShowID(ctx, r.ID)
			if ok(t, err); got.Name != r.Name || len(r.ID) != 32 {
				t.Errorf("%+v", got)
			}
		}
		_, err = s.ShowID(ctx, "0")
		fails(t, err, store.ErrNotFound)
	})
}

func TestANoticeIsToldOnceForAllProcesses(t *testing.T) {
	onEach(t, func(t *testing.T, p place) {
		one, two := p.open(t), p.open(t)
		note := func(id, state string) {
			t.Helper()
			ok(t, one.Notice(ctx, id, "well", store.Notice{Name: "name of " + id, AccessKey: "k", State: state, Why: "so"}))
		}
		tell := func(s *store.Store, fault error) (texts []string) {
			t.Helper()
			told, err := s.TellNotices(ctx, 10, func(notices []store.Notice) error {
				for _, n := range notices {
					texts = append(texts, n.Name+" "+n.State)
				}
				return fault
			})
			if !errors.Is(err, fault) || fault == nil && told != len(texts) {
				t.Errorf("%d told, %v", told, err)
			}
			return texts
		}
		says := func(got []string, want string) {
			t.Helper()
			if strings.Join(got, ", ") != want {
				t.Errorf("%q, want %s", got, want)
			}
		}
		note("a", "well") // of which nobody asks
		note("b", "bad")
		note("b", "bad")
		busy := errors.New("busy")
		says(tell(one, busy), "name of b bad")
		says(tell(two, nil), "name of b bad")
		says(tell(one, nil), "")
		note("b", "bad")
		says(tell(one, nil), "")
		note("a", "bad")
		note("b", "well")
		says(tell(two, nil), "name of a bad, name of b well")
		// What one process is about to tell no other tells.
		note("a", "well")
		_, err := one.TellNotices(ctx, 10, func([]store.Notice) error {
			says(tell(two, nil), "")
			return nil
		})
		ok(t, err)
	})
}
