package connector

import (
	"context"
	"iter"
	"runtime"
	"sync"
)

const (
	defaultConcurrency = 8
	maxConcurrency     = 1000
)

// TestAll tests many credentials, Concurrency at a time, and yields the reports
// in the order of the credentials. It takes credentials as it needs them, from
// a goroutine of its own. Once ctx is canceled every further credential is
// reported as canceled; when the caller stops early, those under way are canceled
// and waited for. A panic in creds, the Transport or Progress is the caller's, as if
// there were no goroutine between them, and so is a runtime.Goexit, as
// testing.T.FailNow calls it. Without creds nothing is yielded.
// creds must not block for long: while it does, TestAll cannot end.
func (t *Tester) TestAll(ctx context.Context, creds iter.Seq[*Credential]) iter.Seq[*Report] {
	return func(yield func(*Report) bool) {
		if creds == nil {
			return
		}
		n := t.Concurrency
		if n <= 0 {
			n = defaultConcurrency
		}
		n = min(n, maxConcurrency)
		tester := *t
		if tester.Transport == nil {
			pool := NewTransport()
			pool.MaxConnsPerHost = n // else a dial that an idle connection overtakes makes one more
			defer pool.CloseIdleConnections()
			tester.Transport = pool
		}
		ctx, cancel := context.WithCancel(ctx)
		var workers sync.WaitGroup
		defer workers.Wait()
		defer cancel()
		jobs := make(chan job)
		// Reports wait here for their turn. The bound lets a slow test hold up
		// what is shown, but neither the other workers nor much memory.
		inOrder := make(chan chan outcome, 64*n)
		stop := make(chan struct{})
		defer close(stop)

		workers.Go(func() {
			defer close(jobs)
			defer close(inOrder)
			end := make(chan outcome, 1)
			defer func() {
				if o := <-end; o.failed() {
					end <- o
					send(inOrder, end, stop)
				}
			}()
			run(end, func() *Report {
				for cred := range creds {
					j := job{cred, make(chan outcome, 1)}
					if !send(inOrder, j.done, stop) || !send(jobs, j, stop) {
						break
					}
				}
				return nil
			})
		})
		for range n {
			workers.Go(func() {
				for j := range jobs {
					run(j.done, func() *Report { return tester.Test(ctx, j.cred) })
				}
			})
		}
		for done := range inOrder {
			o := <-done
			switch {
			case o.panicked != nil:
				panic(o.panicked)
			case o.exited:
				runtime.Goexit()
			}
			if !yield(o.report) {
				return
			}
		}
	}
}

// job is a credential to test, and where its outcome goes.
type job struct {
	cred *Credential
	done chan outcome
}

// outcome is how a function ended: with a report, by a panic or by runtime.Goexit.
type outcome struct {
	report   *Report
	panicked any
	exited   bool
}

func (o outcome) failed() bool { return o.panicked != nil || o.exited }

// run calls do and sends its outcome, however it ends. A panic ends here. A Goexit
// cannot be stopped and ends the goroutine; as jobs are taken in order, its outcome
// is reached before a job that no goroutine is left to take.
func run(done chan<- outcome, do func() *Report) {
	o := outcome{exited: true}
	defer func() {
		if p := recover(); p != nil {
			o = outcome{panicked: p}
		}
		done <- o
	}()
	o = outcome{report: do()}
}

// send reports whether v was received before stop was closed.
func send[T any](to chan<- T, v T, stop <-chan struct{}) bool {
	select {
	case to <- v:
		return true
	case <-stop:
		return false
	}
}
