// Package exchange reads the data of a 100ms workspace: rooms, sessions, recordings and
// what else the API lists, each as a stream of records with keys.
//
// A host writes one loop. It keeps the records of a page, then the page's state, and
// gives the last state that it kept to the next Read:
//
//	source := &exchange.Source{Client: cred.Client(nil)}
//	stream, _ := exchange.Find("rooms")
//	for page, err := range source.Read(ctx, stream, last) {
//		if err != nil {
//			return err // what was kept stands
//		}
//		keep(page.Records, page.State) // in one transaction, if the host has them
//	}
//
// Every record is given at least once: a read that is killed at any moment goes on where
// its last kept state says, and gives at most a page of each list again. The key makes it
// exactly once at the destination.
//
// # Streams
//
// The table of streams says where each is read from, what its key is, and whether it can
// be read incrementally; its schema in schema/streams says what a record holds, what of
// it is a secret, and what is about a person. Who adds a stream adds a row and a schema.
//
// What an incremental read does not see are changes of records that are older than its
// look-back: FullRefreshEvery reads everything anew from time to time.
//
// # Errors
//
// An *Error says why a read ended before its end, with the code and the words that a
// test of the credential has for it: errors.Is(err, connector.ExpiredToken). Rejected
// tells a fault of the credential from one of the environment. ErrState is a state that
// belongs to another read.
//
// # Security
//
// Secrets within records are [redacted] unless IncludeSecrets asks for them; of fields
// that no schema has, what looks like one. Errors and notes hold names of fields and ids
// of records, and no other value of them.
package exchange
