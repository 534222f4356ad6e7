package connector

import (
	"encoding/json"
	"time"
)

// MaxWarnWithin is how long before its end a token is said to expire soon at the
// most, whatever its life. See RenewalWindow.
const MaxWarnWithin = 72 * time.Hour

const (
	// leeway is how far the beginning may lie ahead: signers' clocks differ a
	// little, and the official SDK back-dates by 10 s for that reason.
	leeway = 30 * time.Second

	// longest is the dashboard's maximum (100ms docs). What the server enforces
	// is not documented, so more is a warning only.
	longest = 14 * 24 * time.Hour
)

// RenewalWindow is how long before its end a token is due: it expires soon, and
// should be renewed. That is a third of its life, 72 hours at most, and 72 hours
// where it is not known when it was made (madeAt is zero).
func RenewalWindow(madeAt, expiresAt time.Time) time.Duration {
	if madeAt.IsZero() || expiresAt.IsZero() {
		return MaxWarnWithin
	}
	return max(0, min(MaxWarnWithin, expiresAt.Sub(madeAt)/3))
}

// faults lists what the claims alone show to be wrong at AsOf, the gravest
// first: a new token of the wrong type would not help, so type outranks time; nor
// would one whose times contradict each other, of which nothing else can be said.
func (t Token) faults() []Code {
	if t.Fault != "" && !t.readable {
		return []Code{t.Fault}
	}
	var found []Code
	if t.Fault != "" {
		found = append(found, t.Fault)
	}
	if t.Kind != KindManagement {
		found = append(found, WrongTokenType)
	}
	if t.contradiction != "" {
		if t.Fault != MalformedToken {
			found = append(found, MalformedToken)
		}
		return found
	}
	if t.expired() {
		found = append(found, ExpiredToken)
	}
	if t.notYetValid() {
		found = append(found, TokenNotYetValid)
	}
	return found
}

// Warnings lists what is worth knowing of the token at AsOf, sorted by code. A
// token expires soon if it does so within warnWithin: zero means what RenewalWindow
// says of it, and a negative duration means that none does.
func (t Token) Warnings(warnWithin time.Duration) []Code {
	var found []Code
	left, expires := t.ExpiresIn()
	timely := t.readable && t.contradiction == ""
	if timely && !t.expired() && expires && left <= orDefault(warnWithin, RenewalWindow(t.madeAt(), t.ExpiresAt)) {
		found = append(found, ExpiresSoon)
	}
	life, known := t.Lifetime()
	if !known {
		life = left // it was made for at least as long
	}
	if timely && life > longest+time.Minute { // a minute, for back-dated iat
		found = append(found, LongLived)
	}
	if t.endless { // a claim that is there but cannot be read is malformed, not missing
		found = append(found, NoExpiry)
	}
	if len(t.Removed) > 0 {
		found = append(found, PasteDamage)
	}
	return found
}

// Findings lists every code that holds for the token at AsOf by its own word
// alone: faults, the gravest first, then warnings.
func (t Token) Findings(warnWithin time.Duration) []Code {
	return append(t.faults(), t.Warnings(warnWithin)...)
}

func (t Token) expired() bool { return !t.ExpiresAt.IsZero() && !t.ExpiresAt.After(t.AsOf) }

// notYetValid is false where AsOf is unknown, which it is in a token that was read from
// its JSON alone and has no expiry.
func (t Token) notYetValid() bool {
	return !t.AsOf.IsZero() && t.validFrom().After(t.AsOf.Add(leeway))
}

// validFrom is the later of nbf and iat: servers' libraries look at both. It is zero
// if neither is given.
func (t Token) validFrom() time.Time {
	if t.NotBefore.After(t.IssuedAt) {
		return t.NotBefore
	}
	return t.IssuedAt
}

// ExpiresIn is the time from AsOf to the expiry, negative once it has passed.
// ok is false if the token does not say when it expires.
func (t Token) ExpiresIn() (left time.Duration, ok bool) {
	return t.ExpiresAt.Sub(t.AsOf), !t.ExpiresAt.IsZero() // at most 292 years, which is all that a Duration holds
}

