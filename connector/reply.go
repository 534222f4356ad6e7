package connector

import (
	"time"

	"github.com/100ms-connector/connector-go/connector/internal/answer"
	"github.com/100ms-connector/connector-go/connector/internal/pasted"
)

// What the decision table has beside the meanings of an answer.
const (
	notAsked answer.Meaning = "not asked"
	trouble  answer.Meaning = "no answer of the API's" // code says which trouble
)

const maxServerWords = 300 // characters quoted

// reply is what became of a call: a column of the decision table, with the evidence
// for it. Nothing past it looks at a status code.
type reply struct {
	means  answer.Meaning
	code   Code   // which trouble
	detail string // of a call that failed, in words
	unsent bool   // detail is why no call could be made
	form   string // of an answer that is not the API's, in words: "with plain text"
	server *Server
	date   time.Time // the server's clock when its answer came; zero if unknown or not to be trusted
	doubt  string    // why its Date does not count, if it has one
	wait   time.Duration
	limit  time.Duration // of the test, if it ran out

	tokenLost bool // the answer says that no token came with the call
}

// answerTroubles are the codes of the answers that are no word of the API's on a token.
var answerTroubles = map[answer.Meaning]Code{
	answer.RateLimited:  RateLimited,
	answer.Unavailable:  ServiceUnavailable,
	answer.ProxyRefused: ProxyFailure,
	answer.SaysNoToken:  UnexpectedResponse,
	answer.Foreign:      UnexpectedResponse,
}

// classify judges what a call saw. secrets are what must not be shown of it, complete
// says whether a body is what the call asked for.
func classify(seen exchange, secrets string, complete func(body []byte) bool) reply {
	if seen.status == 0 && seen.err != nil { // a server may answer 000
		return reply{means: trouble, code: networkCode(seen.err), detail: networkText(seen.err)}
	}
	a := answer.Read(seen.status, seen.header, seen.body, seen.truncated, complete)
	r := answered(a, seen, secrets)
	switch {
	case seen.err != nil: // an answer to an earlier hop, then a failure
		return r.troubled(networkCode(seen.err), networkText(seen.err))
	case seen.redirect != "":
		r = r.troubled(Redirected, "")
		r.form = "and points to " + pasted.Presentable(pasted.Without(seen.redirect, secrets), 100)
	}
	return r
}

// answered is the reply of an answer that came.
func answered(a answer.Answer, seen exchange, secrets string) reply {
	r := reply{means: a.Meaning, server: &Server{
		Status:    a.Status,
		Message:   pasted.Clip(pasted.Without(a.Words, secrets), maxServerWords),
		RequestID: presentableID(seen.header.Get("X-Request-Id"), secrets),
		LatencyMS: seen.latency.Milliseconds(),
		Attempts:  seen.attempts,
	}}
	if seen.waitKnown {
		r.wait = seen.wait
	}
	// A portal's or a proxy's clock says nothing about the API's.
	if a.Meaning != answer.Foreign && a.Meaning != answer.ProxyRefused && a.Shape <= answer.Text {
		if r.date, r.doubt = answer.Clock(seen.header); !r.date.IsZero() {
			r.server.ClockOffset = int64(r.date.Sub(seen.received.Truncate(time.Second)) / time.Second)
		}
	}
	code, isTrouble := answerTroubles[a.Meaning]
	if !isTrouble {
		return r
	}
	r.means, r.code = trouble, code
	switch {
	case code != UnexpectedResponse:
	case seen.truncated:
		r.form = "with more than 64 KiB"
	case a.Meaning == answer.SaysNoToken:
		r.tokenLost, r.form = true, "and says that no token came with the call"
	case a.Asks != "":
		r.form = "and asks for " + pasted.Clip(pasted.Without(a.Asks, secrets), 20) + " in place of Bearer"
	case a.Shape == answer.JSON && a.Status <= 299:
		r.form = "with JSON that is no list of rooms"
	default:
		r.form = "with " + a.Shape.String()
	}
	return r
}

// troubled is the reply without the word of its answer.
func (r reply) troubled(code Code, detail string) reply {
	r.means, r.code, r.detail, r.form = trouble, code, detail, ""
	r.date, r.doubt = time.Time{}, ""
	r.server.ClockOffset = 0
	return r
}

// presentableID shows a request id, unless it is longer than any or was made of
// the token.
func presentableID(id, secrets string) string {
	if isUUID(id) { // as the API's are: no piece of a token looks so
		return id
	}
	return pasted.Clip(pasted.Without(id, secrets), 64)
}

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash != (c == '-') || !dash && (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
