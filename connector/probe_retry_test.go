package connector_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/fixtures"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

func TestOnlyWhatMayPassByItselfIsTriedAgain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		path    string // before /v2
		retries int
		want    int64 // requests
		code    connector.Code
	}{
		{"an answer that is good is asked for once", "", 2, 1, connector.OK},
		{"a 503 that passes is tried again", "/fault/flaky", 1, 2, connector.OK},
		{"a 503 that stays is tried as often as told", "/fault/503", 1, 2, connector.ServiceUnavailable},
		{"a 500 is tried again", "/fault/500", 1, 2, connector.ServiceUnavailable},
		{"a 504 is tried again", "/fault/504", 1, 2, connector.ServiceUnavailable},
		{"a proxy's 502 is tried again", "/fault/502-html", 1, 2, connector.ServiceUnavailable},
		{"a 501 will not change", "/fault/501", 2, 1, connector.ServiceUnavailable},
		{"no retry where none is wanted", "/fault/503", -1, 1, connector.ServiceUnavailable},
		{"a reset connection is tried again", "/fault/reset", 1, 2, connector.NetworkFailure},
		{"a connection closed without an answer is tried again", "/fault/close", 1, 2, connector.NetworkFailure},
		{"a body that is cut off is tried again", "/fault/short-body", 1, 2, connector.NetworkFailure},
		{"garbage will not become an answer", "/fault/garbage", 2, 1, connector.UnexpectedResponse},
		{"a bad chunk will not become an answer", "/fault/bad-chunk", 2, 1, connector.UnexpectedResponse},
		{"a 400 is final", "/fault/400", 2, 1, connector.UnexpectedResponse},
		{"a 403 is final", "/fault/403", 2, 1, connector.PermissionDenied},
		{"a 404 is final", "/fault/404", 2, 1, connector.UnexpectedResponse},
		{"a 407 is final", "/fault/407", 2, 1, connector.ProxyFailure},
		{"a 401 is final", "/clock/+1000h", 2, 1, connector.ExpiredToken},
		{"a portal is final", "/fault/html-200", 2, 1, connector.UnexpectedResponse},
		{"a redirect to another origin is final", "/fault/redirect-elsewhere", 2, 1, connector.Redirected},
		{"a redirect without an end is left after five", "/fault/redirect-loop", 2, 6, connector.UnexpectedResponse},
		{"a delay in the message that is too long is not waited for", "/fault/429", 2, 1, connector.RateLimited},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			api := new(sandbox.Sandbox)
			base := strings.TrimSuffix(serve(t, api), "/v2") + c.path + "/v2"
			tester := connector.Tester{BaseURL: base, Transport: newTransport(t), Timeout: ample, Retries: c.retries}
			r := tester.Test(context.Background(), named(liveToken()))
			if r.Code != c.code || api.Requests() != c.want {
				t.Errorf("%s after %d requests, want %s after %d", r.Code, api.Requests(), c.code, c.want)
			}
			if r.Server != nil && c.want < 6 && int64(r.Server.Attempts) != c.want {
				t.Errorf("the report counts %d attempts", r.Server.Attempts)
			}
		})
	}
}

func TestOnlyADialThatMayWorkLaterIsTriedAgain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		err  error
		want int64
	}{
		{"a refused connection is tried again", &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, 2},
		{"an unreachable host is tried again", &net.OpError{Op: "dial", Err: syscall.EHOSTUNREACH}, 2},
		{"a name that does not exist is final", &net.DNSError{Err: "no such host", IsNotFound: true}, 1},
		{"a time-out is final, for a person waits", &net.OpError{Op: "dial", Err: syscall.ETIMEDOUT}, 1},
		{"a context that is over is final", context.Canceled, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var dials atomic.Int64
			transport := newTransport(t)
			transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
				dials.Add(1)
				return nil, c.err
			}
			tester := connector.Tester{BaseURL: "http://127.0.0.1/v2", Transport: transport, Timeout: ample, Retries: 1}
			tester.Test(context.Background(), named(liveToken()))
			if n := dials.Load(); n != c.want {
				t.Errorf("%d dials, want %d", n, c.want)
			}
		})
	}
}

func TestACertificateIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	var conns atomic.Int64
	srv := httptest.NewUnstartedServer(new(sandbox.Sandbox))
	srv.TLS = serving(newAuthority(t).issue(t, "127.0.0.1", time.Hour))
	srv.Config.ErrorLog = discard()
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			conns.Add(1)
		}
	}
	srv.StartTLS()
	t.Cleanup(srv.Close)
	tester := connector.Tester{BaseURL: srv.URL + "/v2", Transport: newTransport(t), Timeout: ample}
	if r := tester.Test(context.Background(), named(liveToken())); r.Code != connector.TLSFailure || conns.Load() != 1 {
		t.Errorf("%s after %d connections, want tls_failure after 1", r.Code, conns.Load())
	}
}

// limited refuses the first request with 429 and a Retry-After, and then serves.
func limited(retryAfter, message string) (http.Handler, *atomic.Int64) {
	var requests atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1) > 1 {
			new(sandbox.Sandbox).ServeHTTP(w, r)
			return
		}
		if retryAfter != "" {
			w.Header().Set("Retry-After", retryAfter)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusTooManyRequests)
		fmt.Fprintf(w, `{"code":429,"message":%q}`, message)
	}), &requests
}

func TestARetryAfterThatFitsIsWaitedFor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, header, message string
		least, most           time.Duration
	}{
		{"a second", "1", "slow down", time.Second, ample},
		{"a fraction of a second", "0.4", "slow down", 400 * time.Millisecond, ample},
		{"no time at all", "0", "slow down", 0, ample},
		{"a date that has passed", "Tue, 02 Jan 2024 09:00:00 GMT", "slow down", 0, ample},
		{"a delay in the message, as 100ms documents it", "", "rate limit exceeded, retry after 0.3 seconds", 300 * time.Millisecond, ample},
		{"the header before the message", "0", "rate limit exceeded, retry after 45 seconds", 0, ample},
		{"nothing said: the usual pause", "", "slow down", 150 * time.Millisecond, ample},
		{"less than no time counts as nothing said", "-5", "slow down", 150 * time.Millisecond, ample},
		{"a word counts as nothing said", "soon", "slow down", 150 * time.Millisecond, ample},
		{"not a number counts as nothing said", "NaN", "slow down", 150 * time.Millisecond, ample},
		{"beyond 64 bits counts as nothing said", "99999999999999999999", "slow down", 150 * time.Millisecond, ample},
		{"infinity counts as nothing said", "Inf", "slow down", 150 * time.Millisecond, ample},
		{"nonsense in the header leaves the message to be read", "soon", "retry after 0.4 seconds", 400 * time.Millisecond, ample},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			api, requests := limited(c.header, c.message)
			tester := connector.Tester{BaseURL: serve(t, api), Transport: newTransport(t), Timeout: ample, Retries: 1}
			began := time.Now()
			r := tester.Test(context.Background(), named(liveToken()))
			took := time.Since(began)
			expect(t, r, connector.VerdictAccepted, connector.OK, connector.ConfirmedByServer)
			if requests.Load() != 2 || took < c.least || took > c.most {
				t.Errorf("%d requests in %s, want 2 in %s to %s", requests.Load(), took, c.least, c.most)
			}
			if r.RetryAfter != 0 {
				t.Errorf("the accepted token is told to wait %d s", r.RetryAfter)
			}
		})
	}
}

func TestARetryAfterThatDoesNotFitIsReportedAtOnce(t *testing.T) {
	t.Parallel()
	in := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }
	for _, c := range []struct {
		name, header, message string
		least, most           int64 // retry_after_seconds
	}{
		{"an hour", "3600", "slow down", 3600, 3600},
		{"white space around it", "  3600 ", "slow down", 3600, 3600},
		{"a fraction is rounded up", "30.2", "slow down", 31, 31},
		{"a date", in(time.Hour), "slow down", 3000, 3600},
		{"thirty years", "999999999", "slow down", 999999999, 999999999},
		{"the message, as 100ms documents it", "", "rate limit exceeded, retry after 45 seconds", 45, 45},
		{"the message where the header is a word", "soon", "rate limit exceeded, retry after 45 seconds", 45, 45},
		{"the message where the header is negative", "-5", "rate limit exceeded, retry after 45 seconds", 45, 45},
		{"the message where the header is beyond 64 bits", "99999999999999999999", "rate limit exceeded, retry after 45 seconds", 45, 45},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			api, requests := limited(c.header, c.message)
			tester := connector.Tester{BaseURL: serve(t, api), Transport: newTransport(t), Timeout: ample, Retries: 5}
			token := liveToken()
			began := time.Now()
			r := tester.Test(context.Background(), named(token))
			if took := time.Since(began); took > ample/2 {
				t.Errorf("it waited for %s all the same", took)
			}
			expect(t, r, connector.VerdictInconclusive, connector.RateLimited, "")
			sound(t, r, token)
			if requests.Load() != 1 || r.RetryAfter < c.least || r.RetryAfter > c.most {
				t.Errorf("%d requests, retry after %d s; want 1, %d to %d s", requests.Load(), r.RetryAfter, c.least, c.most)
			}
		})
	}
}

