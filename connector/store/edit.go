package store

import (
	"context"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/100ms-connector/connector-go/connector"
)

// Changes is what Edit changes. Nil leaves a field untouched.
type Changes struct {
	Name, Description *string
	APIKeyValue       *connector.Secret // cleaned; what was known of the last test goes with the old value

	// Since, if not zero, is the UpdatedAt of the record that was read; if it was
	// changed after that, Edit changes nothing. Who shows a record and takes its
	// changes later sets it, or two people overwrite each other.
	Since time.Time
}

// unchanged locks a record and is an error if it is no longer as it was at since;
// the zero time fits any, and locks nothing.
func (s *Store) unchanged(ctx context.Context, tx *sql.Tx, name string, since time.Time) error {
	if since.IsZero() {
		return nil
	}
	r, err := s.lockRecord(ctx, tx, name)
	if err == nil && !since.Equal(r.UpdatedAt) {
		err = fmt.Errorf("%w: it is no longer as it was read", ErrChanged)
	}
	return err
}

// Edit changes a record. A new description needs no key; a new name does, for
// the value is sealed to it. Errors: ErrNotFound; ErrExists if the new name is
// taken; ErrChanged; ErrInvalid; ErrLocked; ErrDamaged; ErrKey, ErrUnavailable, or
// the context's.
func (s *Store) Edit(ctx context.Context, name string, c Changes) error {
	newName := valueOr(c.Name, name)
	value, err := checked(newName, valueOr(c.Description, ""), c.APIKeyValue)
	if err != nil {
		return about(newName, err)
	}
	switch {
	case c.APIKeyValue != nil || newName != name:
		err = s.writeSealed(ctx, func(ctx context.Context, tx *sql.Tx, ks *keySet, k *key) error {
			if err := s.unchanged(ctx, tx, name, c.Since); err != nil {
				return err
			}
			r, err := s.lockRow(ctx, tx, name)
			if err != nil {
				return err
			}
			r.description = valueOr(c.Description, r.description)
			if newName == name {
				return s.putValue(ctx, tx, k, r, value)
			}
			if c.APIKeyValue == nil {
				if value, err = ks.open(r.sealed, r.keyID, r.id, name); err != nil {
					return err
				}
			}
			if err := s.rename(ctx, tx, k, r, newName, value); err != nil || c.APIKeyValue == nil {
				return err
			}
			r.name = newName
			return s.putValue(ctx, tx, k, r, value)
		})
	case c.Description != nil:
		err = s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
			if err := s.unchanged(ctx, tx, name, c.Since); err != nil {
				return err
			}
			return s.one(ctx, tx, `UPDATE connector_credentials SET description = ?, updated_at = ? WHERE name = ?`, *c.Description, micros(time.Now()), name)
		})
	default:
		_, err = s.Show(ctx, name)
	}
	if errors.Is(err, ErrExists) {
		return about(newName, err)
	}
	return about(name, err)
}

// Replace puts a new value in the place of the old one, but only if the old one
// is still what is kept: a value that somebody else has put there meanwhile is
// not overwritten. For renewing. Errors: ErrChanged, and those of Edit.
func (s *Store) Replace(ctx context.Context, name string, old, fresh connector.Secret) error {
	value, err := checked(name, "", &fresh)
	if err != nil {
		return about(name, err)
	}
	expected, _ := connector.Clean(old.Reveal())
	err = s.writeSealed(ctx, func(ctx context.Context, tx *sql.Tx, ks *keySet, k *key) error {
		r, err := s.lockRow(ctx, tx, name)
		if err != nil {
			return err
		}
		kept, err := ks.open(r.sealed, r.keyID, r.id, name)
		if err != nil {
			return err
		}
		if subtle.ConstantTimeCompare([]byte(kept), []byte(expected)) == 0 {
			return fmt.Errorf("%w: its API key value is no longer the one that was read", ErrChanged)
		}
		return s.putValue(ctx, tx, k, r, value)
	})
	return about(name, err)
}

