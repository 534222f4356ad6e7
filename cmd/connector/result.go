package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/connector"
)

// result is what a verb found out about one input.
type result struct {
	source   string
	path     string                // the file that source names, if it is one
	report   *connector.Report     // of test
	problems []connector.Problem   // of validate
	err      error                 // the input could not be read
	saved    bool                  // source is the name of a saved credential
	tested   *connector.Credential // what report is about
}

// status is what a result means for the exit code.
type status int

const (
	passed  status = iota
	unknown        // could not be tested or read
	failed
)

// exit is the exit code, as an error; nil if all passed.
func (s status) exit() error {
	switch s {
	case failed:
		return exit(exitRejected)
	case unknown:
		return exit(exitUntested)
	}
	return nil
}

func (r result) status(failOnWarning bool) status {
	switch {
	case r.report != nil && r.report.Verdict == connector.Rejected:
		return failed
	case failOnWarning && slices.ContainsFunc(r.findings(), func(f finding) bool { return f.level == connector.SeverityWarning }):
		return failed
	case r.err != nil, r.report != nil && r.report.Verdict != connector.Accepted:
		return unknown
	case slices.ContainsFunc(r.problems, func(p connector.Problem) bool { return p.Severity == connector.SeverityError }):
		return failed
	}
	return passed
}

// finding is one line of a format that knows neither reports nor problems.
type finding struct {
	code         connector.Code
	level        connector.Severity
	message      string // with the remedy
	line, column int    // 0 if the finding is about no place
}

// findings are everything there is to say about an input: a document's problems by
// their places, a test's outcome before its warnings.
func (r result) findings() []finding {
	if r.err != nil && r.report == nil {
		return []finding{{code: connector.Untested, level: connector.SeverityError, message: "cannot be read: " + printable(reason(r.err))}}
	}
	if r.report == nil || r.report.Code == connector.InvalidCredential {
		problems := r.problems
		if r.report != nil {
			problems = r.report.Problems
		}
		var found []finding
		for _, p := range problems {
			found = append(found, finding{p.Code, p.Severity, sentence(p.Message, p.Remedy), p.Line, p.Column})
		}
		return found
	}
	var found []finding
	if r.report.Verdict != connector.Accepted {
		found = append(found, finding{code: r.report.Code, level: connector.SeverityError, message: sentence(r.report.Message, r.report.Remedy)})
	}
	for _, w := range r.report.Warnings {
		found = append(found, finding{code: w, level: connector.SeverityWarning, message: sentence(w.Info().Meaning, w.Info().Remedy)})
	}
	return found
}

// file is the path by which CI services know the file: with slashes, and relative
// to the working directory if it is below it. Empty if there is no file.
func (r result) file() string {
	if r.path == "" {
		return ""
	}
	path := filepath.Clean(r.path)
	if here, err := os.Getwd(); err == nil && filepath.IsAbs(path) {
		if below, err := filepath.Rel(here, path); err == nil && filepath.IsLocal(below) {
			path = below
		}
	}
	return filepath.ToSlash(path)
}

// sentence puts the remedy behind the message.
func sentence(message, remedy string) string {
	if remedy == "" {
		return message
	}
	return message + ". " + remedy
}

// format prints results, one at a time, and then what is left to say. Nothing
// else knows what the output looks like.
type format interface {
	result(r result)
	end()
}

// formats are the output formats by name.
var formats = []struct {
	name string
	make func(w io.Writer, verb string, failOnWarning bool) format
}{
	{"text", func(w io.Writer, verb string, f bool) format { return newText(w, verb, f) }},
	{"json", newJSON},
	{"github", newGitHub},
	{"junit", newJUnit},
	{"sarif", newSARIF},
}

// output is what the verbs that print results share.
type output struct {
	format        *choice
	failOnWarning bool
	printer       format
	worst         status
	n             int // results so far
}

func (o *output) flags(cmd *cobra.Command) {
	var names []string
	for _, f := range formats {
		names = append(names, f.name)
	}
	o.format = choose(cmd, "format", "how to print the results", names...)
	cmd.Flags().BoolVar(&o.failOnWarning, "fail-on-warning", false, "exit 1 on a warning too")
}

func (o *output) begin(w io.Writer, verb string) {
	for _, f := range formats {
		if f.name == o.format.value {
			o.printer = f.make(w, verb, o.failOnWarning)
		}
	}
}

func (o *output) add(r result) {
	o.worst = max(o.worst, r.status(o.failOnWarning))
	o.printer.result(r)
	o.n++
}

// none prints, for the formats of machines, the document of a run that did not
// come to its inputs because something else could not be read.
func (o *output) none(w io.Writer, verb string, err error) error {
	var f *failure
	if errors.As(err, &f) && f.code == exitUntested && o.format.value != "text" {
		o.begin(w, verb)
		o.printer.end()
	}
	return err
}

// end finishes the output and returns the exit code as an error. An interrupted
// run says how many of all inputs it did not come to.
func (o *output) end(errw io.Writer, all int) error {
	o.printer.end()
	if all == 0 {
		return errNothingSaved
	}
	if left := all - o.n; left > 0 {
		fmt.Fprintf(errw, "connector: interrupted: %d of %d not reached\n", left, all)
	}
	return o.worst.exit()
}
