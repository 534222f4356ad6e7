package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/cmd/connector/internal/output"
)

// The verbs print with package output; these are its names that most of them use.
type result = output.Result

const (
	passed  = output.Passed
	unknown = output.Unknown
	failed  = output.Failed
)

func printable(s string) string { return output.Printable(s) }

func plural(n int, unit string) string { return output.Plural(n, unit) }

func reason(err error) string { return output.Reason(err) }

func isTerminal(w io.Writer) bool { return output.IsTerminal(w) }

func writeJSON(w io.Writer, v any) error { return output.JSON(w, v) }

// exitWith is the exit code of a status, as an error; nil if all passed.
func exitWith(s output.Status) error {
	switch s {
	case failed:
		return exit(exitRejected)
	case unknown:
		return exit(exitUntested)
	}
	return nil
}

// cannotWrite is the failure to write an output; nil if err is.
func cannotWrite(err error) error {
	if err == nil {
		return nil
	}
	return unreadable(fmt.Errorf("cannot write: %w", err))
}

// printer is what the verbs that print results share.
type printer struct {
	format        *choice
	failOnWarning bool
	to            output.Format
	worst         output.Status
	n             int // results so far
}

func (p *printer) flags(cmd *cobra.Command) {
	p.format = choose(cmd, "format", "how to print the results", output.Names()...)
	cmd.Flags().BoolVar(&p.failOnWarning, "fail-on-warning", false, "exit 1 on a warning too")
}

func (p *printer) begin(w io.Writer, verb string) {
	version, _ := builtFrom()
	p.to = output.New(p.format.value, w, output.Options{Verb: verb, Version: version, FailOnWarning: p.failOnWarning})
}

func (p *printer) add(r result) error {
	p.worst = max(p.worst, r.Status(p.failOnWarning))
	p.n++
	return cannotWrite(p.to.Result(r))
}

// none prints, for the formats of machines, the document of a run that did not
// come to its inputs because something else could not be read.
func (p *printer) none(w io.Writer, verb string, err error) error {
	var f *failure
	if errors.As(err, &f) && f.code == exitUntested && p.format.value != "text" {
		p.begin(w, verb)
		return errors.Join(err, p.to.End())
	}
	return err
}

// end finishes the output and returns the exit code as an error. An interrupted
// run says how many of all inputs it did not come to.
func (p *printer) end(errw io.Writer, all int) error {
	if err := cannotWrite(p.to.End()); err != nil {
		return err
	}
	if all == 0 {
		return errNothingSaved
	}
	if left := all - p.n; left > 0 {
		fmt.Fprintf(errw, "connector: interrupted: %d of %d not reached\n", left, all)
	}
	return exitWith(p.worst)
}
