// Package sink writes the records of streams: as JSON Lines or CSV, to a writer or to
// files, and beside them the states that say what was written. It fetches the files of
// recordings. Package tables, below it, writes records to a database.
package sink
