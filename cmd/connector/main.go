// Command connector asks for, checks, tests and keeps credentials of the 100ms
// server-side API. See `connector help`.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"
)

func main() {
	// A run is short and holds little: collecting less often makes thousands of
	// documents a quarter faster.
	debug.SetGCPercent(800)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// An interrupted verb prints what it knows; one that is stuck in a read
	// cannot, and a second Ctrl-C does not wait.
	context.AfterFunc(ctx, func() {
		stop()
		time.Sleep(2 * time.Second)
		os.Exit(exitInterrupted)
	})
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