// Delete forgets a credential; it needs no key. Errors: ErrNotFound,
// ErrUnavailable, or the context's.
func (s *Store) Delete(ctx context.Context, name string) error {
	return about(name, s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return s.one(ctx, tx, `DELETE FROM connector_credentials WHERE name = ?`, name)
	}))
}

// RecordTest keeps the verdict, the code and the time of a test; it needs no
// key. A report on another token than the one that is kept is refused with
// ErrChanged, and one that is older than what is known is passed over. Other
// errors: ErrNotFound, ErrUnavailable, or the context's.
func (s *Store) RecordTest(ctx context.Context, name string, report *connector.Report) error {
	return about(name, s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		r, err := s.lockRecord(ctx, tx, name)
		if err != nil {
			return err
		}
		if t := report.Token; t != nil && !r.says(t) {
			return fmt.Errorf("%w: the test was of another API key value", ErrChanged)
		}
		if report.TestedAt.Before(r.LastTestedAt) {
			return nil
		}
		return s.one(ctx, tx, `UPDATE connector_credentials SET last_verdict = ?, last_code = ?, last_tested_at = ? WHERE name = ?`,
			string(report.Verdict), string(report.Code), micros(report.TestedAt), name)
	}))
}

// says says whether the record was made of this token, as far as can be told
// without the value.
func (r *Record) says(t *connector.Token) bool {
	return r.Kind == t.Kind && r.AccessKey == t.AccessKey &&
		micros(r.IssuedAt) == micros(t.IssuedAt) && micros(r.ExpiresAt) == micros(t.ExpiresAt)
}

// lockRecord is lockRow without the value, for what needs no key.
func (s *Store) lockRecord(ctx context.Context, tx *sql.Tx, name string) (r Record, err error) {
	err = r.scan(s.row(ctx, tx, `SELECT `+recordColumns+` FROM connector_credentials WHERE name = ? {for update}`, name).Scan)
	return r, found(err)
}

// lockRow reads a record, which nobody else can then change before the end of
// the transaction.
func (s *Store) lockRow(ctx context.Context, tx *sql.Tx, name string) (r sealedRow, err error) {
	err = r.scan(s.row(ctx, tx, `SELECT `+sealedColumns+` FROM connector_credentials WHERE name = ? {for update}`, name).Scan)
	return r, found(err)
}

// putValue gives a record a value, and what the value says of itself.
func (s *Store) putValue(ctx context.Context, tx *sql.Tx, k *key, r sealedRow, value string) error {
	t := connector.Inspect(value)
	return s.one(ctx, tx, `
		UPDATE connector_credentials SET description = ?, kind = ?, access_key = ?, issued_at = ?, expires_at = ?, sealed = ?, key_id = ?,
			last_verdict = '', last_code = '', last_tested_at = NULL, updated_at = ?
		WHERE id = ?`,
		r.description, string(t.Kind), t.AccessKey, micros(t.IssuedAt), micros(t.ExpiresAt), k.seal(value, r.id, r.name), k.id, micros(time.Now()), r.id)
}

// rename gives a record a name, and seals its value to it.
func (s *Store) rename(ctx context.Context, tx *sql.Tx, k *key, r sealedRow, name, value string) error {
	err := s.one(ctx, tx, `UPDATE connector_credentials SET name = ?, description = ?, sealed = ?, key_id = ?, updated_at = ? WHERE id = ?`,
		name, r.description, k.seal(value, r.id, name), k.id, micros(time.Now()), r.id)
	if err != nil && s.d.exists(err) {
		return ErrExists
	}
	return err
}

// one runs a statement that must change a row.
func (s *Store) one(ctx context.Context, q querier, statement string, args ...any) error {
	changed, err := s.changes(ctx, q, statement, args...)
	if err == nil && !changed {
		err = ErrNotFound
	}
	return err
}

func valueOr(p *string, or string) string {
	if p == nil {
		return or
	}
	return *p
}
