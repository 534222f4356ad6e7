// Package output prints the results of validate and test, one format a file. A
// format is a row of the table in format.go.
package output

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/100ms-connector/connector-go/connector"
)

// Result is what a verb found out about one input.
type Result struct {
	Source   string                // how people know it
	Path     string                // the file; empty if it is none
	Report   *connector.Report     // of test; nil of validate
	Problems []connector.Problem   // of validate
	Err      error                 // why the input could not be read
	Saved    bool                  // Source is the name of a saved credential
	Tested   *connector.Credential // of test, with its secret: for the verb to record, never to print
}

// Status is what a result means for the exit code. The greater outranks the less.
type Status int

// The statuses.
const (
	Passed  Status = iota
	Unknown        // could not be tested or read
	Failed
)

// Status is what the result means, with a warning as a failure if failOnWarning.
func (r Result) Status(failOnWarning bool) Status {
	switch {
	case r.Report != nil && r.Report.Verdict == connector.VerdictRejected:
		return Failed
	case failOnWarning && slices.ContainsFunc(r.findings(), func(f finding) bool { return f.level == connector.SeverityWarning }):
		return Failed
	case r.Err != nil, r.Report != nil && r.Report.Verdict != connector.VerdictAccepted:
		return Unknown
	case slices.ContainsFunc(r.Problems, func(p connector.Problem) bool { return p.Severity == connector.SeverityError }):
		return Failed
	}
	return Passed
}

// finding is one line of a format that knows neither reports nor problems.
type finding struct {
	code         connector.Code
	level        connector.Severity
	message      string // with the remedy
	pointer      string // of the field; empty if the finding is about none
	line, column int    // 0 if the finding is about no place
}

// findings are everything there is to say about an input: a document's problems by
// their places, a test's outcome before its warnings.
func (r Result) findings() []finding {
	if r.Err != nil && r.Report == nil {
		return []finding{{code: connector.Untested, level: connector.SeverityError, message: "cannot be read: " + Printable(Reason(r.Err))}}
	}
	if r.Report == nil || r.Report.Code == connector.InvalidCredential {
		problems := r.Problems
		if r.Report != nil {
			problems = r.Report.Problems
		}
		var found []finding
		for _, p := range problems {
			found = append(found, finding{p.Code, p.Severity, sentences(p.Message, p.Remedy), p.Pointer, p.Line, p.Column})
		}
		return found
	}
	var found []finding
	if r.Report.Verdict != connector.VerdictAccepted {
		found = append(found, finding{code: r.Report.Code, level: connector.SeverityError, message: sentences(r.Report.Message, r.Report.Remedy)})
	}
	for _, w := range r.Report.Warnings {
		found = append(found, finding{code: w, level: connector.SeverityWarning, message: sentences(w.Info().Meaning, w.Info().Remedy)})
	}
	return found
}

// file is the path by which CI services know the file: with slashes, and relative
// to the working directory if it is below it. Empty if there is no file.
func (r Result) file() string {
	if r.Path == "" {
		return ""
	}
	path := filepath.Clean(r.Path)
	if here, err := os.Getwd(); err == nil && filepath.IsAbs(path) {
		if below, err := filepath.Rel(here, path); err == nil && filepath.IsLocal(below) {
			path = below
		}
	}
	return filepath.ToSlash(path)
}

// sentences puts the remedy behind the message.
func sentences(message, remedy string) string {
	switch {
	case remedy == "":
		return message
	case strings.HasSuffix(message, "."), strings.HasSuffix(message, "?"), strings.HasSuffix(message, "!"):
		return message + " " + remedy
	}
	return message + ". " + remedy
}
