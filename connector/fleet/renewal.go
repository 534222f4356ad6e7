package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
)

// Outcome is what became of one credential.
type Outcome string

// The outcomes of a Renewal.
const (
	Renewed          Outcome = "renewed"
	NotDue           Outcome = "not_due"
	RenewedByAnother Outcome = "renewed_by_another"
	NotRenewed       Outcome = "not_renewed"
)

// Renewal is what a Renewer did about one credential, and why.
type Renewal struct {
	Name      string
	Outcome   Outcome
	Why       string
	Note      string         // a line more; empty if there is none
	Code      connector.Code // of the test of the new token; empty without one
	ExpiresAt time.Time      // of the token that is kept; zero if it does not say

	// Environment says that what was NotRenewed was so for no fault of the credential or
	// of its key: trying again later may be enough.
	Environment bool
	locked      bool         // what is kept could not be opened
	kept        store.Record // the record of Fresh

	// Fresh is the credential with its new token, and Report the test of it; nil if it was
	// not Renewed.
	Fresh  *connector.Credential
	Report *connector.Report
}

// Renewer puts fresh tokens in the place of saved ones, one credential at a time: signed
// with the signing key of the same access key, and tested before they replace anything.
// Whatever fails, the old token stays. Tester and Key must be set; the zero values of the
// other fields are the defaults. Several Renewers, also of other processes, may work on
// one store.
type Renewer struct {
	Tester *connector.Tester

	// Key gives the signing key of an access key. An error says why there is none, with
	// the next step, and is shown.
	Key func(ctx context.Context, accessKey string) (*connector.SigningKey, error)

	Due       func(store.Record, time.Time) bool // which records are due; Record.Due if nil
	TTL       time.Duration                      // how long new tokens live; as long as the old one was made for if zero
	AllowLong bool                               // also for more than 14 days
	Now       func() time.Time                   // the clock that counts; time.Now if nil
	Began     time.Time                          // what was made after it by another is renewed already; zero if that does not matter
}

// Renew renews the credential of a record if it is due. The store takes a new token only
// in the place of the one that was read, and who comes too late looks again.
func (n *Renewer) Renew(ctx context.Context, db *store.Store, listed store.Record) Renewal {
	r, err := listed, error(nil)
	for attempt := range 10 {
		if attempt > 0 {
			r, err = db.Show(ctx, listed.Name)
		}
		said := func(o Outcome, why string) Renewal {
			return Renewal{Name: listed.Name, Outcome: o, Why: why, ExpiresAt: r.ExpiresAt}
		}
		outside := func(err error) Renewal {
			became := said(NotRenewed, store.Plain(err))
			became.Environment, became.locked = true, isLocked(err)
			return became
		}
		now := n.now()
		switch {
		case errors.Is(err, store.ErrNotFound):
			return said(NotDue, "it was removed meanwhile")
		case err != nil:
			return outside(err)
		case r.Damage != "":
			return outside(errors.New("the record is damaged: " + r.Damage + "; save its value anew with connector credential edit"))
		case n.freshSince(r):
			return said(RenewedByAnother, "another process renewed it meanwhile; it expires "+connector.Remaining(r.ExpiresAt.Sub(now)))
		case !n.due(r, now) && r.ExpiresAt.IsZero():
			return said(NotDue, "its token never expires")
		case !n.due(r, now):
			return said(NotDue, "its token expires "+connector.Remaining(r.ExpiresAt.Sub(now)))
		case r.AccessKey == "":
			return said(NotRenewed, "it is due, but its value names no access key, so that no signing key is its own; save a token with connector credential edit")
		}
		key, err := n.Key(ctx, r.AccessKey)
		if err != nil {
			became := said(NotRenewed, "it is due, but "+store.Plain(err))
			became.locked = isLocked(err)
			became.Environment = became.locked || errors.Is(err, store.ErrUnavailable)
			return became
		}
		old, err := db.Credential(ctx, r.Name)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return outside(err)
		}
		token := connector.Inspect(old.APIKeyValue.Reveal())
		if !madeOf(r, token) { // it was replaced between the two readings
			continue
		}
		became, again := n.replace(ctx, db, old, token, key)
		if !again {
			return became
		}
	}
	return Renewal{Name: listed.Name, Outcome: NotRenewed, Why: "others change it again and again", ExpiresAt: listed.ExpiresAt, Environment: true}
}

