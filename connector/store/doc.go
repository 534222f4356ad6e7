// Package store keeps credentials: each under a name, its API key value sealed.
//
//   - Open a store: [Open], with the URL of a SQLite file or of a PostgreSQL
//     database and a [KeySource]. [DefaultURL] and [DefaultKeyFile] say where one
//     person's store is.
//   - See what is kept, without any key: [Store.List], [Store.Show], [Store.Info].
//   - Use what is kept: [Store.Credential] for one, [Store.All] for every one,
//     [Store.TokenSource] to send one's token for as long as a program runs.
//   - Change it: [Store.Save], [Store.Edit], [Store.Delete], [Store.RotateKey].
//   - Test and renew it: [Record.Due] says when, [Store.Replace] and
//     [Store.RecordTest] take what was read and refuse it once it has changed.
//   - Read a key or a password from a file: [SigningKeyFile], [ReadPrivateFile].
//
// # What is sealed
//
// The API key value, and nothing else. Name, description and what the token says
// of itself (kind, access key, times) stand in clear, so that a list needs no key.
// A value is sealed with XChaCha20-Poly1305 under a random nonce. The record's
// name and its immutable id are authenticated with it: whoever can write to the
// database, but has no key, can neither swap two values nor move one to another
// name without [ErrDamaged].
//
// # Keys
//
// A store names the key that it seals with. A process that lacks this key can
// list and delete, but neither read nor save: [ErrLocked]. Whoever loses the
// key loses the values; a backup of a store is worth nothing without a backup of
// its key, and after [Store.RotateKey] an older backup needs an older key. No value
// is kept unsealed for want of a key.
//
// # Several processes
//
// Any number of processes and goroutines may use one store. What a method has
// reported as done outlives the death of the process, and what it was killed in
// has happened wholly or not at all.
//
// # Damage
//
// Others can write to the database, and SQLite takes any type in any column. A
// record that was changed so hides no other: [Record.Damage] says what of it cannot
// be read, a new value mends it, and [Store.Delete] removes it.
//
// # Errors
//
// Every error is one of the classes in the block that begins with [ErrExists], or
// a context's, and its text has the next step. None holds a secret, the password of
// a database URL included. [Plain] is the text without the package's name.
//
// The package writes no log. It reads the environment in [DefaultURL],
// [DefaultKeyFile] and [Keyring] only; but what a PostgreSQL URL leaves open, its
// driver takes from PGHOST, PGPASSWORD, ~/.pgpass and the like, as libpq does.
package store
