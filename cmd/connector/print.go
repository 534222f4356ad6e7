package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/100ms-connector/connector-go/cmd/connector/internal/output"
	"github.com/100ms-connector/connector-go/connector/store"
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

// reason is why something could not be read or kept, without what the line that it
// stands in says already: its path, or that it is the store.
func reason(err error) string {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err.Error()
	}
	return store.Plain(err)
}

func isTerminal(w io.Writer) bool { return output.IsTerminal(w) }

func writeJSON(w io.Writer, v any) error { return output.JSON(w, v) }

// cannotRead is the failure to read a file that the call names.
func cannotRead(path string, err error) error {
	f := &failure{code: exitUntested, err: fmt.Errorf("%s cannot be read: %s", path, reason(err))}
	if errors.Is(err, fs.ErrNotExist) {
		f.hint = "check the path; connector credential list shows what is saved under a name"
	}
	return f
}

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
