package main

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// interrupts is a context that Ctrl-C ends. It listens from the first time that
// somebody waits for its end, for to listen costs a thread, and with it a
// twentieth of a start. Until then Ctrl-C ends the process as it does any other.
type interrupts struct {
	context.Context
	listen func()
}

func newInterrupts() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	return &interrupts{ctx, sync.OnceFunc(func() {
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
		go func() {
			<-signals
			cancel()
			// An interrupted verb prints what it knows; one that is stuck in a read
			// cannot, and a second Ctrl-C does not wait.
			signal.Stop(signals)
			time.Sleep(2 * time.Second)
			os.Exit(exitInterrupted)
		}()
	})}
}

func (i *interrupts) Done() <-chan struct{} {
	i.listen()
	return i.Context.Done()
}
