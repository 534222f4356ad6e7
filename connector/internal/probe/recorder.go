package probe

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"runtime"
	"time"

	"github.com/100ms-connector/connector-go/connector/internal/wire"
)

// grace is how long an attempt may take to come back once its context has ended,
// and again once its connection was closed. Twice of it is less than the second
// that Do promises.
const grace = 400 * time.Millisecond

// recorder keeps the last answer, read whole inside its attempt, so that an
// answer that is cut off counts as a failed attempt.
//
// It has no CloseIdleConnections on purpose: go-retryablehttp calls that on every
// final failure, which would close the connections of all other tests.
type recorder struct {
	call *Call
	seen *Answer
}

// outcome is how the goroutine of an attempt ended.
type outcome struct {
	resp      *http.Response
	body      []byte
	truncated bool
	err       error
	panicked  any
	exited    bool // by runtime.Goexit, as testing.T.FailNow does
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	seen := Answer{Attempts: r.seen.Attempts}
	if req.Response == nil { // not a redirect's continuation
		seen.Attempts++
	}
	began := time.Now()
	o := attempt(r.call.Transport, req)
	switch {
	case o.panicked != nil:
		panic(o.panicked)
	case o.exited:
		runtime.Goexit()
	}
	seen.Received = r.call.Now()
	seen.Latency = time.Since(began)
	if o.err != nil {
		seen.Failure = Classify(o.err)
		*r.seen = seen
		return nil, seen.Failure
	}
	seen.Status, seen.Header, seen.Body, seen.Truncated = o.resp.StatusCode, o.resp.Header, o.body, o.truncated
	if seen.Status == http.StatusTooManyRequests || seen.Status == http.StatusServiceUnavailable {
		seen.Wait, seen.WaitKnown = Wait(seen.Header, seen.Body, seen.Received)
	}
	*r.seen = seen
	o.resp.Body = io.NopCloser(bytes.NewReader(seen.Body))
	return o.resp, nil
}

// attempt sends req and reads the answer in a goroutine of its own, which it leaves
// behind if that cannot be brought back.
func attempt(transport http.RoundTripper, req *http.Request) outcome {
	ctx, conns := wire.Begin(req.Context())
	done := make(chan outcome, 1)
	go func() {
		o := outcome{exited: true}
		defer func() {
			if p := recover(); p != nil {
				o = outcome{panicked: p}
			}
			done <- o
		}()
		o = exchange(transport, req.WithContext(ctx))
	}()
	o, ok := await(done, ctx.Done())
	if !ok {
		o, ok = await(done, time.After(grace))
	}
	if !ok {
		conns.Break()
		o, ok = await(done, time.After(grace))
	}
	if cause := context.Cause(ctx); !ok || errors.Is(cause, wire.ErrConnections) && o.err != nil {
		o = outcome{err: cause}
	}
	conns.Done(ok && o.err == nil && o.resp != nil)
	return o
}

// await receives from done, unless limit comes first.
func await[T any](done <-chan outcome, limit <-chan T) (o outcome, ok bool) {
	select {
	case o = <-done:
		return o, true
	case <-limit:
		return o, false
	}
}

func exchange(transport http.RoundTripper, req *http.Request) (o outcome) {
	o.resp, o.err = transport.RoundTrip(req)
	if o.err == nil && (o.resp == nil || o.resp.Body == nil) { // net/http looks for this above, not below
		o.err = errBroken
	}
	if o.err != nil {
		return o
	}
	defer o.resp.Body.Close()
	if o.resp.StatusCode < 200 { // the body of a 101 is the connection, and never ends
		return o
	}
	o.body, o.err = io.ReadAll(io.LimitReader(o.resp.Body, MaxBody+1))
	if o.truncated = len(o.body) > MaxBody; o.truncated {
		o.body = o.body[:MaxBody]
	}
	return o
}
