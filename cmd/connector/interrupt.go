package main

import (
	"context"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
)

// lingers says that the verb finishes calls that change something before it ends.
var lingers atomic.Bool

// interruptible returns a context that the first Ctrl-C or SIGTERM ends.
func interruptible() context.Context {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, func() {
		// An interrupted verb prints what it knows. One that is stuck in a read
		// cannot: a second Ctrl-C ends it at once, and two seconds end it anyway. Make,
		// npm and timeout repeat the signal that the terminal has sent already: that is
		// no second Ctrl-C.
		time.Sleep(200 * time.Millisecond)
		stop()
		if lingers.Load() {
			time.Sleep(25 * time.Second)
		}
		time.Sleep(2 * time.Second)
		os.Exit(exitInterrupted)
	})
	return ctx
}
