package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/100ms-connector/connector-go/connector"
)

// Record is a saved credential without its API key value. Kind, access key and
// times are those that the token claims (connector.Inspect): unverified, and
// zero or connector.Unknown if nothing could be read.
type Record struct {
	Name, Description string

	Kind                connector.Kind
	AccessKey           string
	IssuedAt, ExpiresAt time.Time

	// Of the last test of this value; empty and zero if it was never tested.
	LastVerdict  connector.Verdict
	LastCode     connector.Code
	LastTestedAt time.Time

	CreatedAt, UpdatedAt time.Time // in microseconds; a test is no update
}

// ExpiryUnknown says whether ExpiresAt is zero because the claims could not be read,
// and not because the token never expires.
func (r Record) ExpiryUnknown() bool {
	unread := r.AccessKey == "" && r.Kind == connector.Unknown || r.LastCode == connector.MalformedToken
	return r.ExpiresAt.IsZero() && unread
}

const recordColumns = `name, description, kind, access_key, issued_at, expires_at, last_verdict, last_code, last_tested_at, created_at, updated_at`

// scan reads recordColumns, and into more what follows them.
func (r *Record) scan(scan func(...any) error, more ...any) error {
	var issued, expires, tested, created, updated sql.NullInt64
	into := append([]any{
		&r.Name, &r.Description, &r.Kind, &r.AccessKey, &issued, &expires, &r.LastVerdict, &r.LastCode, &tested, &created, &updated,
	}, more...)
	err := scan(into...)
	r.IssuedAt, r.ExpiresAt, r.LastTestedAt = fromMicros(issued), fromMicros(expires), fromMicros(tested)
	r.CreatedAt, r.UpdatedAt = fromMicros(created), fromMicros(updated)
	return err
}

// Save keeps a new credential; its value is cleaned as connector.Clean does.
// Errors: ErrExists, which leaves the one that has the name as it is; ErrInvalid;
// ErrLocked if the store is sealed with a key that is not at hand; ErrKey,
// ErrUnavailable, or the context's.
func (s *Store) Save(ctx context.Context, c *connector.Credential) error {
	value, err := checked(c.Name, c.Description, &c.APIKeyValue)
	if err != nil {
		return about(c.Name, err)
	}
	err = s.writeSealed(ctx, func(ctx context.Context, tx *sql.Tx, _ *keySet, k *key) error {
		return s.insert(ctx, tx, k, c, value)
	})
	if errors.Is(err, ErrExists) {
		return about(c.Name, err)
	}
	return err
}

func (s *Store) insert(ctx context.Context, tx *sql.Tx, k *key, c *connector.Credential, value string) error {
	id, now, t := newID(), micros(time.Now()), connector.Inspect(value)
	saved, err := s.changes(ctx, tx, `
		INSERT INTO connector_credentials (id, name, description, kind, access_key, issued_at, expires_at, sealed, key_id, last_verdict, last_code, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, '', '', ?, ?) ON CONFLICT (name) DO NOTHING`,
		id, c.Name, c.Description, string(t.Kind), t.AccessKey, micros(t.IssuedAt), micros(t.ExpiresAt), k.seal(value, id, c.Name), k.id, now, now)
	if err == nil && !saved {
		err = ErrExists
	}
	return err
}

// Show returns one record; it needs no key. Errors: ErrNotFound, ErrUnavailable,
// or the context's.
func (s *Store) Show(ctx context.Context, name string) (Record, error) {
	var r Record
	err := s.patiently(ctx, func(ctx context.Context) error {
		return found(r.scan(s.row(ctx, s.db, `SELECT `+recordColumns+` FROM connector_credentials WHERE name = ?`, name).Scan))
	})
	if err != nil {
		return Record{}, about(name, err)
	}
	return r, nil
}

// List returns every record, sorted by name, byte by byte; it needs no key. Errors:
// ErrUnavailable, or the context's.
func (s *Store) List(ctx context.Context) ([]Record, error) {
	var all []Record
	err := s.each(ctx, recordColumns, func(scan func(...any) error) error {
		var r Record
		err := r.scan(scan)
		all = append(all, r)
		return err
	}, func() { all = nil })
	return all, err
}

