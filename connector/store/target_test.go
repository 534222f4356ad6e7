package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
)

const settings connector.Secret = `{"service_key":"s3cr3t-of-the-host"}`

// push pushes what is due, and gives what arrived: place, settings and token of each.
func push(t *testing.T, s *store.Store, fails error) []string {
	t.Helper()
	ids, err := s.DueTargets(ctx, 100)
	ok(t, err)
	var arrived []string
	for _, id := range ids {
		_, _, err := s.PushTarget(ctx, id, func(_ context.Context, to store.Target, with, token connector.Secret) error {
			if with != settings {
				t.Error("the settings are not those that were saved")
			}
			arrived = append(arrived, to.Name+" "+to.Host+" "+to.Place+" "+token.Reveal())
			return fails
		})
		if fails == nil {
			ok(t, err)
		}
	}
	return arrived
}

func only(t *testing.T, s *store.Store) store.Target {
	t.Helper()
	all, err := s.Targets(ctx)
	if ok(t, err); len(all) != 1 {
		t.Fatalf("%+v", all)
	}
	return all[0]
}

func TestATargetGetsEachTokenOnce(t *testing.T) {
	onEach(t, func(t *testing.T, p place) {
		s := p.open(t)
		ok(t, s.Save(ctx, credential("prod", token(1))))
		fails(t, s.SaveTarget(ctx, "none", "nexla", "7", settings, ""), store.ErrNotFound)
		fails(t, s.SaveTarget(ctx, "prod", "nexla", token(1).Reveal(), settings, ""), store.ErrInvalid)
		ok(t, s.SaveTarget(ctx, "prod", "nexla", "7", settings, ""))
		if only(t, s).Current {
			t.Error("it is said to have a token that it never got")
		}
		if got := fmt.Sprint(push(t, s, nil)); got != "[prod nexla 7 "+token(1).Reveal()+"]" {
			t.Error(got)
		}
		if got := push(t, s, nil); got != nil {
			t.Errorf("it came again: %v", got)
		}
		if to := only(t, s); !to.Current || to.PushedAt.IsZero() || to.Failure != "" {
			t.Errorf("%+v", to)
		}
		ok(t, replace(s, "prod", token(1), token(2)))
		if got := fmt.Sprint(push(t, p.open(t), nil)); got != "[prod nexla 7 "+token(2).Reveal()+"]" { // by another process
			t.Error(got)
		}
		value := token(2)
		ok(t, s.Edit(ctx, "prod", store.Changes{APIKeyValue: &value})) // the same once more: the target has it
		if got := push(t, s, nil); got != nil || !only(t, s).Current {
			t.Errorf("%v", got)
		}
		ok(t, s.SaveTarget(ctx, "prod", "nexla", "7", settings, value))
		if got := push(t, s, nil); got != nil || !only(t, s).Current {
			t.Errorf("what was there when it was saved came again: %v", got)
		}
		name := "production"
		ok(t, s.Edit(ctx, "prod", store.Changes{Name: &name}))
		ok(t, s.RotateKey(ctx, nil))
		ok(t, replace(s, name, token(2), token(3)))
		if got := fmt.Sprint(push(t, p.open(t), nil)); got != "[production nexla 7 "+token(3).Reveal()+"]" {
			t.Error(got)
		}
		fails(t, s.DeleteTarget(ctx, name, "airbyte", "7"), store.ErrNotFound)
		ok(t, s.DeleteTarget(ctx, name, "nexla", "7"))
		ok(t, s.SaveTarget(ctx, name, "nexla", "8", settings, ""))
		ok(t, s.Delete(ctx, name))
		ok(t, s.Save(ctx, credential(name, token(4))))
		if all, err := s.Targets(ctx); err != nil || all != nil {
			t.Errorf("a new credential has the targets of a removed one: %+v, %v", all, err)
		}
	})
}

