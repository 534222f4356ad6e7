package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/100ms-connector/connector-go/connector/store"
)

// damages are values that no Save writes, for one column of the record b. SQLite
// takes any type in any column; PostgreSQL keeps the types.
var damages = []struct {
	name, column, sqlite, postgres string
	listed                         string // Record.Damage
	opened                         string // what All makes of it
}{
	{"a blob as id", "id", "x'00ff'", "", "", "a, b damaged, c"},
	{"no id", "id", "NULL", "", "", "a, b damaged, c"},
	{"a blob as description", "description", "x'1b5b33316d'", "", "its description cannot be read", "a, b, c"},
	{"a description that is too long", "description", "printf('%300s', 'd')", "repeat('d', 300)", "its description cannot be read", "a, b, c"},
	{"a number as kind", "kind", "x'07'", "", "its kind cannot be read", "a, b, c"},
	{"a kind that acts on a terminal", "kind", "'app' || char(27) || ']0;title' || char(7)", "'app' || chr(27) || ']0;title' || chr(7)", "its kind cannot be read", "a, b, c"},
	{"an access key that acts on a terminal", "access_key", "char(27) || '[2J'", "chr(27) || '[2J'", "its access key cannot be read", "a, b, c"},
	{"words as issued_at", "issued_at", "'yesterday'", "", "its issue time cannot be read", "a, b, c"},
	{"a fraction as not_before", "not_before", "1.5", "", "its start cannot be read", "a, b, c"},
	{"words as expires_at", "expires_at", "'never'", "", "its expiry cannot be read", "a, b, c"},
	{"an expires_at after all calendars", "expires_at", "9223372036854775807", "9223372036854775807", "its expiry cannot be read", "a, b, c"},
	{"an expires_at before all calendars", "expires_at", "-9223372036854775807", "-9223372036854775807", "its expiry cannot be read", "a, b, c"},
	{"a number as value", "sealed", "7", "", "", "a, b damaged, c"},
	{"words as value", "sealed", "'words'", `'words'::bytea`, "", "a, b damaged, c"},
	{"a blob as key_id", "key_id", "x'ffff'", "", "", "a, b damaged, c"},
	{"a verdict of another vocabulary", "last_verdict", "'splendid'", "'splendid'", "its last verdict cannot be read", "a, b, c"},
	{"a code that acts on a terminal", "last_code", "char(27)", "chr(27)", "its last code cannot be read", "a, b, c"},
	{"a blob as last_tested_at", "last_tested_at", "x'00'", "", "its time of the last test cannot be read", "a, b, c"},
	{"words as saved_at", "saved_at", "'then'", "", "its time of saving cannot be read", "a, b, c"},
	{"words as created_at", "created_at", "'then'", "", "its time of creation cannot be read", "a, b, c"},
	{"words as updated_at", "updated_at", "'then'", "", "its time of change cannot be read", "a, b, c"},
	{"several damages", "kind", "'x', issued_at = 'y', updated_at = 'z'", "", "its kind, issue time and time of change cannot be read", "a, b, c"},
}

func TestADamagedRecordHidesNoOther(t *testing.T) {
	for _, c := range damages {
		t.Run(c.name, func(t *testing.T) {
			onEach(t, func(t *testing.T, p place) {
				value := c.sqlite
				if p.numbered {
					if value = c.postgres; value == "" {
						t.Skip("PostgreSQL does not take it")
					}
				}
				s := three(t, p)
				p.tamper(t, `UPDATE connector_credentials SET `+c.column+` = `+value+` WHERE name = 'b'`)

				if list := intactBut(t, s, "b"); list[1].Damage != c.listed {
					t.Errorf("listed as %q, want %q", list[1].Damage, c.listed)
				} else if c.column == "expires_at" && !list[1].ExpiryUnknown() {
					t.Error("it counts as a token that never expires")
				}
				if got := outcome(t, s); got != c.opened {
					t.Errorf("got %s, want %s", got, c.opened)
				}
				if _, err := s.Info(ctx); err != nil {
					t.Error(err)
				}
				limited, cancel := context.WithTimeout(ctx, 20*time.Second)
				defer cancel()
				err := s.RotateKey(limited, nil)
				if strings.Contains(c.opened, "damaged") != errors.Is(err, store.ErrDamaged) {
					t.Errorf("a rotation ends with %v", err)
				}
				ok(t, s.Edit(ctx, "b", store.Changes{APIKeyValue: ptr(token(7)), Description: ptr("new")}))
				if list := intactBut(t, s, ""); list[1].ExpiresAt.IsZero() || list[1].CreatedAt.IsZero() {
					t.Errorf("a new value leaves it as %+v", list[1])
				}
				ok(t, s.RotateKey(ctx, nil))
				has(t, s, "b", token(7))
			})
		})
	}
}

// intactBut lists the records a, b and c, and checks that none but the named one
// is damaged, and that nothing in them acts on a terminal or cannot be written.
func intactBut(t *testing.T, s *store.Store, damaged string) []store.Record {
	t.Helper()
	list, err := s.List(ctx)
	ok(t, err)
	if len(list) != 3 {
		t.Fatalf("%d records are listed", len(list))
	}
	for _, r := range list {
		if r.Name != damaged && (r.Damage != "" || r.CreatedAt.IsZero()) {
			t.Errorf("%+v", r)
		}
		for _, text := range []string{r.Name, r.Description, string(r.Kind), r.AccessKey, string(r.LastVerdict), string(r.LastCode), r.Damage} {
			if strings.ContainsFunc(text, unicode.IsControl) {
				t.Errorf("%q acts on a terminal", text)
			}
		}
	}
	if _, err := json.Marshal(list); err != nil {
		t.Error(err)
	}
	return list
}

