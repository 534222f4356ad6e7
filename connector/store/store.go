package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/big"
	"sync"
	"time"
)

// Store is an open store. It is safe for concurrent use. Close it.
type Store struct {
	db     *sql.DB
	d      *dialect
	at     *location
	source KeySource

	// One writer at a time within the process: SQLite has no queue, and a
	// goroutine could starve. Nil for PostgreSQL, which has one.
	writer chan struct{}

	mu   sync.Mutex
	keys *keySet // what the source held when it was last read; nil before
}

// patience is how long to wait for another process before giving up.
var patience = 10 * time.Second // a variable for the tests

// Open opens the store at a URL, and makes it if there is none:
//
//	sqlite:///home/me/credentials.db    or an absolute path alone
//	postgres://user@host:5432/database  what it leaves open comes from PGPASSWORD, ~/.pgpass …
//
// A SQLite file is made with mode 0600, in a folder made with 0700; of a folder
// that is there the mode is left alone, of a file that others may use it is made
// 0600. In a PostgreSQL database the store's tables begin with connector_. Across
// a network it is spoken to through TLS alone, unless sslmode or PGSSLMODE says
// otherwise; its server is verified only if the URL says sslmode=verify-full.
//
// The key is not looked for before it is needed. Errors: ErrURL, ErrNewer,
// ErrUnavailable, or the context's.
func Open(ctx context.Context, url string, key KeySource) (*Store, error) {
	at, err := parseURL(url)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s := &Store{at: &at, source: key}
	if at.path != "" {
		s.d, s.writer = &sqliteDialect, make(chan struct{}, 1)
		s.db, err = openSQLite(at, sqliteParameters)
	} else {
		s.d = &postgresDialect
		s.db, err = openPostgres(&at)
	}
	if err != nil {
		return nil, err
	}
	if at.path != "" {
		err = s.prepareSQLite(ctx)
	}
	if err == nil {
		err = s.migrate(ctx)
	}
	if err != nil {
		s.db.Close()
		return nil, err
	}
	return s, nil
}

// Close closes the store. Nothing is lost by not reaching it.
func (s *Store) Close() error { return s.explain(s.db.Close()) }

// Format writes where the store is, for every verb: what else is behind the
// pointer, the driver's settings among it, may hold a password.
func (s *Store) Format(f fmt.State, _ rune) { io.WriteString(f, s.at.shown) }

// querier is what a database and a transaction have in common.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

func (s *Store) row(ctx context.Context, q querier, statement string, args ...any) *sql.Row {
	return q.QueryRowContext(ctx, s.d.sql(statement), args...)
}

// exec runs a statement whose number of changed rows does not matter.
func (s *Store) exec(ctx context.Context, q querier, statement string, args ...any) error {
	_, err := q.ExecContext(ctx, s.d.sql(statement), args...)
	return err
}

// changes runs a statement and says whether it changed a row.
func (s *Store) changes(ctx context.Context, q querier, statement string, args ...any) (bool, error) {
	result, err := q.ExecContext(ctx, s.d.sql(statement), args...)
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

// write runs do in a transaction that may write. do may run more than once.
func (s *Store) write(ctx context.Context, do func(context.Context, *sql.Tx) error) error {
	if s.writer != nil {
		select {
		case s.writer <- struct{}{}:
			defer func() { <-s.writer }()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return s.patiently(ctx, func(ctx context.Context) error {
		tx, err := s.db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback() // after Commit it does nothing
		if s.d.boundWaits != "" {
			if err := s.exec(ctx, tx, fmt.Sprintf(s.d.boundWaits, patience.Milliseconds())); err != nil {
				return err
			}
		}
		if err := do(ctx, tx); err != nil {
			return err
		}
		return tx.Commit()
	})
}

// patiently runs do until no other process is in its way, and puts its error
// into words.
func (s *Store) patiently(ctx context.Context, do func(context.Context) error) error {
	for end := time.Now().Add(patience); ; {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := do(s.uncancelled(ctx))
		if err != nil && ctx.Err() != nil { // a driver wraps it in an error without its class
			return ctx.Err()
		}
		if err == nil || !s.d.busy(err) || time.Now().After(end) {
			return s.explain(err)
		}
		wait := time.NewTimer(time.Duration(1+randomBelow(10)) * time.Millisecond)
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return ctx.Err()
		}
	}
}

// uncancelled keeps a cancellation from the SQLite driver: it interrupts
// statements that have already succeeded, and a BEGIN reported as failed would
// leave its connection in a transaction for good. Its calls are short, so the
// context is asked between them.
func (s *Store) uncancelled(ctx context.Context) context.Context {
	if s.d.local {
		return context.WithoutCancel(ctx)
	}
	return ctx
}

// explain puts a driver's error into words; errors of this package and of a
// context pass.
func (s *Store) explain(err error) error {
	if err == nil || classified(err) {
		return err
	}
	if errors.Is(err, sql.ErrConnDone) || err.Error() == "sql: database is closed" {
		return unavailable("it was closed")
	}
	if errors.Is(err, sql.ErrNoRows) { // the one row of connector_store is gone
		return unavailable(notOurTables, s.at.shown)
	}
	return s.d.explain(*s.at, err)
}

// notOurTables is the fault of a database whose tables are not those that the
// migrations make.
const notOurTables = "the tables at %s are not those of a store any more: something else has changed them; put a backup in their place"

// idLength is that of newID.
const idLength = 32

// newID returns 128 random bits in hexadecimal.
func newID() string {
	var b [idLength / 2]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

func randomBelow(n int64) int64 {
	i, err := rand.Int(rand.Reader, big.NewInt(n))
	if err != nil {
		return 0
	}
	return i.Int64()
}

// micros is a time as it is stored; NULL for the zero time.
func micros(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.UnixMicro(), Valid: !t.IsZero()}
}
