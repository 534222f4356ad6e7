package store

import (
	"errors"

	"github.com/gofrs/flock"
)

// ErrTaken is the error about what another process does already.
var ErrTaken = errors.New("store: another process does this already")

// IsFile says whether the store is a file, and not a PostgreSQL database.
func (s *Store) IsFile() bool { return s.at.path != "" }

// Exclusive keeps other processes from doing at the same time what has this name with a
// store in a file, until release is called or this process ends, however it ends. It is an
// error for a store in PostgreSQL. Errors: ErrTaken, ErrUnavailable.
func (s *Store) Exclusive(name string) (release func(), err error) {
	if !s.IsFile() {
		return nil, errors.New("store: nothing in PostgreSQL is for one process alone")
	}
	lock := flock.New(s.at.path+"."+name+".lock", flock.SetPermissions(0o600))
	held, err := lock.TryLock()
	switch {
	case err != nil:
		return nil, unavailable("the file %s cannot be locked", lock.Path())
	case !held:
		return nil, ErrTaken
	}
	return func() { lock.Close() }, nil
}
