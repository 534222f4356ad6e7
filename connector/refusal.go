package connector

import (
	"io"
	"net/http"
	"time"

	"github.com/100ms-connector/connector-go/connector/internal/answer"
	"github.com/100ms-connector/connector-go/connector/internal/probe"
	"github.com/100ms-connector/connector-go/connector/internal/wire"
)

// Explain says why the API refused a call that carried token: what a test would have
// said of the same answer. It reads at most 64 KiB of the body and closes it. The
// report is never nil. A 2xx with JSON is Accepted, whatever was asked for; an answer
// to a bad request (400, 404) is UnexpectedResponse, for it says nothing of the
// credential.
func Explain(resp *http.Response, token Secret) *Report {
	inspected, clean := read(token.Reveal())
	f := facts{token: inspected, reply: reply{means: notAsked}, now: time.Now()}
	if resp == nil {
		return decide(f)
	}
	seen := exchange{status: resp.StatusCode, header: resp.Header, attempts: 1, received: f.now}
	if resp.Body != nil {
		if resp.StatusCode >= 200 { // the body of a 101 is the connection, and never ends
			seen.body, seen.err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
		}
		resp.Body.Close()
	}
	if seen.truncated = len(seen.body) > maxAnswer; seen.truncated {
		seen.body = seen.body[:maxAnswer]
	}
	if to, err := resp.Location(); err == nil && resp.Request != nil && !wire.SameOrigin(to, resp.Request.URL) {
		seen.redirect = to.Scheme + "://" + to.Host
	}
	if seen.status == http.StatusTooManyRequests || seen.status == http.StatusServiceUnavailable {
		seen.wait, seen.waitKnown = probe.Wait(seen.header, seen.body, seen.received)
	}
	f.reply = classify(seen, secretsIn(inspected, clean), answer.IsObject)
	return decide(f)
}
