// Package sink writes the records of streams: as JSON Lines or CSV, to a writer or to
// files, and beside them the states that say what was written.
package sink
