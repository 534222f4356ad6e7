package main

import (
	"fmt"
	"io"

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
