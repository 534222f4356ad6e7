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

// KeyRecord is a signing key that is kept, without its App Secret.
type KeyRecord struct {
	AccessKey string
	SavedAt   time.Time // in microseconds
	Damage    string    // what of the record could not be read, in words for people; empty for an intact one
}

// SaveKey keeps the signing key of a workspace, in the place of one with its access key.
// Errors: ErrInvalid; ErrLocked if the store is sealed with a key that is not at hand;
// ErrKey, ErrUnavailable, or the context's.
func (s *Store) SaveKey(ctx context.Context, signing *connector.SigningKey) error {
	if err := signing.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return s.writeSealed(ctx, func(ctx context.Context, tx *sql.Tx, _ *keySet, k *key) error {
		id := newID()
		return s.exec(ctx, tx, `
			INSERT INTO connector_signing_keys (access_key, id, sealed, key_id, saved_at) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (access_key) DO UPDATE SET id = excluded.id, sealed = excluded.sealed, key_id = excluded.key_id, saved_at = excluded.saved_at`,
			signing.AccessKey, id, k.sealAs(sealSecret, signing.AppSecret.Reveal(), id, signing.AccessKey), k.id, micros(time.Now()))
	})
}

// Keys lists the signing keys that are kept, by their access keys; it needs no key of the
// store's. Errors: ErrUnavailable, or the context's.
func (s *Store) Keys(ctx context.Context) (all []KeyRecord, err error) {
	err = s.patiently(ctx, func(ctx context.Context) error {
		all = nil
		rows, err := s.db.QueryContext(ctx, `SELECT access_key, saved_at FROM connector_signing_keys ORDER BY access_key`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var r KeyRecord
			var d damage
			if err := rows.Scan(d.text("access key", &r.AccessKey, isAccessKey), d.time("time of saving", &r.SavedAt)); err != nil {
				return err
			}
			r.Damage = d.String()
			all = append(all, r)
		}
		return rows.Err()
	})
	return all, err
}

// SigningKey gives the signing key of an access key. Errors: ErrNotFound; ErrLocked if its
// key is not at hand; ErrDamaged; ErrKey, ErrUnavailable, or the context's.
func (s *Store) SigningKey(ctx context.Context, accessKey string) (*connector.SigningKey, error) {
	for attempt := 1; ; attempt++ {
		var r sealedKey
		err := s.patiently(ctx, func(ctx context.Context) error {
			return found(r.scan(s.row(ctx, s.db, `SELECT `+sealedKeyColumns+` FROM connector_signing_keys WHERE access_key = ?`, accessKey).Scan))
		})
		if err != nil {
			return nil, ofKey(accessKey, err)
		}
		ks, err := s.atHand(attempt > 1)
		if err != nil {
			return nil, ofKey(accessKey, err)
		}
		secret, err := r.open(ks)
		if attempt < attempts && errors.Is(err, errOtherKey) {
			continue
		}
		if err != nil {
			return nil, ofKey(accessKey, s.locked(err))
		}
		return &connector.SigningKey{AccessKey: r.accessKey, AppSecret: connector.Secret(secret)}, nil
	}
}

// DeleteKey forgets a signing key; it needs no key of the store's. Of a damaged record it
// takes what Keys shows. Errors: ErrNotFound, ErrUnavailable, or the context's.
func (s *Store) DeleteKey(ctx context.Context, accessKey string) error {
	return ofKey(accessKey, s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		const statement = `DELETE FROM connector_signing_keys WHERE access_key = ?`
		err := s.one(ctx, tx, statement, accessKey)
		if !errors.Is(err, ErrNotFound) {
			return err
		}
		stored, err := s.storedNames(ctx, tx, `SELECT access_key FROM connector_signing_keys`)
		if err != nil {
			return err
		}
		damaged := slices.IndexFunc(stored, func(stored any) bool {
			var d damage
			var shown string
			d.text("access key", &shown, isAccessKey)(stored)
			return stored != nil && shown == accessKey
		})
		if damaged < 0 {
			return ErrNotFound
		}
		return s.one(ctx, tx, statement, stored[damaged])
	}))
}

// ofKey says which signing key an error is about.
func ofKey(accessKey string, err error) error {
	switch {
	case err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrUnavailable):
		return err
	case errors.Is(err, ErrNotFound):
		return notKept(displayable(accessKey))
	}
	return fmt.Errorf("the signing key of %s: %w", displayable(accessKey), err)
}

// notKept is the ErrNotFound of an access key whose signing key is not kept.
type notKept string

func (e notKept) Error() string {
	return "store: no signing key is kept for the access key " + string(e)
}
func (e notKept) Unwrap() error { return ErrNotFound }

// sealedKey is a signing key as its secret is opened.
type sealedKey struct {
	id, accessKey, keyID string
	sealed               []byte
	stored               any // the access key as the database has it, to find the row again
}

const sealedKeyColumns = `id, access_key, key_id, sealed`

func (r *sealedKey) scan(scan func(...any) error) error {
	return scan(
		rawText(&r.id),
		column(func(value any) { r.accessKey, r.stored = characters(value), storable(value) }),
		rawText(&r.keyID), rawBytes(&r.sealed),
	)
}

func (r *sealedKey) open(ks *keySet) (string, error) {
	return ks.openAs(sealSecret, r.sealed, r.keyID, r.id, r.accessKey)
}

// resealKeys seals the signing keys with the first key. left are those that it could not
// open.
func (s *Store) resealKeys(ctx context.Context, ks *keySet) (left []*RecordError, err error) {
	err = s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		left = nil
		rows, err := s.otherKeys(ctx, tx, ks.primary())
		if err != nil {
			return err
		}
		for _, r := range rows {
			secret, err := r.open(ks)
			if err != nil {
				left = append(left, &RecordError{"the signing key of " + displayable(r.accessKey), s.locked(err)})
				continue
			}
			err = s.one(ctx, tx, `UPDATE connector_signing_keys SET sealed = ?, key_id = ? WHERE access_key = ?`,
				ks.primary().sealAs(sealSecret, secret, r.id, r.accessKey), ks.primary().id, r.stored)
			if err != nil {
				return err
			}
		}
		return nil
	})
	return left, err
}

// otherKeys locks the signing keys that another key has sealed.
func (s *Store) otherKeys(ctx context.Context, tx *sql.Tx, k *key) (all []sealedKey, err error) {
	rows, err := tx.QueryContext(ctx, s.d.sql(`SELECT `+sealedKeyColumns+` FROM connector_signing_keys WHERE key_id <> ? ORDER BY access_key {for update}`), k.id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r sealedKey
		if err := r.scan(rows.Scan); err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, rows.Err()
}
