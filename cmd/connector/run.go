package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/connector"
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
	c := &command{in: in, out: out, err: errw}
	if slices.ContainsFunc(args, holdsSecret) {
		c.complain(errors.New("an argument is a token or an App Secret"),
			"the shell's history has it now: replace it. Secrets come from a file, from standard input (-) or from a prompt")
		return exitUsage
	}
	if len(args) == 1 && args[0] == "--version" {
		args = []string{"version"}
	}
	written := &writer{to: out}
	c.out = written
	root := c.root(ctx, args)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if ctx.Err() != nil {
		return exitInterrupted
	}
	var done exit
	var failed *failure
	switch {
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
	called, _, _ := root.Find(args) // of a group, any word is found
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

// holdsSecret says whether there is a token or an App Secret anywhere in an
// argument. It is asked before anything can quote it.
func holdsSecret(arg string) bool {
	runs := strings.FieldsFunc(arg, func(c rune) bool {
		return c != '.' && c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z')
	})
	for _, run := range runs {
		parts := strings.Split(run, ".")
		for i, part := range parts {
			token := i > 0 && isJSON(parts[i-1]) && isJSON(part)
			if (token || connector.Inspect(part).LooksLike == connector.AppSecretLike) && !isFile(arg) {
				return true
			}
		}
	}
	return false
}

// isJSON says whether a part of a token decodes to what a token's parts hold, with
// or without something before it.
func isJSON(part string) bool {
	if at := strings.Index(part, "eyJ"); at > 0 { // {" in base64
		part = part[at:]
	}
	data, err := base64.RawURLEncoding.DecodeString(part)
	return err == nil && len(data) > 0 && data[0] == '{' && json.Valid(data)
}

// isFile says whether an argument, or the value of a flag, names a file.
func isFile(arg string) bool {
	_, value, _ := strings.Cut(arg, "=")
	_, err := os.Lstat(arg)
	_, valueErr := os.Lstat(value)
	return err == nil || valueErr == nil
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

func (c *command) root(ctx context.Context, args []string) *cobra.Command {
	root := &cobra.Command{
		Use:   "connector",
		Short: "Ask for, check and test credentials of the 100ms server-side API",
		Long: `connector tells what is wrong with a 100ms credential: an expired token, an app
token where a management token belongs, a pasted App Secret, a rotated secret, a
wrong clock, or not the credential at all but the network.

No account yet? Try: connector demo`,
		Args:          cobra.ArbitraryArgs,
		RunE:          runGroup,
		SilenceErrors: true,
		SilenceUsage:  true,

		DisableFlagsInUseLine: true,
	}
	root.SetIn(c.in)
	root.SetOut(c.out)
	root.SetErr(c.err)
	// Making all verbs takes longer than most of them run, so one that is named is
	// made alone.
	for _, v := range c.verbs() {
		if len(args) > 0 && args[0] == v.name {
			if !v.brief {
				ctx.Done()
			}
			root.CompletionOptions.DisableDefaultCmd = true // nor does it need the others' company
			root.AddCommand(v.make())
			return root
		}
	}
	ctx.Done()
	for _, v := range c.verbs() {
		root.AddCommand(v.make())
	}
	// Cobra's own help and completion print help for what they do not know, and
	// call that a success.
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "help":
			cmd.Args = func(_ *cobra.Command, args []string) error {
				if found, rest, _ := root.Find(args); len(rest) > 0 {
					return unknownCommand(found, rest[0])
				}
				return nil
			}
		case "completion":
			cmd.Args, cmd.RunE = cobra.ArbitraryArgs, runGroup
		}
	}
	return root
}

// group is a verb of verbs. A word that is none of them is a mistake, and not a
// call for help.
func group(name, short string, verbs ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: name, Short: short, Args: cobra.ArbitraryArgs, RunE: runGroup, DisableFlagsInUseLine: true}
	cmd.AddCommand(verbs...)
	return cmd
}

func runGroup(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	return unknownCommand(cmd, args[0])
}

// unknownCommand is the error about a word that is no verb of parent's.
func unknownCommand(parent *cobra.Command, name string) error {
	parent.SuggestionsMinimumDistance = 2
	err := fmt.Sprintf("unknown command %q for %q", name, parent.CommandPath())
	if near := parent.SuggestionsFor(name); len(near) > 0 {
		err += "; did you mean " + strings.Join(near, ", ") + "?"
	}
	return errors.New(err)
}

// verb is one of the command's. One that is brief begins without listening to
// Ctrl-C (see interrupts), for it leaves nothing behind that it would have to clear.
type verb struct {
	name  string
	make  func() *cobra.Command
	brief bool
}

func (c *command) verbs() []verb {
	const brief = true
	return []verb{
		{"validate", c.validate, brief}, {"inspect", c.inspect, brief}, {"test", c.test, false}, {"form", c.form, brief},
		{"streams", c.streams, brief}, {"read", c.read, false}, {"airbyte", c.airbyte, false}, {"singer", c.singer, false},
		{"token", c.token, false}, {"credential", c.credential, false}, {"renew", c.renew, false}, {"store", c.storage, false},
		{"serve", c.serve, false}, {"sandbox", c.sandbox, false}, {"demo", c.demo, false}, {"version", c.version, brief},
	}
}

func (c *command) version() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			version, goVersion := builtFrom()
			fmt.Fprintf(c.out, "connector %s %s\n", version, goVersion)
			return nil
		},
	}
}

// builtFrom is the version of this program and of the Go that built it.
func builtFrom() (version, goVersion string) {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version, info.GoVersion
	}
	return "(unknown)", ""
}
