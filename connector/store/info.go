package store

import (
	"context"
	"slices"
)

// Info is what there is to know of a store, without any secret.
type Info struct {
	Location      string // the file, or the database's URL without its password
	SchemaVersion int
	Records       int
	KeySource     string // where the key is looked for
	KeyID         string // of the key that the store seals with, 16 hexadecimal digits that tell nothing of it; empty before the first use
	Rotating      bool   // a rotation was begun and not completed

	// Locked: at least one value is sealed with a key that is not at hand, or no
	// key can be read; LockedBecause says which. A store without records is
	// never locked.
	Locked        bool
	LockedBecause string
}

// Info describes the store. It makes no key. Errors: ErrUnavailable, or the
// context's.
func (s *Store) Info(ctx context.Context) (Info, error) {
	info := Info{Location: s.at.shown, KeySource: s.source.String()}
	state, err := s.state(ctx)
	if err != nil {
		return Info{}, err
	}
	info.KeyID, info.Rotating = state.keyID, state.rotating
	var used []string
	err = s.patiently(ctx, func(ctx context.Context) (err error) {
		if info.SchemaVersion, err = s.version(ctx, s.db); err != nil {
			return err
		}
		if err := s.row(ctx, s.db, `SELECT COUNT(*) FROM connector_credentials`).Scan(&info.Records); err != nil {
			return err
		}
		used, err = s.usedKeys(ctx, s.db)
		return err
	})
	if err != nil || !state.records {
		return info, err
	}
	ks, err := s.atHand(true)
	for _, id := range used {
		if err == nil && ks.find(id) == nil {
			err = s.locked(errOtherKey)
		}
	}
	if err != nil {
		info.Locked, info.LockedBecause = true, Plain(err)
	}
	return info, nil
}

// usedKeys returns the ids of the keys that values are sealed with. It leaps
// from one to the next in the index, so that 10,000 records cost no more than one.
// What is no text is the id of no key; SQLite sorts it behind all text.
func (s *Store) usedKeys(ctx context.Context, q querier) ([]string, error) {
	var used []string
	for _, table := range []string{"connector_credentials", "connector_signing_keys", "connector_targets"} {
		for last := ""; ; {
			var next any
			err := s.row(ctx, q, `SELECT MIN(key_id) FROM `+table+` WHERE key_id > ?`, last).Scan(&next)
			if err != nil {
				return nil, err
			}
			id, isText := next.(string)
			if !isText {
				break
			}
			if last = id; !slices.Contains(used, id) {
				used = append(used, id)
			}
		}
	}
	return used, nil
}
