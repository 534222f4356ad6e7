package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
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
	c := &command{in: in, out: out, err: errw}
	root := c.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if ctx.Err() != nil {
		return exitInterrupted
	}
	var done exit
	var failed *failure
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &done):
		return int(done)
	case errors.As(err, &failed):
		c.complain(failed.err, failed.hint)
		return failed.code
	}
	called, _, findErr := root.Find(args)
	if findErr != nil {
		called = root
	}
	c.complain(err, fmt.Sprintf("see %s --help", called.CommandPath()))
	return exitUsage
}

// complain writes a diagnostic in two lines: what is wrong, what to do.
func (c *command) complain(err error, hint string) {
	what, more, _ := strings.Cut(err.Error(), "\n")
	if near := strings.Fields(more); strings.HasPrefix(strings.TrimSpace(more), "Did you mean this?") {
		what += "; did you mean " + strings.Join(near[4:], ", ") + "?"
	}
	fmt.Fprintf(c.err, "connector: error: %s\n", printable(what))
	if hint != "" {
		fmt.Fprintf(c.err, "connector: hint: %s\n", hint)
	}
}

func (c *command) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "connector",
		Short: "Ask for, check and test credentials of the 100ms server-side API",
		Long: `connector tells what is wrong with a 100ms credential: an expired token, an app
token where a management token belongs, a pasted App Secret, a rotated secret, a
wrong clock, or not the credential at all but the network.

No account yet? Try: connector demo`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetIn(c.in)
	root.SetOut(c.out)
	root.SetErr(c.err)
	root.AddCommand(c.validate(), c.inspect(), c.test(), c.form(), c.token(), c.credential(), c.renew(), c.storage(),
		c.sandbox(), c.demo(), c.version())
	return root
}

func (c *command) version() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			version, goVersion := "(unknown)", ""
			if info, ok := debug.ReadBuildInfo(); ok {
				version, goVersion = info.Main.Version, info.GoVersion
			}
			fmt.Fprintf(c.out, "connector %s %s\n", version, goVersion)
			return nil
		},
	}
}
