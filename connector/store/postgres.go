package store

import (
	"database/sql"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

func openPostgres(at *location) (*sql.DB, error) {
	config, err := postgresConfig(at)
	if err != nil {
		return nil, err
	}
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(8)
	db.SetMaxIdleConns(8)
	db.SetConnMaxIdleTime(5 * time.Minute) // firewalls forget idle connections
	return db, nil
}

// postgresConfig is how PostgreSQL is spoken to.
func postgresConfig(at *location) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(at.postgres)
	if err != nil { // its text holds the URL
		return nil, unavailable("the URL %s, or what PGHOST and the like add to it, is not what PostgreSQL understands", at.shown)
	}
	if config.Password != "" {
		at.password = config.Password // it may be PGPASSWORD's, or a file's
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = patience
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = folder
	}
	if !at.saysTLS {
		// The driver's default would fall back to a connection in the clear, and the
		// password cross a network in it. On one machine there is none to cross.
		config.Fallbacks = slices.DeleteFunc(config.Fallbacks, func(c *pgconn.FallbackConfig) bool {
			return c.TLSConfig == nil && !isLocal(c.Host)
		})
	}
	return config, nil
}

// isLocal says whether a host is this machine: a loopback address, or the folder
// of a socket.
func isLocal(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || filepath.IsAbs(host) || strings.HasPrefix(host, "@") || err == nil && ip.IsLoopback()
}

func postgresCode(err error) string {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return ""
	}
	return e.Code
}

func postgresExists(err error) bool { return postgresCode(err) == "23505" } // unique_violation

func postgresBusy(err error) bool {
	switch postgresCode(err) {
	case "40001", "40P01", "55P03", "57P03": // serialization, deadlock, lock, still starting
		return true
	}
	return false
}

func explainPostgres(at location, err error) error {
	var refused *pgconn.PgError
	var network *net.OpError
	var dns *net.DNSError
	switch {
	case errors.As(err, &refused):
		switch refused.Code {
		case "53100":
			return unavailable("the disk of the database at %s is full; nothing was changed: free some space there, then try again", at.shown)
		case "42P01", "42703", "42804", "23502", "23514": // no such table or column, wrong type, a constraint
			return unavailable(notOurTables, at.shown)
		case "28P01", "28000":
			return unavailable("the database at %s refused the user: %s; check the user's name, and the password in PGPASSWORD or ~/.pgpass", at.shown, at.scrub(refused.Message))
		case "3D000":
			return unavailable("the database at %s refused: %s; create it, or correct its name in the URL", at.shown, at.scrub(refused.Message))
		case "55P03":
			return unavailable("others have kept the credentials at %s locked for %s: wait for them to end, then try again", at.shown, patience)
		case "25006":
			return unavailable("the database at %s is read-only: is it a replica?", at.shown)
		case "42501":
			return unavailable("the user of %s may not do this there: %s", at.shown, at.scrub(refused.Message))
		}
		return unavailable("the database at %s refused: %s (SQLSTATE %s)", at.shown, at.scrub(refused.Message), refused.Code)
	case strings.Contains(err.Error(), "refused TLS connection"): // an error without a type
		return unavailable("the server of %s has no TLS, and without it the password would cross the network in the clear; if that is meant, add sslmode=disable to the URL", at.shown)
	case errors.As(err, &dns):
		return unavailable("the host of %s could not be resolved: check the name in the URL, and the network", at.shown)
	case errors.As(err, &network):
		return unavailable("the database at %s cannot be reached: %s; check its host and port, and that it runs", at.shown, at.scrub(network.Err.Error()))
	case pgconn.Timeout(err):
		return unavailable("the database at %s did not answer in time: check its host and port, and the network between", at.shown)
	}
	return unavailable("the connection to the database at %s failed: %s", at.shown, at.scrub(innermost(err)))
}

// innermost is the text of the error that began it: those around it repeat
// connection strings.
func innermost(err error) string {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err.Error()
		}
		err = next
	}
}

// scrub takes the password out of somebody else's words, however it is written.
func (l location) scrub(text string) string {
	if l.password == "" {
		return text
	}
	for _, form := range []string{l.password, url.QueryEscape(l.password), url.PathEscape(l.password), strings.Trim(strconv.Quote(l.password), `"`)} {
		text = strings.ReplaceAll(text, form, "[redacted]")
	}
	return text
}
