package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"time"

	"github.com/100ms-connector/connector-go/connector"
)

// Record is a saved credential without its API key value. Kind, access key and
// times are those that the token claims (connector.Inspect): unverified, and
// zero or connector.KindUnknown if nothing could be read.
type Record struct {
	ID                string // random, and the same for as long as the record is kept; it tells nothing
	Name, Description string

	Kind                           connector.Kind
	AccessKey                      string
	IssuedAt, NotBefore, ExpiresAt time.Time

	// Of the last test of this value; empty and zero if it was never tested.
	LastVerdict  connector.Verdict
	LastCode     connector.Code
	LastTestedAt time.Time

	SavedAt              time.Time // when the value was saved, in microseconds
	CreatedAt, UpdatedAt time.Time // in microseconds; a test is no update

	// Damage says what of the record could not be read, in words for people; empty
	// for an intact record. A field that could not be read is zero, and a name or
	// description is without what a terminal would act upon. A new value (Edit)
	// mends all but the name; Delete takes the name that is shown here.
	Damage string
}

// ExpiryUnknown says whether ExpiresAt is zero because the claims or the record
// could not be read, and not because the token never expires.
func (r Record) ExpiryUnknown() bool {
	unread := r.AccessKey == "" && r.Kind == connector.KindUnknown || r.LastCode == connector.MalformedToken || r.Damage != ""
	return r.ExpiresAt.IsZero() && unread
}

// MadeAt is when the token's life began: its iat, else its nbf, else when it was
// saved.
func (r Record) MadeAt() time.Time {
	for _, t := range []time.Time{r.IssuedAt, r.NotBefore} {
		if !t.IsZero() {
			return t
		}
	}
	return r.SavedAt
}

// Due says whether a fresh token should take the place of this one now: its last
// test rejected it with a code that a new token mends, its claims alone show that
// it is no management token, or less of its life is left than
// connector.RenewalWindow. A damaged record is not due, for it cannot be read.
func (r Record) Due(now time.Time) bool {
	return r.DueWithin(now, connector.RenewalWindow(r.MadeAt(), r.ExpiresAt))
}

// DueWithin is Due with another time before the end of the token.
func (r Record) DueWithin(now time.Time, within time.Duration) bool {
	switch {
	case r.Damage != "":
		return false
	case r.LastVerdict == connector.VerdictRejected && r.LastCode.MendedByNewToken():
		return true
	case r.LastVerdict != connector.VerdictAccepted && r.Kind != connector.KindManagement:
		return true
	}
	return !r.ExpiresAt.IsZero() && r.ExpiresAt.Sub(now) <= within
}

const recordColumns = `id, name, description, kind, access_key, issued_at, not_before, expires_at, last_verdict, last_code, last_tested_at, saved_at, created_at, updated_at`

// scan reads recordColumns.
func (r *Record) scan(scan func(...any) error) error {
	var d damage
	err := scan(
		rawText(&r.ID), d.text("name", &r.Name, isName), d.text("description", &r.Description, isText),
		word(&d, "kind", &r.Kind, connector.KindUnknown, isKind), d.text("access key", &r.AccessKey, isAccessKey),
		d.time("issue time", &r.IssuedAt), d.time("start", &r.NotBefore), d.time("expiry", &r.ExpiresAt),
		word(&d, "last verdict", &r.LastVerdict, "", isVerdict), word(&d, "last code", &r.LastCode, "", isCode), d.time("time of the last test", &r.LastTestedAt),
		d.time("time of saving", &r.SavedAt), d.time("time of creation", &r.CreatedAt), d.time("time of change", &r.UpdatedAt),
	)
	r.Damage = d.String()
	return err
}

// Show returns one record; it needs no key. Errors: ErrNotFound, ErrUnavailable,
// or the context's.
func (s *Store) Show(ctx context.Context, name string) (Record, error) {
	var r Record
	err := s.patiently(ctx, func(ctx context.Context) error {
		return found(r.scan(s.row(ctx, s.db, `SELECT `+recordColumns+` FROM connector_credentials WHERE name = ?`, name).Scan))
	})
	if err != nil {
		return Record{}, withName(name, err)
	}
	return r, nil
}

