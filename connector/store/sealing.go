package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// A store names the key that it seals with, in its one row of connector_store.
// Whoever seals reads that row within the same transaction and uses that key. So
// no two keys are in use without a rotation, and nobody seals with a key that a
// rotation in another process is about to drop.

// atHand returns the keys, as they were when last read or fresh. It makes none.
func (s *Store) atHand(fresh bool) (*keySet, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keys != nil && !fresh {
		return s.keys, nil
	}
	return s.read()
}

// read reads the keys. The caller holds s.mu.
func (s *Store) read() (*keySet, error) {
	ks, err := s.source.keys().read()
	if errors.Is(err, errNoKeys) {
		err = fmt.Errorf("%w: %s is missing; put a copy of it back, for a new one could not open what is kept", ErrLocked, s.source)
	}
	if err != nil {
		return nil, err
	}
	s.keys = ks
	return ks, nil
}

// toSeal returns the keys to seal with. A store that keeps no credential takes
// the first of them for its own, and is the only one for which keys are made.
func (s *Store) toSeal(ctx context.Context, fresh bool) (*keySet, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keys != nil && !fresh {
		return s.keys, nil
	}
	state, err := s.state(ctx)
	if err != nil {
		return nil, err
	}
	if state.keyID != "" && state.records {
		return s.read()
	}
	ks, err := s.source.readOrMake(ctx)
	if err != nil {
		return nil, err
	}
	// First the note, then the key's use: see keySet.usedBy.
	if ks, err = s.source.note(ctx, state.id); err != nil {
		return nil, err
	}
	err = s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var records bool
		if err := s.row(ctx, tx, `SELECT key_id FROM connector_store {for update}`).Scan(new(string)); err != nil {
			return err
		}
		if err := s.row(ctx, tx, hasRecords).Scan(&records); err != nil || records {
			return err // another process saved one, with its key
		}
		return s.exec(ctx, tx, `UPDATE connector_store SET key_id = ?`, ks.primary().id)
	})
	if err != nil {
		return nil, err
	}
	s.keys = ks
	return ks, nil
}

const hasRecords = `SELECT EXISTS (SELECT 1 FROM connector_credentials) OR EXISTS (SELECT 1 FROM connector_signing_keys) OR EXISTS (SELECT 1 FROM connector_targets)`

// storeState is what a store knows of itself.
type storeState struct {
	id, keyID         string
	rotating, records bool
}

func (s *Store) state(ctx context.Context) (state storeState, err error) {
	err = s.patiently(ctx, func(ctx context.Context) error {
		err := s.row(ctx, s.db, `SELECT id, key_id, rotating <> 0 FROM connector_store`).Scan(&state.id, &state.keyID, &state.rotating)
		if err != nil {
			return err
		}
		return s.row(ctx, s.db, hasRecords).Scan(&state.records)
	})
	return state, err
}

// writeSealed runs do in a transaction, with the key that the store seals with.
func (s *Store) writeSealed(ctx context.Context, do func(context.Context, *sql.Tx, *keySet, *key) error) error {
	for attempt := 1; ; attempt++ {
		ks, err := s.toSeal(ctx, attempt > 1)
		if err != nil {
			return err
		}
		err = s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
			var id string
			if err := s.row(ctx, tx, `SELECT key_id FROM connector_store {for share}`).Scan(&id); err != nil {
				return err
			}
			k := ks.find(id)
			if k == nil {
				return errOtherKey
			}
			return do(ctx, tx, ks, k)
		})
		if attempt < attempts && errors.Is(err, errOtherKey) {
			continue
		}
		return s.locked(err)
	}
}

// attempts: a second one with keys read afresh, for another process may have
// rotated them; a third if it did so twice.
const attempts = 3

// locked puts errOtherKey into words.
func (s *Store) locked(err error) error {
	if errors.Is(err, errOtherKey) {
		return fmt.Errorf("%w: sealed with a key that is not the one of %s: give the key that sealed it", ErrLocked, s.source)
	}
	return err
}
