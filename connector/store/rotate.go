package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// batch is how many values one transaction of a rotation re-seals: few enough
// that other writers do not wait.
const batch = 200

// RotateKey makes a new key, seals every value with it, and drops the keys that
// no value is sealed with any more. Killed or cancelled at any moment it loses
// nothing, and calling it again completes it, without yet another key.
// Other processes go on reading and writing. progress, if not nil, is told how
// many of the values to re-seal are done.
//
// Keys given as text are for their owner to change: with a new one first in the
// text RotateKey re-seals with it, otherwise the error is ErrNoNewKey. A key file
// or keyring that other stores use as well keeps its old keys.
//
// Values that cannot be opened are left as they are, with their keys; the others
// are re-sealed, and the error, of class ErrDamaged or ErrLocked, names them. Other
// errors: ErrLocked if the store's key is not at hand, and then nothing was done;
// ErrKey, ErrUnavailable, or the context's.
func (s *Store) RotateKey(ctx context.Context, progress func(done, total int)) error {
	keeper := s.source.keep()
	if _, err := s.toSeal(ctx, true); err != nil { // makes the first key of a store without any
		return err
	}
	unlock, err := keeper.lock(ctx) // a second rotation waits, and then rotates again
	if err != nil && !errors.Is(err, errFixed) {
		return err
	}
	if err == nil {
		defer unlock()
	}
	own, err := s.own(ctx)
	if err != nil {
		return err
	}
	ks, err := s.newest(keeper, own)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.keys = ks
	s.mu.Unlock()

	// From here on everybody seals with the new key: see writeSealed.
	err = s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return s.exec(ctx, tx, `UPDATE connector_store SET key_id = ?, rotating = 1`, ks.primary().id)
	})
	if err != nil {
		return err
	}
	left, err := s.reseal(ctx, ks, progress)
	if err != nil {
		return err
	}
	if err := s.dropUnused(ctx, keeper, ks, own.id); err != nil {
		return err
	}
	err = s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return s.exec(ctx, tx, `UPDATE connector_store SET rotating = 0`)
	})
	if err != nil {
		return err
	}
	s.forgetOldPages(ctx)
	return errors.Join(left...)
}

// newest returns the keys with the one to rotate to in the first place. The
// caller holds the keeper's lock.
func (s *Store) newest(keeper keeper, own ownRow) (*keySet, error) {
	ks, err := keeper.read()
	if errors.Is(err, errNoKeys) {
		err = fmt.Errorf("%w: %s is missing", ErrLocked, s.source)
	}
	switch {
	case err != nil:
		return nil, err
	case ks.find(own.keyID) == nil:
		return nil, s.locked(errOtherKey) // to rotate away from a key that opens nothing would hide the mistake
	case own.rotating || ks.primary().id != own.keyID:
		return ks, nil // begun before, or the owner has put a new key first
	}
	ks = &keySet{keys: append([]*key{newKey()}, ks.keys...), comments: ks.usedBy(own.id).comments}
	if err := keeper.write(ks); errors.Is(err, errFixed) {
		return nil, fmt.Errorf("%w: %s is not for this program to change; put a new key before the old one, rotate, and then remove the old one", ErrNoNewKey, s.source)
	} else if err != nil {
		return nil, err
	}
	return ks, nil
}

// reseal seals with the first key what is sealed with another, batch by batch.
// left are the records that it could not open.
func (s *Store) reseal(ctx context.Context, ks *keySet, progress func(done, total int)) (left []error, err error) {
	total, done, after := 0, 0, ""
	err = s.patiently(ctx, func(ctx context.Context) error {
		return s.row(ctx, s.db, `SELECT COUNT(*) FROM connector_credentials WHERE key_id <> ?`, ks.primary().id).Scan(&total)
	})
	if err != nil {
		return nil, err
	}
	for {
		var rows []sealedRow
		var closed []error
		err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
			closed = nil
			if rows, err = s.nextBatch(ctx, tx, ks.primary(), after); err != nil {
				return err
			}
			for _, r := range rows {
				value, err := ks.open(r.sealed, r.keyID, r.id, r.name)
				if err != nil {
					closed = append(closed, about(r.name, s.locked(err)))
					continue
				}
				err = s.one(ctx, tx, `UPDATE connector_credentials SET sealed = ?, key_id = ? WHERE id = ?`,
					ks.primary().seal(value, r.id, r.name), ks.primary().id, r.id)
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || len(rows) == 0 {
			return left, err
		}
		left = append(left, closed...)
		after = rows[len(rows)-1].id
		done += len(rows)
		if progress != nil {
			progress(done, max(done, total))
		}
	}
}

// nextBatch locks the next records whose value another key has sealed.
func (s *Store) nextBatch(ctx context.Context, tx *sql.Tx, k *key, after string) ([]sealedRow, error) {
	rows, err := tx.QueryContext(ctx, s.d.sql(`
		SELECT `+sealedColumns+` FROM connector_credentials WHERE id > ? AND key_id <> ? ORDER BY id LIMIT ? {for update}`), after, k.id, batch)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var next []sealedRow
	for rows.Next() {
		var r sealedRow
		if err := r.scan(rows.Scan); err != nil {
			return nil, err
		}
		next = append(next, r)
	}
	return next, rows.Err()
}

// dropUnused keeps the first key and those that a value is still sealed with.
func (s *Store) dropUnused(ctx context.Context, keeper keeper, ks *keySet, id string) error {
	if ks.shared(id) {
		return nil
	}
	var used []string
	err := s.patiently(ctx, func(ctx context.Context) (err error) {
		used, err = s.usedKeys(ctx, s.db)
		return err
	})
	if err != nil {
		return err
	}
	needed := &keySet{keys: ks.keys[:1:1], comments: ks.comments}
	for _, id := range used {
		if k := ks.find(id); k != nil && needed.find(id) == nil {
			needed.keys = append(needed.keys, k)
		}
	}
	if len(needed.keys) == len(ks.keys) {
		return nil
	}
	if err := keeper.write(needed); errors.Is(err, errFixed) {
		return nil // its owner removes them
	} else if err != nil {
		return err
	}
	s.mu.Lock()
	s.keys = needed
	s.mu.Unlock()
	return nil
}

// forgetOldPages takes out of SQLite's journal what the old key could open. It
// fails while others read, and does not matter then: the journal is overwritten.
func (s *Store) forgetOldPages(ctx context.Context) {
	if s.d.local {
		s.db.ExecContext(s.uncancelled(ctx), `PRAGMA wal_checkpoint(TRUNCATE)`)
	}
}