func TestADamagedNameIsListedCleanAndCanBeRemoved(t *testing.T) {
	for _, c := range []struct{ name, sqlite, postgres, listed string }{
		{"a blob", "x'62ff1b5b33316d'", "", "b\uFFFD\uFFFD[31m"},
		{"too long", "'b' || printf('%0300d', 0)", "'b' || repeat('0', 300)", "b" + strings.Repeat("0", 254)},
		{"blank", "' '", "' '", " "},
	} {
		t.Run(c.name, func(t *testing.T) {
			onEach(t, func(t *testing.T, p place) {
				value := c.sqlite
				if p.numbered {
					if value = c.postgres; value == "" {
						t.Skip("PostgreSQL does not take it")
					}
				}
				s := three(t, p)
				p.tamper(t, `UPDATE connector_credentials SET name = `+value+` WHERE name = 'b'`)
				list := intactBut(t, s, c.listed)
				at := slices.IndexFunc(list, func(r store.Record) bool { return r.Name == c.listed })
				if at < 0 || list[at].Damage != "its name cannot be read" {
					t.Fatalf("%+v", list)
				}
				var opened []string
				for cred, err := range s.All(ctx) {
					if one, is := errors.AsType[*store.RecordError](err); is && errors.Is(err, store.ErrDamaged) {
						opened = append(opened, one.Name+" damaged")
					} else if ok(t, err); true {
						opened = append(opened, cred.Name)
					}
				}
				slices.Sort(opened)
				want := []string{"a", "c", c.listed + " damaged"}
				if slices.Sort(want); !slices.Equal(opened, want) {
					t.Errorf("%q", opened)
				}
				if err := s.RotateKey(ctx, nil); !errors.Is(err, store.ErrDamaged) {
					t.Error(err)
				}
				ok(t, s.Delete(ctx, c.listed))
				fails(t, s.Delete(ctx, c.listed), store.ErrNotFound)
				ok(t, s.RotateKey(ctx, nil))
				if got := outcome(t, s); got != "a, c" {
					t.Error(got)
				}
			})
		})
	}
}

func TestARotationNamesEveryRecordThatItCannotOpen(t *testing.T) {
	onEach(t, func(t *testing.T, p place) {
		s := three(t, p)
		p.tamper(t, strings.Replace(p.dialect(flip(60)), `name = 'b'`, `name IN ('a', 'c')`, 1))
		err := s.RotateKey(ctx, nil)
		const want = `2 credentials could not be opened and keep their old key: ` +
			`credential "a": damaged: its value was changed, or moved here from another record or name; ` +
			`credential "c": damaged: its value was changed, or moved here from another record or name`
		if fails(t, err, store.ErrDamaged); err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
		if all, is := errors.AsType[*store.RotationError](err); !is || len(all.Records) != 2 || all.Records[1].Name != "c" {
			t.Errorf("%#v", err)
		}
	})
}

func TestTablesThatSomethingElseHasChangedAreExplained(t *testing.T) {
	for _, c := range []struct{ name, statement string }{
		{"no table of credentials", `ALTER TABLE connector_credentials RENAME TO elsewhere`},
		{"a column is gone", `ALTER TABLE connector_credentials DROP COLUMN expires_at`},
		{"the store's own row is gone", `DELETE FROM connector_store`},
	} {
		t.Run(c.name, func(t *testing.T) {
			onEach(t, func(t *testing.T, p place) {
				ok(t, three(t, p).Close())
				p.change(t, c.statement)
				s := p.open(t)
				fails(t, s.Save(ctx, credential("d", token(4))), store.ErrUnavailable)
				_, info := s.Info(ctx)
				_, list := s.List(ctx)
				for _, err := range []error{info, list, s.Save(ctx, credential("d", token(4)))} {
					if err == nil { // it needs nothing of what has changed
						continue
					}
					if text := err.Error(); !strings.Contains(text, "put a backup in their place") || strings.Contains(text, "sql:") || strings.Contains(text, "code") {
						t.Error(text)
					}
				}
			})
		})
	}
}

func TestAStoreOfTheFirstVersionIsBroughtUpToDate(t *testing.T) {
	onEach(t, func(t *testing.T, p place) {
		ok(t, three(t, p).Close())
		for _, statement := range []string{
			`ALTER TABLE connector_credentials DROP COLUMN history`, `DROP INDEX connector_credentials_next_at`, `ALTER TABLE connector_credentials DROP COLUMN next_at`,
			`ALTER TABLE connector_credentials DROP COLUMN not_before`, `ALTER TABLE connector_credentials DROP COLUMN saved_at`,
			`DROP TABLE connector_signing_keys`, `DROP TABLE connector_holds`, `DROP TABLE connector_notices`, `DROP TABLE connector_targets`, `DELETE FROM connector_migrations WHERE version >= 2`,
		} {
			p.change(t, statement)
		}
		s := p.open(t)
		for _, r := range intactBut(t, s, "") {
			if !r.SavedAt.Equal(r.CreatedAt) || !r.NotBefore.IsZero() {
				t.Errorf("%+v", r)
			}
		}
		if got := outcome(t, s); got != "a, b, c" {
			t.Error(got)
		}
		ok(t, replace(s, "b", token(1), token(7)))
		if r, err := s.Show(ctx, "b"); err != nil || r.NotBefore.IsZero() || !r.SavedAt.After(r.CreatedAt) {
			t.Errorf("%+v, %v", r, err)
		}
	})
}
