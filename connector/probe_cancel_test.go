package connector_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

func TestATestThatIsCanceledBeforeItBeginsAsksNobody(t *testing.T) {
	t.Parallel()
	api := new(sandbox.Sandbox)
	tester := connector.Tester{BaseURL: serve(t, api), Transport: newTransport(t)}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r := tester.Test(ctx, named(liveToken()))
	expect(t, r, connector.VerdictInconclusive, connector.Canceled, "")
	sound(t, r, liveToken())
	expect(t, tester.Test(ctx, named(appToken())), connector.VerdictRejected, connector.WrongTokenType, connector.ConfirmedByClaims, connector.Canceled)
	expect(t, tester.Test(ctx, named(expiredToken())), connector.VerdictRejected, connector.ExpiredToken, connector.ConfirmedByClaims, connector.Canceled)
	if n := api.Requests(); n != 0 {
		t.Errorf("%d requests", n)
	}
}

func TestADeadlineThatHasPassedIsATimeout(t *testing.T) {
	t.Parallel()
	api := new(sandbox.Sandbox)
	tester := connector.Tester{BaseURL: serve(t, api), Transport: newTransport(t)}
	ctx, cancel := context.WithTimeout(context.Background(), -time.Second)
	defer cancel()
	expect(t, tester.Test(ctx, named(liveToken())), connector.VerdictInconclusive, connector.Timeout, "")
	if n := api.Requests(); n != 0 {
		t.Errorf("%d requests", n)
	}
}

func TestATestThatIsCanceledUnderWayEndsAtOnce(t *testing.T) {
	t.Parallel()
	for _, fault := range []string{"hang", "slow-headers", "slow-body"} {
		for token, want := range map[string]connector.Code{liveToken(): connector.Canceled, appToken(): connector.WrongTokenType, expiredToken(): connector.ExpiredToken} {
			ctx, cancel := context.WithCancel(context.Background())
			api := &sandbox.Sandbox{Fault: fault}
			base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				time.AfterFunc(20*time.Millisecond, cancel)
				api.ServeHTTP(w, r)
			}))
			tester := connector.Tester{BaseURL: base, Transport: newTransport(t), Timeout: time.Minute}
			began := time.Now()
			r := tester.Test(ctx, named(token))
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("%s: it went on for %s", fault, took)
			}
			if want == connector.Canceled {
				expect(t, r, connector.VerdictInconclusive, want, "")
			} else {
				expect(t, r, connector.VerdictRejected, want, connector.ConfirmedByClaims, connector.Canceled)
			}
			sound(t, r, token)
			if n := api.Requests(); n != 1 {
				t.Errorf("%s: %d requests, want 1: a canceled test is not tried again", fault, n)
			}
		}
	}
}

func TestTheLastAnswerSurvivesACancelInABackOff(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		time.AfterFunc(300*time.Millisecond, cancel) // far behind the answer, well within the wait
		w.Header().Set("Retry-After", "30")
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	tester := connector.Tester{BaseURL: base, Transport: newTransport(t), Timeout: time.Minute}
	began := time.Now()
	r := tester.Test(ctx, named(liveToken()))
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it waited on for %s", took)
	}
	if r.Verdict != connector.VerdictInconclusive || r.Server == nil || r.Server.Status != 503 {
		t.Errorf("%s %s, server %+v", r.Verdict, r.Code, r.Server)
	}
}

// The zero Timeout is fifteen seconds, not none: a host that forgets it must
// not hang for ever.
func TestTheProbeAlwaysHasADeadline(t *testing.T) {
	t.Parallel()
	var left time.Duration
	tester := connector.Tester{Retries: once, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		deadline, ok := r.Context().Deadline()
		if left = time.Until(deadline); !ok {
			left = 0
		}
		return nil, context.DeadlineExceeded
	})}
	expect(t, tester.Test(context.Background(), named(liveToken())), connector.VerdictInconclusive, connector.Timeout, "")
	if left <= 0 || left > connector.DefaultTimeout {
		t.Errorf("%s are left, want up to %s", left, connector.DefaultTimeout)
	}
}

func TestATimeoutSaysHowLongItWas(t *testing.T) {
	t.Parallel()
	base := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	tester := connector.Tester{BaseURL: base, Transport: newTransport(t), Timeout: 50 * time.Millisecond, Retries: -1}
	r := tester.Test(context.Background(), named(liveToken()))
	expect(t, r, connector.VerdictInconclusive, connector.Timeout, "")
	if !strings.HasSuffix(r.Message, "in time: the whole test may take 50ms") {
		t.Error(r.Message)
	}
	// The caller's own limit is not the Tester's.
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	tester.Timeout = ample
	if r := tester.Test(ctx, named(liveToken())); strings.Contains(r.Message, "may take") {
		t.Error(r.Message)
	}
}
