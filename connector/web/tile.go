package web

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
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
	AccessKey, Key    string // whole, and short
	Tone              tone
	Verdict           string // in words
	Cause             string // a sentence; empty if there is none
	Tested            string // when; empty if never
	Expires           string
	ExpiresAt         string // the moment, empty if it is not known
	Left              int    // of the token's life, in steps of 5 per cent; -1 if unknown or no use
	Urgent            tone   // of Expires
	Next              string // what mends it: renew, replace, or nothing
	Data              bool   // its data can be looked at

	expires, tested time.Time // to sort by
}

// About is the line below the name: why there is something to do, or else what the
// credential is for.
func (t tile) About() string {
	if t.Cause != "" {
		return t.Cause
	}
	return t.Description
}

// Due says whether the token has expired, or expires soon.
func (t tile) Due() bool { return t.Urgent != idle }

// idOf is a credential's name in an address: names can be long, have characters
// that no address has, and are nothing to leave in a browser's history.
func idOf(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:12])
}

// tileOf says of a record what a person wants to know. What was true when it was
// tested may have ceased to be: an expired token is not said to work.
func (h *Handler) tileOf(r store.Record, now time.Time) tile { return h.rawTile(r, now).clean() }

// clean makes the texts that somebody chose fit for a page.
func (t tile) clean() tile {
	t.Name, t.Description = shown(t.Name), shown(t.Description)
	return t
}

// rawTile is a tile that is not clean yet, which takes most of the time.
func (h *Handler) rawTile(r store.Record, now time.Time) tile {
	t := tile{
		ID: idOf(r.Name), Base: h.prefix, Name: r.Name, Description: r.Description,
		AccessKey: r.AccessKey, Key: short(r.AccessKey), Left: -1, Urgent: idle, expires: r.ExpiresAt, tested: r.LastTestedAt,
	}
	if !r.LastTestedAt.IsZero() {
		t.Tested = "tested " + ago(r.LastTestedAt, now)
	}
	h.expiry(&t, r, now)
	h.standing(&t, r)
	t.Next = h.mend(t, r)
	t.Data = h.data && r.LastVerdict == connector.VerdictAccepted && t.Tone != bad
	if t.Tone == bad {
		t.Left = -1 // it does not work: what is left of its life is no news
		if t.Urgent == warn {
			t.Urgent = idle
		}
	}
	return t
}

// expiry says when the token expires.
func (h *Handler) expiry(t *tile, r store.Record, now time.Time) {
	switch {
	case !r.ExpiresAt.IsZero():
		left := r.ExpiresAt.Sub(now)
		t.Expires, t.ExpiresAt = sentenceCase(expiry(r.ExpiresAt, now)), moment(r.ExpiresAt)
		switch {
		case left <= 0:
			t.Urgent = bad
		case left <= h.renewalWindow(r):
			t.Urgent = warn
		}
		if life := r.ExpiresAt.Sub(r.IssuedAt); !r.IssuedAt.IsZero() && life > 0 {
			t.Left = int(100*max(0, min(1, float64(left)/float64(life)))+4.99) / 5 * 5
		}
	case r.ExpiryUnknown():
		t.Expires = "Expiry unknown"
	default:
		t.Expires, t.Urgent = "Never expires", warn
	}
}

// standing is the verdict of the last test, or what is known without one.
func (h *Handler) standing(t *tile, r store.Record) {
	expired := t.Urgent == bad
	switch {
	case expired && (r.LastVerdict != connector.VerdictRejected || r.LastCode == connector.ExpiredToken):
		t.Tone, t.Verdict = bad, "Expired"
	case r.LastVerdict == connector.VerdictAccepted:
		t.Tone, t.Verdict = good, verdictWords[r.LastVerdict].words
		warnings := h.reports.of(r)
		switch {
		case t.Urgent == warn && t.ExpiresAt != "":
			t.Tone, t.Verdict = warn, works([]connector.Code{connector.ExpiresSoon})
		case t.Urgent == warn:
			t.Tone, t.Verdict = warn, works([]connector.Code{connector.NoExpiry})
		case warnings != nil && len(warnings.Warnings) > 0:
			t.Tone, t.Verdict = warn, works(warnings.Warnings)
		}
	case r.LastVerdict == connector.VerdictRejected:
		t.Tone, t.Verdict, t.Cause = bad, verdictWords[r.LastVerdict].words, sentence(r.LastCode.Info().Meaning)
	case r.LastVerdict == connector.VerdictInconclusive:
		t.Tone, t.Verdict, t.Cause = warn, verdictWords[r.LastVerdict].words, sentence(r.LastCode.Info().Meaning)
	case r.Kind == connector.KindApp:
		t.Tone, t.Verdict, t.Cause = bad, "Not tested, app token", sentence(connector.WrongTokenType.Info().Meaning)
	default:
		t.Tone, t.Verdict = idle, verdictWords[connector.VerdictNotTested].words
	}
}

// works is the verdict on a credential that works, with what is not well about it.
func works(warnings []connector.Code) string {
	switch {
	case len(warnings) == 0:
		return "Works"
	case slices.Contains(warnings, connector.ExpiresSoon):
		return "Works, expires soon"
	case slices.Contains(warnings, connector.NoExpiry):
		return "Works, never expires"
	}
	return "Works, with a warning"
}

// short is an access key to be told from others at a glance.
func short(key string) string {
	if len(key) <= 9 {
		return key
	}
	return key[:4] + "…" + key[len(key)-4:]
}

func sentenceCase(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// renewalWindow is the time before its end in which a token is said to expire soon.
func (h *Handler) renewalWindow(r store.Record) time.Duration {
	if h.tester.WarnWithin != 0 {
		return h.tester.WarnWithin
	}
	return connector.RenewalWindow(r.MadeAt(), r.ExpiresAt)
}

// needsAttention is what the filter of that name shows.
func (t tile) needsAttention() bool { return t.Tone == bad || t.Tone == warn || t.Urgent != idle }

// matches says whether a search finds the tile.
func (t tile) matches(query string) bool {
	text := strings.ToLower(t.Name + "\n" + t.Description + "\n" + t.AccessKey + "\n" + t.Verdict + "\n" + t.Cause + "\n" + t.Expires)
	for _, word := range strings.Fields(strings.ToLower(query)) {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}
