package tables

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/connector/internal/jsontext"
)

// Table is the table of one stream, for one run. It is not safe for concurrent use.
type Table struct {
	base   *Database
	stream exchange.Stream
	state  exchange.State
	run    int64 // its number: a later one may write, this one not any more
	read   int64 // number of the read that is underway

	columns []column
	at      map[string]int // the columns of fields, by their names
	key     int            // the column that is the primary key
	other   int
	seen    int       // the column of the last read that gave the record; -1 if none is removed
	whole   *sql.Stmt // that writes rowsAtOnce rows; nil before there were so many
}

// What the tables have beside the fields of records.
const (
	keyColumn   = "_key"
	otherColumn = "_other"
	seenColumn  = "_read"
	roomColumn  = "room_id" // whose records a refused room keeps
)

func newTable(base *Database, stream exchange.Stream, fields []column) *Table {
	t := &Table{base: base, stream: stream, columns: fields, at: map[string]int{}, seen: -1}
	for i, c := range fields {
		t.at[c.name] = i
	}
	add := func(c column) int {
		t.columns = append(t.columns, c)
		return len(t.columns) - 1
	}
	if len(stream.Key) == 1 {
		t.key = t.at[stream.Key[0]]
	} else {
		t.key = add(column{keyColumn, text})
	}
	t.other = add(column{otherColumn, other})
	if !stream.Incremental() {
		t.seen = add(column{seenColumn, integer})
	}
	return t
}

// State is where the read goes on; empty at the beginning.
func (t *Table) State() exchange.State { return t.state }

// create makes the table. One that is there is another program's.
func (t *Table) create(ctx context.Context, tx *sql.Tx) error {
	var n int
	if err := tx.QueryRowContext(ctx, t.base.dialect.sql(t.base.dialect.hasTable), t.stream.Name).Scan(&n); err != nil {
		return err
	}
	if n > 0 {
		return ErrForeign
	}
	var lines []string
	for i, c := range t.columns {
		line := t.declare(c)
		if i == t.key {
			line += " PRIMARY KEY"
		}
		lines = append(lines, line)
	}
	if err := t.base.exec(ctx, tx, "CREATE TABLE "+quoted(t.stream.Name)+" (\n\t"+strings.Join(lines, ",\n\t")+"\n)"); err != nil {
		return err
	}
	if len(t.stream.Key) == 1 {
		return nil
	}
	first := t.stream.Key[0] // by which these records are joined to others
	return t.base.exec(ctx, tx, "CREATE INDEX "+quoted(t.stream.Name+"_"+first)+" ON "+quoted(t.stream.Name)+" ("+quoted(first)+")")
}

func (t *Table) declare(c column) string { return quoted(c.name) + " " + t.base.dialect.types[c.kind] }

// widen adds the columns that the table does not have.
func (t *Table) widen(ctx context.Context, tx *sql.Tx) error {
	rows, err := tx.QueryContext(ctx, "SELECT * FROM "+quoted(t.stream.Name)+" WHERE 1 = 0")
	if err != nil {
		return err
	}
	there, err := rows.Columns()
	if closed := rows.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	for _, c := range t.columns {
		if slices.Contains(there, c.name) {
			continue
		}
		if err := t.base.exec(ctx, tx, "ALTER TABLE "+quoted(t.stream.Name)+" ADD COLUMN "+t.declare(c)); err != nil {
			return err
		}
	}
	return nil
}

// Write writes the records of a page and its state, both or neither. With the last page
// of a stream that is read whole it removes what was not given. The error is ErrTaken
// once another run has begun, or the driver's.
func (t *Table) Write(ctx context.Context, page exchange.Page) error {
	rows := t.rows(page.Records)
	if err := t.prepare(ctx, len(rows)); err != nil {
		return err
	}
	err := t.base.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, t.base.dialect.sql(`UPDATE connector_streams SET state = ?, underway = ?, updated_at = ? WHERE stream = ? AND run = ?`),
			string(page.State), !page.Done, t.base.dialect.time(time.Now()), t.stream.Name, t.run)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return errorOr(err, ErrTaken)
		}
		for rows := range slices.Chunk(rows, rowsAtOnce) {
			if err := t.upsert(ctx, tx, rows); err != nil {
				return err
			}
		}
		if t.seen < 0 {
			return nil
		}
		return t.vanish(ctx, tx, page)
	})
	if err != nil {
		return err
	}
	t.state = page.State
	if page.Done {
		return t.release()
	}
	return nil
}

