package store_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
)

// three is a store of the credentials a, b and c.
func three(t *testing.T, p place) *store.Store {
	s := p.open(t)
	for i, name := range []string{"a", "b", "c"} {
		ok(t, s.Save(ctx, credential(name, token(i))))
	}
	return s
}

// outcome says for every credential of a store whether it unseals.
func outcome(t *testing.T, s *store.Store) string {
	t.Helper()
	var all []string
	for c, err := range s.All(ctx) {
		var one *store.RecordError
		switch {
		case err == nil:
			all = append(all, c.Name)
			continue
		case !errors.As(err, &one) || c != nil:
			t.Fatalf("%v, %v", c, err)
		}
		_, single := s.Credential(ctx, one.Name)
		for _, class := range []error{store.ErrLocked, store.ErrDamaged, store.ErrKey} {
			if errors.Is(err, class) && errors.Is(single, class) {
				all = append(all, one.Name+" "+store.Plain(class))
			}
		}
		if strings.Contains(err.Error(), "eyJ") {
			t.Errorf("the error holds a token: %v", err)
		}
	}
	return strings.Join(all, ", ")
}

func TestTampering(t *testing.T) {
	for _, c := range []struct{ name, statement, want string }{
		{"a bit of a value", flip(40), "a, b damaged, c"},
		{"a bit of the nonce", flip(12), "a, b damaged, c"},
		{"a bit of the key's id", flip(3), "a, b damaged, c"},
		{"the version of the format", flip(0), "a, b damaged, c"},
		{"an empty value", `UPDATE connector_credentials SET sealed = {empty} WHERE name = 'b'`, "a, b damaged, c"},
		{"a value from another record", `UPDATE connector_credentials SET sealed = (SELECT sealed FROM connector_credentials WHERE name = 'a') WHERE name = 'b'`, "a, b damaged, c"},
		{"a name", `UPDATE connector_credentials SET name = 'd' WHERE name = 'b'`, "a, c, d damaged"},
		{"an id", `UPDATE connector_credentials SET id = '00000000000000000000000000000000' WHERE name = 'b'`, "a, b damaged, c"},
		{"the key's id beside the value", `UPDATE connector_credentials SET key_id = '0000000000000000' WHERE name = 'b'`, "a, b damaged, c"},
		{"the key's id in both places", both, "a, b locked, c"},
	} {
		t.Run(c.name+" was changed", func(t *testing.T) {
			onEach(t, func(t *testing.T, p place) {
				s := three(t, p)
				p.tamper(t, p.dialect(c.statement))
				if got := outcome(t, s); got != c.want {
					t.Errorf("got %s, want %s", got, c.want)
				}
				if list, err := s.List(ctx); err != nil || len(list) != 3 {
					t.Errorf("the list shows %d, %v", len(list), err)
				}
				// The others can still be used, and the damaged one replaced.
				ok(t, s.Save(ctx, credential("z", token(9))))
				ok(t, s.Edit(ctx, "a", store.Changes{APIKeyValue: ptr(token(8))}))
				if strings.Contains(c.want, "b damaged") {
					fails(t, s.Edit(ctx, "b", store.Changes{Name: ptr("x")}), store.ErrDamaged)
					fails(t, replace(s, "b", token(1), token(7)), store.ErrDamaged)
					ok(t, s.Edit(ctx, "b", store.Changes{APIKeyValue: ptr(token(7))}))
					has(t, s, "b", token(7))
				}
			})
		})
	}
}

func flip(at int) string {
	return fmt.Sprintf(`UPDATE connector_credentials SET sealed = {flip %d} WHERE name = 'b'`, at)
}

const both = `UPDATE connector_credentials SET key_id = '0000000000000000', sealed = {zero id} WHERE name = 'b'`

// dialect writes what the two databases say differently about bytes.
func (p place) dialect(s string) string {
	if p.numbered {
		s = strings.NewReplacer("{empty}", `'\x'::bytea`, "{zero id}", `overlay(sealed placing '\x0000000000000000'::bytea from 2)`).Replace(s)
		if before, rest, found := strings.Cut(s, "{flip "); found {
			at, after, _ := strings.Cut(rest, "}")
			s = before + "set_byte(sealed, " + at + ", 255 - get_byte(sealed, " + at + "))" + after
		}
		return s
	}
	s = strings.NewReplacer("{empty}", "x''", "{zero id}", "unhex(hex(substr(sealed, 1, 1)) || '0000000000000000' || hex(substr(sealed, 10)))").Replace(s)
	if before, rest, found := strings.Cut(s, "{flip "); found {
		at, after, _ := strings.Cut(rest, "}")
		// SQLite has no way to a byte but through its digits: the complement of one.
		s = before + "unhex(substr(hex(sealed), 1, 2 * " + at + ") || substr('FEDCBA9876543210', instr('0123456789ABCDEF', substr(hex(sealed), 2 * " + at + " + 1, 1)), 1) || substr(hex(sealed), 2 * " + at + " + 2))" + after
	}
	return s
}

func TestAnotherKeyIsLockedAndChangesNothing(t *testing.T) {
	onEach(t, func(t *testing.T, p place) {
		three(t, p)
		s := p.openWith(t, store.Keys(connector.Secret(newKeyText())))
		if got := outcome(t, s); got != "a locked, b locked, c locked" {
			t.Error(got)
		}
		for _, err := range []error{
			s.Save(ctx, credential("d", token(4))), s.Edit(ctx, "a", store.Changes{APIKeyValue: ptr(token(4))}),
			s.Edit(ctx, "a", store.Changes{Name: ptr("x")}), replace(s, "a", token(0), token(4)), s.RotateKey(ctx, nil),
			s.RecordTest(ctx, credential("a", token(0)), report(connector.VerdictAccepted, connector.OK, token(0))),
		} {
			fails(t, err, store.ErrLocked)
		}
		info, err := s.Info(ctx)
		if ok(t, err); !info.Locked || info.LockedBecause == "" || info.Records != 3 {
			t.Errorf("%+v", info)
		}
		// What needs no key works.
		ok(t, s.Edit(ctx, "a", store.Changes{Description: ptr("new")}))
		ok(t, s.Delete(ctx, "b"))
		if got := outcome(t, p.open(t)); got != "a, c" {
			t.Error(got)
		}
	})
}

