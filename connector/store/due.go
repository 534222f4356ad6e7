package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/100ms-connector/connector-go/connector"
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
	return s.statement(ctx, `UPDATE connector_credentials SET next_at = {now} + ? WHERE id = ? AND COALESCE(saved_at, 0) = ?`,
		span.Microseconds(), r.ID, savedMicros(r))
}

// Tested is RecordTest and Postpone in one, for who has read the record before the value
// that was tested: it keeps the verdict and says after what time the credential is due
// next, unless it has another value by now than the record says. A report that is older
// than what is known only postpones, as with RecordTest. Errors: ErrUnavailable, or the
// context's.
func (s *Store) Tested(ctx context.Context, r Record, report *connector.Report, span time.Duration) error {
	at := micros(report.TestedAt)
	return s.statement(ctx, `
		UPDATE connector_credentials SET next_at = {now} + ?,
			last_verdict = CASE WHEN `+newer+` THEN ? ELSE last_verdict END,
			last_code = CASE WHEN `+newer+` THEN ? ELSE last_code END,
			last_tested_at = CASE WHEN `+newer+` THEN ? ELSE last_tested_at END,
			history = CASE WHEN `+newer+` THEN `+longer+` ELSE history END
		WHERE id = ? AND COALESCE(saved_at, 0) = ?`,
		span.Microseconds(), at, string(report.Verdict), at, string(report.Code), at, at, at, entry(report), r.ID, savedMicros(r))
}

// newer says of a time whether a test of it is younger than the last one. What lies ahead
// of the clock is no time of a test.
const newer = `last_tested_at IS NULL OR last_tested_at <= ? OR last_tested_at > {now}`

// statement runs one statement that writes. PostgreSQL needs no transaction for it.
func (s *Store) statement(ctx context.Context, statement string, args ...any) error {
	if s.d.local {
		return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error { return s.exec(ctx, tx, statement, args...) })
	}
	return s.patiently(ctx, func(ctx context.Context) error { return s.exec(ctx, s.db, statement, args...) })
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