// A host whose clock is wrong must still wait as long as the server means: a
// date is the server's, so its own Date is what to count from.
func TestARetryAfterDateIsReadByTheServersClock(t *testing.T) {
	t.Parallel()
	base := strings.TrimSuffix(serve(t, new(sandbox.Sandbox)), "/v2")
	for _, clock := range []string{"+2h", "-2h"} {
		tester := connector.Tester{BaseURL: base + "/clock/" + clock + "/fault/429-retry-after-date/v2", Transport: newTransport(t), Timeout: time.Second, Retries: 1}
		r := tester.Test(context.Background(), named(fixtures.Sign(fixtures.Workspace(), fixtures.Management(fixtures.Workspace(), time.Now().Add(-3*time.Hour), 7*24*time.Hour))))
		if r.Code != connector.RateLimited || r.RetryAfter != 2 || r.Server.Attempts != 1 {
			t.Errorf("clock %s: %s after %d attempts, retry after %d s; want rate_limited after 1, 2 s", clock, r.Code, r.Server.Attempts, r.RetryAfter)
		}
	}
}

func TestARemedyNeverSaysToWaitNoTime(t *testing.T) {
	t.Parallel()
	api, _ := limited("0.5", "slow down")
	tester := connector.Tester{BaseURL: serve(t, api), Transport: newTransport(t), Timeout: ample, Retries: once}
	r := tester.Test(context.Background(), named(liveToken()))
	if r.RetryAfter != 1 || !strings.HasPrefix(r.Remedy, "Wait 1 second,") {
		t.Errorf("retry after %d s, remedy %q", r.RetryAfter, r.Remedy)
	}
}

// A Retry-After beside a 503 is as good as one beside a 429.
func TestAServerThatIsDownMaySayForHowLong(t *testing.T) {
	t.Parallel()
	base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "120")
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	tester := connector.Tester{BaseURL: base, Transport: newTransport(t), Timeout: ample}
	r := tester.Test(context.Background(), named(liveToken()))
	expect(t, r, connector.VerdictInconclusive, connector.ServiceUnavailable, "")
	if r.RetryAfter != 120 || r.Server.Attempts != 1 {
		t.Errorf("retry after %d s, %d attempts", r.RetryAfter, r.Server.Attempts)
	}
}

func TestTheLastAnswerSurvivesADeadlineInABackOff(t *testing.T) {
	t.Parallel()
	base := serve(t, &sandbox.Sandbox{Fault: "503"})
	// The pauses are 0.2, 0.4, 0.8 s and so on: this ends in the third.
	const timeout = time.Second
	for _, c := range []struct {
		name   string
		tester connector.Tester
		ctx    func() (context.Context, context.CancelFunc)
	}{
		{"the tester's", connector.Tester{Timeout: timeout}, func() (context.Context, context.CancelFunc) { return context.WithCancel(context.Background()) }},
		{"the caller's", connector.Tester{Timeout: ample}, func() (context.Context, context.CancelFunc) {
			return context.WithTimeout(context.Background(), timeout)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.tester.BaseURL, c.tester.Transport, c.tester.Retries = base, newTransport(t), 20
			token := liveToken()
			var r *connector.Report
			// On a busy machine the deadline may fall into an attempt instead.
			for tries := 0; tries < 3 && (r == nil || r.Code == connector.Timeout); tries++ {
				ctx, cancel := c.ctx()
				r = c.tester.Test(ctx, named(token))
				cancel()
			}
			expect(t, r, connector.VerdictInconclusive, connector.ServiceUnavailable, "")
			sound(t, r, token)
			if r.Server == nil || r.Server.Status != 503 || r.Server.Attempts < 2 || !strings.Contains(r.Server.Message, "upstream connect error") {
				t.Errorf("the last answer is lost: %+v", r.Server)
			}
		})
	}
}
