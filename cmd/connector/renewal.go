package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/100ms-connector/connector-go/cmd/connector/internal/output"
	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
)

// outcome is what became of one credential.
type outcome string

const (
	renewed          outcome = "renewed"
	notDue           outcome = "not_due"
	renewedByAnother outcome = "renewed_by_another"
	notRenewed       outcome = "not_renewed"
)

// renewal is what renew did about one credential, and why.
type renewal struct {
	name    string
	outcome outcome
	why     string
	note    string         // a line more
	code    connector.Code // of the test of the new token; empty without one
	expires time.Time      // of the token that is kept; zero if it does not say
	status  output.Status
}

// renewer renews credentials, one at a time.
type renewer struct {
	tester *connector.Tester
	signer *connector.SigningKey
	within duration
	life   lifetime
	began  time.Time
	record func(context.Context, *store.Store, *connector.Credential, *connector.Report)
}

// renew renews the credential of a record if it is due. Several processes may do
// so at once: the store takes a new value only in the place of the one that was
// read, and who comes too late looks again.
func (n *renewer) renew(ctx context.Context, db *store.Store, listed store.Record) renewal {
	for range 10 {
		r, err := db.Show(ctx, listed.Name)
		said := func(o outcome, s output.Status, why string) renewal {
			return renewal{name: listed.Name, outcome: o, why: why, expires: r.ExpiresAt, status: s}
		}
		now := time.Now()
		switch {
		case errors.Is(err, store.ErrNotFound):
			return said(notDue, passed, "it was removed meanwhile")
		case err != nil:
			return said(notRenewed, unknown, store.Plain(err))
		case r.Damage != "":
			return said(notRenewed, unknown, "the record is damaged: "+r.Damage+"; save its value anew with connector credential edit")
		case n.freshSince(r):
			return said(renewedByAnother, passed, "another process renewed it meanwhile; it expires "+remaining(r.ExpiresAt.Sub(now)))
		case !n.due(r, now) && r.ExpiresAt.IsZero():
			return said(notDue, passed, "its token never expires")
		case !n.due(r, now):
			return said(notDue, passed, "its token expires "+remaining(r.ExpiresAt.Sub(now)))
		case r.AccessKey == "":
			return said(notRenewed, failed, "it is due, but its value names no access key, so that no signing key is its own; save a token with connector credential edit")
		case r.AccessKey != n.signer.AccessKey:
			return said(notRenewed, failed, fmt.Sprintf("it is due, but the signing key is of another access key; give the key of %s", printable(r.AccessKey)))
		}
		old, err := db.Credential(ctx, r.Name)
		if err != nil {
			return said(notRenewed, unknown, store.Plain(err))
		}
		token := connector.Inspect(old.APIKeyValue.Reveal())
		if !madeOf(r, token) { // it was replaced between the two readings
			continue
		}
		became, again := n.replace(ctx, db, old, token)
		if !again {
			return became
		}
	}
	return renewal{name: listed.Name, outcome: notRenewed, why: "others change it again and again", expires: listed.ExpiresAt, status: unknown}
}

// replace signs, tests and keeps a new token. again says that the old one is not
// what was read any more.
func (n *renewer) replace(ctx context.Context, db *store.Store, old *connector.Credential, token connector.Token) (became renewal, again bool) {
	became = renewal{name: old.Name, outcome: notRenewed, expires: token.ExpiresAt, status: failed}
	ttl, note := n.lifeAfter(token)
	fresh := *old
	var err error
	if fresh.APIKeyValue, err = n.signer.Mint(ttl); err != nil {
		became.why = err.Error()
		return became, false
	}
	report := n.tester.Test(ctx, &fresh)
	became.code = report.Code
	if report.Verdict != connector.VerdictAccepted {
		if report.Verdict != connector.VerdictRejected {
			became.status = unknown
		}
		became.why = fmt.Sprintf("the old token stays: the new one is %s: %s [%s]", report.Verdict, report.Message, report.Code)
		return became, false
	}
	_, err = db.Replace(ctx, old, fresh.APIKeyValue)
	if errors.Is(err, store.ErrChanged) {
		return became, true
	}
	if err != nil {
		became.why, became.status = store.Plain(err), unknown
		return became, false
	}
	n.record(ctx, db, &fresh, report)
	left, _ := report.Token.ExpiresIn()
	became.outcome, became.status, became.note, became.expires = renewed, passed, note, report.Token.ExpiresAt
	became.why = "the API accepted the new token; it expires " + remaining(left)
	return became, false
}

// due says whether a new token is needed, by the rule of the store or by --within.
func (n *renewer) due(r store.Record, now time.Time) bool {
	if n.within.given {
		return r.DueWithin(now, n.within.Duration)
	}
	return r.Due(now)
}

// freshSince says whether the token was made after this run began, by another
// process: it need not be renewed again, however far --within reaches. A minute is
// for tokens whose iat lies back.
func (n *renewer) freshSince(r store.Record) bool {
	return r.SavedAt.After(n.began) && r.IssuedAt.After(n.began.Add(-time.Minute)) && r.LastVerdict != connector.VerdictRejected
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
func (n *renewer) lifeAfter(old connector.Token) (ttl time.Duration, note string) {
	if n.life.ttl.given {
		return n.life.ttl.Duration, ""
	}
	ttl, known := old.Lifetime()
	if left, ok := old.ExpiresIn(); !known || ttl <= 0 {
		ttl = connector.DefaultTTL
		if ok {
			ttl = max(ttl, left)
		}
	}
	ttl = max(ttl.Round(time.Minute), time.Minute) // iat lies ten seconds back, which must not add up
	if ttl > connector.MaxTTL && !n.life.long {
		return connector.MaxTTL, fmt.Sprintf("the old token was made for %s, and the new one for 14 days: --allow-long keeps the longer life", connector.Span(ttl))
	}
	return ttl, ""
}
