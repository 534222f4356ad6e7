package store_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
	"github.com/100ms-connector/connector-go/fixtures"
)

// operations are what a store does, the same on every database.
var operations = []struct {
	name string
	test func(t *testing.T, p place, s *store.Store)
}{
	{"a saved credential comes back after the store was closed", func(t *testing.T, p place, s *store.Store) {
		saved := credential("prod", token(1))
		ok(t, s.Save(ctx, saved))
		ok(t, s.Close())
		got, err := p.open(t).Credential(ctx, "prod")
		ok(t, err)
		r, err := p.open(t).Show(ctx, "prod")
		ok(t, err)
		want := *saved
		want.SavedAt = r.CreatedAt
		if !reflect.DeepEqual(got, &want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}},
	{"a record tells what the token claims", func(t *testing.T, p place, s *store.Store) {
		before := time.Now()
		ok(t, s.Save(ctx, credential("prod", token(1))))
		r, err := s.Show(ctx, "prod")
		ok(t, err)
		claims := connector.Inspect(token(1).Reveal())
		if r.CreatedAt.Before(before.Truncate(time.Microsecond)) || r.CreatedAt.After(time.Now()) || !r.UpdatedAt.Equal(r.CreatedAt) {
			t.Errorf("created at %v, updated at %v", r.CreatedAt, r.UpdatedAt)
		}
		want := store.Record{
			ID: r.ID, Name: "prod", Description: "of prod", Kind: connector.KindManagement, AccessKey: fixtures.Workspace().AccessKey,
			IssuedAt: claims.IssuedAt, NotBefore: claims.NotBefore, ExpiresAt: claims.ExpiresAt,
			SavedAt: r.CreatedAt, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
		}
		if r != want {
			t.Errorf("got  %+v\nwant %+v", r, want)
		}
	}},
	{"what is no token is kept too, with nothing known of it", func(t *testing.T, p place, s *store.Store) {
		ok(t, s.Save(ctx, credential("odd", "certainly-not-a-token")))
		r, err := s.Show(ctx, "odd")
		ok(t, err)
		if r.Kind != connector.KindUnknown || !r.IssuedAt.IsZero() || !r.ExpiresAt.IsZero() {
			t.Errorf("got %+v", r)
		}
	}},
	{"times that a token may claim survive, also odd ones", func(t *testing.T, p place, s *store.Store) {
		for i, exp := range []any{0, -1, int64(99999999999), 1.5} {
			c := fixtures.Management(fixtures.Workspace(), time.Now(), time.Hour).With("exp", exp)
			value := fixtures.Sign(fixtures.Workspace(), c)
			name := fmt.Sprint("odd ", i)
			ok(t, s.Save(ctx, credential(name, connector.Secret(value))))
			r, err := s.Show(ctx, name)
			ok(t, err)
			if want := connector.Inspect(value).ExpiresAt; !r.ExpiresAt.Equal(want) {
				t.Errorf("exp %v: got %v, want %v", exp, r.ExpiresAt, want)
			}
		}
	}},
	{"a pasted value is cleaned before it is kept", func(t *testing.T, p place, s *store.Store) {
		ok(t, s.Save(ctx, credential("pasted", "  \"Bearer "+token(1)+"\"\n")))
		has(t, s, "pasted", token(1))
	}},
	{"a name that is taken is refused, and what has it stays", func(t *testing.T, p place, s *store.Store) {
		ok(t, s.Save(ctx, credential("prod", token(1))))
		fails(t, s.Save(ctx, credential("prod", token(2))), store.ErrExists)
		has(t, s, "prod", token(1))
	}},
	{"names differ by case, and sort by bytes", func(t *testing.T, p place, s *store.Store) {
		names := []string{"prod", "Prod", "ä", "a b", "a", "_", "日本", "prod-2", `o'hara "x" \ $1 ? {text}`}
		for i, name := range names {
			ok(t, s.Save(ctx, credential(name, token(i))))
		}
		list, err := s.List(ctx)
		ok(t, err)
		var got []string
		for _, r := range list {
			got = append(got, r.Name)
		}
		slices.Sort(names)
		if !slices.Equal(got, names) {
			t.Errorf("got %q, want %q", got, names)
		}
		has(t, s, `o'hara "x" \ $1 ? {text}`, token(8))
	}},
	{"what cannot be kept is refused, with the reason", func(t *testing.T, p place, s *store.Store) {
		for name, c := range map[string]*connector.Credential{
			"blank":             credential(" \u200b\t", token(1)),
			"NUL":               credential("a\x00b", token(1)),
			"UTF-8":             credential("a\xffb", token(1)),
			"255":               credential(strings.Repeat("ä", 256), token(1)),
			"empty":             credential("no value", " \n"),
			"8192":              credential("long value", connector.Secret(strings.Repeat("x", 9000))),
			"its name looks":    credential("prod "+token(1).Reveal()[:60], token(1)),
			"name looks":        credential(token(1).Reveal(), token(1)),
			"looks like":        credential("secret="+fixtures.Workspace().AppSecret, token(1)),
			"stand in clear":    credential(`"`+token(1).Reveal()[:200]+`"`, token(1)),
			"description looks": {Name: "swapped", Description: fixtures.Workspace().AppSecret, APIKeyValue: token(1)},
			"character":         {Name: "long", Description: strings.Repeat("word ", 52), APIKeyValue: token(1)},
		} {
			err := s.Save(ctx, c)
			if err != nil && strings.Contains(err.Error(), token(1).Reveal()) {
				t.Errorf("%s: the error holds the token", name)
			}
			if !errors.Is(err, store.ErrInvalid) || !strings.Contains(err.Error(), name) {
				t.Errorf("%s: %v", name, err)
			}
		}
		ok(t, s.Save(ctx, &connector.Credential{Name: strings.Repeat("ä", 255), APIKeyValue: token(1)}))
	}},
	{"names and descriptions that only resemble secrets are kept", func(t *testing.T, p place, s *store.Store) {
		for i, name := range []string{"prod.eu.acme", "abc-defg-hij", fixtures.Workspace().AccessKey, "eyJ", strings.Repeat("x", 250)} {
			c := credential(name, token(i))
			c.Description = strings.Repeat("letters and blanks alone ", 8)
			ok(t, s.Save(ctx, c))
		}
	}},
	{"a store without credentials lists none, and makes no key", func(t *testing.T, p place, s *store.Store) {
		list, err := s.List(ctx)
		if err != nil || len(list) != 0 {
			t.Errorf("%v, %v", list, err)
		}
		info, err := s.Info(ctx)
		if ok(t, err); info.Locked || info.KeyID != "" || info.Records != 0 || info.SchemaVersion != store.SchemaVersion {
			t.Errorf("%+v", info)
		}
		if exists(p.keyFile) {
			t.Error("a key file was made")
		}
	}},
	{"what is not there is not found", func(t *testing.T, p place, s *store.Store) {
		_, show := s.Show(ctx, "nobody")
		_, cred := s.Credential(ctx, "nobody")
		for _, err := range []error{
			show, cred, s.Delete(ctx, "nobody"), s.Edit(ctx, "nobody", store.Changes{}),
			s.Edit(ctx, "nobody", store.Changes{Name: ptr("x")}), s.Edit(ctx, "nobody", store.Changes{Description: ptr("x")}),
			s.Edit(ctx, "nobody", store.Changes{APIKeyValue: ptr(token(1))}),
			replace(s, "nobody", token(1), token(2)), s.RecordTest(ctx, credential("nobody", token(1)), &connector.Report{}),
		} {
			fails(t, err, store.ErrNotFound)
			if err != nil && !strings.Contains(err.Error(), `"nobody"`) {
				t.Errorf("%v does not name it", err)
			}
		}
	}},
	{"a deleted credential is gone, and its name is free", func(t *testing.T, p place, s *store.Store) {
		ok(t, s.Save(ctx, credential("prod", token(1))))
		ok(t, s.Delete(ctx, "prod"))
		_, err := s.Credential(ctx, "prod")
		fails(t, err, store.ErrNotFound)
		ok(t, s.Save(ctx, credential("prod", token(2))))
		has(t, s, "prod", token(2))
	}},
	{"an edit leaves untouched what it does not name", func(t *testing.T, p place, s *store.Store) {
		ok(t, s.Save(ctx, credential("prod", token(1))))
		ok(t, s.RecordTest(ctx, credential("prod", token(1)), report(connector.VerdictAccepted, connector.OK, token(1))))
		before, err := s.Show(ctx, "prod")
		ok(t, err)

		ok(t, s.Edit(ctx, "prod", store.Changes{}))
		same, err := s.Show(ctx, "prod")
		if ok(t, err); same != before {
			t.Errorf("no change changed it to %+v", same)
		}
		ok(t, s.Edit(ctx, "prod", store.Changes{Description: ptr("")}))
		after, err := s.Show(ctx, "prod")
		ok(t, err)
		if !after.UpdatedAt.After(before.UpdatedAt) {
			t.Error("it does not count as updated")
		}
		before.Description, before.UpdatedAt = "", after.UpdatedAt
		if after != before {
			t.Errorf("got %+v, want %+v", after, before)
		}
		has(t, s, "prod", token(1))
	}},
	{"an edit can rename and describe, and the last test stays known", func(t *testing.T, p place, s *store.Store) {
		ok(t, s.Save(ctx, credential("prod", token(1))))
		ok(t, s.RecordTest(ctx, credential("prod", token(1)), report(connector.VerdictAccepted, connector.OK, token(1))))
		ok(t, s.Edit(ctx, "prod", store.Changes{Name: ptr("main"), Description: ptr("new")}))
		r, err := s.Show(ctx, "main")
		if ok(t, err); r.Description != "new" || r.LastVerdict != connector.VerdictAccepted {
			t.Errorf("%+v", r)
		}
		_, err = s.Show(ctx, "prod")
		fails(t, err, store.ErrNotFound)
		has(t, s, "main", token(1))
	}},
	{"an edit to a name that is taken changes nothing", func(t *testing.T, p place, s *store.Store) {
		ok(t, s.Save(ctx, credential("a", token(1))))
		ok(t, s.Save(ctx, credential("b", token(2))))
		fails(t, s.Edit(ctx, "a", store.Changes{Name: ptr("b"), APIKeyValue: ptr(token(3))}), store.ErrExists)
		has(t, s, "a", token(1))
		has(t, s, "b", token(2))
	}},
	{"a new value brings its claims, and forgets the test of the old one", func(t *testing.T, p place, s *store.Store) {
		ok(t, s.Save(ctx, credential("prod", token(1))))
		ok(t, s.RecordTest(ctx, credential("prod", token(1)), report(connector.VerdictAccepted, connector.OK, token(1))))
		app := connector.Secret(fixtures.Sign(fixtures.OtherWorkspace(), fixtures.App(fixtures.OtherWorkspace(), time.Now(), time.Hour)))
		ok(t, s.Edit(ctx, "prod", store.Changes{Name: ptr("other"), APIKeyValue: ptr(" " + app)}))
		has(t, s, "other", app)
		r, err := s.Show(ctx, "other")
		ok(t, err)
		if r.Kind != connector.KindApp || r.AccessKey != fixtures.OtherWorkspace().AccessKey || r.LastVerdict != "" || r.LastCode != "" || !r.LastTestedAt.IsZero() {
			t.Errorf("%+v", r)
		}
	}},
	{"a renewal replaces the value that was read, and no other", func(t *testing.T, p place, s *store.Store) {
		ok(t, s.Save(ctx, credential("prod", token(1))))
		ok(t, replace(s, "prod", token(1), token(2)))
		fails(t, replace(s, "prod", token(1), token(3)), store.ErrChanged)
		has(t, s, "prod", token(2))
		r, err := s.Show(ctx, "prod")
		if ok(t, err); r.Description != "of prod" {
			t.Errorf("%+v", r)
		}
	}},
	{"the last test is kept, and is no update", func(t *testing.T, p place, s *store.Store) {
		ok(t, s.Save(ctx, credential("prod", token(1))))
		test := report(connector.VerdictRejected, connector.TokenRefused, token(1))
		ok(t, s.RecordTest(ctx, credential("prod", token(1)), test))
		r, err := s.Show(ctx, "prod")
		ok(t, err)
		if r.LastVerdict != connector.VerdictRejected || r.LastCode != connector.TokenRefused || !r.LastTestedAt.Equal(test.TestedAt) || r.UpdatedAt != r.CreatedAt {
			t.Errorf("%+v", r)
		}
		older := report(connector.VerdictAccepted, connector.OK, token(1))
		older.TestedAt = test.TestedAt.Add(-time.Minute)
		ok(t, s.RecordTest(ctx, credential("prod", token(1)), older))
		if r, _ := s.Show(ctx, "prod"); r.LastVerdict != connector.VerdictRejected {
			t.Error("an older test took the place of a newer one")
		}
	}},
	{"a test of a value that was replaced meanwhile is not kept", func(t *testing.T, p place, s *store.Store) {
		ok(t, s.Save(ctx, credential("prod", "certainly-not-a-token")))
		fails(t, s.RecordTest(ctx, credential("prod", token(1)), report(connector.VerdictAccepted, connector.OK, token(1))), store.ErrChanged)
	}},
	{"the loop over all may use the store, and may end early", func(t *testing.T, p place, s *store.Store) {
		for i := range 20 {
			ok(t, s.Save(ctx, credential(fmt.Sprintf("c%02d", i), token(i))))
		}
		seen := 0
		for c, err := range s.All(ctx) {
			ok(t, err)
			if c.Name != fmt.Sprintf("c%02d", seen) || c.APIKeyValue != token(seen) {
				t.Errorf("number %d is %+v", seen, c)
			}
			ok(t, s.RecordTest(ctx, c, report(connector.VerdictAccepted, connector.OK, c.APIKeyValue)))
			ok(t, s.Delete(ctx, c.Name))
			if seen++; seen == 10 {
				break
			}
		}
		if list, err := s.List(ctx); err != nil || len(list) != 10 {
			t.Errorf("%d left, %v", len(list), err)
		}
	}},
	{"a context that has ended ends everything", func(t *testing.T, p place, s *store.Store) {
		ok(t, s.Save(ctx, credential("prod", token(1))))
		over, cancel := context.WithCancel(ctx)
		cancel()
		_, open := store.Open(over, p.url, store.KeyFile(p.keyFile))
		_, list := s.List(over)
		_, show := s.Show(over, "prod")
		_, cred := s.Credential(over, "prod")
		_, info := s.Info(over)
		var all error
		for _, all = range s.All(over) {
		}
		for i, err := range []error{
			open, list, show, cred, info, all, s.Save(over, credential("x", token(1))), s.Delete(over, "prod"),
			s.Edit(over, "prod", store.Changes{Name: ptr("x")}), replaceIn(over, s, "prod", token(1), token(2)),
			s.RecordTest(over, credential("prod", token(1)), report(connector.VerdictAccepted, connector.OK, token(1))), s.RotateKey(over, nil),
		} {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%d: %v", i, err)
			}
		}
		has(t, s, "prod", token(1))
	}},
	{"64 goroutines save, edit, read, rename and delete", func(t *testing.T, p place, s *store.Store) {
		var all sync.WaitGroup
		for g := range 64 {
			all.Add(1)
			go func() {
				defer all.Done()
				a, b := fmt.Sprint("a", g), fmt.Sprint("b", g)
				for step, err := range []error{
					s.Save(ctx, credential(a, token(g))), s.Edit(ctx, a, store.Changes{Name: &b}),
					replace(s, b, token(g), token(g+1)), s.Edit(ctx, b, store.Changes{Description: &a}),
				} {
					if err != nil {
						t.Errorf("goroutine %d, step %d: %v", g, step, err)
					}
				}
				if c, err := s.Credential(ctx, b); err != nil || c.APIKeyValue != token(g+1) || c.Description != a {
					t.Errorf("goroutine %d: %+v, %v", g, c, err)
				}
				if g%2 == 0 {
					if err := s.Delete(ctx, b); err != nil {
						t.Error(err)
					}
				}
			}()
		}
		all.Wait()
		if list, err := s.List(ctx); err != nil || len(list) != 32 {
			t.Errorf("%d, %v", len(list), err)
		}
	}},
	{"changes to what was read before another's change are refused", func(t *testing.T, p place, s *store.Store) {
		ok(t, s.Save(ctx, credential("a", token(1))))
		read, err := s.Show(ctx, "a")
		ok(t, err)
		words, name := "new words", "b"
		for what, c := range map[string]store.Changes{
			"a description": {Description: &words}, "a name": {Name: &name}, "a value": {APIKeyValue: ptr(token(3))},
		} {
			ok(t, s.Edit(ctx, "a", store.Changes{APIKeyValue: ptr(token(2))})) // the other's
			c.Since = read.UpdatedAt
			if err := s.Edit(ctx, "a", c); !errors.Is(err, store.ErrChanged) {
				t.Errorf("%s: %v", what, err)
			}
			has(t, s, "a", token(2))
			now, err := s.Show(ctx, "a")
			ok(t, err)
			c.Since = now.UpdatedAt
			ok(t, s.Edit(ctx, "a", c))
			if c.Name != nil {
				ok(t, s.Edit(ctx, "b", store.Changes{Name: ptr("a")}))
			}
		}
		ok(t, s.Delete(ctx, "a"))
		ok(t, s.Save(ctx, credential("a", token(1)))) // made anew
		if err := s.Edit(ctx, "a", store.Changes{Description: &words, Since: read.UpdatedAt}); !errors.Is(err, store.ErrChanged) {
			t.Error(err)
		}
	}},
	{"a store that was closed says so", func(t *testing.T, p place, s *store.Store) {
		ok(t, s.Close())
		_, err := s.List(ctx)
		if fails(t, err, store.ErrUnavailable); !strings.Contains(err.Error(), "closed") {
			t.Error(err)
		}
	}},
}

