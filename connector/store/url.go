package store

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// folder is the name of this program's folders, in the user's data and
// configuration directories.
const folder = "100ms-connector"

// DefaultURL is the URL of one person's store: SQLite, in the directory for data.
// That is $XDG_DATA_HOME or ~/.local/share, on macOS and Windows what
// os.UserConfigDir returns. It reads the environment.
func DefaultURL() (string, error) {
	dir, err := dataDir()
	if err != nil {
		return "", fmt.Errorf("%w: no directory for data is known: set HOME, or name a store", ErrUnavailable)
	}
	path := filepath.ToSlash(filepath.Join(dir, folder, "credentials.db"))
	return (&url.URL{Scheme: "sqlite", Path: "/" + strings.TrimPrefix(path, "/")}).String(), nil
}

func dataDir() (string, error) {
	if runtime.GOOS == "darwin" || runtime.GOOS == "windows" {
		return os.UserConfigDir()
	}
	// The XDG specification has a relative path ignored.
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return dir, nil
	}
	home, err := os.UserHomeDir()
	if err == nil && !filepath.IsAbs(home) {
		err = errors.New("the home directory is a relative path")
	}
	return filepath.Join(home, ".local", "share"), err
}

// DefaultKeyFile is the path of one person's key file: in the directory for
// configuration (os.UserConfigDir), so that a copy of the data directory does not
// carry the key along. It reads the environment.
func DefaultKeyFile() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("%w: no directory for configuration is known: set HOME, or name a key file", ErrKey)
	}
	return filepath.Join(dir, folder, "store.key"), nil
}

// Exists says whether there is a store at a URL, without making one. Of a
// PostgreSQL database it says yes without asking. Errors: ErrURL, ErrUnavailable.
func Exists(url string) (bool, error) {
	at, err := parseURL(url)
	if err != nil || at.path == "" {
		return err == nil, err
	}
	switch _, err := os.Stat(at.path); {
	case err == nil:
		return true, nil
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	}
	return false, unavailable("the folder of %s cannot be read", at.shown)
}

// PasswordInURL says whether a store's URL has a password in it. On a command line
// every user of the machine can read it there: PGPASSWORD, ~/.pgpass or a service
// file (PGSERVICEFILE) are for it. Of what is no URL it says no.
func PasswordInURL(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil { // a password can be what makes it none
		_, rest, _ := strings.Cut(raw, "://")
		before, _, hasUser := strings.Cut(rest, "@")
		return hasUser && strings.Contains(before, ":") || strings.Contains(rest, "password=")
	}
	_, given := u.User.Password()
	return given || u.Query().Get("password") != "" || u.Query().Get("sslpassword") != ""
}

// location is a store's URL, read.
type location struct {
	path     string // of the SQLite file; empty for PostgreSQL
	postgres string // the URL as given
	shown    string // for people: without password and parameters
	password string // to take out of a driver's words
	saysTLS  bool   // somebody chose whether PostgreSQL is spoken to through TLS
}

// parseURL reads a store's URL. No error repeats it.
func parseURL(raw string) (location, error) {
	if filepath.IsAbs(raw) {
		path := filepath.Clean(raw)
		return location{path: path, shown: path}, nil
	}
	u, err := url.Parse(raw)
	if err != nil {
		return location{}, fmt.Errorf("%w: write sqlite:///path or postgres://user@host/database, with %%XX for characters that a URL has no place for", ErrURL)
	}
	switch u.Scheme {
	case "sqlite":
		return parseSQLite(u)
	case "postgres", "postgresql":
		// Such a URL was cut in another place than its writer meant: a password with
		// a slash in it would be shown as the name of a database.
		if u.Opaque != "" || strings.ContainsAny(u.Path, "@;&=:") || strings.ContainsAny(u.User.Username(), ":/@") || u.Host == "" && u.RawQuery == "" && strings.Count(u.Path, "/") > 1 {
			return location{}, fmt.Errorf("%w: write postgres://user@host/database, with %%XX for characters that a URL has no place for", ErrURL)
		}
		l := location{postgres: raw, shown: (&url.URL{Scheme: "postgres", User: user(u), Host: u.Host, Path: u.Path}).String()}
		l.password, _ = u.User.Password()
		if l.password == "" {
			l.password = u.Query().Get("password")
		}
		l.saysTLS = u.Query().Has("sslmode") || u.Query().Has("service") || os.Getenv("PGSSLMODE") != "" || os.Getenv("PGSERVICE") != ""
		return l, nil
	}
	return location{}, fmt.Errorf("%w: it begins neither with sqlite:/// nor with postgres://, and is no absolute path", ErrURL)
}

func parseSQLite(u *url.URL) (location, error) {
	path := u.Path
	if runtime.GOOS == "windows" { // /C:/folder/file
		path = strings.TrimPrefix(path, "/")
	}
	path = filepath.FromSlash(path)
	switch {
	case u.Host != "" || u.Opaque != "" || !filepath.IsAbs(path):
		return location{}, fmt.Errorf("%w: a SQLite store is named by an absolute path, behind three slashes: sqlite:///path", ErrURL)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return location{}, fmt.Errorf("%w: a SQLite URL is a path and nothing else; write %%3F for ?, %%23 for #", ErrURL)
	case strings.ContainsRune(path, 0):
		return location{}, fmt.Errorf("%w: the path has a NUL character", ErrURL)
	}
	path = filepath.Clean(path)
	return location{path: path, shown: path}, nil
}

// user is the user name alone.
func user(u *url.URL) *url.Userinfo {
	if name := u.User.Username(); name != "" {
		return url.User(name)
	}
	return nil
}
