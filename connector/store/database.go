package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	sqlite3 "modernc.org/sqlite/lib"
)

// ErrDatabase is the error of a Database that cannot be used; its text says why, and
// what to do.
var ErrDatabase = errors.New("store: the database cannot be used")

// Database is a database for other data than credentials, opened with the care of a
// store: its file is its owner's alone, its server is not spoken to in the clear across
// a network, and no error shows a password.
type Database struct {
	*sql.DB
	SQLite bool // else it is PostgreSQL

	at *location
}

// dataParameters: a commit that a failing machine loses is read again, and what a kill
// leaves is whole. Others may read while it is written.
const dataParameters = "mode=rw&_txlock=immediate&_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_pragma=wal_autocheckpoint(8000)"

// OpenDatabase opens the database at a URL as Open does, and makes the file of a SQLite
// database if there is none: its path may be relative, as in sqlite://data.db. Close it.
// Errors: ErrURL, ErrDatabase, or the context's.
func OpenDatabase(ctx context.Context, url string) (*Database, error) {
	if path, found := strings.CutPrefix(url, "sqlite://"); found && path != "" && !filepath.IsAbs(path) && !strings.ContainsAny(path, "%?#") {
		absolute, err := filepath.Abs(path)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrDatabase, err)
		}
		url = absolute
	}
	at, err := parseURL(url)
	if err != nil {
		return nil, err
	}
	d := &Database{SQLite: at.path != "", at: &at}
	if d.SQLite {
		d.DB, err = openSQLite(at, dataParameters)
	} else {
		d.DB, err = openPostgres(&at)
	}
	if err != nil {
		return nil, d.Explain(err)
	}
	if err := d.PingContext(ctx); err != nil {
		d.Close()
		return nil, d.Explain(err)
	}
	return d, nil
}

// String is where the database is, without a password.
func (d *Database) String() string { return d.at.shown }

// Explain puts an error of the database into words. Errors of a context, and those that
// neither the driver nor the network made, pass.
func (d *Database) Explain(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrDatabase) {
		return err
	}
	words := ""
	if d.SQLite {
		switch code, extended := sqliteCode(err); code {
		case sqlite3.SQLITE_ERROR, sqlite3.SQLITE_SCHEMA, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_CONSTRAINT:
			words = fmt.Sprintf("%s refused a statement (SQLite's code %d): have its tables been changed?", d.at.shown, extended)
		default:
			words = explainSQLite(*d.at, err).Error()
		}
	} else {
		switch code := postgresCode(err); code {
		case "42P01", "42703", "42804", "23502", "23514":
			words = fmt.Sprintf("the database at %s refused a statement (SQLSTATE %s): have its tables been changed?", d.at.shown, code)
		case "55P03":
			words = fmt.Sprintf("others have kept a table at %s locked: wait for them to end, then try again", d.at.shown)
		default:
			words = explainPostgres(*d.at, err).Error()
		}
	}
	return fmt.Errorf("%w: %s", ErrDatabase, strings.TrimPrefix(words, ErrUnavailable.Error()+": "))
}
