package web

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
)

// tone is how good or bad a statement is; the style sheet gives it a colour and a
// symbol.
type tone string

const (
	good    tone = "good"
	warn    tone = "warn"
	bad     tone = "bad"
	idle    tone = "idle"    // nothing is known
	pending tone = "pending" // being tested
)

// tile is a saved credential as a page shows it.
type tile struct {
	ID, Base          string
	Name, Description string
	AccessKey         string
	Tone              tone
	Verdict           string // in words
	Cause             string // a sentence; empty if there is none
	Tested            string // when; empty if never
	Expires           string
	ExpiresAt         string // the moment, empty if it is not known
	Elapsed           int    // of the token's life, in steps of 5 per cent; -1 if unknown
	Urgent            tone   // of Expires
}

// idOf is a credential's name in an address: names can be long, have characters
// that no address has, and are nothing to leave in a browser's history.
func idOf(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:12])
}

// tileOf says of a record what a person wants to know. What was true when it was
// tested may have ceased to be: an expired token is not said to work.
func (h *Handler) tileOf(r store.Record, now time.Time) tile {
	t := tile{
		ID: idOf(r.Name), Base: h.prefix, Name: shown(r.Name), Description: shown(r.Description), AccessKey: r.AccessKey,
		Elapsed: -1,
	}
	if !r.LastTestedAt.IsZero() {
		t.Tested = "Tested " + ago(r.LastTestedAt, now)
	}
	soon := false
	switch {
	case !r.ExpiresAt.IsZero():
		left := r.ExpiresAt.Sub(now)
		soon = left > 0 && left <= h.renewalWindow(r)
		t.Expires, t.ExpiresAt = sentenceCase(expiry(r.ExpiresAt, now)), moment(r.ExpiresAt)
		t.Urgent = idle
		if soon {
			t.Urgent = warn
		} else if left <= 0 {
			t.Urgent = bad
		}
		if life := r.ExpiresAt.Sub(r.IssuedAt); !r.IssuedAt.IsZero() && life > 0 {
			t.Elapsed = 5 * int(20*max(0, min(1, 1-float64(left)/float64(life))))
		}
	case r.ExpiryUnknown():
		t.Expires, t.Urgent = "Expiry unknown", idle
	default:
		t.Expires, t.Urgent = "Never expires", warn
	}
	expired := t.Urgent == bad
	switch {
	case r.LastVerdict == connector.VerdictAccepted && expired:
		t.Tone, t.Verdict, t.Cause = bad, "Expired", "It worked when it was last tested; "+connector.ExpiredToken.Info().Meaning+" since."
	case r.LastVerdict == connector.VerdictAccepted && soon:
		t.Tone, t.Verdict = warn, "Works, expires soon"
	case r.LastVerdict == connector.VerdictAccepted:
		t.Tone, t.Verdict = good, "Works"
	case r.LastVerdict == connector.VerdictRejected:
		t.Tone, t.Verdict, t.Cause = bad, "Rejected", sentence(r.LastCode.Info().Meaning)
	case r.LastVerdict == connector.VerdictInconclusive:
		t.Tone, t.Verdict, t.Cause = warn, "Could not be tested", sentence(r.LastCode.Info().Meaning)
	case expired:
		t.Tone, t.Verdict, t.Cause = bad, "Not tested, expired", sentence(connector.ExpiredToken.Info().Meaning)
	case r.Kind == connector.KindApp:
		t.Tone, t.Verdict, t.Cause = bad, "Not tested, app token", sentence(connector.WrongTokenType.Info().Meaning)
	default:
		t.Tone, t.Verdict = idle, "Not tested"
	}
	return t
}

func sentenceCase(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// renewalWindow is the time before its end in which a token is said to expire soon.
func (h *Handler) renewalWindow(r store.Record) time.Duration {
	if h.tester.WarnWithin != 0 {
		return h.tester.WarnWithin
	}
	return connector.RenewalWindow(madeAt(r), r.ExpiresAt)
}

// madeAt is when a token's life began: without a claim that says so, when it was
// saved.
func madeAt(r store.Record) time.Time {
	if r.IssuedAt.IsZero() {
		return r.CreatedAt
	}
	return r.IssuedAt
}

// needsAttention is what the filter of that name shows.
func (t tile) needsAttention() bool { return t.Tone == bad || t.Tone == warn || t.Urgent != idle }

// matches says whether a search finds the tile. The script in the page searches
// the same texts.
func (t tile) matches(query string) bool {
	text := strings.ToLower(t.Name + "\n" + t.Description + "\n" + t.AccessKey + "\n" + t.Verdict + "\n" + t.Cause + "\n" + t.Expires)
	for _, word := range strings.Fields(strings.ToLower(query)) {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}
