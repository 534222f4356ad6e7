package store

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/lib/pq"
)

func openPostgres(at location) (*sql.DB, error) {
	config, err := pq.NewConfig(at.postgres)
	if err != nil { // its text holds the URL
		return nil, unavailable("the URL %s, or what PGHOST and the like add to it, is not what PostgreSQL understands", at.shown)
	}
	// Without a word about TLS no password is to cross a network in the clear. On
	// one machine there is none to cross, and few servers there have it.
	if config.SSLMode == "" {
		config.SSLMode = pq.SSLModeRequire
		if isLoopback(config) {
			config.SSLMode = pq.SSLModeDisable
		}
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = patience
	}
	if config.ApplicationName == "" {
		config.ApplicationName = folder
	}
	connector, err := pq.NewConnectorConfig(config)
	if err != nil {
		return nil, toldPostgres(at, err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(8)
	db.SetMaxIdleConns(8)
	db.SetConnMaxIdleTime(5 * time.Minute) // firewalls forget idle connections
	return db, nil
}

func isLoopback(config pq.Config) bool {
	ip := config.Hostaddr
	if !ip.IsValid() {
		ip, _ = netip.ParseAddr(config.Host)
	}
	return len(config.Multi) == 0 && (ip.IsLoopback() || !ip.IsValid() && config.Host == "localhost")
}

func postgresCode(err error) string {
	var e *pq.Error
	if !errors.As(err, &e) {
		return ""
	}
	return string(e.Code)
}

func postgresExists(err error) bool { return postgresCode(err) == "23505" } // unique_violation

func postgresBusy(err error) bool {
	switch postgresCode(err) {
	case "40001", "40P01", "55P03", "57P03": // serialization, deadlock, lock, still starting
		return true
	}
	return false
}

func toldPostgres(at location, err error) error {
	var refused *pq.Error
	var network *net.OpError
	var dns *net.DNSError
	switch {
	case errors.As(err, &refused):
		switch refused.Code {
		case "53100":
			return unavailable("the disk of the database at %s is full; nothing was changed", at.shown)
		case "25006":
			return unavailable("the database at %s is read-only: is it a replica?", at.shown)
		case "42501":
			return unavailable("the user of %s may not do this there: %s", at.shown, at.scrub(refused.Message))
		}
		return unavailable("the database at %s refused: %s (SQLSTATE %s)", at.shown, at.scrub(refused.Message), refused.Code)
	case errors.Is(err, pq.ErrSSLNotSupported):
		return unavailable("the server of %s has no TLS, and without it the password would cross the network in the clear; if that is meant, add sslmode=disable to the URL", at.shown)
	case errors.As(err, &dns):
		return unavailable("the host of %s could not be resolved", at.shown)
	case errors.As(err, &network):
		return unavailable("the database at %s cannot be reached: %s", at.shown, at.scrub(network.Err.Error()))
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return unavailable("the database at %s did not answer in time", at.shown)
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
