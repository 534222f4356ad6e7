package connector

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// MintingSource is a TokenSource that signs tokens with a key and renews them: one
// for all goroutines that wait for it, without a call, and none is ever handed out
// outside its life. Key alone has to be set. It is safe for concurrent use; do not
// change its fields once it is in use.
type MintingSource struct {
	Key    SigningKey
	TTL    time.Duration // of a token; if zero, DefaultTTL
	Margin time.Duration // before its end, in which a token is replaced: if zero, an hour; at most half the TTL

	// Renewed, if not nil, is called with each token that was made, before it is
	// handed out and while other callers wait: to save it, or to count.
	Renewed func(token Secret, expiresAt time.Time)

	Now func() time.Time // the clock; if nil, time.Now

	minting sync.Mutex
	current atomic.Pointer[minted]
}

// minted is a token with the times from and until which it is handed out.
type minted struct {
	token               Secret
	from, until, expiry time.Time
}

// usable says whether the token may be handed out. A clock that was set back makes one
// of the future, which servers refuse.
func (m *minted) usable(now time.Time) bool {
	return m != nil && now.Before(m.until) && !now.Before(m.from)
}

// Token returns the current token, or signs one. The error is that of ctx, or of
// SigningKey.MintAt.
func (s *MintingSource) Token(ctx context.Context) (Secret, error) {
	now := clock(s.Now)
	if m := s.current.Load(); m.usable(now()) {
		return m.token, nil
	}
	s.minting.Lock()
	defer s.minting.Unlock()
	if err := ctx.Err(); err != nil {
		return "", err
	}
	at := now()
	if m := s.current.Load(); m.usable(at) { // another goroutine was faster
		return m.token, nil
	}
	ttl := orDefault(s.TTL, DefaultTTL)
	margin := max(0, min(orDefault(s.Margin, time.Hour), ttl/2))
	token, err := s.Key.MintAt(at, ttl)
	if err != nil {
		return "", err
	}
	// Counted from exp, which is in whole seconds. Such a time has no monotonic
	// clock, which stands still while a machine sleeps; tokens do not.
	expiry := time.Unix(at.Add(ttl).Unix(), 0)
	s.current.Store(&minted{token: token, from: time.Unix(at.Add(-backdate).Unix(), 0), until: expiry.Add(-margin), expiry: expiry})
	if s.Renewed != nil {
		s.Renewed(token, expiry)
	}
	return token, nil
}

// ExpiresAt is the end of the token that was handed out last; zero before the first.
func (s *MintingSource) ExpiresAt() time.Time {
	if m := s.current.Load(); m != nil {
		return m.expiry
	}
	return time.Time{}
}

// Forget drops the current token if it is the one that the API refused, so that Token
// signs another. Who meets a second refusal right after has a key that no longer signs.
func (s *MintingSource) Forget(refused Secret) {
	if m := s.current.Load(); m != nil && m.token == refused {
		s.current.CompareAndSwap(m, nil)
	}
}
