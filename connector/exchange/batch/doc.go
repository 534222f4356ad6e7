// Package batch reads files of records that are to be written, as a whole and before
// anything is asked, and keeps the journal of what became of them.
//
//	file, err := batch.Read(in, action)
//	if len(file.Invalid) > 0 {
//		… // each is an ack with its line, its column and what is wrong
//	}
//	journal, err := batch.OpenJournal("rooms.results", file)
//	destination.Journal = journal
//	for ack, err := range destination.Write(ctx, action, file.Data()) {
//		ack.Line = file.Records[ack.Line-1].Line
//		…
//	}
//
// # Forms
//
// A file is JSON Lines, a JSON array, one JSON object, or CSV with a header: its content
// says which. A file is UTF-8, with or without a byte order mark, and has at most MaxFile bytes and
// MaxRecords records.
//
// In CSV the columns are the fields of the action. An empty cell is an absent field, a
// nested value is JSON text, and the quote by which package sink keeps a cell from being
// a formula is taken off.
//
// # Journal
//
// A journal says of each record that its writing began, before the first call that
// changes something and after it is on disk, and what became of it. A write that was
// killed at any moment goes on with the same file and the same journal: what is told is
// not written again, and what only began is looked up. Lines are told by their number
// and by the SHA-256 of their bytes, so that a file that was changed meanwhile is
// refused.
package batch
