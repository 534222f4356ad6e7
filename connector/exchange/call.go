package exchange

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/internal/answer"
)

// maxAnswer is how much of an answer is held at once, in bytes. Tests lower it.
var maxAnswer = 32 << 20

// errLarge is an answer of more than maxAnswer.
var errLarge = errors.New("the answer is larger than 32 MiB")

// forgetter is a TokenSource that can make another token in the place of one that the
// API refused, as connector.MintingSource is.
type forgetter interface {
	Forget(refused connector.Secret)
}

// ask makes a call, and lets take read the body of a 200. It waits and asks again where
// that helps, within the Source's patience. The error is an *Error, or errLarge; what
// else take returns counts as a fault of the connection.
func (s *Source) ask(ctx context.Context, path string, query url.Values, take func(io.Reader) error) error {
	begun, minted := time.Now(), false
	for attempt := 0; ; attempt++ {
		if err := s.gate.pass(ctx, s.gap()); err != nil {
			return ofCall(err)
		}
		token, err := s.Client.Source.Token(ctx)
		if err != nil {
			return ofCall(err)
		}
		err = s.once(ctx, path, query, token, take)
		fault, ok := errors.AsType[*Error](err)
		if !ok {
			return err
		}
		if source, can := s.Client.Source.(forgetter); can && !minted && statusOf(fault) == http.StatusUnauthorized {
			minted = true
			source.Forget(token)
			s.renewed.Add(1)
			continue
		}
		wait, again := s.again(fault, attempt)
		if !again || time.Since(begun)+wait > s.patience() || ctx.Err() != nil {
			return fault
		}
		if fault.Code == connector.RateLimited { // the limit is of all calls together
			s.gate.close(wait)
			continue
		}
		if err := sleep(ctx, wait); err != nil {
			return ofCall(err)
		}
	}
}

// once makes one call.
func (s *Source) once(ctx context.Context, path string, query url.Values, token connector.Secret, take func(io.Reader) error) error {
	s.calls.Add(1)
	resp, err := s.Client.Get(ctx, path, query)
	if err != nil {
		return ofCall(err)
	}
	if date, _ := answer.Clock(resp.Header); !date.IsZero() {
		s.ahead.Store(int64(time.Until(date)))
	}
	if resp.StatusCode != http.StatusOK {
		fault := ofReport(connector.Explain(resp, token))
		fault.sent = hashOf(token)
		return fault
	}
	defer resp.Body.Close()
	err = take(resp.Body)
	if fault, ok := errors.AsType[*Error](err); ok {
		if fault.Report == nil {
			fault.Report = notOfAPI(resp, token, fault)
		}
		return fault
	}
	if err == nil || errors.Is(err, errLarge) {
		s.answered.Store(true)
		return err
	}
	resp.Body = io.NopCloser(failing{err})
	return ofReport(connector.Explain(resp, token))
}

// failing is a body that broke.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// notOfAPI is the report of a 200 that is not the API's, if Explain has more to say of
// it than fault does: that it is a page, or empty.
func notOfAPI(resp *http.Response, token connector.Secret, fault *Error) *connector.Report {
	body, ok := errors.AsType[*notJSON](fault.Err)
	if !ok {
		return nil
	}
	resp.Body = io.NopCloser(bytes.NewReader(body.text))
	report := connector.Explain(resp, token)
	if report.Code != connector.UnexpectedResponse {
		return nil
	}
	fault.Err = nil
	return report
}

// notJSON is a body that is not what was asked for.
type notJSON struct{ text []byte }

func (*notJSON) Error() string { return "the answer is not JSON" }

// again says whether a call is worth repeating, and after what time.
func (s *Source) again(e *Error, attempt int) (wait time.Duration, again bool) {
	switch e.Code {
	case connector.RateLimited, connector.ServiceUnavailable:
		if e.Report != nil && e.Report.RetryAfter > 0 {
			return time.Duration(e.Report.RetryAfter) * time.Second, true
		}
	case connector.NetworkFailure, connector.Timeout:
	case connector.ConnectionRefused, connector.DNSFailure:
		if !s.answered.Load() { // an address that never answered is a wrong one
			return 0, false
		}
	default:
		return 0, false
	}
	wait = min(15*time.Second, 200*time.Millisecond<<min(attempt, 10))
	return wait/2 + rand.N(wait/2), true
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
