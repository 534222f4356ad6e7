package store

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteParameters: FULL, so that a commit has reached the disk; secure_delete,
// so that what a lost key could open does not linger in free pages. The short
// time-out spares most waits of Store.patiently, which listens to the context.
const sqliteParameters = "mode=rw&_txlock=immediate&_pragma=busy_timeout(100)&_pragma=synchronous(FULL)&_pragma=secure_delete(ON)"

func openSQLite(at location, parameters string) (*sql.DB, error) {
	if err := makeFile(at.path); err != nil {
		return nil, explainFile(at.path, err)
	}
	path := filepath.ToSlash(at.path)
	uri := &url.URL{Scheme: "file", Path: "/" + strings.TrimPrefix(path, "/"), RawQuery: parameters}
	db, err := sql.Open("sqlite", uri.String())
	if err != nil {
		return nil, explainSQLite(at, err)
	}
	db.SetMaxOpenConns(8)
	db.SetMaxIdleConns(8)
	return db, nil
}

// makeFile makes the file with the modes it is to have: SQLite would leave them
// to the umask. The files that SQLite puts beside it take its mode.
func makeFile(path string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return tighten(path)
	}
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return syncDir(dir)
}

// tighten takes a store's files from others than their owner.
func tighten(path string) error {
	for _, path := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return err
		case info.IsDir():
			return unavailable("%s is a folder: name a file in it", path)
		case !info.Mode().IsRegular():
			return unavailable("%s is not a file: name a regular file", path)
		}
		if runtime.GOOS == "windows" || info.Mode().Perm()&0o077 == 0 {
			continue
		}
		if err := os.Chmod(path, 0o600); err != nil {
			return unavailable("%s can be used by others than its owner, and this user may not change that: chmod 600 it", path)
		}
	}
	return nil
}

// prepareSQLite refuses the database of another program before anything in it is
// changed, and sets the journal of a new one, which migrations cannot: it does not
// work within a transaction.
func (s *Store) prepareSQLite(ctx context.Context) error {
	return s.patiently(ctx, func(ctx context.Context) error {
		version, err := s.version(ctx, s.db)
		if err != nil || version > 0 {
			return err
		}
		var tables int
		if err := s.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM sqlite_master WHERE name NOT LIKE 'connector\_%' ESCAPE '\' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'`).Scan(&tables); err != nil {
			return err
		}
		if tables > 0 {
			return unavailable("%s is the database of another program; it was left untouched: name another file", s.at.path)
		}
		_, err = s.db.ExecContext(ctx, `PRAGMA journal_mode = WAL`)
		return err
	})
}

// code is SQLite's result code with and without its extension; 0 if the error is
// not SQLite's.
func sqliteCode(err error) (primary, extended int) {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return 0, 0
	}
	return e.Code() & 0xff, e.Code()
}

func sqliteBusy(err error) bool {
	code, _ := sqliteCode(err)
	return code == sqlite3.SQLITE_BUSY || code == sqlite3.SQLITE_LOCKED
}

func sqliteExists(err error) bool {
	_, code := sqliteCode(err)
	return code == sqlite3.SQLITE_CONSTRAINT_UNIQUE
}

func explainSQLite(at location, err error) error {
	switch code, extended := sqliteCode(err); code {
	case sqlite3.SQLITE_FULL:
		return unavailable("the disk that holds %s is full; nothing was changed: free some space, then try again", at.path)
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_AUTH:
		return unavailable("%s cannot be written: this user needs write permission for the file and for its folder", at.path)
	case sqlite3.SQLITE_NOTADB:
		return unavailable("%s is not a database; it was left untouched: name another file", at.path)
	case sqlite3.SQLITE_CORRUPT:
		return unavailable("the database %s is damaged: put a backup in its place, or mend it with the .recover command of sqlite3", at.path)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL:
		return unavailable("another process has kept %s locked for %s: wait for it to end, or end it", at.path, patience)
	case sqlite3.SQLITE_IOERR:
		return unavailable("reading or writing %s failed (SQLite's code %d): is its disk full or failing, or its size limited?", at.path, extended)
	case 0:
		return explainFile(at.path, err)
	case sqlite3.SQLITE_ERROR, sqlite3.SQLITE_SCHEMA, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_CONSTRAINT:
		return unavailable(notOurTables, at.path)
	case sqlite3.SQLITE_NOMEM:
		return unavailable("there is too little memory to use %s: end other programs, then try again", at.path)
	default:
		return unavailable("%s cannot be used (SQLite's code %d): try again; if it stays, put a backup in its place", at.path, extended)
	}
}

// explainFile puts an error of the file system into words.
func explainFile(path string, err error) error {
	switch {
	case classified(err):
		return err
	case errors.Is(err, syscall.ENOSPC):
		return unavailable("the disk that holds %s is full: free some space, then try again", path)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return unavailable("%s cannot be written: this user needs write permission for the file and for its folder", path)
	case errors.Is(err, fs.ErrNotExist):
		return unavailable("%s is not there: it was removed meanwhile, or is a link to nothing", path)
	case errors.Is(err, syscall.ENOTDIR):
		return unavailable("%s lies below something that is not a folder: name another path", path)
	}
	var detail *fs.PathError
	if errors.As(err, &detail) {
		return unavailable("%s: %v", path, detail.Err)
	}
	return unavailable("%s: %v", path, err)
}

// syncDir makes what happened in a folder last. Some systems cannot, and need not.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
