package connector

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/100ms-connector/connector-go/connector/internal/pasted"
	"github.com/100ms-connector/connector-go/connector/internal/words"
)

// Confirmation says on whose word a verdict rests.
type Confirmation string

// On whose word. Empty where there is nothing to confirm.
const (
	ConfirmedByServer Confirmation = "server"
	ConfirmedByClaims Confirmation = "claims" // only the token's own claims say so
	ConfirmedByBoth   Confirmation = "both"
)

// Report is the result of one connection test. Its JSON is the contract of
// `connector test --format json`. It holds no secret.
type Report struct {
	Name        string       `json:"name"` // of the credential; [redacted] if it could be a secret
	Verdict     Verdict      `json:"verdict"`
	Code        Code         `json:"code"`
	ConfirmedBy Confirmation `json:"confirmed_by"`
	Also        []Code       `json:"also"`    // other codes that hold
	Message     string       `json:"message"` // the cause, with the evidence
	Remedy      string       `json:"remedy"`  // the next step; empty if there is none to take
	Warnings    []Code       `json:"warnings"`
	Checks      []Check      `json:"checks"` // always all seven, in order
	Token       *Token       `json:"token"`  // nil if nothing could be read
	Server      *Server      `json:"server"` // nil if no answer came
	Problems    []Problem    `json:"problems"`
	LooksLike   Lookalike    `json:"looks_like"`
	RetryAfter  int64        `json:"retry_after_seconds"` // 0 if the API named no time
	TestedAt    time.Time    `json:"tested_at"`           // by this machine's clock
}

// UnmarshalJSON reads a report that was kept as JSON. The JSON of a token without an
// expiry does not say as of when its claims were judged; the report does.
func (r *Report) UnmarshalJSON(data []byte) error {
	type plain Report
	if err := json.Unmarshal(data, (*plain)(r)); err != nil {
		return err
	}
	if t := r.Token; t != nil && t.AsOf.IsZero() {
		t.AsOf = r.TestedAt
		if r.Server != nil {
			t.AsOf = t.AsOf.Add(time.Duration(r.Server.ClockOffset) * time.Second)
		}
	}
	return nil
}

// Server is what the API's last answer said.
type Server struct {
	Status      int    `json:"status"`
	Message     string `json:"message"`              // its words: bounded, one line, without the token
	RequestID   string `json:"request_id"`           // to give to 100ms's support
	LatencyMS   int64  `json:"latency_ms"`           // of the last attempt, and of its last redirect
	ClockOffset int64  `json:"clock_offset_seconds"` // positive if the server's clock is ahead of this one; 0 also if it is not known
	Attempts    int    `json:"attempts"`             // redirects are none
}

// Check is one step of a test.
type Check struct {
	Name   CheckName   `json:"name"`
	Status CheckStatus `json:"status"`
	Detail string      `json:"detail"`
}

// CheckName names a step of a test.
type CheckName string

// The steps of a test, in order.
const (
	CheckDocument      CheckName = "document"
	CheckTokenShape    CheckName = "token_shape"
	CheckTokenType     CheckName = "token_type"
	CheckTokenLifetime CheckName = "token_lifetime"
	CheckReachable     CheckName = "reachable"
	CheckAuthenticated CheckName = "authenticated"
	CheckPermitted     CheckName = "permitted"
)

// CheckStatus is how a step ended.
type CheckStatus string

// How a step ended. StatusSkip: it was not reached, or cannot be judged.
const (
	StatusPass CheckStatus = "pass"
	StatusWarn CheckStatus = "warn"
	StatusFail CheckStatus = "fail"
	StatusSkip CheckStatus = "skip"
)

// Err is nil if the credential was accepted. Otherwise errors.Is finds the
// report's Code and every code in Also, and errors.As a *TestError.
func (r *Report) Err() error {
	if r.Verdict == VerdictAccepted {
		return nil
	}
	return &TestError{Report: r}
}

// TestError is a test that did not end with an accepted credential.
type TestError struct{ Report *Report }

// Error gives the code and the message.
func (e *TestError) Error() string {
	return fmt.Sprintf("%s: %s", e.Report.Code, e.Report.Message)
}

// Is says whether target is the Code of the report or one of those in Also.
func (e *TestError) Is(target error) bool {
	code, ok := target.(Code)
	return ok && (code == e.Report.Code || slices.Contains(e.Report.Also, code))
}

// InvalidReport is the report on a document that ParseCredential refused, or on the
// Problems of a form's values, which have no lines to look up: its next step is that of
// the first of them.
func InvalidReport(e *ValidationError) *Report {
	errs := 0
	for _, p := range e.Problems {
		if p.Severity == SeverityError {
			errs++
		}
	}
	r := untestable(InvalidCredential, "the credential document has "+words.Count(errs, "problem")+", so no call was made")
	r.Problems = e.Problems
	first := slices.IndexFunc(e.Problems, func(p Problem) bool { return p.Severity == SeverityError })
	if first >= 0 && e.Problems[first].Line == 0 {
		r.Remedy = e.Problems[first].Remedy
	}
	for _, p := range e.Problems {
		if p.Severity == SeverityWarning && !slices.Contains(r.Warnings, p.Code) {
			r.Warnings = append(r.Warnings, p.Code)
		}
	}
	slices.Sort(r.Warnings)
	return r
}

// UnreadableReport is the report on a document that could not be read; why must
// hold no secret.
func UnreadableReport(why string) *Report {
	r := untestable(Untested, "the credential could not be read: "+pasted.Clip(why, 200))
	r.Remedy = "Check the name and the permissions of the file."
	return r
}

// untestable is a report that ends at the document.
func untestable(code Code, message string) *Report {
	r := &Report{
		Verdict: code.verdict(), Code: code, Message: message, Remedy: code.Info().Remedy,
		Also: []Code{}, Warnings: []Code{}, Problems: []Problem{}, TestedAt: now(),
	}
	for _, name := range checkOrder {
		r.Checks = append(r.Checks, Check{name, StatusSkip, "not reached"})
	}
	r.Checks[0] = Check{CheckDocument, StatusFail, message}
	return r
}

var checkOrder = []CheckName{CheckDocument, CheckTokenShape, CheckTokenType, CheckTokenLifetime, CheckReachable, CheckAuthenticated, CheckPermitted}

// now is this machine's time in whole seconds: a report is read by people.
func now() time.Time { return time.Now().UTC().Truncate(time.Second) }
