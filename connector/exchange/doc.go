// Package exchange reads the data of a 100ms workspace: rooms, sessions, recordings and
// what else the API lists, each as a stream of records with keys; and it writes rooms
// and what else the API takes, each record once.
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
// # Writing
//
// A [Destination] carries out one of the [Actions] for each record, and gives an [Ack] for
// each. It looks before it acts, for 100ms writes over a room that has the name of a new
// one; what is there and differs is changed only if Update is set. Nothing is sent twice
// of which it is not known that it was not done: after an answer that is lost the record
// is looked up, and what cannot be looked up is Uncertain. A [Journal] makes that hold over
// processes that are killed. Action.Judge holds a record against the action's schema.
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
