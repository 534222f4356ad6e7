package connector

import (
	"strings"
	"time"
)

// HoldsSecret says whether a text has a token, a part of one or an App Secret in it.
func HoldsSecret(text string) bool {
	for _, run := range strings.FieldsFunc(text, func(r rune) bool { return r > 'z' || !base64url(byte(r)) && r != '+' && r != '/' }) {
		if at := strings.Index(run, "eyJ"); at >= 0 && len(run)-at >= 20 {
			return true
		}
		distinct := map[rune]bool{}
		for _, r := range run {
			distinct[r] = true
		}
		if secretShaped(run) && len(distinct) > 8 {
			return true
		}
	}
	return false
}

// RenewalWindow is the time before its end in which a token is due for a new one:
// a third of its life, 72 h at most; 72 h if madeAt is zero.
func RenewalWindow(madeAt, expiresAt time.Time) time.Duration {
	if madeAt.IsZero() {
		return DefaultWarnWithin
	}
	return max(0, min(expiresAt.Sub(madeAt)/3, DefaultWarnWithin))
}

// Problems judges values that came from a form.
func (c *Credential) Problems() []Problem { return new(Validator).Problems(c.Document()) }