// each reads the columns of every record, by name. again is called when what
// was read is void and it begins anew.
func (s *Store) each(ctx context.Context, columns string, do func(scan func(...any) error) error, again func()) error {
	return s.patiently(ctx, func(uncancelled context.Context) error {
		again()
		rows, err := s.db.QueryContext(uncancelled, `SELECT `+columns+` FROM connector_credentials ORDER BY name`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := do(rows.Scan); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}

// sealedRow is a record as its value is opened.
type sealedRow struct {
	id, name, description, keyID string
	sealed                       []byte
}

const sealedColumns = `id, name, description, key_id, sealed`

func (r *sealedRow) scan(scan func(...any) error) error {
	return scan(&r.id, &r.name, &r.description, &r.keyID, &r.sealed)
}

func (r *sealedRow) open(ks *keySet) (*connector.Credential, error) {
	value, err := ks.open(r.sealed, r.keyID, r.id, r.name)
	if err != nil {
		return nil, err
	}
	return &connector.Credential{Name: r.name, Description: r.description, APIKeyValue: connector.Secret(value)}, nil
}

// Credential returns one credential, unsealed. Errors: ErrNotFound; ErrLocked if
// its key is not at hand; ErrDamaged; ErrKey, ErrUnavailable, or the context's.
func (s *Store) Credential(ctx context.Context, name string) (*connector.Credential, error) {
	for attempt := 1; ; attempt++ {
		var r sealedRow
		err := s.patiently(ctx, func(ctx context.Context) error {
			return found(r.scan(s.row(ctx, s.db, `SELECT `+sealedColumns+` FROM connector_credentials WHERE name = ?`, name).Scan))
		})
		if err != nil {
			return nil, about(name, err)
		}
		ks, err := s.atHand(attempt > 1)
		if err != nil {
			return nil, about(name, err)
		}
		c, err := r.open(ks)
		if attempt < attempts && errors.Is(err, errOtherKey) {
			continue
		}
		return c, about(name, s.locked(err))
	}
}

// All returns every credential, unsealed, sorted by name, as they were at the
// moment when the loop began; the loop may use the store. One that cannot be
// unsealed is a nil and a *RecordError of class ErrLocked, ErrDamaged or ErrKey; the
// others follow. Any other error is the last.
func (s *Store) All(ctx context.Context) iter.Seq2[*connector.Credential, error] {
	return func(yield func(*connector.Credential, error) bool) {
		var all []sealedRow
		err := s.each(ctx, sealedColumns, func(scan func(...any) error) error {
			var r sealedRow
			err := r.scan(scan)
			all = append(all, r)
			return err
		}, func() { all = nil })
		if err != nil {
			yield(nil, err)
			return
		}
		for _, r := range all {
			if err := ctx.Err(); err != nil {
				yield(nil, err)
				return
			}
			ks, err := s.atHand(false)
			var c *connector.Credential
			if err == nil {
				c, err = r.open(ks)
			}
			if errors.Is(err, errOtherKey) { // a rotation in another process?
				if c, err = s.Credential(ctx, r.name); errors.Is(err, ErrNotFound) {
					continue // deleted or renamed since the loop began
				}
			}
			if err != nil {
				c, err = nil, named(r.name, err)
			}
			if !yield(c, err) {
				return
			}
		}
	}
}

// found says that no row means that there is no such credential.
func found(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	return err
}

// The schema of a credential document has the same bounds, in characters.
const (
	maxName  = 255
	maxValue = 8192
)

// checked says whether a credential can be kept, and returns its value, cleaned.
// What the value is, connector.Inspect and a test judge: a store also keeps an
// expired token. Without a value it checks the rest.
func checked(name, description string, secret *connector.Secret) (value string, err error) {
	switch {
	case strings.TrimFunc(name, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }) == "":
		return "", fmt.Errorf("%w: its name is blank", ErrInvalid)
	case secretLike(name):
		return "", fmt.Errorf("%w: its name looks like a token or a secret, and would stand in clear", ErrInvalid)
	case secretLike(description):
		return "", fmt.Errorf("%w: its description looks like a token or a secret, and would stand in clear", ErrInvalid)
	case !text(name), !text(description):
		return "", fmt.Errorf("%w: its name and its description must be text of at most %d characters, in UTF-8 and without NUL", ErrInvalid, maxName)
	case secret == nil:
		return "", nil
	}
	value, _ = connector.Clean(secret.Reveal())
	switch {
	case value == "":
		return "", fmt.Errorf("%w: its API key value is empty", ErrInvalid)
	case len(value) > maxValue:
		return "", fmt.Errorf("%w: its API key value is longer than %d characters", ErrInvalid, maxValue)
	}
	return value, nil
}

func text(s string) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= maxName && !strings.ContainsRune(s, 0)
}
