package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/100ms-connector/connector-go/connector"
)

// The classes of errors, for errors.Is. The text of an error says more: which
// record, which file, what to do.
var (
	ErrExists      = errors.New("a credential of this name exists")
	ErrNotFound    = errors.New("there is no credential of this name")
	ErrInvalid     = errors.New("it cannot be kept")                       // a name, description or value that breaks its rule
	ErrLocked      = errors.New("locked")                                  // sealed with a key that is not at hand; nothing is wrong with the record
	ErrDamaged     = errors.New("damaged")                                 // the right key is there, but the record is not as it was sealed
	ErrChanged     = errors.New("changed meanwhile")                       // what was read is no longer what is kept
	ErrNewer       = errors.New("a newer program made this store")         // it was left untouched
	ErrKey         = errors.New("the key cannot be used")                  // unreadable, misformed, or readable by others
	ErrNoNewKey    = errors.New("there is no new key to rotate to")        // the source is one that only its owner can change
	ErrURL         = errors.New("this is not the URL of a store")          // its text is not repeated, it may hold a password
	ErrUnavailable = errors.New("the store of credentials is unavailable") // full disk, read-only folder, no database, no network …
)

// RecordError is an error about one record, and no reason to give up the others.
type RecordError struct {
	Name string // of the credential
	Err  error  // wraps ErrLocked, ErrDamaged, ErrNotFound, ErrExists, ErrChanged or ErrInvalid
}

// Error names the record, unless somebody took a secret for a name.
func (e *RecordError) Error() string {
	name := fmt.Sprintf("%q", e.Name)
	if secretLike(e.Name) {
		name = "[redacted]"
	}
	return fmt.Sprintf("credential %s: %v", name, e.Err)
}

// secretLike says whether a word of the text is a token, or the beginning of one,
// or looks like an App Secret.
func secretLike(text string) bool {
	for _, word := range strings.Fields(text) {
		t := connector.Inspect(word)
		if t.Readable() || t.LooksLike == connector.AppSecretLike || len(word) >= 40 && strings.HasPrefix(word, "eyJ") {
			return true
		}
	}
	return false
}

// Unwrap returns the error without the name.
func (e *RecordError) Unwrap() error { return e.Err }

// about says which record an error is about, unless it is about the whole store.
func about(name string, err error) error {
	for _, class := range [...]error{ErrLocked, ErrDamaged, ErrNotFound, ErrExists, ErrChanged, ErrInvalid} {
		var known *RecordError
		if errors.Is(err, class) && !errors.As(err, &known) {
			return &RecordError{name, err}
		}
	}
	return err
}

// unavailable is a fault of the environment, as a sentence. The driver's error
// is not wrapped: a caller could print it, and some hold the whole URL.
func unavailable(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrUnavailable, fmt.Sprintf(format, args...))
}

// ours says whether an error is of this package or a context's, so that it needs
// no further telling.
func ours(err error) bool {
	for _, class := range [...]error{
		ErrExists, ErrNotFound, ErrInvalid, ErrLocked, ErrDamaged, ErrChanged, ErrNewer, ErrKey, ErrNoNewKey, ErrURL, ErrUnavailable,
		errOtherKey, context.Canceled, context.DeadlineExceeded,
	} {
		if errors.Is(err, class) {
			return true
		}
	}
	return false
}

// named is about, for errors of any class.
func named(name string, err error) error {
	var known *RecordError
	if errors.As(err, &known) {
		return err
	}
	return &RecordError{name, err}
}
