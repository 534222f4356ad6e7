package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/exchange"
)

// passing are the causes that go away without anybody's doing.
var passing = []connector.Code{connector.RateLimited, connector.ServiceUnavailable, connector.Timeout, connector.NetworkFailure}

// end prints the summary of a stream and what ended it, and keeps its exit code.
func (r *readRun) end(ctx context.Context, s *readSummary, failed error) error {
	fmt.Fprintln(r.c.err, s.String())
	if failed == nil || ctx.Err() != nil {
		return nil
	}
	code := exitUntested
	fault, known := errors.AsType[*exchange.Error](failed)
	hint := ""
	if known {
		hint = fault.Remedy()
		switch {
		case fault.Rejected():
			code = exitRejected
		case r.flags.state != "" && slices.Contains(passing, fault.Code):
			hint = "run it again later: the state is kept, and it goes on where it was"
		}
	}
	r.c.complain(fmt.Errorf("%s: %w", s.stream, failed), hint)
	if r.worst != exitRejected {
		r.worst = code
	}
	r.over = !known || fault.Code != connector.PermissionDenied && fault.Code != connector.UnexpectedResponse
	return nil
}
