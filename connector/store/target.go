package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/100ms-connector/connector-go/connector"
)

// Target is a place in another host where the token of a credential is used: a data
// credential of Nexla's, a source of Airbyte's. How it is reached is sealed.
type Target struct {
	ID    string // random, and the same for as long as the target is kept; it tells nothing
	Name  string // of the credential
	Host  string // a word, such as nexla
	Place string // what the host calls it; no secret

	Current  bool      // whether it has the token that is kept now
	PushedAt time.Time // when it last got one; zero if it never did
	Failure  string    // why it could not get one the last time, in words; empty if it could
	SavedAt  time.Time // in microseconds
	Damage   string    // what of the record could not be read, in words for people; empty for an intact one
}

// SaveTarget keeps a place where the token of a credential is used, in the place of one of
// the same host and place. settings are what it is reached with; they are sealed, to the
// credential, the host and the place. has is the token that is there already, or empty.
// Errors: ErrNotFound if there is no such credential; ErrInvalid; ErrLocked; ErrKey,
// ErrUnavailable, or the context's.
func (s *Store) SaveTarget(ctx context.Context, name, host, place string, settings, has connector.Secret) error {
	if isBlank(host) || isBlank(place) || !isText(place) || connector.HoldsSecret(place) {
		return fmt.Errorf("%w: the place of the target is blank, too long, or looks like a secret", ErrInvalid)
	}
	return withName(name, s.writeSealed(ctx, func(ctx context.Context, tx *sql.Tx, ks *keySet, k *key) error {
		r, err := s.lockRow(ctx, tx, name)
		if err != nil {
			return err
		}
		pushed, value := "", int64(0)
		if has != "" && r.holds(ks, has) == nil {
			pushed, value = hashOfToken(has), r.savedAt.UnixMicro()
		}
		id := newID()
		err = s.row(ctx, tx, `SELECT id FROM connector_targets WHERE credential_id = ? AND host = ? AND place = ?`, r.id, host, place).Scan(rawText(&id))
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		return s.exec(ctx, tx, `
			INSERT INTO connector_targets (id, credential_id, host, place, sealed, key_id, saved_at, pushed, pushed_value, pushed_at, failure, failures, not_before)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', 0, 0)
			ON CONFLICT (credential_id, host, place) DO UPDATE SET sealed = excluded.sealed, key_id = excluded.key_id, saved_at = excluded.saved_at,
				pushed = excluded.pushed, pushed_value = excluded.pushed_value, pushed_at = excluded.pushed_at, failure = '', failures = 0, not_before = 0`,
			id, r.id, host, place, k.sealAs(sealTarget, settings.Reveal(), id, sealedTo(r.id, host, place)), k.id, micros(time.Now()),
			pushed, value, sql.NullInt64{Int64: time.Now().UnixMicro(), Valid: pushed != ""})
	}))
}

// sealedTo is what the settings of a target are sealed to. An id has a fixed length.
func sealedTo(credentialID, host, place string) string { return credentialID + host + "\x00" + place }

// hashOfToken says which token a target has, without telling anything of it.
func hashOfToken(token connector.Secret) string {
	sum := sha256.Sum256([]byte("connector target " + token.Reveal()))
	return hex.EncodeToString(sum[:])
}

// Targets lists the targets of every credential, by its name; it needs no key. Errors:
// ErrUnavailable, or the context's.
func (s *Store) Targets(ctx context.Context) (all []Target, err error) {
	err = s.patiently(ctx, func(ctx context.Context) error {
		all = nil
		rows, err := s.db.QueryContext(ctx, `
			SELECT t.id, c.name, t.host, t.place, t.pushed_value = COALESCE(c.saved_at, 0), t.pushed_at, t.failure, t.saved_at
			FROM connector_targets t JOIN connector_credentials c ON c.id = t.credential_id ORDER BY c.name, t.host, t.place`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var t Target
			var d damage
			err := rows.Scan(rawText(&t.ID), d.text("name", &t.Name, isName), d.text("host", &t.Host, isName), d.text("place", &t.Place, isName),
				&t.Current, d.time("time of the last push", &t.PushedAt), d.text("last failure", &t.Failure, isText), d.time("time of saving", &t.SavedAt))
			if err != nil {
				return err
			}
			t.Damage = d.String()
			all = append(all, t)
		}
		return rows.Err()
	})
	return all, err
}

