package connector

import (
	"io"
	"net/http"
	"time"

	"github.com/100ms-connector/connector-go/connector/internal/answer"
)

// Explain says why the API answered as it did to a call that carried token: the same
// report that a test would give, for an answer met in use. It reads at most 64 KiB of
// the body and closes it. The report is never nil; a 2xx with JSON is Accepted,
// whatever was asked for, and an answer to a bad request (400, 404) is
// UnexpectedResponse, for it says nothing of the credential.
func Explain(resp *http.Response, token Secret) *Report {
	inspected, clean := read(token.Reveal())
	seen := exchange{attempts: 1, received: time.Now()}
	if resp == nil {
		return decide(facts{token: inspected, reply: reply{means: notAsked}, now: seen.received})
	}
	seen.status, seen.header = resp.StatusCode, resp.Header
	if resp.Body != nil {
		seen.body, seen.err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
		resp.Body.Close()
		if seen.truncated = len(seen.body) > maxAnswer; seen.truncated {
			seen.body = seen.body[:maxAnswer]
		}
	}
	if seen.status == http.StatusTooManyRequests || seen.status == http.StatusServiceUnavailable {
		seen.wait, seen.waitKnown = retryAfter(seen.header, seen.body, seen.received)
	}
	f := facts{token: inspected, now: seen.received}
	f.reply = answered(answer.Read(seen.status, seen.header, seen.body, seen.truncated, answer.IsObject), seen, secretsIn(inspected, clean))
	return decide(f)
}
