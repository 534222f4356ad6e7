package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/100ms-connector/connector-go/connector"
)

// KeySource says where a store's keys come from: KeyFile, Keys or Keyring. The
// zero value has none, which suffices to list. It prints as a description
// without any key, and its methods are the package's own.
type KeySource struct{ place keyPlace }

// keyPlace holds a set of keys. Sets are replaced as a whole, and only between
// lock and unlock.
type keyPlace interface {
	String() string
	read() (*keySet, error) // errNoKeys if there is none yet
	lock(context.Context) (unlock func(), err error)
	write(*keySet) error // errFixed if that is not for this program to do
}

var (
	errNoKeys = errors.New("there are no keys")
	errFixed  = errors.New("") // the keys are not for this program to rewrite; always wrapped
)

// String says where the keys are.
func (s KeySource) String() string {
	return s.keys().String()
}

// Keys takes the keys from a text that the caller has, such as the value of an
// environment variable: base64 of 32 bytes each (openssl rand -base64 32), one a
// line or separated by commas. The first one seals, all unseal. To rotate, put a
// new key first, call RotateKey, and remove the old one.
func Keys(text connector.Secret) KeySource { return KeySource{&textKeys{text.Reveal}} }

// textKeys holds a function: fmt prints the fields behind a pointer too, when it
// is given a verb that does not fit.
type textKeys struct{ reveal func() string }

func (t *textKeys) String() string                                { return "a key given as text" }
func (t *textKeys) read() (*keySet, error)                        { return parseKeys(t.String(), t.reveal()) }
func (t *textKeys) lock(context.Context) (unlock func(), _ error) { return func() {}, nil }
func (t *textKeys) write(*keySet) error                           { return errFixed }

// noKeys is behind the zero KeySource.
type noKeys struct{}

func (noKeys) String() string { return "no key" }
func (noKeys) read() (*keySet, error) {
	return nil, fmt.Errorf("%w: no key was given: give the key file, the keyring or the text that holds it", ErrLocked)
}
func (noKeys) lock(context.Context) (unlock func(), _ error) { return func() {}, nil }
func (noKeys) write(*keySet) error                           { return errFixed }

func (s KeySource) keys() keyPlace {
	if s.place == nil {
		return noKeys{}
	}
	return s.place
}

// readOrMake reads the keys, and makes a first one if there is none.
func (s KeySource) readOrMake(ctx context.Context) (*keySet, error) {
	place := s.keys()
	ks, err := place.read()
	if !errors.Is(err, errNoKeys) {
		return ks, err
	}
	unlock, err := place.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if ks, err = place.read(); !errors.Is(err, errNoKeys) {
		return ks, err // another process was faster
	}
	ks = &keySet{keys: []*key{newKey()}, comments: []string{keysHeading}}
	return ks, place.write(ks)
}

// note writes down that a store uses the keys; see keySet.usedBy. Keys that
// cannot be rewritten cannot be dropped either, and need no note.
func (s KeySource) note(ctx context.Context, store string) (*keySet, error) {
	place := s.keys()
	unlock, err := place.lock(ctx)
	if errors.Is(err, errFixed) { // mounted read-only, say
		return place.read()
	}
	if err != nil {
		return nil, err
	}
	defer unlock()
	ks, err := place.read()
	if err != nil {
		return nil, err
	}
	noted := ks.usedBy(store)
	if noted == ks {
		return ks, nil
	}
	if err := place.write(noted); err != nil && !errors.Is(err, errFixed) {
		return nil, err
	}
	return noted, nil
}