// DeleteTarget forgets a target; what the host has stays there. It needs no key. Errors:
// ErrNotFound, ErrUnavailable, or the context's.
func (s *Store) DeleteTarget(ctx context.Context, name, host, place string) error {
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return s.one(ctx, tx, `DELETE FROM connector_targets WHERE host = ? AND place = ? AND credential_id IN (SELECT id FROM connector_credentials WHERE name = ?)`, host, place, name)
	})
	if errors.Is(err, ErrNotFound) {
		return noTarget(fmt.Sprintf("store: %s has no target %s %s", displayable(name), displayable(host), displayable(place)))
	}
	return err
}

// noTarget is the ErrNotFound of a target.
type noTarget string

func (e noTarget) Error() string { return string(e) }
func (e noTarget) Unwrap() error { return ErrNotFound }

// DueTargets are the ids of targets that do not have the token that is kept, and that
// nobody puts there now; at most so many, those that wait longest first. Errors:
// ErrUnavailable, or the context's.
func (s *Store) DueTargets(ctx context.Context, most int) (ids []string, err error) {
	err = s.patiently(ctx, func(ctx context.Context) error {
		ids = nil
		rows, err := s.db.QueryContext(ctx, s.d.sql(`
			SELECT t.id FROM connector_targets t JOIN connector_credentials c ON c.id = t.credential_id
			WHERE t.pushed_value <> COALESCE(c.saved_at, 0) AND t.not_before <= {now} ORDER BY t.not_before, t.id LIMIT ?`), most)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id string
			if err := rows.Scan(rawText(&id)); err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return rows.Err()
	})
	return ids, err
}

// Times of a push.
const (
	pushTime   = 50 * time.Second // how long one may take
	pushLease  = time.Minute      // how long no other process does the same
	pushAgain  = time.Minute      // after what time one that failed is tried again; twice as long each time
	pushLatest = time.Hour
)

// PushTarget puts the token that is kept into a target, by push, and notes what became of
// it; what push returns is kept in words, and must not hold a secret. taken says whether
// it was this process that did: it is not if another one does at this moment, or has. One
// that is killed in push has it done again after a minute. The error is push's; ErrLocked,
// ErrDamaged, ErrKey, ErrUnavailable, or the context's.
func (s *Store) PushTarget(ctx context.Context, id string, push func(ctx context.Context, to Target, settings, token connector.Secret) error) (to Target, taken bool, err error) {
	var row targetRow
	err = s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		taken, err = s.changes(ctx, tx, `UPDATE connector_targets SET not_before = {now} + ? WHERE id = ? AND not_before <= {now}`, pushLease.Microseconds(), id)
		if err != nil || !taken {
			return err
		}
		return row.scan(s.row(ctx, tx, `SELECT `+targetColumns+` WHERE t.id = ?`, id).Scan)
	})
	if errors.Is(err, sql.ErrNoRows) || err == nil && !taken {
		return Target{}, false, nil // its credential was removed, or another has taken it
	}
	if err != nil {
		return Target{}, false, err
	}
	to = Target{ID: id, Name: row.name, Host: row.host, Place: row.place}
	settings, cred, err := s.openTarget(ctx, row)
	if err == nil && row.pushed != hashOfToken(cred.APIKeyValue) {
		limited, cancel := context.WithTimeout(ctx, pushTime)
		err = push(limited, to, connector.Secret(settings), cred.APIKeyValue)
		if limited.Err() != nil && ctx.Err() == nil {
			err = fmt.Errorf("it took longer than %s", connector.Span(pushTime))
		}
		cancel()
	}
	released := ctx.Err() != nil || errors.Is(err, ErrLocked) || errors.Is(err, ErrUnavailable)
	noted := s.notePush(context.WithoutCancel(ctx), released, row, cred, err)
	return to, true, errors.Join(err, noted)
}

