package tables

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
	"time"
)

// Dialect is what differs from one database to another: SQLite or PostgreSQL.
type Dialect struct {
	types    map[kind]string // of the columns
	hasTable string          // counts the tables of a name
	numbered bool            // placeholders are $1, $2 … instead of ?
	local    bool            // a call takes milliseconds, and to interrupt it leaves a connection in a transaction
	time     func(time.Time) any

	// Durable is the statement after which what a connection commits outlives a machine
	// that fails; empty if it does so anyhow.
	Durable string
}

// The databases.
var (
	SQLite = &Dialect{
		types:    map[kind]string{text: "TEXT", moment: "TEXT", integer: "INTEGER", number: "REAL", boolean: "BOOLEAN", nested: "TEXT", other: "TEXT"},
		hasTable: `SELECT COUNT(*) FROM sqlite_master WHERE type IN ('table', 'view') AND name = ?`,
		local:    true,
		time:     func(t time.Time) any { return t.UTC().Format("2006-01-02T15:04:05.000000000Z") },
		Durable:  `PRAGMA synchronous = FULL`,
	}
	PostgreSQL = &Dialect{
		// json keeps in _other what jsonb refuses.
		types:    map[kind]string{text: "TEXT", moment: "TIMESTAMPTZ", integer: "BIGINT", number: "DOUBLE PRECISION", boolean: "BOOLEAN", nested: "JSONB", other: "JSON"},
		hasTable: `SELECT COUNT(*) FROM pg_catalog.pg_class WHERE relname = ? AND pg_catalog.pg_table_is_visible(oid)`,
		numbered: true,
		time:     func(t time.Time) any { return t },
	}
)

// sql writes a statement with the dialect's placeholders.
func (d *Dialect) sql(statement string) string {
	if !d.numbered {
		return statement
	}
	var b strings.Builder
	n := 0
	for part := range strings.SplitSeq(statement, "?") {
		if n++; n > 1 {
			b.WriteString("$" + strconv.Itoa(n-1))
		}
		b.WriteString(part)
	}
	return b.String()
}

// quoted is a name as SQL has it.
func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// SQL writes a statement with ? for its arguments, {moment} for the type of a time and
// {json} for that of JSON as the database has it.
func (d *Dialect) SQL(statement string) string {
	return d.sql(strings.NewReplacer("{moment}", d.types[moment], "{json}", d.types[other]).Replace(statement))
}

// Time is a time as an argument.
func (d *Dialect) Time(t time.Time) any { return d.time(t) }

// Transaction runs do in a transaction of a *sql.DB or a *sql.Conn, and commits it. The
// context that do gets is the one for its statements.
func (d *Dialect) Transaction(ctx context.Context, db interface {
	BeginTx(context.Context, *sql.TxOptions) (*sql.Tx, error)
}, do func(context.Context, *sql.Tx) error,
) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if d.local {
		ctx = context.WithoutCancel(ctx)
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // after Commit it does nothing
	if err := do(ctx, tx); err != nil {
		return err
	}
	return tx.Commit()
}