// ShowID is Show of the record that has this ID.
func (s *Store) ShowID(ctx context.Context, id string) (Record, error) {
	var r Record
	err := s.patiently(ctx, func(ctx context.Context) error {
		return found(r.scan(s.row(ctx, s.db, `SELECT `+recordColumns+` FROM connector_credentials WHERE id = ?`, id).Scan))
	})
	if err != nil {
		return Record{}, withName(id, err)
	}
	return r, nil
}

// List returns every record, sorted by name, byte by byte; it needs no key. A
// record that is damaged says so in Record.Damage and hides no other. Errors:
// ErrUnavailable, or the context's.
func (s *Store) List(ctx context.Context) ([]Record, error) {
	var all []Record
	err := s.each(ctx, recordColumns, func(scan func(...any) error) error {
		var r Record
		err := r.scan(scan)
		all = append(all, r)
		return err
	}, func() { all = nil })
	return all, err
}

// recordsOfPage is how many records Records has in memory.
const recordsOfPage = 500

// Records gives every record that is there from the beginning of the loop to its end, in
// the order of List and without keeping them all in memory. The loop may use the store. An
// error is the last.
func (s *Store) Records(ctx context.Context) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for last, where := any(nil), ""; ; where = "WHERE name > ?" {
			page, stored, err := s.recordsFrom(ctx, where, last)
			if err != nil {
				yield(Record{}, err)
				return
			}
			for _, r := range page {
				if !yield(r, nil) {
					return
				}
			}
			if len(page) < recordsOfPage {
				return
			}
			last = stored
		}
	}
}

// recordsFrom reads a page of records, and the last name as the database has it, which
// may be damaged.
func (s *Store) recordsFrom(ctx context.Context, where string, last any) (page []Record, stored any, err error) {
	var args []any
	if where != "" {
		args = []any{last}
	}
	err = s.patiently(ctx, func(ctx context.Context) error {
		page = nil
		rows, err := s.db.QueryContext(ctx, s.d.sql(`SELECT `+recordColumns+`, name FROM connector_credentials `+where+` ORDER BY name LIMIT `+strconv.Itoa(recordsOfPage)), args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var r Record
			err := r.scan(func(columns ...any) error {
				return rows.Scan(append(columns, column(func(value any) { stored = storable(value) }))...)
			})
			if err != nil {
				return err
			}
			page = append(page, r)
		}
		return rows.Err()
	})
	return page, stored, err
}

// each reads the columns of every record, by name. again is called when what
// was read is void and it begins anew.
func (s *Store) each(ctx context.Context, columns string, do func(scan func(...any) error) error, again func()) error {
	return s.patiently(ctx, func(uncancelled context.Context) error {
		again()
		rows, err := s.db.QueryContext(uncancelled, `SELECT `+columns+` FROM connector_credentials ORDER BY name`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := do(rows.Scan); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}

// found says that no row means that there is no such credential.
func found(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	return err
}

// The schema of a credential document has the same bounds, in characters.
const (
	maxName  = 255
	maxValue = 8192
)

// checked says whether a credential can be kept, and returns its value, cleaned.
// What the value is, connector.Inspect and a test judge: a store also keeps an
// expired token. Without a value it checks the rest.
func checked(name, description string, secret *connector.Secret) (value string, err error) {
	switch {
	case isBlank(name):
		return "", fmt.Errorf("%w: its name is blank", ErrInvalid)
	case connector.HoldsSecret(name):
		return "", fmt.Errorf("%w: its name looks like a token or a secret, and would stand in clear", ErrInvalid)
	case connector.HoldsSecret(description):
		return "", fmt.Errorf("%w: its description looks like a token or a secret, and would stand in clear", ErrInvalid)
	case !isText(name), !isText(description):
		return "", fmt.Errorf("%w: its name and its description must be text of at most %d characters, in UTF-8 and without NUL", ErrInvalid, maxName)
	case secret == nil:
		return "", nil
	}
	value, _ = connector.Clean(secret.Reveal())
	switch {
	case value == "":
		return "", fmt.Errorf("%w: its API key value is empty", ErrInvalid)
	case len(value) > maxValue:
		return "", fmt.Errorf("%w: its API key value is longer than %d characters", ErrInvalid, maxValue)
	}
	return value, nil
}
