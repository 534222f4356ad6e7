package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/100ms-connector/connector-go/connector"
)

// Save keeps a new credential; its value is cleaned as connector.Clean does.
// Errors: ErrExists, which leaves the one that has the name as it is; ErrInvalid;
// ErrLocked if the store is sealed with a key that is not at hand; ErrKey,
// ErrUnavailable, or the context's.
func (s *Store) Save(ctx context.Context, c *connector.Credential) error {
	value, err := checked(c.Name, c.Description, &c.APIKeyValue)
	if err != nil {
		return withName(c.Name, err)
	}
	err = s.writeSealed(ctx, func(ctx context.Context, tx *sql.Tx, _ *keySet, k *key) error {
		return s.insert(ctx, tx, k, c, value)
	})
	if errors.Is(err, ErrExists) {
		return withName(c.Name, err)
	}
	return err
}

func (s *Store) insert(ctx context.Context, tx *sql.Tx, k *key, c *connector.Credential, value string) error {
	id, now, t := newID(), micros(time.Now()), connector.Inspect(value)
	saved, err := s.changes(ctx, tx, `
		INSERT INTO connector_credentials (id, name, description, kind, access_key, issued_at, not_before, expires_at, sealed, key_id,
			last_verdict, last_code, saved_at, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', '', ?, ?, ?) ON CONFLICT (name) DO NOTHING`,
		id, c.Name, c.Description, string(t.Kind), t.AccessKey, micros(t.IssuedAt), micros(t.NotBefore), micros(t.ExpiresAt), k.seal(value, id, c.Name), k.id, now, now, now)
	if err == nil && !saved {
		err = ErrExists
	}
	return err
}

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
		return withName(newName, err)
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
			r.name, r.storedName = newName, newName
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
		return withName(newName, err)
	}
	return withName(name, err)
}

// Replace puts a new value in the place of the one that was read, but only if that
// is still what is kept: of several that renew a credential at once, one does. It
// returns the record as it is now. With ErrChanged that is the one that somebody
// else has left, so that the caller can see whether it still has to be renewed
// (Record.Due). Errors: ErrChanged, and those of Edit.
func (s *Store) Replace(ctx context.Context, read *connector.Credential, fresh connector.Secret) (Record, error) {
	value, err := checked(read.Name, "", &fresh)
	if err != nil {
		return Record{}, withName(read.Name, err)
	}
	var now Record
	err = s.writeSealed(ctx, func(ctx context.Context, tx *sql.Tx, ks *keySet, k *key) error {
		r, err := s.lockRow(ctx, tx, read.Name)
		if err != nil {
			return err
		}
		changed := r.holds(ks, read.APIKeyValue)
		switch {
		case changed == nil:
			err = s.putValue(ctx, tx, k, r, value)
		case !errors.Is(changed, ErrChanged):
			return changed
		}
		if err == nil {
			now, err = s.lockRecord(ctx, tx, read.Name)
		}
		return errors.Join(err, changed)
	})
	if err != nil && !errors.Is(err, ErrChanged) {
		now = Record{}
	}
	return now, withName(read.Name, err)
}

// Delete forgets a credential and its targets; it needs no key. Of a damaged name it takes what
// List shows. Errors: ErrNotFound, ErrUnavailable, or the context's.
func (s *Store) Delete(ctx context.Context, name string) error {
	return withName(name, s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		const statement = `DELETE FROM connector_credentials WHERE name = ?`
		if err := s.exec(ctx, tx, `DELETE FROM connector_targets WHERE credential_id IN (SELECT id FROM connector_credentials WHERE name = ?)`, name); err != nil {
			return err
		}
		err := s.one(ctx, tx, statement, name)
		if !errors.Is(err, ErrNotFound) {
			return err
		}
		stored, err := s.storedNames(ctx, tx, `SELECT name FROM connector_credentials`)
		if err != nil {
			return err
		}
		damaged := slices.IndexFunc(stored, func(stored any) bool {
			r := sealedRow{storedName: stored}
			return stored != nil && r.shownName() == name
		})
		if damaged < 0 {
			return ErrNotFound
		}
		return s.one(ctx, tx, statement, stored[damaged])
	}))
}

// storedNames are names as the database has them, of whatever type.
func (s *Store) storedNames(ctx context.Context, q querier, query string, args ...any) (names []any, err error) {
	rows, err := q.QueryContext(ctx, s.d.sql(query), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name any
		if err := rows.Scan(column(func(value any) { name = storable(value) })); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}

// RecordTest keeps the verdict, the code and the time of a test, beside the
// credential that was read and tested. If another value is kept by now, it keeps
// nothing: ErrChanged. A report that is older than what is known is passed over,
// unless what is known lies ahead of this machine's clock and cannot be right.
// Other errors: ErrNotFound, ErrLocked, ErrDamaged, ErrKey, ErrUnavailable, or the
// context's.
func (s *Store) RecordTest(ctx context.Context, tested *connector.Credential, report *connector.Report) error {
	return withName(tested.Name, s.writeSealed(ctx, func(ctx context.Context, tx *sql.Tx, ks *keySet, _ *key) error {
		row, err := s.lockRow(ctx, tx, tested.Name)
		if err != nil {
			return err
		}
		if err := row.holds(ks, tested.APIKeyValue); err != nil {
			return err
		}
		known, err := s.lockRecord(ctx, tx, tested.Name)
		if err != nil {
			return err
		}
		if report.TestedAt.Before(known.LastTestedAt) && !known.LastTestedAt.After(time.Now()) {
			return nil
		}
		return s.one(ctx, tx, `UPDATE connector_credentials SET last_verdict = ?, last_code = ?, last_tested_at = ?, history = `+longer+` WHERE name = ?`,
			string(report.Verdict), string(report.Code), micros(report.TestedAt), entry(report), tested.Name)
	}))
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