// notePush notes what became of a push. released says that it tells nothing of the target:
// another process may do it at once.
func (s *Store) notePush(ctx context.Context, released bool, row targetRow, cred *connector.Credential, failed error) error {
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		switch {
		case released && failed != nil:
			return s.exec(ctx, tx, `UPDATE connector_targets SET not_before = 0 WHERE id = ? AND not_before = ?`, row.id, row.notBefore)
		case failed != nil:
			again := min(pushAgain<<min(row.failures, 10), pushLatest)
			return s.exec(ctx, tx, `UPDATE connector_targets SET failure = ?, failures = failures + 1, not_before = {now} + ? WHERE id = ? AND not_before = ?`,
				displayable(Plain(failed)), again.Microseconds(), row.id, row.notBefore)
		}
		return s.exec(ctx, tx, `UPDATE connector_targets SET pushed = ?, pushed_value = ?, pushed_at = {now}, failure = '', failures = 0, not_before = 0 WHERE id = ? AND not_before = ?`,
			hashOfToken(cred.APIKeyValue), row.savedAt, row.id, row.notBefore)
	})
}

// targetRow is a target as its settings are opened, with the token that is to go there.
type targetRow struct {
	id, credentialID, name, host, place, keyID, pushed string
	sealed                                             []byte
	savedAt, notBefore                                 int64 // when the token was saved; until when this process has the target
	failures                                           int
}

const targetColumns = `t.id, t.credential_id, c.name, t.host, t.place, t.key_id, t.sealed, t.pushed, t.failures, t.not_before, COALESCE(c.saved_at, 0)
	FROM connector_targets t JOIN connector_credentials c ON c.id = t.credential_id`

func (r *targetRow) scan(scan func(...any) error) error {
	return scan(rawText(&r.id), rawText(&r.credentialID), rawText(&r.name), rawText(&r.host), rawText(&r.place), rawText(&r.keyID), rawBytes(&r.sealed),
		rawText(&r.pushed), &r.failures, &r.notBefore, &r.savedAt)
}

func (r *targetRow) open(ks *keySet) (string, error) {
	return ks.openAs(sealTarget, r.sealed, r.keyID, r.id, sealedTo(r.credentialID, r.host, r.place))
}

// openTarget opens the settings of a target, and the token that goes there: the one that
// is kept now, which may be younger than the row.
func (s *Store) openTarget(ctx context.Context, row targetRow) (settings string, cred *connector.Credential, err error) {
	if cred, err = s.Credential(ctx, row.name); err != nil { // it has read the keys anew, if that was needed
		return "", nil, err
	}
	ks, err := s.atHand(false)
	if err == nil {
		settings, err = row.open(ks)
	}
	return settings, cred, s.locked(err)
}

// resealTargets seals the settings of targets with the first key. left are those that it
// could not open.
func (s *Store) resealTargets(ctx context.Context, ks *keySet) (left []*RecordError, err error) {
	err = s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		left = nil
		rows, err := tx.QueryContext(ctx, s.d.sql(`SELECT id, credential_id, host, place, key_id, sealed FROM connector_targets WHERE key_id <> ? ORDER BY id {for update}`), ks.primary().id)
		if err != nil {
			return err
		}
		defer rows.Close()
		var all []targetRow
		for rows.Next() {
			var r targetRow
			if err := rows.Scan(rawText(&r.id), rawText(&r.credentialID), rawText(&r.host), rawText(&r.place), rawText(&r.keyID), rawBytes(&r.sealed)); err != nil {
				return err
			}
			all = append(all, r)
		}
		if err := rows.Err(); err != nil {
			return err
		}
		for _, r := range all {
			settings, err := r.open(ks)
			if err != nil {
				left = append(left, &RecordError{"the target " + displayable(r.host+" "+r.place), s.locked(err)})
				continue
			}
			sealed := ks.primary().sealAs(sealTarget, settings, r.id, sealedTo(r.credentialID, r.host, r.place))
			if err := s.one(ctx, tx, `UPDATE connector_targets SET sealed = ?, key_id = ? WHERE id = ?`, sealed, ks.primary().id, r.id); err != nil {
				return err
			}
		}
		return nil
	})
	return left, err
}
