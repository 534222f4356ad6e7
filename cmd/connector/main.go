// Command connector asks for, checks, tests and keeps credentials of the 100ms
// server-side API. See `connector help`.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
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
