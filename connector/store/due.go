package store

import (
	"context"
	"database/sql"
	"time"
)

// Who looks after the credentials keeps in the store when each is due next, by the clock
// of the database. A new value is due at once.

// TakeDue takes credentials that are due, at most so many, the first to expire first.
// Nobody else is given them for a span of time, unless Postpone says
// otherwise: what the taker loses is due again after that. Errors: ErrUnavailable, or the
// context's.
func (s *Store) TakeDue(ctx context.Context, most int, span time.Duration) (due []Record, err error) {
	err = s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		due = nil
		rows, err := tx.QueryContext(ctx, s.d.sql(`
			UPDATE connector_credentials SET next_at = {now} + ? WHERE id IN (
				SELECT id FROM connector_credentials WHERE next_at <= {now} ORDER BY COALESCE(expires_at, 9223372036854775807), id LIMIT ? {skip locked}
			) RETURNING `+recordColumns), span.Microseconds(), most)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var r Record
			if err := r.scan(rows.Scan); err != nil {
				return err
			}
			due = append(due, r)
		}
		return rows.Err()
	})
	return due, err
}

// Postpone says after what time a credential is due next, unless it has another value by
// now than the record says. Errors: ErrUnavailable, or the context's.
func (s *Store) Postpone(ctx context.Context, r Record, span time.Duration) error {
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return s.exec(ctx, tx, `UPDATE connector_credentials SET next_at = {now} + ? WHERE id = ? AND COALESCE(saved_at, 0) = ?`,
			span.Microseconds(), r.ID, savedMicros(r))
	})
}

// savedMicros is when a value was saved, as the database has it; 0 if it does not say.
func savedMicros(r Record) int64 {
	if r.SavedAt.IsZero() {
		return 0
	}
	return r.SavedAt.UnixMicro()
}

// NextDue says after what time the next credential is due; some is false if there is none.
// Errors: ErrUnavailable, or the context's.
func (s *Store) NextDue(ctx context.Context) (left time.Duration, some bool, err error) {
	err = s.patiently(ctx, func(ctx context.Context) error {
		var micros sql.NullInt64
		err := s.row(ctx, s.db, `SELECT MIN(next_at) - {now} FROM connector_credentials`).Scan(&micros)
		left, some = max(time.Duration(micros.Int64)*time.Microsecond, 0), micros.Valid
		return err
	})
	return left, some, err
}

// DueWithin makes every credential due within a span of time, those too that were
// postponed for longer. Errors: ErrUnavailable, or the context's.
func (s *Store) DueWithin(ctx context.Context, span time.Duration) error {
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return s.exec(ctx, tx, `UPDATE connector_credentials SET next_at = {now} + ? WHERE next_at > {now} + ?`, span.Microseconds(), span.Microseconds())
	})
}
