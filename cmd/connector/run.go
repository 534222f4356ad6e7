package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"slices"
	"strings"

	"github.com/100ms-connector/connector-go/connector/store"
)

// Exit codes, the same for every verb. With several inputs, all results are
// printed and exitRejected outranks exitUntested.
const (
	exitOK          = 0   // all accepted, or valid
	exitRejected    = 1   // something is rejected or invalid, or a warning under --fail-on-warning
	exitUsage       = 2   // the call's words are off
	exitUntested    = 3   // something could not be tested or read, and nothing is rejected
	exitInterrupted = 130 // Ctrl-C
)

// exit is an outcome that is already printed: only its code is left to say.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit %d", int(e)) }

// failure is an error that is not about the call's words.
type failure struct {
	code int
	err  error
	hint string
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// unreadable is a failure of the environment: exit 3.
func unreadable(err error) error { return &failure{code: exitUntested, err: err} }

// usage marks an error as one about the call's words, for places in which other
// errors are not.
func usage(err error) error {
	var done exit
	if errors.As(err, &done) {
		return err
	}
	return &failure{code: exitUsage, err: err}
}

// command is what every verb shares.
type command struct {
	in       io.Reader
	out, err io.Writer
}

// run is the whole command; main adds signals to it.
func run(ctx context.Context, args []string, in io.Reader, out, errw io.Writer) int {
	log.SetOutput(io.Discard) // net/http writes there what odd servers do, without end
	c := &command{in: in, out: out, err: errw}
	if slices.ContainsFunc(args, isSecret) {
		c.complain(errors.New("an argument is a token or an App Secret"),
			"the shell's history has it now: replace it. Secrets come from a file, from standard input (-) or from a prompt")
		return exitUsage
	}
	if hasStorePassword(args) {
		fmt.Fprintln(c.err, "connector: warning: the password in --store can be seen by every user of this machine, and the shell keeps it")
		fmt.Fprintln(c.err, "connector: hint: leave it out and give it in PGPASSWORD, ~/.pgpass or a service file, or give the whole URL in CONNECTOR_STORE")
	}
	written := &writer{to: out}
	c.out = written
	root := c.root()
	root.SetArgs(args)
	called, err := root.ExecuteContextC(ctx)
	var done exit
	var failed *failure
	switch {
	case errors.As(err, &done) && done == exitOK: // it served until it was told to end
		return exitOK
	case ctx.Err() != nil:
		return exitInterrupted
	case written.err != nil:
		c.complain(fmt.Errorf("cannot write: %w", written.err), "")
		return exitUntested
	case err == nil:
		return exitOK
	case errors.As(err, &done):
		return int(done)
	case errors.As(err, &failed):
		c.complain(failed.err, failed.hint)
		return failed.code
	}
	c.complain(err, fmt.Sprintf("see %s --help", called.CommandPath()))
	return exitUsage
}

// complain writes a diagnostic in two lines: what is wrong, what to do.
func (c *command) complain(err error, hint string) {
	what, _, _ := strings.Cut(store.Plain(err), "\n")
	fmt.Fprintf(c.err, "connector: error: %s\n", printable(what))
	if hint != "" {
		fmt.Fprintf(c.err, "connector: hint: %s\n", printable(hint))
	}
}

// writer keeps the first error of standard output: a token that could not be
// written must not count as printed.
type writer struct {
	to  io.Writer
	err error
}

func (w *writer) Write(p []byte) (int, error) {
	n, err := w.to.Write(p)
	if err != nil && w.err == nil {
		w.err = err
	}
	return n, err
}

// Unwrap is what it writes to: whether that is a terminal decides about colours.
func (w *writer) Unwrap() io.Writer { return w.to }
