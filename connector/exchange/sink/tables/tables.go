package tables

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/100ms-connector/connector-go/connector/exchange"
)

// ErrTaken is the error of a run that another one has taken the stream over from.
var ErrTaken = errors.New("another run has begun to write this stream")

// ErrForeign is the error about a table that has the name of a stream and was not made
// here: it is as it was.
var ErrForeign = errors.New("a table of this name was made by something else")

// Database is a database with a table for each stream that was written to it, and
// connector_streams, which says of each how far it was read.
type Database struct {
	db      *sql.DB
	dialect *Dialect
}

// states is the table of the streams: the state of each, the number of the run that may
// write it, and that of the read whose records are current. A read that is underway has
// not come to its end.
const states = `CREATE TABLE IF NOT EXISTS connector_streams (
	stream     TEXT PRIMARY KEY,
	state      TEXT NOT NULL,
	run        BIGINT NOT NULL,
	read       BIGINT NOT NULL,
	underway   BOOLEAN NOT NULL,
	updated_at {moment} NOT NULL
)`

// Open makes the table of the streams, if there is none. The database stays the
// caller's, to close after the last write.
func Open(ctx context.Context, db *sql.DB, dialect *Dialect) (*Database, error) {
	d := &Database{db, dialect}
	return d, d.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return d.exec(ctx, tx, strings.ReplaceAll(states, "{moment}", dialect.types[moment]))
	})
}

// State is where the read of a stream goes on; empty, if nothing was written.
func (d *Database) State(ctx context.Context, stream exchange.Stream) (exchange.State, error) {
	var state string
	err := d.db.QueryRowContext(ctx, d.dialect.sql(`SELECT state FROM connector_streams WHERE stream = ?`), stream.Name).Scan(&state)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return exchange.State(state), err
}

// Table begins a run that writes a stream, and makes its table or the columns that it
// lacks. anew says that the read will be of everything, whatever the state says, as
// exchange.Source.FullRefresh has it. The error is ErrForeign for a table of that name
// that was not made here.
func (d *Database) Table(ctx context.Context, stream exchange.Stream, anew bool) (*Table, error) {
	fields, err := columnsOf(stream)
	if err != nil {
		return nil, err
	}
	t := newTable(d, stream, fields)
	err = d.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var state string
		var underway bool
		row := tx.QueryRowContext(ctx, d.dialect.sql(`SELECT state, run, read, underway FROM connector_streams WHERE stream = ?`), stream.Name)
		switch err := row.Scan(&state, &t.run, &t.read, &underway); {
		case errors.Is(err, sql.ErrNoRows):
			t.run, t.read = 1, 1
			if err := t.create(ctx, tx); err != nil {
				return err
			}
			return d.exec(ctx, tx, `INSERT INTO connector_streams (stream, state, run, read, underway, updated_at) VALUES (?, '', 1, 1, TRUE, ?)`, stream.Name, d.dialect.time(time.Now()))
		case err != nil:
			return err
		}
		t.state = exchange.State(state)
		t.run++
		if anew || !underway {
			t.read++
		}
		if err := t.widen(ctx, tx); err != nil {
			return err
		}
		return d.exec(ctx, tx, `UPDATE connector_streams SET run = ?, read = ?, underway = TRUE WHERE stream = ?`, t.run, t.read, stream.Name)
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", stream.Name, err)
	}
	return t, nil
}

// write runs do in a transaction.
func (d *Database) write(ctx context.Context, do func(context.Context, *sql.Tx) error) error {
	return d.dialect.Transaction(ctx, d.db, do)
}

func (d *Database) exec(ctx context.Context, tx *sql.Tx, statement string, args ...any) error {
	_, err := tx.ExecContext(ctx, d.dialect.sql(statement), args...)
	return err
}
