package store

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/100ms-connector/connector-go/connector"
)

// defaultMaxAge is how old a token may be that a TokenSource hands out without
// looking at the store.
const defaultMaxAge = time.Minute

// TokenSource gives the token of a saved credential, as it is now: who renews the
// credential, here or in another process, renews it for whoever sends its token.
// The store is read when what was read is older than maxAge (a minute if zero) or
// has expired, at most once a second and by one goroutine for all. A store that
// cannot be read for a moment does no harm while the last token has not expired.
//
// Errors of Token: those of Store.Credential, connector.NotAToken for a value that
// is not for sending, or the context's. A token that has expired is handed out, for
// whether it still works is the API's to say. It is safe for concurrent use, until
// the store is closed.
func (s *Store) TokenSource(name string, maxAge time.Duration) connector.TokenSource {
	if maxAge == 0 {
		maxAge = defaultMaxAge
	}
	return &savedToken{store: s, name: name, maxAge: maxAge, reading: make(chan struct{}, 1)}
}

type savedToken struct {
	store   *Store
	name    string
	maxAge  time.Duration
	reading chan struct{} // holds one element while the store is read
	latest  atomic.Pointer[reading]
}

// reading is what a look at the store found.
type reading struct {
	token     connector.Secret
	err       error
	expiresAt time.Time // of the token; zero if it says none
	at, next  time.Time // when the store was read, and when it is to be read again
}

// current says whether a reading still counts. Times before it mean that the clock
// was set back.
func (r *reading) current(now time.Time) bool {
	return r != nil && !now.Before(r.at) && now.Before(r.next)
}

// Token implements connector.TokenSource.
func (t *savedToken) Token(ctx context.Context) (connector.Secret, error) {
	if r := t.latest.Load(); r.current(time.Now().Round(0)) {
		return r.token, r.err
	}
	select {
	case t.reading <- struct{}{}:
		defer func() { <-t.reading }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	last := t.latest.Load()
	if last.current(time.Now().Round(0)) { // another goroutine was faster
		return last.token, last.err
	}
	r := t.read(ctx)
	if ctx.Err() != nil && isAny(r.err, []error{ctx.Err()}) {
		return "", r.err // of this caller's context; the next one reads
	}
	if passing(r.err) && last != nil && last.err == nil && (last.expiresAt.IsZero() || last.expiresAt.After(r.at)) {
		r.token, r.err, r.expiresAt = last.token, nil, last.expiresAt
	}
	t.latest.Store(r)
	return r.token, r.err
}

// passing says whether an error says nothing of the credential.
func passing(err error) bool { return errors.Is(err, ErrUnavailable) || errors.Is(err, ErrKey) }

// read reads the store. The times have no monotonic clock, which stands still while
// a machine sleeps; tokens do not.
func (t *savedToken) read(ctx context.Context) *reading {
	cred, err := t.store.Credential(ctx, t.name)
	r := &reading{err: err, at: time.Now().Round(0)}
	if err == nil {
		r.token, r.err = cred.APIKeyValue.Token(ctx)
		r.expiresAt = connector.Inspect(r.token.Reveal()).ExpiresAt
	}
	r.next = r.at.Add(t.maxAge)
	if !r.expiresAt.IsZero() && r.expiresAt.Before(r.next) {
		r.next = r.expiresAt
	}
	if least := r.at.Add(time.Second); r.err != nil || r.next.Before(least) {
		r.next = least
	}
	return r
}