// Lifetime is the whole time for which the token was made. ok is false if its
// claims do not say.
func (t Token) Lifetime() (life time.Duration, ok bool) {
	from := t.issuedAt()
	return t.ExpiresAt.Sub(from), !from.IsZero() && !t.ExpiresAt.IsZero()
}

// issuedAt is iat, or nbf where there is no iat; zero if neither is given.
func (t Token) issuedAt() time.Time {
	if t.IssuedAt.IsZero() {
		return t.NotBefore
	}
	return t.IssuedAt
}

// madeAt is issuedAt, or when the credential was saved; zero if nothing is known.
func (t Token) madeAt() time.Time {
	if at := t.issuedAt(); !at.IsZero() {
		return at
	}
	return t.savedAt
}

// MarshalJSON writes the token object of the commands' JSON: what could not be
// read is null.
func (t Token) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Kind      Kind   `json:"kind"`
		AccessKey string `json:"access_key"`
		ID        string `json:"id"`
		Algorithm string `json:"algorithm"`
		Version   int    `json:"version"`
		IssuedAt  any    `json:"issued_at"`
		NotBefore any    `json:"not_before"`
		ExpiresAt any    `json:"expires_at"`
		ExpiresIn any    `json:"expires_in_seconds"`
		Lifetime  any    `json:"lifetime_seconds"`
	}{
		t.Kind, t.AccessKey, t.ID, t.Algorithm, t.Version,
		timeOrNull(t.IssuedAt), timeOrNull(t.NotBefore), timeOrNull(t.ExpiresAt),
		secondsOrNull(t.AsOf, t.ExpiresAt), secondsOrNull(t.issuedAt(), t.ExpiresAt),
	})
}

// UnmarshalJSON reads what MarshalJSON wrote, so that a Report can be kept and
// shown elsewhere. What the JSON does not hold is gone: Fault, LooksLike and
// Removed, for which a Report has fields of its own; and AsOf where the token has no
// expiry, unless it is read as part of a Report.
func (t *Token) UnmarshalJSON(data []byte) error {
	var v struct {
		Kind      Kind       `json:"kind"`
		AccessKey string     `json:"access_key"`
		ID        string     `json:"id"`
		Algorithm string     `json:"algorithm"`
		Version   int        `json:"version"`
		IssuedAt  *time.Time `json:"issued_at"`
		NotBefore *time.Time `json:"not_before"`
		ExpiresAt *time.Time `json:"expires_at"`
		ExpiresIn *int64     `json:"expires_in_seconds"`
	}
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	*t = Token{Kind: v.Kind, AccessKey: v.AccessKey, ID: v.ID, Algorithm: v.Algorithm, Version: v.Version, readable: true, endless: v.ExpiresAt == nil}
	for _, at := range []struct {
		from *time.Time
		to   *time.Time
	}{{v.IssuedAt, &t.IssuedAt}, {v.NotBefore, &t.NotBefore}, {v.ExpiresAt, &t.ExpiresAt}} {
		if at.from != nil {
			*at.to = *at.from
		}
	}
	if v.ExpiresAt != nil && v.ExpiresIn != nil {
		t.AsOf = time.Unix(v.ExpiresAt.Unix()-*v.ExpiresIn, 0).UTC()
	}
	return nil
}

func timeOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339)
}

// secondsOrNull counts from one moment to another, which may be farther apart
// than a Duration can say.
func secondsOrNull(from, to time.Time) any {
	if from.IsZero() || to.IsZero() {
		return nil
	}
	seconds := to.Unix() - from.Unix()
	if nanos := to.Nanosecond() - from.Nanosecond(); nanos < 0 && seconds > 0 {
		seconds-- // whole seconds, rounded towards zero
	} else if nanos > 0 && seconds < 0 {
		seconds++
	}
	return seconds
}

func orDefault(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}
