package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/zalando/go-keyring"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
)

// seed saves n credentials, the same value in each.
func seed(t testing.TB, s *store.Store, n int) []*connector.Credential {
	t.Helper()
	value := token(0)
	many := make([]*connector.Credential, n)
	for i := range many {
		many[i] = credential(fmt.Sprintf("credential %06d", i), value)
	}
	ok(t, s.SaveMany(ctx, many))
	return many
}

// all checks that a store unseals to these, whole and in order.
func all(t testing.TB, s *store.Store, want []*connector.Credential) {
	t.Helper()
	i := 0
	for c, err := range s.All(ctx) {
		if ok(t, err); i >= len(want) || c.Name != want[i].Name || c.APIKeyValue != want[i].APIKeyValue {
			t.Fatalf("number %d is another one", i)
		}
		i++
	}
	if i != len(want) {
		t.Fatalf("%d of %d", i, len(want))
	}
}

func TestARotationLeavesOneKeyThatOpensEverything(t *testing.T) {
	onEach(t, func(t *testing.T, p place) {
		s := p.open(t)
		many := seed(t, s, 450)
		other := p.open(t)
		all(t, other, many) // so that it has the old key
		before, err := os.ReadFile(p.keyFile)
		ok(t, err)
		var steps []int
		ok(t, s.RotateKey(ctx, func(done, total int) {
			if steps = append(steps, done); total != 450 {
				t.Errorf("%d in total", total)
			}
		}))
		if fmt.Sprint(steps) != "[200 400 450]" {
			t.Errorf("progress %v", steps)
		}
		all(t, s, many)
		all(t, other, many)
		ok(t, other.Save(ctx, credential("later", token(1))))
		has(t, p.open(t), "later", token(1))
		ok(t, os.WriteFile(p.keyFile, before, 0o600))
		if got := outcome(t, p.open(t)); strings.Count(got, "locked") != 451 {
			t.Error("the old key still opens some")
		}
	})
}

func TestRotationsAtOnceBesideWritersLoseNothing(t *testing.T) {
	onEach(t, func(t *testing.T, p place) {
		s := p.open(t)
		seed(t, s, 300)
		var wait sync.WaitGroup
		for g := range 3 {
			rotating, writing := p.open(t), p.open(t)
			wait.Add(2)
			go func() {
				defer wait.Done()
				if err := rotating.RotateKey(ctx, nil); err != nil {
					t.Error(err)
				}
			}()
			go func() {
				defer wait.Done()
				for n := range 30 {
					name := fmt.Sprint("w", g, "-", n)
					if err := writing.Save(ctx, credential(name, token(n))); err != nil {
						t.Error(err)
					}
					if c, err := writing.Credential(ctx, name); err != nil || c.APIKeyValue != token(n) {
						t.Error(err)
					}
				}
			}()
		}
		wait.Wait()
		if got := outcome(t, p.open(t)); strings.Contains(got, " locked") || strings.Count(got, ",") != 389 {
			t.Error(got)
		}
	})
}

func TestACancelledRotationIsCompletedByTheNext(t *testing.T) {
	onEach(t, func(t *testing.T, p place) {
		s := p.open(t)
		many := seed(t, s, 500)
		half, cancel := context.WithCancel(ctx)
		defer cancel()
		fails(t, s.RotateKey(half, func(int, int) { cancel() }), context.Canceled)
		info, err := s.Info(ctx)
		if ok(t, err); !info.Rotating || info.Locked {
			t.Errorf("%+v", info)
		}
		all(t, s, many)
		ok(t, s.RotateKey(ctx, func(_, total int) {
			if total != 300 {
				t.Errorf("%d left to do", total)
			}
		}))
		after, err := s.Info(ctx)
		if ok(t, err); after.Rotating || after.KeyID != info.KeyID {
			t.Errorf("%+v, before %+v", after, info)
		}
		all(t, s, many)
	})
}

func TestARotationPassesOverWhatItCannotOpenAndKeepsItsKey(t *testing.T) {
	onEach(t, func(t *testing.T, p place) {
		s := three(t, p)
		p.tamper(t, p.dialect(flip(60)))
		err := s.RotateKey(ctx, nil)
		if fails(t, err, store.ErrDamaged); !strings.Contains(err.Error(), `"b"`) {
			t.Error(err)
		}
		if got := outcome(t, s); got != "a, b damaged, c" {
			t.Error(got)
		}
		p.tamper(t, p.dialect(flip(60))) // mended
		if got := outcome(t, p.open(t)); got != "a, b, c" {
			t.Error(got)
		}
		ok(t, s.Delete(ctx, "b"))
		ok(t, s.RotateKey(ctx, nil))
		if got := outcome(t, p.open(t)); got != "a, c" {
			t.Error(got)
		}
	})
}

func TestKeysGivenAsTextRotateToTheFirst(t *testing.T) {
	p := onSQLite(t)
	older, newer := newKeyText(), newKeyText()
	s := p.openWith(t, store.Keys(connector.Secret(older)))
	many := seed(t, s, 10)
	fails(t, s.RotateKey(ctx, nil), store.ErrNoNewKey)

	both := p.openWith(t, store.Keys(connector.Secret(newer+" , "+older)))
	ok(t, both.Save(ctx, credential("credential 999999", token(0))))
	ok(t, both.RotateKey(ctx, nil))
	ok(t, both.Delete(ctx, "credential 999999"))
	all(t, p.openWith(t, store.Keys(connector.Secret(newer))), many)
	_, err := p.openWith(t, store.Keys(connector.Secret(older))).Credential(ctx, many[0].Name)
	fails(t, err, store.ErrLocked)
}

func TestAKeyFileOfTwoStoresKeepsTheKeyThatTheOtherNeeds(t *testing.T) {
	first, second := onSQLite(t), onSQLite(t)
	second.keyFile = first.keyFile
	a, b := first.open(t), second.open(t)
	many, others := seed(t, a, 3), seed(t, b, 4)
	ok(t, a.RotateKey(ctx, nil))
	all(t, first.open(t), many)
	all(t, second.open(t), others)
	ok(t, b.RotateKey(ctx, nil))
	all(t, first.open(t), many)
	all(t, second.open(t), others)
}

func TestTheKeyringKeepsTheKeys(t *testing.T) {
	keyring.MockInit()
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	source := store.Keyring("100ms-connector", "tester")
	p := onSQLite(t)
	s := p.openWith(t, source)
	many := seed(t, s, 3)
	before, err := keyring.Get("100ms-connector", "tester")
	ok(t, err)
	ok(t, s.RotateKey(ctx, nil))
	after, err := keyring.Get("100ms-connector", "tester")
	if ok(t, err); before == after || strings.Count(after, "=\n") != 1 {
		t.Error("the key was not replaced")
	}
	all(t, p.openWith(t, source), many)

	keyring.MockInitWithError(errors.New("no D-Bus"))
	_, err = p.openWith(t, source).Credential(ctx, many[0].Name)
	if fails(t, err, store.ErrKey); !strings.Contains(err.Error(), "does not answer (no D-Bus): unlock it") || !strings.Contains(err.Error(), "keep the key in a file or in an environment variable") {
		t.Error(err)
	}
	keyring.MockInit() // an empty one: the key was lost
	_, err = p.openWith(t, source).Credential(ctx, many[0].Name)
	fails(t, err, store.ErrLocked)
}
