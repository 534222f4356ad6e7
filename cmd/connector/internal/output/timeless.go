package output

import "regexp"

// span is a duration as connector.Span says it.
const span = `(?:\d+ (?:second|minute|hour|day)s?|over 290 years)`

var (
	untilMoment = regexp.MustCompile(` (?:in ` + span + `|` + span + ` ago), at `)
	lifeLeft    = regexp.MustCompile(`lives for ` + span + ` yet`)
)

// timeless takes out of a message what changes with the clock alone, so that a
// finding which stays is the same result in every run: "expired 3 days ago, at
// 2026-11-01 …" becomes "expired at 2026-11-01 …".
func timeless(message string) string {
	message = untilMoment.ReplaceAllString(message, " at ")
	return lifeLeft.ReplaceAllString(message, "lives for more than 14 days yet")
}
