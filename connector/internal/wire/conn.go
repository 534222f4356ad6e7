// Package wire bounds what a server can do by way of a connection: it hands
// net/http no byte that belongs to no answer, it limits how many connections one
// attempt may open, and it can end a read that does not heed its context.
package wire

import (
	"bytes"
	"context"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// DialFunc is the shape of http.Transport's DialContext.
type DialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// Dialer returns dial with the bounds of this package. What it dials for an
// Attempt, found in ctx, counts as the attempt's.
func Dialer(dial DialFunc) DialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		attempt, _ := ctx.Value(attemptKey{}).(*Attempt)
		if attempt == nil {
			c, err := dial(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return &conn{Conn: c}, nil
		}
		// net/http lets a dial go on when its request is over. The attempt ends it.
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		if err := attempt.beginDial(cancel); err != nil {
			return nil, err
		}
		c, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		guarded := &conn{Conn: c}
		attempt.endDial(guarded)
		return guarded, nil
	}
}

// conn is a connection that reads as ended where a server sends what nobody asked
// for. net/http prints such bytes through the standard logger, or takes them for
// the answer to the next request.
//
// It understands HTTP/1. Behind TLS, a proxy's CONNECT or SOCKS it passes all on:
// there Close of RoundTrip does the same.
type conn struct {
	net.Conn
	taken    atomic.Bool               // by a request
	answered atomic.Pointer[time.Time] // when it last gave a whole answer

	mu      sync.Mutex
	written bool // something was
	opaque  bool // not HTTP/1
	waiting bool // for an answer
	answer  answer
	spoiled bool // more came than was asked for
}

func (c *conn) Write(p []byte) (int, error) {
	c.mu.Lock()
	if !c.written && len(p) > 0 {
		c.written = true
		c.opaque = p[0] < 'A' || p[0] > 'Z' || bytes.HasPrefix(p, []byte("CONNECT ")) || bytes.HasPrefix(p, []byte("PRI "))
	}
	if !c.opaque && !c.waiting {
		c.waiting, c.answer = true, begin(bytes.HasPrefix(p, []byte("HEAD ")))
	}
	c.mu.Unlock()
	return c.Conn.Write(p)
}

func (c *conn) Read(p []byte) (int, error) {
	c.mu.Lock()
	spoiled := c.spoiled
	c.mu.Unlock()
	if spoiled {
		return 0, io.EOF
	}
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.opaque || n == 0:
		return n, err
	case !c.waiting:
		c.spoiled = true
		return 0, io.EOF
	}
	used := c.answer.take(p[:n])
	c.waiting = c.answer.phase != over
	if used < n {
		c.spoiled = true
	}
	return used, err
}
