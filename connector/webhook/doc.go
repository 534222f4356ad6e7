// Package webhook receives what 100ms pushes: a [Handler] checks that a request comes from
// the workspace, and answers 200 only after its event is stored, so that 100ms sends again
// what could not be. A [Table] stores events in SQLite or PostgreSQL, each once.
//
// 100ms tries a webhook that is answered otherwise 1, 3 and 10 seconds later, and then no
// more (100ms docs). What it gave up meanwhile can be had again for 30 days, for the types
// that are [Replayable]: exchange.Destination's action webhook_replays asks for it.
//
// The package serves what it is handed: listening, timeouts and TLS are the
// http.Server's. Give that a ReadTimeout, or a slow sender holds a connection for ever.
package webhook
