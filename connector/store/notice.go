package store

import (
	"context"
	"database/sql"
	"strings"
	"time"
)

// Notice is a change of how a credential is, of which somebody is to be told.
type Notice struct {
	Name      string // of the credential
	AccessKey string
	State     string // a word of the caller's
	Why       string // in words, without a secret
}

// remindAfter is how long a state that lasts is not told again.
const remindAfter = 24 * time.Hour

// Notice notes how a credential is now. If that has changed, or was told a day ago and is
// not the state quiet, it is to be told. Several processes may note the same; it is told
// once. A credential of which nothing was noted before is only to be told if it is not
// quiet. Errors: ErrUnavailable, or the context's.
func (s *Store) Notice(ctx context.Context, id, quiet string, n Notice) error {
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return s.exec(ctx, tx, `
			INSERT INTO connector_notices (id, name, access_key, state, why, pending, leased_until, told_at) VALUES (?, ?, ?, ?, ?, ?, 0, 0)
			ON CONFLICT (id) DO UPDATE SET name = excluded.name, access_key = excluded.access_key, state = excluded.state, why = excluded.why, pending = 1
			WHERE connector_notices.state <> excluded.state OR (excluded.state <> ? AND connector_notices.pending = 0 AND connector_notices.told_at < {now} - ?)`,
			id, n.Name, n.AccessKey, n.State, n.Why, pending(n.State != quiet), quiet, remindAfter.Microseconds())
	})
}

func pending(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// leaseTime is how long a process may take to tell what it has taken.
const leaseTime = time.Minute

// TellNotices takes what is to be told, at most so many, and notes that it was told once
// tell has returned without an error. No two processes tell the same at once; one that is
// killed in tell has it told again after a minute. The error is tell's, or those of Notice.
func (s *Store) TellNotices(ctx context.Context, most int, tell func([]Notice) error) (told int, err error) {
	var ids []any
	var notices []Notice
	err = s.write(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		if ids, notices, err = s.pendingNotices(ctx, tx, most); err != nil || len(ids) == 0 {
			return err
		}
		return s.exec(ctx, tx, `UPDATE connector_notices SET leased_until = {now} + ? WHERE id IN (`+places(len(ids))+`)`, append([]any{leaseTime.Microseconds()}, ids...)...)
	})
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	failed := tell(notices)
	err = s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if failed != nil {
			return s.exec(ctx, tx, `UPDATE connector_notices SET leased_until = 0 WHERE id IN (`+places(len(ids))+`)`, ids...)
		}
		// One that has changed meanwhile is to be told again.
		for i, id := range ids {
			if err := s.exec(ctx, tx, `UPDATE connector_notices SET pending = 0, leased_until = 0, told_at = {now} WHERE id = ? AND state = ?`, id, notices[i].State); err != nil {
				return err
			}
		}
		return nil
	})
	if failed != nil {
		return 0, failed
	}
	return len(ids), err
}

func places(n int) string { return strings.TrimPrefix(strings.Repeat(", ?", n), ", ") }

func (s *Store) pendingNotices(ctx context.Context, tx *sql.Tx, most int) (ids []any, notices []Notice, err error) {
	rows, err := tx.QueryContext(ctx, s.d.sql(`
		SELECT id, name, access_key, state, why FROM connector_notices
		WHERE pending = 1 AND leased_until < {now} ORDER BY access_key, name LIMIT ? {for update}`), most)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var n Notice
		if err := rows.Scan(&id, &n.Name, &n.AccessKey, &n.State, &n.Why); err != nil {
			return nil, nil, err
		}
		ids, notices = append(ids, id), append(notices, n)
	}
	return ids, notices, rows.Err()
}
