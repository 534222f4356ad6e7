package connector

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/100ms-connector/connector-go/connector/internal/pasted"
	"github.com/100ms-connector/connector-go/connector/internal/probe"
)

const maxAnswer = probe.MaxBody // bytes read of an answer

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
	u := *base
	u.Path += "/rooms"
	u.RawQuery = "limit=10&name=" + uuid()
	call := probe.Call{
		URL: &u,
		Header: http.Header{
			"Accept": {"application/json"}, "Content-Type": {"application/json"}, "User-Agent": {userAgent()},
		},
		Transport: &Transport{Source: token, Base: t.transport(), Origin: base},
		Retries:   t.retries(),
		Now:       t.now,
	}
	seen := call.Do(ctx)
	e := exchange{
		status: seen.Status, header: seen.Header, body: seen.Body, truncated: seen.Truncated, redirect: seen.Elsewhere,
		attempts: seen.Attempts, latency: seen.Latency, received: seen.Received, wait: seen.Wait, waitKnown: seen.WaitKnown,
	}
	if seen.Failure != nil {
		e.err = seen.Failure
	}
	return e
}

// callTroubles gives each trouble of a call its code.
var callTroubles = map[probe.Trouble]Code{
	probe.Broken:     NetworkFailure,
	probe.Canceled:   Canceled,
	probe.TimedOut:   Timeout,
	probe.NoSuchHost: DNSFailure,
	probe.Refused:    ConnectionRefused,
	probe.TLS:        TLSFailure,
	probe.Proxy:      ProxyFailure,
	probe.Garbled:    UnexpectedResponse,
}

// networkCode names the cause of a call that got no answer.
func networkCode(err error) Code { return callTroubles[probe.Classify(err).Trouble] }

// networkText is such a cause in words that hold nothing of what a server sent.
func networkText(err error) string { return pasted.Clip(probe.Classify(err).Words, 200) }

// uuid returns a random UUID, version 4.
func uuid() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
