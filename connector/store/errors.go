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
	ErrExists      = errors.New("store: a credential of this name exists")
	ErrNotFound    = errors.New("store: there is no credential of this name")
	ErrInvalid     = errors.New("store: it cannot be kept")                       // a name, description or value that breaks its rule
	ErrLocked      = errors.New("store: locked")                                  // sealed with a key that is not at hand; nothing is wrong with the record
	ErrDamaged     = errors.New("store: damaged")                                 // the right key is there, but the record is not as it was sealed
	ErrChanged     = errors.New("store: changed meanwhile")                       // what was read is no longer what is kept
	ErrNewer       = errors.New("store: a newer program made this store")         // it was left untouched
	ErrKey         = errors.New("store: the key cannot be used")                  // unreadable, misformed, or readable by others
	ErrFile        = errors.New("store: the file cannot be used")                 // of ReadPrivateFile and SigningKeyFile
	ErrNoNewKey    = errors.New("store: there is no new key to rotate to")        // the source is one that only its owner can change
	ErrURL         = errors.New("store: this is not the URL of a store")          // its text is not repeated, it may hold a password
	ErrUnavailable = errors.New("store: the store of credentials is unavailable") // full disk, read-only folder, no database, no network …
)

// recordClasses are the classes of errors about one record; otherClasses those
// about the whole store.
var (
	recordClasses = []error{ErrLocked, ErrDamaged, ErrNotFound, ErrExists, ErrChanged, ErrInvalid}
	otherClasses  = []error{ErrNewer, ErrKey, ErrFile, ErrNoNewKey, ErrURL, ErrUnavailable, errOtherKey, context.Canceled, context.DeadlineExceeded}
)

func isAny(err error, classes []error) bool {
	for _, class := range classes {
		if errors.Is(err, class) {
			return true
		}
	}
	return false
}

// classified says whether an error is of this package or a context's, so that its
// text can be shown as it is.
func classified(err error) bool { return isAny(err, recordClasses) || isAny(err, otherClasses) }

// RecordError is an error about one record, and no reason to give up the others.
type RecordError struct {
	Name string // of the credential
	Err  error  // of class ErrLocked, ErrDamaged, ErrNotFound, ErrExists, ErrChanged, ErrInvalid or ErrKey
}

// Error names the record, unless somebody took a secret for a name.
func (e *RecordError) Error() string {
	name := fmt.Sprintf("%q", e.Name)
	if connector.HoldsSecret(e.Name) {
		name = "[redacted]"
	}
	return fmt.Sprintf("credential %s: %s", name, Plain(e.Err))
}

// Unwrap returns the error without the name.
func (e *RecordError) Unwrap() error { return e.Err }

// Plain is the text of an error without the package's name before it: for people,
// whom a command or a page tells that something went wrong with their credentials.
func Plain(err error) string { return strings.TrimPrefix(err.Error(), "store: ") }

// RotationError lists the records that a rotation could not open and left as they
// were, with their key.
type RotationError struct{ Records []*RecordError }

// Error names every record, in one line.
func (e *RotationError) Error() string {
	texts := make([]string, len(e.Records))
	for i, r := range e.Records {
		texts[i] = r.Error()
	}
	if len(texts) == 1 {
		return texts[0]
	}
	return fmt.Sprintf("%d credentials could not be opened and keep their old key: %s", len(texts), strings.Join(texts, "; "))
}

// Unwrap returns the errors of the records.
func (e *RotationError) Unwrap() []error {
	all := make([]error, len(e.Records))
	for i, r := range e.Records {
		all[i] = r
	}
	return all
}

// withName makes an error about one record a *RecordError; errors about the whole
// store and those that have a name pass.
func withName(name string, err error) error {
	if err == nil || !isAny(err, recordClasses) {
		return err
	}
	return recordError(name, err)
}

// recordError is withName for errors of any class.
func recordError(name string, err error) error {
	if _, ok := errors.AsType[*RecordError](err); ok {
		return err
	}
	return &RecordError{name, err}
}

// unavailable is a fault of the environment, as a sentence. The driver's error
// is not wrapped: a caller could print it, and some hold the whole URL.
func unavailable(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrUnavailable, fmt.Sprintf(format, args...))
}