func TestOperations(t *testing.T) {
	onEach(t, func(t *testing.T, _ place) {
		for _, op := range operations {
			t.Run(op.name, func(t *testing.T) {
				p := onSQLite(t)
				if strings.Contains(t.Name(), "PostgreSQL") {
					p = onPostgres(t)
				}
				op.test(t, p, p.open(t))
			})
		}
	})
}

// has checks that a credential unseals to a value.
func has(t testing.TB, s *store.Store, name string, value connector.Secret) {
	t.Helper()
	c, err := s.Credential(ctx, name)
	if err != nil {
		t.Error(err)
	} else if c.APIKeyValue != value {
		t.Errorf("%s has another value", name)
	}
}

func fails(t testing.TB, err, class error) {
	t.Helper()
	if !errors.Is(err, class) {
		t.Errorf("got the error %v, want: %v", err, class)
	}
}

func report(v connector.Verdict, c connector.Code, value connector.Secret) *connector.Report {
	token := connector.Inspect(value.Reveal())
	return &connector.Report{Verdict: v, Code: c, Token: &token, TestedAt: time.Now().UTC().Truncate(time.Second)}
}

// replace renews a value that was read.
func replace(s *store.Store, name string, read, fresh connector.Secret) error {
	return replaceIn(ctx, s, name, read, fresh)
}

func replaceIn(ctx context.Context, s *store.Store, name string, read, fresh connector.Secret) error {
	_, err := s.Replace(ctx, credential(name, read), fresh)
	return err
}

func ptr[T any](v T) *T { return &v }
