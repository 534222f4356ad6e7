// Package fleet keeps the saved credentials of a store alive: it tests each at its own
// time, puts fresh tokens in the place of those that end soon, and tells what became of
// them.
//
// A [Renewer] renews one credential. A [Watcher] looks after all of them: once, as cron
// does, or until it is told to end. The package writes no log; Watcher.Tell gets what
// happens.
package fleet
