package store

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// Hold notes until when the API asks that a workspace is left alone, for every process
// that uses the store. An earlier time takes no later one back. Errors: ErrUnavailable, or
// the context's.
func (s *Store) Hold(ctx context.Context, accessKey string, until time.Time) error {
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return s.exec(ctx, tx, `
			INSERT INTO connector_holds (access_key, until) VALUES (?, ?)
			ON CONFLICT (access_key) DO UPDATE SET until = excluded.until WHERE connector_holds.until < excluded.until`, accessKey, until.UnixMicro())
	})
}

// HeldUntil says until when a workspace is to be left alone; the zero time if it is not.
// Errors: ErrUnavailable, or the context's.
func (s *Store) HeldUntil(ctx context.Context, accessKey string) (until time.Time, err error) {
	err = s.patiently(ctx, func(ctx context.Context) error {
		var at int64
		err := s.row(ctx, s.db, `SELECT until FROM connector_holds WHERE access_key = ?`, accessKey).Scan(&at)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if until = time.UnixMicro(at); err == nil && !until.After(time.Now()) {
			until = time.Time{}
		}
		return err
	})
	return until, err
}