// isLocked says whether what is kept could not be opened, for want of the store's key.
func isLocked(err error) bool {
	return errors.Is(err, store.ErrLocked) || errors.Is(err, store.ErrKey)
}

// replace signs, tests and keeps a new token. again says that the old one is not
// what was read any more.
func (n *Renewer) replace(ctx context.Context, db *store.Store, old *connector.Credential, token connector.Token, key *connector.SigningKey) (became Renewal, again bool) {
	became = Renewal{Name: old.Name, Outcome: NotRenewed, ExpiresAt: token.ExpiresAt}
	ttl, note := n.lifeAfter(token)
	signer := *key
	signer.AllowLong = n.AllowLong
	fresh := *old
	var err error
	if fresh.APIKeyValue, err = signer.MintAt(n.now(), ttl); err != nil {
		became.Why = err.Error()
		return became, false
	}
	report := n.Tester.Test(ctx, &fresh)
	became.Code = report.Code
	if report.Verdict != connector.VerdictAccepted {
		became.Environment = report.Verdict != connector.VerdictRejected
		became.Why = fmt.Sprintf("the old token stays: the new one is %s: %s [%s]", report.Verdict, report.Message, report.Code)
		return became, false
	}
	kept, err := db.Replace(ctx, old, fresh.APIKeyValue)
	if errors.Is(err, store.ErrChanged) {
		return became, true
	}
	if err != nil {
		became.Why, became.Environment = store.Plain(err), true
		return became, false
	}
	left, _ := report.Token.ExpiresIn()
	became.Outcome, became.Note, became.ExpiresAt = Renewed, note, report.Token.ExpiresAt
	became.Fresh, became.Report, became.kept = &fresh, report, kept
	became.Why = "the API accepted the new token; it expires " + connector.Remaining(left)
	return became, false
}

func (n *Renewer) now() time.Time {
	if n.Now != nil {
		return n.Now()
	}
	return time.Now()
}

func (n *Renewer) due(r store.Record, now time.Time) bool {
	if n.Due != nil {
		return n.Due(r, now)
	}
	return r.Due(now)
}

// freshSince says whether the token was made after this run began, by another
// process: it need not be renewed again, however much is due. A minute is for tokens
// whose iat lies back.
func (n *Renewer) freshSince(r store.Record) bool {
	return !n.Began.IsZero() && r.SavedAt.After(n.Began) && r.IssuedAt.After(n.Began.Add(-time.Minute)) && r.LastVerdict != connector.VerdictRejected
}

// madeOf says whether a record is that of a token.
func madeOf(r store.Record, t connector.Token) bool {
	same := func(a, b time.Time) bool {
		return a.IsZero() == b.IsZero() && (a.IsZero() || a.UnixMicro() == b.UnixMicro())
	}
	return r.Kind == t.Kind && r.AccessKey == t.AccessKey && same(r.IssuedAt, t.IssuedAt) && same(r.ExpiresAt, t.ExpiresAt)
}

// lifeAfter is how long the token lives that follows this one, and a note where
// that is less than its predecessor was made for.
func (n *Renewer) lifeAfter(old connector.Token) (ttl time.Duration, note string) {
	if n.TTL > 0 {
		return n.TTL, ""
	}
	ttl, known := old.Lifetime()
	if left, ok := old.ExpiresIn(); !known || ttl <= 0 {
		ttl = connector.DefaultTTL
		if ok {
			ttl = max(ttl, left)
		}
	}
	ttl = max(ttl.Round(time.Minute), time.Minute) // iat lies ten seconds back, which must not add up
	if ttl > connector.MaxTTL && !n.AllowLong {
		return connector.MaxTTL, fmt.Sprintf("the old token was made for %s, and the new one for 14 days: --allow-long keeps the longer life", connector.Span(ttl))
	}
	return ttl, ""
}
