package exchange

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
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

// caller makes the calls of a Source or a Destination: all at one rate, and with what
// they learned of the API.
type caller struct {
	gate     gate
	calls    atomic.Int64
	renewed  atomic.Int64 // tokens that were made because the API refused one
	ahead    atomic.Int64 // the API's clock before this one, in nanoseconds
	answered atomic.Bool  // the API answered at least once
}

// terms are what calls are made with.
type terms struct {
	client   *connector.Client
	maxRate  float64       // as a Source's
	patience time.Duration // as a Source's
}

func (t terms) wait() time.Duration {
	if t.patience == 0 {
		return time.Minute
	}
	return max(0, t.patience)
}

// gap is the time between two calls.
func (t terms) gap() time.Duration {
	rate := t.maxRate
	if rate == 0 {
		if host := t.base().Hostname(); host == "localhost" || net.ParseIP(host).IsLoopback() {
			return 0
		}
		rate = 10
	}
	if rate < 0 {
		return 0
	}
	return time.Duration(float64(time.Second) / rate)
}

func (t terms) base() *url.URL {
	if t.client.BaseURL != nil {
		return t.client.BaseURL
	}
	base, _ := url.Parse(connector.DefaultBaseURL)
	return base
}

// now is the time by the API's clock, as far as it is known.
func (c *caller) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// request is one call. One that is no GET changes something.
type request struct {
	method, path string
	query        url.Values
	body         []byte          // JSON; none if nil
	during       context.Context // of the call itself, which outlives the waiting for it; that of the waiting if nil
}

func (r request) changes() bool { return r.method != http.MethodGet }

// call makes a call, and lets take read the body of its answer. It waits and asks again
// where that helps, within the patience; what changes something is asked again only
// where it was certainly not carried out. The error is an *Error, which says whether it
// may have been carried out, or errLarge; what else take returns counts as a fault of
// the connection.
func (c *caller) call(ctx context.Context, t terms, r request, take func(io.Reader) error) error {
	begun, minted := time.Now(), false
	for attempt := 0; ; attempt++ {
		if err := c.gate.pass(ctx, t.gap()); err != nil {
			return ofCall(err)
		}
		token, err := t.client.Source.Token(ctx)
		if err != nil {
			return ofCall(err)
		}
		err = c.once(cmp.Or(r.during, ctx), t, r, token, take)
		fault, ok := errors.AsType[*Error](err)
		if !ok || fault.lost {
			return err
		}
		if source, can := t.client.Source.(forgetter); can && !minted && statusOf(fault) == http.StatusUnauthorized {
			minted = true
			source.Forget(token)
			c.renewed.Add(1)
			continue
		}
		wait, again := c.again(fault, attempt)
		if !again || time.Since(begun)+wait > t.wait() || ctx.Err() != nil {
			return fault
		}
		if fault.Code == connector.RateLimited { // the limit is of all calls together
			c.gate.close(wait)
			continue
		}
		if err := sleep(ctx, wait); err != nil {
			return ofCall(err)
		}
	}
}

// once makes one call.
func (c *caller) once(ctx context.Context, t terms, r request, token connector.Secret, take func(io.Reader) error) error {
	c.calls.Add(1)
	var sent atomic.Bool
	var body io.Reader
	if r.changes() {
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }})
	}
	if r.body != nil {
		body = bytes.NewReader(r.body)
	}
	lost := func(e *Error) *Error {
		e.lost = sent.Load()
		return e
	}
	resp, err := t.client.Do(ctx, r.method, r.path, r.query, body)
	if err != nil {
		return lost(ofCall(err))
	}
	if date, _ := answer.Clock(resp.Header); !date.IsZero() {
		c.ahead.Store(int64(time.Until(date)))
	}
	if resp.StatusCode != http.StatusOK && !(r.changes() && resp.StatusCode/100 == 2) {
		fault := ofReport(connector.Explain(resp, token))
		fault.sent = hashOf(token)
		if resp.StatusCode/100 != 4 || resp.StatusCode == http.StatusRequestTimeout {
			return lost(fault)
		}
		return fault
	}
	defer resp.Body.Close()
	err = take(resp.Body)
	if fault, ok := errors.AsType[*Error](err); ok {
		if fault.Report == nil {
			fault.Report = notOfAPI(resp, token, fault)
		}
		return lost(fault)
	}
	if err == nil || errors.Is(err, errLarge) {
		c.answered.Store(true)
		return err
	}
	resp.Body = io.NopCloser(failing{err})
	return lost(ofReport(connector.Explain(resp, token)))
}

// clear makes the call that every good token may make, so that a refusal of another
// one can be told from a refusal of the token.
func (c *caller) clear(ctx context.Context, t terms) error {
	return c.call(ctx, t, request{method: http.MethodGet, path: "/rooms", query: url.Values{"limit": {"10"}}}, func(r io.Reader) error {
		body, err := readAnswer(r)
		if err == nil {
			_, err = byLast.read(body, "")
		}
		return err
	})
}

// readAnswer reads the body of an answer as a whole.
func readAnswer(r io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, int64(maxAnswer)+1))
	if err == nil && len(body) > maxAnswer {
		err = errLarge
	}
	return body, err
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
func (c *caller) again(e *Error, attempt int) (wait time.Duration, again bool) {
	switch e.Code {
	case connector.RateLimited, connector.ServiceUnavailable:
		if e.Report != nil && e.Report.RetryAfter > 0 {
			return time.Duration(e.Report.RetryAfter) * time.Second, true
		}
	case connector.NetworkFailure, connector.Timeout:
	case connector.ConnectionRefused, connector.DNSFailure:
		if !c.answered.Load() { // an address that never answered is a wrong one
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
