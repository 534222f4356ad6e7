package store

import (
	"context"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/100ms-connector/connector-go/connector"
)

// sealedRow is a record as its value is opened. The fields hold the characters of
// their columns, whatever the type of these is: what is sealed shows whether they
// are right.
type sealedRow struct {
	id, name, description, keyID string
	sealed                       []byte
	savedAt, createdAt           time.Time

	storedName any  // name as the database has it, to find the row again
	idIntact   bool // as newID makes it
}

const sealedColumns = `id, name, description, key_id, sealed, saved_at, created_at`

func (r *sealedRow) scan(scan func(...any) error) error {
	var ignored damage // List tells it
	return scan(
		column(func(value any) {
			text, isText := value.(string)
			r.id, r.idIntact = characters(value), isText && len(text) == idLength
		}),
		column(func(value any) { r.name, r.storedName = characters(value), storable(value) }),
		ignored.text("description", &r.description, isText),
		rawText(&r.keyID), rawBytes(&r.sealed),
		ignored.time("time of saving", &r.savedAt), ignored.time("time of creation", &r.createdAt),
	)
}

// storable is a column's value that outlives the row that it was read from.
func storable(value any) any {
	if blob, ok := value.([]byte); ok {
		return append([]byte{}, blob...)
	}
	return value
}

// shownName is the name as List has it.
func (r *sealedRow) shownName() string {
	var d damage
	var name string
	d.text("name", &name, isName)(r.storedName)
	return name
}

func (r *sealedRow) open(ks *keySet) (*connector.Credential, error) {
	value, err := ks.open(r.sealed, r.keyID, r.id, r.name)
	if err != nil {
		return nil, err
	}
	return &connector.Credential{Name: r.name, Description: r.description, APIKeyValue: connector.Secret(value), SavedAt: r.savedAt}, nil
}

// holds says whether the row's value is still the one that was read. Errors:
// ErrChanged if not, and those of open.
func (r *sealedRow) holds(ks *keySet, read connector.Secret) error {
	kept, err := r.open(ks)
	if err != nil {
		return err
	}
	expected, _ := connector.Clean(read.Reveal())
	if subtle.ConstantTimeCompare([]byte(kept.APIKeyValue.Reveal()), []byte(expected)) == 0 {
		return fmt.Errorf("%w: its API key value is no longer the one that was read", ErrChanged)
	}
	return nil
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
			return nil, withName(name, err)
		}
		ks, err := s.atHand(attempt > 1)
		if err != nil {
			return nil, withName(name, err)
		}
		c, err := r.open(ks)
		if attempt < attempts && errors.Is(err, errOtherKey) {
			continue
		}
		return c, withName(name, s.locked(err))
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
				c, err = nil, recordError(r.shownName(), err)
			}
			if !yield(c, err) {
				return
			}
		}
	}
}

// lockRow reads a record, which nobody else can then change before the end of
// the transaction.
func (s *Store) lockRow(ctx context.Context, tx *sql.Tx, name string) (r sealedRow, err error) {
	err = r.scan(s.row(ctx, tx, `SELECT `+sealedColumns+` FROM connector_credentials WHERE name = ? {for update}`, name).Scan)
	return r, found(err)
}

// lockRecord is lockRow without the value, for what needs no key.
func (s *Store) lockRecord(ctx context.Context, tx *sql.Tx, name string) (r Record, err error) {
	err = r.scan(s.row(ctx, tx, `SELECT `+recordColumns+` FROM connector_credentials WHERE name = ? {for update}`, name).Scan)
	return r, found(err)
}

// putValue gives a record a value, and what the value says of itself. It mends
// what is damaged in the record's other columns.
func (s *Store) putValue(ctx context.Context, tx *sql.Tx, k *key, r sealedRow, value string) error {
	t, now := connector.Inspect(value), time.Now()
	if !r.idIntact {
		r.id = newID()
	}
	if r.createdAt.IsZero() {
		r.createdAt = now
	}
	return s.one(ctx, tx, `
		UPDATE connector_credentials SET id = ?, description = ?, kind = ?, access_key = ?, issued_at = ?, not_before = ?, expires_at = ?, sealed = ?, key_id = ?,
			last_verdict = '', last_code = '', last_tested_at = NULL, next_at = 0, saved_at = ?, created_at = ?, updated_at = ?
		WHERE name = ?`,
		r.id, r.description, string(t.Kind), t.AccessKey, micros(t.IssuedAt), micros(t.NotBefore), micros(t.ExpiresAt), k.seal(value, r.id, r.name), k.id,
		micros(now), micros(r.createdAt), micros(now), r.storedName)
}

// rename gives a record a name, and seals its value to it.
func (s *Store) rename(ctx context.Context, tx *sql.Tx, k *key, r sealedRow, name, value string) error {
	err := s.one(ctx, tx, `UPDATE connector_credentials SET name = ?, description = ?, sealed = ?, key_id = ?, updated_at = ? WHERE name = ?`,
		name, r.description, k.seal(value, r.id, name), k.id, micros(time.Now()), r.storedName)
	if err != nil && s.d.exists(err) {
		return ErrExists
	}
	return err
}
