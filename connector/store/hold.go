package store

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// Now is the time by the clock of the store's database. Machines that share a database may
// differ in their clocks, and agree in this one. For a store in a file it is this
// machine's. Errors: ErrUnavailable, or the context's.
func (s *Store) Now(ctx context.Context) (now time.Time, err error) {
	if s.IsFile() {
		return time.Now(), nil
	}
	err = s.patiently(ctx, func(ctx context.Context) error {
		var at int64
		err := s.row(ctx, s.db, `SELECT {now}`).Scan(&at)
		now = time.UnixMicro(at)
		return err
	})
	return now, err
}

// Hold notes for how long the API asks that a workspace is left alone, for every process
// that uses the store. A shorter time takes no longer one back. Errors: ErrUnavailable, or
// the context's.
func (s *Store) Hold(ctx context.Context, accessKey string, span time.Duration) error {
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return s.exec(ctx, tx, `
			INSERT INTO connector_holds (access_key, until) VALUES (?, {now} + ?)
			ON CONFLICT (access_key) DO UPDATE SET until = excluded.until WHERE connector_holds.until < excluded.until`, accessKey, span.Microseconds())
	})
}

// HeldFor says for how long a workspace is still to be left alone; 0 if it is not. Errors:
// ErrUnavailable, or the context's.
func (s *Store) HeldFor(ctx context.Context, accessKey string) (left time.Duration, err error) {
	err = s.patiently(ctx, func(ctx context.Context) error {
		var micros int64
		err := s.row(ctx, s.db, `SELECT until - {now} FROM connector_holds WHERE access_key = ?`, accessKey).Scan(&micros)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		left = max(time.Duration(micros)*time.Microsecond, 0)
		return err
	})
	return left, err
}