func errorOr(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// vanish removes, at the end of a read, what it did not give. What a refused room had
// counts as given.
func (t *Table) vanish(ctx context.Context, tx *sql.Tx, page exchange.Page) error {
	table := quoted(t.stream.Name)
	if _, ofRooms := t.at[roomColumn]; ofRooms {
		for _, note := range page.Notes {
			if note.Kind != exchange.SkippedParent || note.Status != http.StatusForbidden {
				continue
			}
			if err := t.base.exec(ctx, tx, "UPDATE "+table+" SET "+seenColumn+" = ? WHERE "+roomColumn+" = ?", t.read, note.Parent); err != nil {
				return err
			}
		}
	}
	if !page.Done {
		return nil
	}
	return t.base.exec(ctx, tx, "DELETE FROM "+table+" WHERE "+seenColumn+" <> ?", t.read)
}

// rowsAtOnce bounds a statement: databases bound the number of its values.
const rowsAtOnce = 100

// upsert writes rows, in the place of those that have their keys.
func (t *Table) upsert(ctx context.Context, tx *sql.Tx, rows [][]any) (err error) {
	args := slices.Concat(rows...)
	if len(rows) == rowsAtOnce {
		_, err = tx.StmtContext(ctx, t.whole).ExecContext(ctx, args...)
	} else {
		_, err = tx.ExecContext(ctx, t.statement(len(rows)), args...)
	}
	return err
}

// prepare has the database parse the statement that most rows are written with. To parse
// it for each page would take as long as to write the rows.
func (t *Table) prepare(ctx context.Context, rows int) (err error) {
	if t.whole == nil && rows >= rowsAtOnce {
		t.whole, err = t.base.db.PrepareContext(ctx, t.statement(rowsAtOnce))
	}
	return err
}

// release gives back what prepare took, at the end of a read. Else closing the database does.
func (t *Table) release() error {
	if t.whole == nil {
		return nil
	}
	err := t.whole.Close()
	t.whole = nil
	return err
}

// statement writes so many rows.
func (t *Table) statement(rows int) string {
	names, changes := make([]string, len(t.columns)), []string{}
	for i, c := range t.columns {
		if names[i] = quoted(c.name); i != t.key {
			changes = append(changes, names[i]+" = excluded."+names[i])
		}
	}
	row := ", (?" + strings.Repeat(", ?", len(t.columns)-1) + ")"
	return t.base.dialect.sql("INSERT INTO " + quoted(t.stream.Name) + " (" + strings.Join(names, ", ") + ") VALUES " + strings.Repeat(row, rows)[2:] +
		" ON CONFLICT (" + names[t.key] + ") DO UPDATE SET " + strings.Join(changes, ", "))
}

// rows are the records as the columns have them. Of two with one key the last counts:
// one statement cannot write a row twice.
func (t *Table) rows(records []exchange.Record) [][]any {
	rows, at := make([][]any, 0, len(records)), make(map[any]int, len(records))
	for _, record := range records {
		row := t.row(record)
		if i, twice := at[row[t.key]]; twice {
			rows[i] = row
			continue
		}
		at[row[t.key]] = len(rows)
		rows = append(rows, row)
	}
	return rows
}

func (t *Table) row(record exchange.Record) []any {
	row := make([]any, len(t.columns))
	var rest []byte
	for key, value := range jsontext.Each(record.Data) {
		if i, declared := t.at[jsontext.Unquote(key)]; declared {
			if fitting, fits := t.columns[i].value(t.base.dialect, value); fits {
				row[i] = fitting
				continue
			}
			row[i] = nil
		}
		rest = append(append(append(append(rest, ','), key...), ':'), value...)
	}
	if rest != nil {
		rest[0] = '{'
		row[t.other] = string(append(rest, '}'))
	}
	if row[t.key] = record.Key; record.Key == "" {
		sum := sha256.Sum256(record.Data)
		row[t.key] = "sha256:" + hex.EncodeToString(sum[:])
	}
	if t.seen >= 0 {
		row[t.seen] = t.read
	}
	return row
}
