// Package tables keeps the records of streams in a database: a table for each stream, a
// column for each field of its records, and a row for each key. A page and its state are
// written in one transaction, so that every record is there exactly once, whenever the
// program is killed.
//
// The database is the caller's, opened with the driver of its choice:
//
//	base, err := tables.Open(ctx, db, tables.SQLite)
//	table, err := base.Table(ctx, stream, false)
//	for page, err := range source.Read(ctx, stream, table.State()) {
//		if err != nil {
//			return err // what was written stands
//		}
//		if err := table.Write(ctx, page); err != nil {
//			return err
//		}
//	}
//
// # Columns
//
// The stream's schema gives the columns, under the names of the fields; one that a newer
// schema has is added when the table is written next. Text is text, an integer a 64-bit
// one, a boolean one; what is nested is JSON (jsonb in PostgreSQL). A time is a
// timestamptz in PostgreSQL, to the microsecond; in SQLite it is text in RFC 3339, in
// UTC and with nine digits of fraction, so that it sorts.
//
// The column _other holds, as a JSON object, what has no column or does not fit its own:
// fields that the schema does not declare, an integer beyond 64 bits, a text with a NUL
// character.
//
// The key of a record is the primary key: the field itself where it is one field, else
// the column _key, which joins the fields by slashes as exchange.Record does. A record
// that lacks its key has a hash of its content in the place of it.
//
// # What vanished
//
// A stream that is read whole each time is, after the end of the read, what that read
// gave: in the last transaction the records that it did not give are removed. A room
// that the API refused with 403 keeps those that it had. Of streams that are read
// incrementally nothing is ever removed, not after a full refresh either, for the API
// forgets some of them: of events it gives 30 days.
//
// # Several processes
//
// One run writes a stream at a time: the next one takes the stream over, and the write
// of the one before it fails with ErrTaken.
package tables
