package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// batch is how many values one transaction of a rotation re-seals: few enough
// that other writers do not wait.
const batch = 200

// RotateKey makes a new key, seals every value with it, and drops the keys that
// no value is sealed with any more. Killed or cancelled at any moment it loses
// nothing, and calling it again completes it, without yet another key.
// Other processes go on reading and writing. progress, if not nil, is called
// with how many of the values to re-seal are done.
//
// Keys given as text are for their owner to change: with a new one first in the
// text RotateKey re-seals with it, otherwise the error is ErrNoNewKey. A key file
// or keyring that other stores use as well keeps its old keys.
//
// Values that cannot be opened are left as they are, with their keys; the others
// are re-sealed, and the error, a *RotationError of class ErrDamaged or ErrLocked,
// names each. Other errors: ErrLocked if the store's key is not at hand, and then nothing was done;
// ErrKey, ErrUnavailable, or the context's.
func (s *Store) RotateKey(ctx context.Context, progress func(done, total int)) error {
	place := s.source.keys()
	if _, err := s.toSeal(ctx, true); err != nil { // makes the first key of a store without any
		return err
	}
	unlock, err := place.lock(ctx) // a second rotation waits, and then rotates again
	if err != nil && !errors.Is(err, errFixed) {
		return err
	}
	if err == nil {
		defer unlock()
	}
	state, err := s.state(ctx)
	if err != nil {
		return err
	}
	ks, err := s.newest(place, state)
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
	keysLeft, err := s.resealKeys(ctx, ks)
	if err != nil {
		return err
	}
	targetsLeft, err := s.resealTargets(ctx, ks)
	if err != nil {
		return err
	}
	left = append(append(left, keysLeft...), targetsLeft...)
	if err := s.dropUnused(ctx, place, ks, state.id); err != nil {
		return err
	}
	err = s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return s.exec(ctx, tx, `UPDATE connector_store SET rotating = 0`)
	})
	if err != nil {
		return err
	}
	s.forgetOldPages(ctx)
	if len(left) > 0 {
		return &RotationError{left}
	}
	return nil
}

// newest returns the keys with the one to rotate to in the first place. The
// caller holds the lock of place.
func (s *Store) newest(place keyPlace, state storeState) (*keySet, error) {
	ks, err := place.read()
	if errors.Is(err, errNoKeys) {
		err = fmt.Errorf("%w: %s is missing; put a copy of it back", ErrLocked, s.source)
	}
	switch {
	case err != nil:
		return nil, err
	case ks.find(state.keyID) == nil:
		return nil, s.locked(errOtherKey) // to rotate away from a key that opens nothing would hide the mistake
	case state.rotating || ks.primary().id != state.keyID:
		return ks, nil // begun before, or the owner has put a new key first
	}
	ks = &keySet{keys: append([]*key{newKey()}, ks.keys...), comments: ks.usedBy(state.id).comments}
	if err := place.write(ks); errors.Is(err, errFixed) {
		return nil, fmt.Errorf("%w: %s is not for this program to change; put a new key before the old one, rotate, and then remove the old one", ErrNoNewKey, s.source)
	} else if err != nil {
		return nil, err
	}
	return ks, nil
}

// reseal seals with the first key what is sealed with another, batch by batch.
// left are the records that it could not open. Everybody seals with the first key
// by now, so that the names that it begins with are all there are.
func (s *Store) reseal(ctx context.Context, ks *keySet, progress func(done, total int)) (left []*RecordError, err error) {
	var names []any
	err = s.patiently(ctx, func(ctx context.Context) (err error) {
		names, err = s.storedNames(ctx, s.db, `SELECT name FROM connector_credentials WHERE key_id <> ? ORDER BY name`, ks.primary().id)
		return err
	})
	if err != nil {
		return nil, err
	}
	done := 0
	for some := range slices.Chunk(names, batch) {
		var closed []*RecordError
		err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
			closed = nil
			rows, err := s.lockOthers(ctx, tx, ks.primary(), some)
			if err != nil {
				return err
			}
			for _, r := range rows {
				value, err := ks.open(r.sealed, r.keyID, r.id, r.name)
				if err != nil {
					closed = append(closed, &RecordError{r.shownName(), s.locked(err)})
					continue
				}
				err = s.one(ctx, tx, `UPDATE connector_credentials SET sealed = ?, key_id = ? WHERE name = ?`,
					ks.primary().seal(value, r.id, r.name), ks.primary().id, r.storedName)
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		left = append(left, closed...)
		done += len(some)
		if progress != nil {
			progress(done, len(names))
		}
	}
	return left, nil
}

// lockOthers locks those of the records with these names whose value another key
// has sealed.
func (s *Store) lockOthers(ctx context.Context, tx *sql.Tx, k *key, names []any) ([]sealedRow, error) {
	places := strings.TrimPrefix(strings.Repeat(", ?", len(names)), ", ")
	rows, err := tx.QueryContext(ctx, s.d.sql(`
		SELECT `+sealedColumns+` FROM connector_credentials WHERE key_id <> ? AND name IN (`+places+`) ORDER BY name {for update}`),
		append([]any{k.id}, names...)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []sealedRow
	for rows.Next() {
		var r sealedRow
		if err := r.scan(rows.Scan); err != nil {
			return nil, err
		}
		found = append(found, r)
	}
	return found, rows.Err()
}

// dropUnused keeps the first key and those that a value is still sealed with.
func (s *Store) dropUnused(ctx context.Context, place keyPlace, ks *keySet, id string) error {
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
	if err := place.write(needed); errors.Is(err, errFixed) {
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
