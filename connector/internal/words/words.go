// Package words says numbers, times and lists as people do.
package words

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Span is a duration in words, "3 days": its largest unit, rounded down, and
// "0 seconds" for what is past. A token of 7 days is one of 7 days for its first
// minute.
func Span(d time.Duration) string {
	day := 24 * time.Hour
	d = max(0, d)
	if d > 2*time.Hour-time.Minute {
		d += min(time.Minute, math.MaxInt64-d)
	}
	switch {
	case d >= 290*365*day: // a Duration ends here
		return "over 290 years"
	case d >= 2*day:
		return Count(int(d/day), "day")
	case d >= 2*time.Hour:
		return Count(int(d/time.Hour), "hour")
	case d >= 2*time.Minute:
		return Count(int(d/time.Minute), "minute")
	}
	return Count(int(d/time.Second), "second")
}

// Count is a number with its unit: "1 day", "3 days".
func Count(n int, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", n, unit)
}

// Moment is a time in UTC, to the second.
func Moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// List joins words with commas, and the last with "and".
func List(words []string) string {
	if n := len(words); n > 1 {
		return strings.Join(words[:n-1], ", ") + " and " + words[n-1]
	}
	return strings.Join(words, "")
}
