package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/gofrs/flock"
)

// ErrTaken is the error about what another process does already.
var ErrTaken = errors.New("store: another process does this already")

// Exclusive keeps other processes from doing at the same time what has this name, until
// release is called or this process ends, however it ends. lost is closed if that can no
// longer be held: the connection to PostgreSQL broke. Errors: ErrTaken, ErrUnavailable,
// or the context's.
func (s *Store) Exclusive(ctx context.Context, name string) (release func(), lost <-chan struct{}, err error) {
	if s.at.path != "" {
		lock := flock.New(s.at.path+"."+name+".lock", flock.SetPermissions(0o600))
		held, err := lock.TryLock()
		switch {
		case err != nil:
			return nil, nil, unavailable("the file %s cannot be locked", lock.Path())
		case !held:
			return nil, nil, ErrTaken
		}
		return func() { lock.Close() }, nil, nil
	}
	// The lock is the connection's, and ends with it.
	connection, err := s.db.Conn(ctx)
	if err != nil {
		return nil, nil, s.explain(err)
	}
	var held bool
	if err := connection.QueryRowContext(ctx, `SELECT pg_try_advisory_lock(hashtext('connector ' || current_schema() || ' ' || $1))`, name).Scan(&held); err != nil || !held {
		connection.Close()
		if err == nil {
			return nil, nil, ErrTaken
		}
		return nil, nil, s.explain(err)
	}
	gone := make(chan struct{})
	over, end := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		watch(over, connection, gone)
	}()
	return func() {
		end()
		<-ended
		_, _ = connection.ExecContext(context.Background(), `SELECT pg_advisory_unlock_all()`) // else the pool would keep it
		connection.Close()
	}, gone, nil
}

// watch closes gone once the connection does not answer any more.
func watch(ctx context.Context, connection *sql.Conn, gone chan<- struct{}) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(2 * time.Second):
		}
		alive, cancel := context.WithTimeout(ctx, 5*time.Second)
		err := connection.PingContext(alive)
		cancel()
		if err != nil && ctx.Err() == nil {
			close(gone)
			return
		}
	}
}

// IsFile says whether the store is a file, and not a PostgreSQL database.
func (s *Store) IsFile() bool { return s.at.path != "" }
