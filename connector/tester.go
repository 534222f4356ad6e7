package connector

import (
	"context"
	"iter"
	"net/http"
	"sync"
	"time"

	"github.com/100ms-connector/connector-go/connector/internal/pasted"
)

// DefaultTimeout bounds one whole connection test.
const DefaultTimeout = 15 * time.Second

const (
	defaultRetries     = 2
	defaultConcurrency = 8
	maxConcurrency     = 1000
)

// Tester tests whether credentials work, with one harmless call each. The zero
// value is ready for use. It is safe for concurrent use; do not change its
// fields once it is in use.
type Tester struct {
	BaseURL     string            // see ParseBaseURL; if empty, DefaultBaseURL
	Transport   http.RoundTripper // if nil, one shared by all tests, or one for each TestAll; see NewTransport
	Timeout     time.Duration     // of one whole test, retries included; if zero, DefaultTimeout; a negative one has passed already
	Retries     int               // after the first attempt; if zero, 2; none if negative
	Concurrency int               // tests of TestAll under way at once; if zero, 8; at most 1,000
	WarnWithin  time.Duration     // before its end a token expires soon: if zero, as RenewalWindow says; never if negative
	Offline     bool              // make no call: judge by the claims alone
	Key         *SigningKey       // if not nil, and SigningKey.Check finds no fault, proves the signatures of tokens that name its access key
}

// Test tests one credential. The report is never nil and never says "rejected"
// for a fault of the environment; see Report.Err.
func (t *Tester) Test(ctx context.Context, cred *Credential) *Report {
	if cred == nil {
		cred = new(Credential) // which is not a token: one fault in a host must not end a batch
	}
	token, clean := read(cred.APIKeyValue.Reveal())
	name := cred.Name
	if cred.nameExpanded {
		name = redacted
	}
	f := facts{
		name: name, fromDocument: cred.fromDocument, token: token,
		reply: reply{means: notAsked}, warnWithin: t.WarnWithin,
	}
	if t.Key != nil {
		switch err := t.Key.Verify(cred.APIKeyValue); err.(type) {
		case nil:
			f.proven = true
		case Code: // others than this one are the token's own fault
			f.forged = err == SignatureRejected
		default:
			if f.keyFault = err; err == ErrOtherKey {
				f.otherKey = presentableKey(t.Key.AccessKey)
			}
		}
	}
	if token.Fault == "" && !t.Offline {
		f.reply = t.ask(ctx, clean, secretsIn(token, clean))
	}
	f.now = time.Now()
	return decide(f)
}

// ask makes the call and classifies what came of it.
func (t *Tester) ask(ctx context.Context, token, secrets string) reply {
	base, err := ParseBaseURL(t.BaseURL)
	if err != nil {
		return reply{means: trouble, code: NetworkFailure, detail: err.Error(), unsent: true}
	}
	limit := orDefault(t.Timeout, DefaultTimeout)
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	r := classify(t.probe(limited, base, Secret(token)), secrets)
	if r.code == Timeout && limited.Err() != nil && ctx.Err() == nil { // the Tester's own, not the caller's
		r.limit = limit
	}
	return r
}

// secretsIn is what a server could echo: the token, and its claims too if a
// secret was signed into them by mistake.
func secretsIn(t Token, clean string) string {
	if t.AccessKey != redacted && t.ID != redacted {
		return clean
	}
	parts, _ := pasted.Cut(clean)
	claims, _ := pasted.Strict.DecodeString(parts.Payload)
	return clean + " " + string(claims)
}

// TestAll tests many credentials, Concurrency at a time, and yields the reports
// in the order of the credentials. It takes credentials as it needs them, from
// a goroutine of its own. Once ctx is canceled every further credential is
// reported as canceled; when the caller stops early, those under way are canceled
// and waited for. A panic in creds or in the Transport is the caller's, as if there
// were no goroutine between them. Without creds nothing is yielded.
// creds must not block for long: while it does, TestAll cannot end.
func (t *Tester) TestAll(ctx context.Context, creds iter.Seq[*Credential]) iter.Seq[*Report] {
	return func(yield func(*Report) bool) {
		if creds == nil {
			return
		}
		n := t.Concurrency
		if n <= 0 {
			n = defaultConcurrency
		}
		n = min(n, maxConcurrency)
		tester := *t
		if tester.Transport == nil {
			pool := NewTransport()
			pool.MaxConnsPerHost = n // else a dial that an idle connection overtakes makes one more
			defer pool.CloseIdleConnections()
			tester.Transport = pool
		}
		ctx, cancel := context.WithCancel(ctx)
		var workers sync.WaitGroup
		defer workers.Wait()
		defer cancel()
		type outcome struct {
			report   *Report
			panicked any
		}
		type job struct {
			cred *Credential
			done chan outcome
		}
		jobs := make(chan job)
		// Reports wait here for their turn. The bound lets a slow test hold up
		// what is shown, but neither the other workers nor much memory.
		inOrder := make(chan chan outcome, 64*n)
		stop := make(chan struct{})
		defer close(stop)

		workers.Add(1 + n)
		go func() {
			defer workers.Done()
			defer close(jobs)
			defer close(inOrder)
			queue := func(done chan outcome) bool {
				select {
				case inOrder <- done:
					return true
				case <-stop:
					return false
				}
			}
			defer func() {
				if p := recover(); p != nil {
					done := make(chan outcome, 1)
					done <- outcome{panicked: p}
					queue(done)
				}
			}()
			for cred := range creds {
				j := job{cred, make(chan outcome, 1)}
				if !queue(j.done) {
					return
				}
				jobs <- j // a worker is there: they end only when jobs is closed
			}
		}()
		test := func(j job) {
			var o outcome
			defer func() {
				o.panicked = recover()
				j.done <- o
			}()
			o.report = tester.Test(ctx, j.cred)
		}
		for range n {
			go func() {
				defer workers.Done()
				for j := range jobs {
					test(j)
				}
			}()
		}
		for done := range inOrder {
			o := <-done
			if o.panicked != nil {
				panic(o.panicked)
			}
			if !yield(o.report) {
				return
			}
		}
	}
}

func (t *Tester) transport() http.RoundTripper {
	if t.Transport == nil {
		return sharedTransport()
	}
	return t.Transport
}

func (t *Tester) retries() int {
	if t.Retries == 0 {
		return defaultRetries
	}
	return t.Retries
}