func TestAMissingKeyFileIsNamedAndNotMadeAnew(t *testing.T) {
	p := onSQLite(t)
	three(t, p)
	ok(t, os.Remove(p.keyFile))
	s := p.open(t)
	if got := outcome(t, s); got != "a locked, b locked, c locked" {
		t.Error(got)
	}
	for _, err := range []error{s.Save(ctx, credential("d", token(4))), s.RotateKey(ctx, nil)} {
		if fails(t, err, store.ErrLocked); !strings.Contains(err.Error(), p.keyFile) {
			t.Errorf("%v does not name the file", err)
		}
	}
	if info, err := s.Info(ctx); err != nil || !info.Locked {
		t.Errorf("%+v, %v", info, err)
	}
	if exists(p.keyFile) {
		t.Error("a new key file was made")
	}
}

func TestAnEmptiedStoreTakesAnotherKey(t *testing.T) {
	onEach(t, func(t *testing.T, p place) {
		s := p.openWith(t, store.Keys(connector.Secret(newKeyText())))
		ok(t, s.Save(ctx, credential("a", token(1))))
		ok(t, s.Delete(ctx, "a"))
		other := p.open(t)
		ok(t, other.Save(ctx, credential("b", token(2))))
		has(t, other, "b", token(2))
		fails(t, s.Save(ctx, credential("c", token(3))), store.ErrLocked)
	})
}

func TestWithoutAKeyOneCanListAndNothingIsKeptInClear(t *testing.T) {
	p := onSQLite(t)
	s := p.openWith(t, store.KeySource{})
	fails(t, s.Save(ctx, credential("a", token(1))), store.ErrLocked)
	three(t, p)
	if list, err := s.List(ctx); err != nil || len(list) != 3 {
		t.Errorf("%v, %v", list, err)
	}
}

func TestNoFileHoldsAValueInClear(t *testing.T) {
	p := onSQLite(t)
	s := three(t, p)
	ok(t, s.Edit(ctx, "a", store.Changes{Name: ptr("x"), APIKeyValue: ptr(token(4))}))
	ok(t, replace(s, "b", token(1), token(5)))
	look := func(when string) {
		files, err := filepath.Glob(filepath.Join(filepath.Dir(p.path()), "*"))
		ok(t, err)
		if len(files) == 0 {
			t.Fatal("there are no files")
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			ok(t, err)
			for i := range 6 {
				if trace(data, token(i)) {
					t.Errorf("%s, %s holds token %d", when, filepath.Base(file), i)
				}
			}
		}
	}
	look("with a journal")
	ok(t, s.RotateKey(ctx, nil))
	look("after a rotation")
	ok(t, s.Close())
	look("closed")
}

func TestPostgreSQLHoldsNoValueInClear(t *testing.T) {
	p := onPostgres(t)
	s := three(t, p)
	list, err := s.List(ctx)
	ok(t, err)
	for _, row := range p.rows(t) {
		for i := range 3 {
			if trace([]byte(row), token(i)) {
				t.Errorf("a row holds token %d", i)
			}
		}
	}
	if len(p.rows(t)) != len(list) {
		t.Error("not all rows were read")
	}
}

// trace says whether data has a part of a token that is long enough to matter:
// of its signature or its payload, as it is, in hexadecimal or in base64.
func trace(data []byte, value connector.Secret) bool {
	parts := strings.Split(value.Reveal(), ".")
	for _, part := range []string{parts[1][20:60], parts[2][:20], parts[2][20:]} {
		for _, form := range []string{part, hex.EncodeToString([]byte(part)), strings.ToUpper(hex.EncodeToString([]byte(part))), base64.StdEncoding.EncodeToString([]byte(part))[:20]} {
			if bytes.Contains(data, []byte(form)) {
				return true
			}
		}
	}
	return false
}

func TestNothingThatCanBePrintedHoldsASecret(t *testing.T) {
	onEach(t, func(t *testing.T, p place) {
		key := newKeyText()
		source := store.Keys(connector.Secret(key))
		s := p.openWith(t, source)
		ok(t, s.Save(ctx, credential("a", token(1))))
		c, err := s.Credential(ctx, "a")
		ok(t, err)
		info, err := s.Info(ctx)
		ok(t, err)
		value := token(1)
		password := "a password that is nowhere"
		if _, after, found := strings.Cut(os.Getenv("CONNECTOR_TEST_POSTGRES"), "connector:"); found {
			password, _, _ = strings.Cut(after, "@")
		}
		raw, err := base64.StdEncoding.DecodeString(key)
		ok(t, err)
		type holder struct {
			s *store.Store
			k store.KeySource
		}
		for _, v := range []any{holder{s, source}, &holder{s, source}, s, source, &source, c, *c, info, store.Changes{APIKeyValue: &value}} {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d", "%c", "%q", "%t"} {
				text := fmt.Sprintf(verb, v)
				for _, secret := range []string{value.Reveal(), key, password, hex.EncodeToString(raw), strings.Trim(fmt.Sprint(raw), "[]")} {
					if strings.Contains(text, secret) {
						t.Errorf("%s of %T holds a secret:\n%s", verb, v, text)
					}
				}
			}
		}
	})
}