func TestAPushThatFailsIsTriedAgainLater(t *testing.T) {
	onEach(t, func(t *testing.T, p place) {
		s := p.open(t)
		ok(t, s.Save(ctx, credential("prod", token(1))))
		ok(t, s.SaveTarget(ctx, "prod", "nexla", "7", settings, ""))
		if got := push(t, s, errors.New("the host has said "+token(1).Reveal())); len(got) != 1 {
			t.Error(got)
		}
		if to := only(t, s); to.Current || to.Failure != "[redacted]" {
			t.Errorf("%+v", to)
		}
		if got := push(t, s, nil); got != nil {
			t.Errorf("it was tried at once: %v", got)
		}
		p.change(t, `UPDATE connector_targets SET not_before = 0`)
		if got := push(t, s, nil); len(got) != 1 {
			t.Error(got)
		}
		if to := only(t, s); !to.Current || to.Failure != "" {
			t.Errorf("%+v", to)
		}
		// One that is interrupted is no failure, and may begin anew at once.
		ok(t, replace(s, "prod", token(1), token(2)))
		ids, err := s.DueTargets(ctx, 1)
		ok(t, err)
		ending, end := context.WithCancel(ctx)
		_, _, err = s.PushTarget(ending, ids[0], func(ctx context.Context, _ store.Target, _, _ connector.Secret) error {
			end()
			return ctx.Err()
		})
		fails(t, err, context.Canceled)
		if got := push(t, s, nil); len(got) != 1 {
			t.Error(got)
		}
	})
}

func TestOneProcessAtATimePushesToATarget(t *testing.T) {
	onEach(t, func(t *testing.T, p place) {
		s, other := p.open(t), p.open(t)
		ok(t, s.Save(ctx, credential("prod", token(1))))
		ok(t, s.SaveTarget(ctx, "prod", "nexla", "7", settings, ""))
		ids, err := s.DueTargets(ctx, 1)
		ok(t, err)
		var pushed, under atomic.Int32
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				_, _, err := []*store.Store{s, other}[i%2].PushTarget(ctx, ids[0], func(context.Context, store.Target, connector.Secret, connector.Secret) error {
					if under.Add(1) > 1 {
						t.Error("two push at once")
					}
					pushed.Add(1)
					under.Add(-1)
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if pushed.Load() != 1 {
			t.Errorf("%d times", pushed.Load())
		}
	})
}

// Who can write the database must not have a token sent to a place of their own.
func TestATargetThatWasChangedGetsNoToken(t *testing.T) {
	for name, change := range map[string]string{
		"another place":                    `UPDATE connector_targets SET place = '8' WHERE place = '7'`,
		"another host":                     `UPDATE connector_targets SET host = 'airbyte' WHERE place = '7'`,
		"another credential's":             `UPDATE connector_targets SET credential_id = (SELECT id FROM connector_credentials WHERE name = 'other') WHERE place = '7'`,
		"the settings of another":          `UPDATE connector_targets SET sealed = (SELECT sealed FROM connector_targets WHERE place = '9') WHERE place = '7'`,
		"a credential's value as settings": `UPDATE connector_targets SET sealed = (SELECT sealed FROM connector_credentials WHERE name = 'prod') WHERE place = '7'`,
	} {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, p place) {
				s := p.open(t)
				ok(t, s.Save(ctx, credential("prod", token(1))))
				ok(t, s.Save(ctx, credential("other", token(2))))
				ok(t, s.SaveTarget(ctx, "prod", "nexla", "7", settings, ""))
				ok(t, s.SaveTarget(ctx, "prod", "nexla", "9", settings, token(1)))
				p.tamper(t, change)
				ids, err := s.DueTargets(ctx, 10)
				if ok(t, err); len(ids) != 1 {
					t.Fatal(ids)
				}
				_, taken, err := s.PushTarget(ctx, ids[0], func(context.Context, store.Target, connector.Secret, connector.Secret) error {
					t.Error("it was pushed")
					return nil
				})
				if fails(t, err, store.ErrDamaged); !taken {
					t.Error("not taken")
				}
				if err := s.RotateKey(ctx, nil); !errors.Is(err, store.ErrDamaged) || !strings.Contains(err.Error(), "the target ") {
					t.Errorf("%v", err)
				}
			})
		})
	}
}

func TestATargetWithoutTheStoresKeyIsLeftToAnother(t *testing.T) {
	onEach(t, func(t *testing.T, p place) {
		s := p.open(t)
		ok(t, s.Save(ctx, credential("prod", token(1))))
		ok(t, s.SaveTarget(ctx, "prod", "nexla", "7", settings, ""))
		other, err := store.Open(ctx, p.url, store.KeyFile(t.TempDir()+"/other"))
		ok(t, err)
		defer other.Close()
		ids, err := other.DueTargets(ctx, 1)
		ok(t, err)
		_, _, err = other.PushTarget(ctx, ids[0], nil)
		fails(t, err, store.ErrLocked)
		if got := push(t, s, nil); len(got) != 1 {
			t.Errorf("%v", got)
		}
	})
}
