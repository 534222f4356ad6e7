// Package probe makes the one call of a connection test and keeps what came of it:
// facts, which its caller judges. It retries what may pass by itself, reads no
// answer without bound, and ends within a second of its context, whatever answers.
package probe

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/100ms-connector/connector-go/connector/internal/wire"
)

const (
	// MaxBody is how much is read of an answer, after decompression.
	MaxBody = 64 << 10

	maxRedirects = 5 // within the origin of the call

	// Between attempts: short, for a person waits.
	minWait, maxWait = 200 * time.Millisecond, 2 * time.Second
)

// Call is a GET to be made.
type Call struct {
	URL       *url.URL
	Header    http.Header
	Transport http.RoundTripper // adds the token
	Retries   int               // after the first attempt; none if negative
	Now       func() time.Time  // this machine's clock
}

// Answer is what a call saw.
type Answer struct {
	Status    int // 0 if no answer came
	Header    http.Header
	Body      []byte
	Truncated bool     // the body is longer than MaxBody
	Failure   *Failure // nil if the answer is whole
	Elsewhere string   // the other origin that the answer points to, if it does
	Attempts  int      // redirects are none
	Latency   time.Duration
	Received  time.Time     // by Now
	Wait      time.Duration // that the answer asks for
	WaitKnown bool
}

// Do makes the call. It follows redirects within the origin only.
//
// A panic of the Transport is the caller's, and so is a runtime.Goexit. If a read
// does not come back its connection is closed and its goroutine ends then; with a
// Transport that neither heeds its context nor uses net/http's connections it may
// stay.
func (c *Call) Do(ctx context.Context) Answer {
	var seen Answer
	client := retryablehttp.Client{ // a value for each call: its callbacks belong to this call
		HTTPClient: &http.Client{
			Transport: &recorder{call: c, seen: &seen},
			CheckRedirect: func(req *http.Request, via []*http.Request) error {
				if !wire.SameOrigin(req.URL, c.URL) {
					seen.Elsewhere = req.URL.Scheme + "://" + req.URL.Host
				}
				if seen.Elsewhere != "" || len(via) > maxRedirects {
					return http.ErrUseLastResponse
				}
				return nil
			},
		},
		RetryMax:     max(0, c.Retries),
		RetryWaitMin: minWait,
		RetryWaitMax: maxWait,
		CheckRetry: func(ctx context.Context, _ *http.Response, err error) (bool, error) {
			// An error that the client itself made, not the transport, was not recorded.
			if err != nil && seen.Failure == nil {
				seen.Failure = Classify(err)
			}
			return seen.worthRetrying(ctx), nil
		},
		Backoff: func(least, most time.Duration, attempt int, _ *http.Response) time.Duration {
			if seen.WaitKnown {
				return max(least, seen.Wait)
			}
			return retryablehttp.DefaultBackoff(least, most, attempt, nil)
		},
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
	get := http.Request{Method: http.MethodGet, URL: c.URL, Host: c.URL.Host, Header: c.Header}
	req, err := retryablehttp.FromRequest(get.WithContext(ctx))
	if err != nil {
		seen.Failure = Classify(err)
		return seen
	}
	// What the recorder saw is the result: when the deadline falls into a wait,
	// the client loses the last answer.
	resp, err := client.Do(req)
	if resp != nil {
		resp.Body.Close()
	}
	if seen.Attempts == 0 && err != nil {
		seen.Failure = Classify(err)
	}
	return seen
}

// worthRetrying: only what may pass by itself within the time that is left. A
// 401 will not, nor will a name that does not exist or a certificate.
func (a *Answer) worthRetrying(ctx context.Context) bool {
	if ctx.Err() != nil {
		return false
	}
	if a.Failure != nil {
		return a.Failure.Trouble == Broken || a.Failure.Trouble == Refused
	}
	if a.Status != http.StatusTooManyRequests && (a.Status < 500 || a.Status > 599 || a.Status == http.StatusNotImplemented) {
		return false
	}
	deadline, bounded := ctx.Deadline()
	return !a.WaitKnown || !bounded || time.Until(deadline) > a.Wait
}
