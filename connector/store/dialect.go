package store

import (
	"strconv"
	"strings"
)

// dialect is all in which the two databases differ. Statements are written once,
// in SQLite's way, and rewritten here.
type dialect struct {
	numbered bool // placeholders are $1, $2 … instead of ?
	local    bool // calls take milliseconds and are not to be interrupted; see Store.uncancelled

	words map[string]string // what {word} in a statement stands for

	boundWaits   string // within a transaction: how long to wait for others' locks, in milliseconds
	hasTables    string // one row, whether the store's tables are there
	beforeChange string // within a transaction that migrates, to keep others out

	exists  func(error) bool                  // the unique name is taken
	busy    func(error) bool                  // another process is at it: try again
	explain func(l location, err error) error // the driver's error, as a sentence of class ErrUnavailable
}

var sqliteDialect = dialect{
	local: true,
	words: map[string]string{"blob": "BLOB", "text": "TEXT", "for update": "", "for share": "",
		"now": `CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)`},
	// A transaction that writes holds the whole file, so nothing has to be locked.
	hasTables: `SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'connector_migrations'`,
	exists:    sqliteExists, busy: sqliteBusy, explain: explainSQLite,
}

var postgresDialect = dialect{
	numbered: true,
	// The server's language must change neither the order of names nor what is equal.
	words: map[string]string{"blob": "BYTEA", "text": `TEXT COLLATE "C"`, "for update": "FOR UPDATE", "for share": "FOR SHARE",
		"now": `(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::BIGINT`},
	// Not to_regclass: within a transaction it may remember that there was no such
	// table, although one was committed before the lock below was given.
	hasTables:    `SELECT COUNT(*) FROM pg_catalog.pg_class WHERE relname = 'connector_migrations' AND pg_catalog.pg_table_is_visible(oid)`,
	boundWaits:   `SET LOCAL lock_timeout = %d`,
	beforeChange: `SELECT pg_advisory_xact_lock(1100001)`,
	exists:       postgresExists, busy: postgresBusy, explain: explainPostgres,
}

// sql writes a statement in the dialect.
func (d *dialect) sql(statement string) string {
	var b strings.Builder
	n := 0
	for i := 0; i < len(statement); i++ {
		switch c := statement[i]; {
		case c == '?' && d.numbered:
			n++
			b.WriteString("$" + strconv.Itoa(n))
		case c == '{':
			end := i + strings.IndexByte(statement[i:], '}')
			b.WriteString(d.words[statement[i+1:end]])
			i = end
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
