package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/connector/exchange/sink/tables"
	"github.com/100ms-connector/connector-go/connector/store"
)

// toFlags say which database records go to.
type toFlags struct{ url, file string }

func (f *toFlags) flags(cmd *cobra.Command, to string) {
	cmd.Flags().StringVar(&f.url, "to", "", to+", also CONNECTOR_TO: sqlite:///FILE or postgres://…")
	cmd.Flags().StringVar(&f.file, "to-file", "", "file that holds the URL of the database, for one with a password")
}

// location is the URL of the database; empty if there is none.
func (f *toFlags) location(cmd *cobra.Command, c *command) (string, error) {
	given := cmd.Flags().Changed
	switch {
	case f.url != "" && f.file != "":
		return "", errors.New("give --to or --to-file, not both")
	case given("to") && f.url == "", given("to-file") && f.file == "":
		return "", errors.New("--to or --to-file is empty: is a variable not set?")
	}
	url := f.url
	if f.file != "" {
		text, err := store.ReadPrivateFile(f.file)
		if err != nil {
			return "", unreadable(err)
		}
		if url = string(bytes.TrimSpace(text)); url == "" {
			return "", &failure{exitUsage, fmt.Errorf("%s is empty", f.file), "it holds the URL of the database"}
		}
	}
	if strings.HasPrefix(f.url, "postgres") && store.PasswordInURL(f.url) {
		fmt.Fprintln(c.err, "connector: warning: the password in --to can be seen by every user of this machine, and the shell keeps it")
		fmt.Fprintln(c.err, "connector: hint: give the URL in CONNECTOR_TO or with --to-file, or leave the password to PGPASSWORD or ~/.pgpass")
	}
	for _, name := range []string{"output", "format", "state", "state-lines"} {
		if url != "" && given(name) {
			return "", fmt.Errorf("--%s is for files: a database has its own form, and keeps the state itself", name)
		}
		if given(name) {
			return "", nil // CONNECTOR_TO is for runs that do not say otherwise
		}
	}
	if url == "" {
		url = os.Getenv("CONNECTOR_TO")
	}
	return url, nil
}

// base is the database of one run.
type base struct {
	*tables.Database
	connection *store.Database
}

func openBase(ctx context.Context, url string) (*base, error) {
	connection, err := store.OpenDatabase(ctx, url)
	if err != nil {
		return nil, unusable(err)
	}
	dialect := tables.PostgreSQL
	if connection.SQLite {
		dialect = tables.SQLite
	}
	b := &base{connection: connection}
	if b.Database, err = tables.Open(ctx, connection.DB, dialect); err != nil {
		connection.Close()
		return nil, b.explained(err)
	}
	return b, nil
}

func (b *base) close() { b.connection.Close() }

// explained gives an error of the database its words, its exit code and its next step.
func (b *base) explained(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, tables.ErrTaken):
		return &failure{exitUntested, fmt.Errorf("%s: %w", b.connection, err), "what this run wrote stands; one run at a time is enough"}
	case errors.Is(err, tables.ErrForeign):
		return &failure{exitUsage, fmt.Errorf("%s: %w", b.connection, err), "name another database, or with search_path=NAME in the URL another schema of PostgreSQL's"}
	}
	return unusable(b.connection.Explain(err))
}

// unusable is the failure of a database that cannot be used.
func unusable(err error) error {
	if errors.Is(err, store.ErrURL) {
		return &failure{exitUsage, errors.New(strings.Replace(store.Plain(err), "a store", "a database", 1)), "a database is sqlite:///path or postgres://user@host/database"}
	}
	return unreadable(err)
}
