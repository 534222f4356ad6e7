package exchange

import (
	"context"
	"errors"
	"fmt"

	"github.com/100ms-connector/connector-go/connector"
)

// ErrState is the error about a state that cannot be used: damaged, of a newer
// version, of another workspace, or of a read with other options. Nothing was asked.
var ErrState = errors.New("the state cannot be used")

// ErrStream is the error about a Stream that is not of the table.
var ErrStream = errors.New("there is no such stream")

// Error is why a read ended before its end; the state of the last page stands.
// errors.Is finds its Code, and the context's error where that ended the read.
type Error struct {
	Stream string
	Code   connector.Code
	Report *connector.Report // what connector.Explain says of the API's last answer; nil if none came
	Err    error             // nil if the Report says all

	lost bool   // of a call that changes something: it may have been carried out
	sent uint64 // the token that was refused, by its hash: an error may be printed
}

// Rejected says that the credential is at fault, as opposed to the environment: to
// read again is of no use before it is replaced.
func (e *Error) Rejected() bool { return e.Code.Info().Class == connector.ClassCredential }

// Error gives the code and the cause.
func (e *Error) Error() string {
	switch {
	case e.Err != nil:
		return e.Err.Error()
	case e.Report != nil:
		return fmt.Sprintf("%s: %s", e.Report.Code, e.Report.Message)
	}
	return string(e.Code) + ": " + e.Code.Info().Meaning
}

// Remedy is the next step; empty if there is none to take.
func (e *Error) Remedy() string {
	if e.Report != nil {
		return e.Report.Remedy
	}
	return e.Code.Info().Remedy
}

// Is says whether target is the Code, or another one that holds.
func (e *Error) Is(target error) bool {
	return target == e.Code || e.Report != nil && errors.Is(&connector.TestError{Report: e.Report}, target)
}

func (e *Error) Unwrap() error { return e.Err }

// statusOf is the status of the answer that is an error; 0 if there was none.
func statusOf(err error) int {
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Report == nil || e.Report.Server == nil {
		return 0
	}
	return e.Report.Server.Status
}

// codeOf is the code of an *Error.
func codeOf(err error) connector.Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}

// ofReport is the error of an answer that says no.
func ofReport(r *connector.Report) *Error { return &Error{Code: r.Code, Report: r} }

// unexpected is the error of an answer that the API does not give.
func unexpected(format string, args ...any) *Error {
	return &Error{Code: connector.UnexpectedResponse, Err: fmt.Errorf(format, args...)}
}

// ofCall is the error of a call that got no whole answer.
func ofCall(err error) *Error {
	if errors.Is(err, context.Canceled) {
		return &Error{Code: connector.Canceled, Err: err}
	}
	for _, info := range connector.Codes() {
		if errors.Is(err, info.Code) {
			return &Error{Code: info.Code, Err: err}
		}
	}
	return &Error{Code: connector.NetworkFailure, Err: err}
}
