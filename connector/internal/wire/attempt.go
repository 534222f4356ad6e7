package wire

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
	"time"
)

// ErrConnections ends an attempt whose server closes every connection on which it
// is asked. net/http would go on dialing for as long as the context lasts.
var ErrConnections = errors.New("the server closed each connection instead of answering")

type attemptKey struct{}

// Attempt is the connections of one request: those dialed for it, and the one that
// it uses.
type Attempt struct {
	began  time.Time
	ended  <-chan struct{} // when its context has
	cancel context.CancelCauseFunc

	mu     sync.Mutex
	sent   *http.Request // that RoundTrip carries now; nil before
	dials  []context.CancelFunc
	dialed []*conn
	used   net.Conn
	fresh  int // connections used that no request had used before
	over   bool
}

// Begin starts an attempt. With a transport that dials by a Dialer it uses one new
// connection at most, with any other two.
func Begin(ctx context.Context) (context.Context, *Attempt) {
	ctx, cancel := context.WithCancelCause(ctx)
	a := &Attempt{began: time.Now(), ended: ctx.Done(), cancel: cancel}
	ctx = context.WithValue(ctx, attemptKey{}, a)
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: a.gotConn}), a
}

// carry tells the attempt which request RoundTrip sends for it.
func (a *Attempt) carry(req *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sent = req
}

func (a *Attempt) gotConn(info httptrace.GotConnInfo) {
	if c, ok := raw(info.Conn).(*conn); ok {
		c.taken.Store(true)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.sent != nil && !quiet(info.Conn) {
		a.sent.Close = true
	}
	a.used = info.Conn
	if !info.Reused {
		a.fresh++
	}
	if a.fresh > 1 {
		a.cancel(ErrConnections)
	}
}

func (a *Attempt) beginDial(cancel context.CancelFunc) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.over:
		return context.Canceled
	case a.fresh > 0 || len(a.dials) > 1: // the second is for a dial that an idle connection overtook
		a.cancel(ErrConnections)
		return ErrConnections
	}
	a.dials = append(a.dials, cancel)
	return nil
}

func (a *Attempt) endDial(c *conn) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.dialed = append(a.dialed, c)
	if a.over {
		c.Close()
	}
}

// Done ends an attempt. One that got no answer before its context ended leaves
// nothing behind that is of use to nobody: a dial or a handshake that hangs, and a
// connection that gave no answer to anybody since it began, which may be flooded.
func (a *Attempt) Done(answered bool) {
	defer a.cancel(nil)
	a.mu.Lock()
	defer a.mu.Unlock()
	c, guarded := raw(a.used).(*conn)
	if answered {
		if guarded {
			now := time.Now()
			c.answered.Store(&now)
		}
		return
	}
	select {
	case <-a.ended:
	default:
		return
	}
	a.over = true
	if guarded {
		if last := c.answered.Load(); last == nil || last.Before(a.began) {
			c.Close()
		}
	}
	for _, cancel := range a.dials {
		cancel()
	}
	for _, c := range a.dialed {
		if !c.taken.Load() {
			c.Close()
		}
	}
}

// Break closes the connection in use, for an attempt that does not come back
// although its context has ended: a read of a 101's body does not know of one, and
// the cancel of HTTP/2 waits for a lock that is held while the server does not
// read.
func (a *Attempt) Break() {
	a.mu.Lock()
	used := a.used
	a.mu.Unlock()
	if used != nil {
		raw(used).Close() // not that of tls.Conn, which writes first
	}
}

// raw is the connection below TLS.
func raw(c net.Conn) net.Conn {
	for {
		over, ok := c.(interface{ NetConn() net.Conn })
		if !ok {
			return c
		}
		c = over.NetConn()
	}
}
