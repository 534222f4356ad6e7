package connector

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

const (
	maxAnswer    = 64 << 10 // bytes read of an answer, after decompression
	maxRedirects = 5        // within the API's own origin

	// Between attempts: short, for a person waits.
	minWait, maxWait = 200 * time.Millisecond, 2 * time.Second
)

// exchange is what a probe saw: facts, not yet judged.
type exchange struct {
	status    int // 0 if no answer came
	header    http.Header
	body      []byte
	truncated bool // body is longer than maxAnswer
	err       error
	redirect  string // the other origin that the answer points to, if it does
	attempts  int
	latency   time.Duration
	received  time.Time // by this machine's clock
	wait      time.Duration
	waitKnown bool // the answer said how long to wait
}

// probe makes the one call of a test: it lists rooms, which works in an empty
// workspace and writes nothing. A random name is asked for, so that no customer
// data is read; 10 is the documented minimum of limit.
func (t *Tester) probe(ctx context.Context, base *url.URL, token Secret) exchange {
	var seen exchange
	u := *base
	u.Path += "/rooms"
	u.RawQuery = "limit=10&name=" + uuid()

	client := retryablehttp.Client{ // a value for each test: its callbacks belong to this test
		HTTPClient: &http.Client{
			Transport: &recorder{next: &Transport{Source: token, Base: t.transport(), Origin: base}, seen: &seen},
			CheckRedirect: func(req *http.Request, via []*http.Request) error {
				if !sameOrigin(req.URL, base) {
					seen.redirect = req.URL.Scheme + "://" + req.URL.Host
				}
				if seen.redirect != "" || len(via) > maxRedirects {
					return http.ErrUseLastResponse
				}
				return nil
			},
		},
		RetryMax:     max(0, t.retries()),
		RetryWaitMin: minWait,
		RetryWaitMax: maxWait,
		CheckRetry: func(ctx context.Context, _ *http.Response, err error) (bool, error) {
			// An error that the client itself made, not the transport, was not recorded.
			if err != nil && seen.err == nil {
				seen.err = err
			}
			return worthRetrying(ctx, &seen), nil
		},
		Backoff: func(least, most time.Duration, attempt int, _ *http.Response) time.Duration {
			if seen.waitKnown {
				return max(least, seen.wait)
			}
			return retryablehttp.DefaultBackoff(least, most, attempt, nil)
		},
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
	get := http.Request{Method: http.MethodGet, URL: &u, Host: u.Host, Header: http.Header{
		"Accept": {"application/json"}, "Content-Type": {"application/json"},
	}}
	req, err := retryablehttp.FromRequest(get.WithContext(ctx))
	if err != nil {
		seen.err = err
		return seen
	}
	// What the recorder saw is the result: when the deadline falls into a wait,
	// the client loses the last answer.
	resp, err := client.Do(req)
	if resp != nil {
		resp.Body.Close()
	}
	if seen.attempts == 0 {
		seen.err = err
	}
	return seen
}

// worthRetrying: only what may pass by itself within the time that is left. A
// 401 will not, nor will a name that does not exist or a certificate.
func worthRetrying(ctx context.Context, seen *exchange) bool {
	if ctx.Err() != nil {
		return false
	}
	if seen.err != nil {
		code := networkCode(seen.err)
		return code == NetworkFailure || code == ConnectionRefused
	}
	if seen.status != http.StatusTooManyRequests && (seen.status < 500 || seen.status > 599 || seen.status == http.StatusNotImplemented) {
		return false
	}
	deadline, bounded := ctx.Deadline()
	return !seen.waitKnown || !bounded || time.Until(deadline) > seen.wait
}

// recorder keeps the last answer, read whole inside its attempt, so that an
// answer that is cut off counts as a failed attempt.
//
// It has no CloseIdleConnections on purpose: go-retryablehttp calls that on every
// final failure, which would close the connections of all other tests.
type recorder struct {
	next http.RoundTripper
	seen *exchange
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	began := time.Now()
	attempts := r.seen.attempts
	if req.Response == nil { // not a redirect's continuation
		attempts++
	}
	seen := exchange{attempts: attempts}
	resp, err := r.next.RoundTrip(req)
	if err == nil && (resp == nil || resp.Body == nil) { // net/http looks for this above, not below
		err = errors.New("the transport returned neither an answer nor an error")
	}
	if err == nil {
		seen.body, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
		if seen.truncated = len(seen.body) > maxAnswer; seen.truncated {
			seen.body = seen.body[:maxAnswer]
		}
		resp.Body.Close()
	}
	seen.received = time.Now()
	seen.latency = seen.received.Sub(began)
	if err != nil {
		seen.err = err
		*r.seen = seen
		return nil, err
	}
	seen.status, seen.header = resp.StatusCode, resp.Header
	if seen.status == http.StatusTooManyRequests || seen.status == http.StatusServiceUnavailable {
		seen.wait, seen.waitKnown = retryAfter(resp.Header, seen.body, seen.received)
	}
	*r.seen = seen
	resp.Body = io.NopCloser(bytes.NewReader(seen.body))
	return resp, nil
}

// retryAfter reads how long the API asks to wait: from Retry-After, or from the
// words "retry after 45 seconds", which is how 100ms says it (100ms docs,
// analytics). Nonsense counts as not said.
func retryAfter(h http.Header, body []byte, received time.Time) (time.Duration, bool) {
	value := strings.TrimSpace(h.Get("Retry-After"))
	if at, err := http.ParseTime(value); err == nil {
		if date, err := http.ParseTime(h.Get("Date")); err == nil {
			received = date // both by the server's clock
		}
		if wait := at.Sub(received); wait < tooLong {
			return max(0, wait), true
		}
		return 0, false
	}
	if wait, ok := inSeconds(value); ok {
		return wait, true
	}
	_, words, _ := strings.Cut(strings.ToLower(string(body)), "retry after ")
	unit := strings.TrimLeft(words, "0123456789.")
	wait, ok := inSeconds(words[:len(words)-len(unit)])
	switch unit = strings.TrimLeft(unit, " "); {
	case unit == "", unit[0] == '"', strings.HasPrefix(unit, "s"):
		return wait, ok
	case strings.HasPrefix(unit, "min"):
		return 60 * wait, ok && wait < tooLong/60
	}
	return 0, false
}

// tooLong is a wait that nobody means.
const tooLong = 1e9 * time.Second

func inSeconds(s string) (time.Duration, bool) {
	seconds, err := strconv.ParseFloat(s, 64)
	if err != nil || !(seconds >= 0 && seconds < tooLong.Seconds()) {
		return 0, false
	}
	return time.Duration(seconds * float64(time.Second)), true
}

// uuid returns a random UUID, version 4.
func uuid() string {
	var b [16]byte
	if _, err := rand.Read(b[:]); err != nil {
		panic(errors.Join(errors.New("connector: no randomness"), err))
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	var text [36]byte
	hex.Encode(text[:], b[:4])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	hex.Encode(text[9:], b[4:6])
	hex.Encode(text[14:], b[6:8])
	hex.Encode(text[19:], b[8:10])
	hex.Encode(text[24:], b[10:])
	return string(text[:])
}
