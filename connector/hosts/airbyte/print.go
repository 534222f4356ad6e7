package airbyte

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/hosts/internal/host"
)

// printer prints messages.
type printer struct {
	out io.Writer
	now func() time.Time // time.Now if nil
}

// print prints a message on one line. U+2028 and its like stay escaped: some readers
// take them for the ends of lines.
func (p printer) print(m message) error {
	line, err := json.Marshal(m)
	if err == nil {
		_, err = p.out.Write(append(line, '\n'))
	}
	return err
}

// check prints a verdict on the credential of a configuration.
func (p printer) check(ctx context.Context, configuration []byte, side host.Side, transport http.RoundTripper) error {
	c, err := host.ParseConfiguration(configuration, side)
	if err != nil {
		return p.verdict("FAILED", err.Error())
	}
	report := c.Test(ctx, transport)
	if report.Verdict == connector.VerdictAccepted {
		return p.verdict("SUCCEEDED", report.Message)
	}
	said := strings.TrimSuffix(string(report.Code)+": "+report.Message, ".") + ". " + report.Remedy
	if report.Verdict == connector.VerdictRejected {
		return p.verdict("FAILED", said)
	}
	return p.fail(transientError, said, "")
}

func (p printer) verdict(status, text string) error {
	return p.print(message{Type: "CONNECTION_STATUS", Status: &connectionStatus{status, text}})
}

func (p printer) log(level, text string) error {
	return p.print(message{Type: "LOG", Log: &logLine{level, text}})
}

const (
	configError    = "config_error"
	transientError = "transient_error"
	systemError    = "system_error"
)

var failureTypes = map[host.Blame]string{host.Rejected: configError, host.Configured: configError, host.Environment: transientError, host.Ours: systemError}

// explain prints an error as a failure, of one stream if it is named.
func (p printer) explain(err error, stream string) error {
	blame, said := host.Explain(err)
	if stream != "" {
		said = stream + ": " + said
	}
	return p.fail(failureTypes[blame], said, stream)
}

// fail prints a failure, of one stream if it is named.
func (p printer) fail(failureType, said, stream string) error {
	failure := &traceError{Message: said, FailureType: failureType}
	if stream != "" {
		failure.Stream = &descriptor{Name: stream}
	}
	if err := p.trace(trace{Type: "ERROR", Error: failure}); err != nil {
		return err
	}
	return ErrFailed
}

func (p printer) trace(t trace) error {
	t.At = json.Number(p.emitted(nil))
	return p.print(message{Type: "TRACE", Trace: &t})
}

// emitted appends the time in milliseconds.
func (p printer) emitted(text []byte) []byte {
	now := time.Now
	if p.now != nil {
		now = p.now
	}
	return strconv.AppendInt(text, now().UnixMilli(), 10)
}
