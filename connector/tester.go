package connector

import (
	"context"
	"net/http"
	"time"

	"github.com/100ms-connector/connector-go/connector/internal/answer"
	"github.com/100ms-connector/connector-go/connector/internal/claims"
	"github.com/100ms-connector/connector-go/connector/internal/pasted"
)

// DefaultTimeout bounds one whole connection test.
const DefaultTimeout = 15 * time.Second

const defaultRetries = 2

// Tester tests whether credentials work, with one harmless call each. The zero
// value is ready for use. It is safe for concurrent use; do not change its
// fields once it is in use.
type Tester struct {
	BaseURL     string                             // see ParseBaseURL; if empty, DefaultBaseURL
	Transport   http.RoundTripper                  // if nil, one shared by all tests, or one for each TestAll; see NewTransport
	Timeout     time.Duration                      // of one whole test, retries included; if zero, DefaultTimeout; a negative one has passed already
	Retries     int                                // after the first attempt; if zero, 2; none if negative
	Concurrency int                                // tests of TestAll under way at once; if zero, 8; at most 1,000
	WarnWithin  time.Duration                      // before its end a token expires soon: if zero, as RenewalWindow says; never if negative
	Offline     bool                               // make no call: judge by the claims alone
	Key         *SigningKey                        // if not nil, and SigningKey.Check finds no fault, proves the signatures of tokens that name its access key
	KeyFor      func(accessKey string) *SigningKey // if Key is nil, gives the Key for tokens of an access key; nil if there is none
	Now         func() time.Time                   // this machine's clock; if nil, time.Now. Timeout does not depend on it

	// Progress, if not nil, gets each check of a test as it ends, in the order of
	// Report.Checks, from the goroutine that tests: with TestAll from several at
	// once. The checks of the token end before the call. One that the API's answer
	// changed comes once more behind it, in place of what it said.
	Progress func(*Credential, Check)
}

// Test tests one credential. The report is never nil and never says "rejected"
// for a fault of the environment; see Report.Err.
func (t *Tester) Test(ctx context.Context, cred *Credential) *Report {
	if cred == nil {
		cred = new(Credential) // which is not a token: one fault in a host must not end a batch
	}
	token, clean := read(cred.APIKeyValue.Reveal())
	token.savedAt = cred.SavedAt
	name := cred.Name
	if cred.nameExpanded {
		name = redacted
	}
	f := facts{
		name: name, follows: cred.followsSchema(), token: token,
		reply: reply{means: notAsked}, warnWithin: t.WarnWithin,
	}
	if key := t.keyOf(token); key != nil {
		switch err := key.Verify(cred.APIKeyValue); err.(type) {
		case nil:
			f.proven = true
		case Code: // others than this one are the token's own fault
			f.forged = err == SignatureRejected
		default:
			if f.keyFault = err; err == ErrOtherKey {
				f.otherKey = claims.PresentableKey(key.AccessKey)
			}
		}
	}
	var shown []Check
	progress := func(checks []Check) {
		for i, check := range checks {
			if t.Progress != nil && (i >= len(shown) || shown[i] != check) {
				t.Progress(cred, check)
			}
		}
		shown = checks
	}
	if token.Fault == "" && !t.Offline {
		if t.Progress != nil {
			f.now = t.now()
			progress(decide(f).Checks[:claimChecks])
		}
		f.reply = t.ask(ctx, clean, secretsIn(token, clean))
	}
	f.now = t.now()
	report := decide(f)
	progress(report.Checks)
	return report
}

// keyOf is the signing key that a token is held against; nil if there is none.
func (t *Tester) keyOf(token Token) *SigningKey {
	if t.Key != nil || t.KeyFor == nil || token.AccessKey == "" {
		return t.Key
	}
	return t.KeyFor(token.AccessKey)
}

// claimChecks are the first so many checks of a report, for which no call is needed.
const claimChecks = 4

// ask makes the call and classifies what came of it.
func (t *Tester) ask(ctx context.Context, token, secrets string) reply {
	base, err := ParseBaseURL(t.BaseURL)
	if err != nil {
		return reply{means: trouble, code: NetworkFailure, detail: err.Error(), unsent: true}
	}
	limit := orDefault(t.Timeout, DefaultTimeout)
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	r := classify(t.probe(limited, base, Secret(token)), secrets, answer.IsRooms)
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
	payload, _ := pasted.Strict.DecodeString(parts.Payload)
	return clean + " " + string(payload)
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

func (t *Tester) now() time.Time {
	if t.Now == nil {
		return time.Now()
	}
	return t.Now()
}
