package main

import (
	"fmt"
	"io"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
)

// due says whether a new token is needed: the old one is rejected for what a new
// token mends, by its last test or by its own claims, or it ends soon.
func (n *renewer) due(r store.Record, now time.Time) bool {
	madeAt := r.IssuedAt
	if madeAt.IsZero() {
		madeAt = r.UpdatedAt // its life counts from when it was saved
	}
	left := r.ExpiresAt.Sub(now)
	switch {
	case r.LastVerdict == connector.Rejected && r.LastCode.MendedByNewToken(), r.Kind != connector.Management && r.LastVerdict != connector.Accepted:
		return true
	case r.ExpiresAt.IsZero():
		return r.ExpiryUnknown()
	case left <= 0, !r.ExpiresAt.After(madeAt):
		return true
	case n.within.given:
		return left <= n.within.Duration
	}
	return left < connector.RenewalWindow(madeAt, r.ExpiresAt)
}

// freshSince says whether the token was made after this run began, by another
// process: it need not be renewed again, however far --within reaches. A minute is
// for tokens whose iat lies back.
func (n *renewer) freshSince(r store.Record) bool {
	return r.UpdatedAt.After(n.began) && r.IssuedAt.After(n.began.Add(-time.Minute)) && r.LastVerdict != connector.Rejected
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

// text is the renewal for people.
func (r renewal) text() string {
	begin := map[outcome]string{renewed: "renewed", notDue: "skipped", renewedByAnother: "renewed already", notRenewed: "not renewed"}
	text := begin[r.outcome] + ": " + printable(r.why)
	if r.note != "" {
		text += "\n    note: " + r.note
	}
	return text
}

func printRenewals(w io.Writer, done []renewal) {
	type line struct {
		Name      string         `json:"name"`
		Outcome   outcome        `json:"outcome"`
		Message   string         `json:"message"`
		Note      string         `json:"note"`
		Code      connector.Code `json:"code"`
		ExpiresAt any            `json:"expires_at"`
	}
	out := struct {
		Version int             `json:"schema_version"`
		Results []line          `json:"results"`
		Summary map[outcome]int `json:"summary"`
	}{1, []line{}, map[outcome]int{renewed: 0, notDue: 0, renewedByAnother: 0, notRenewed: 0}}
	for _, r := range done {
		out.Results = append(out.Results, line{r.name, r.outcome, r.why, r.note, r.code, timeOrNull(r.expires)})
		out.Summary[r.outcome]++
	}
	writeJSON(w, out)
}
