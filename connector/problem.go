package connector

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/100ms-connector/connector-go/connector/internal/pasted"
)

// Severity says whether a problem makes a document invalid.
type Severity string

// The severities.
const (
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
)

// Problem is one thing to mend in a credential document. Its texts never hold a
// value of the document.
type Problem struct {
	Pointer  string   `json:"pointer"` // RFC 6901, of the field, also of a missing one; empty for the document
	Code     Code     `json:"code"`
	Severity Severity `json:"severity"`
	Message  string   `json:"message"`
	Remedy   string   `json:"remedy"`
	Line     int      `json:"line"`   // from 1: where the value begins, or the key of an unknown or repeated field
	Column   int      `json:"column"` // from 1, in characters
}

// ValidationError is every problem of one credential document at once, warnings
// among them, sorted by line, column, pointer and code. It is never empty of
// errors.
type ValidationError struct {
	Problems []Problem
}

// Error names the problems, one to a line.
func (e *ValidationError) Error() string {
	lines := make([]string, 0, len(e.Problems))
	for _, p := range e.Problems {
		lines = append(lines, fmt.Sprintf("%d:%d: %s [%s]", p.Line, p.Column, p.Message, p.Code))
	}
	return strings.Join(lines, "\n")
}

// Is says whether target is the Code of one of the problems.
func (e *ValidationError) Is(target error) bool {
	code, ok := target.(Code)
	return ok && slices.ContainsFunc(e.Problems, func(p Problem) bool { return p.Code == code })
}

// invalid is the error that stands for problems: nil if all are warnings.
func invalid(problems []Problem) error {
	if !slices.ContainsFunc(problems, func(p Problem) bool { return p.Severity == SeverityError }) {
		return nil
	}
	return &ValidationError{Problems: problems}
}

func sortProblems(problems []Problem) {
	slices.SortFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Pointer, b.Pointer), cmp.Compare(a.Code, b.Code))
	})
}

// pointer is the RFC 6901 pointer of a place. A key that could be a secret is not
// shown, nor one that a terminal would act upon.
func pointer(path ...string) string {
	var b strings.Builder
	for _, key := range path {
		b.WriteString("/" + escaped.Replace(presentableName(key)))
	}
	return b.String()
}

var escaped = strings.NewReplacer("~", "~0", "/", "~1")

// presentableName is a field's key, fit to be shown.
func presentableName(key string) string {
	if len(key) > 64 || pasted.CouldBeSecret(key) || strings.ContainsFunc(key, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return pasted.Redacted
	}
	return key
}
