package connector

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Why is the sentence about one of the token's findings: the evidence that its
// own claims give.
func (t Token) Why(code Code) string {
	switch code {
	case NotAToken:
		if what := lookalikes[t.LooksLike]; what != "" {
			return "this is " + what + ", not a management token"
		}
		return "this is not a token: " + t.evidence
	case MalformedToken:
		return "the token is damaged or was made wrongly: " + t.evidence
	case UnsupportedAlgorithm:
		return "the token is not signed with HS256: " + t.evidence
	case WrongTokenType:
		if t.Kind == App {
			return "this is an app token, for clients that join a room, not a management token"
		}
		return `this token is not a management token: its type claim is not "management"`
	case ExpiredToken:
		return fmt.Sprintf("the token expired %s ago, at %s", Span(t.AsOf.Sub(t.ExpiresAt)), moment(t.ExpiresAt))
	case TokenNotYetValid:
		return fmt.Sprintf("the token becomes valid in %s, at %s", Span(t.validFrom().Sub(t.AsOf)), moment(t.validFrom()))
	case ExpiresSoon:
		left, _ := t.ExpiresIn()
		return fmt.Sprintf("the token expires in %s, at %s", Span(left), moment(t.ExpiresAt))
	case LongLived:
		life, known := t.Lifetime()
		if !known {
			left, _ := t.ExpiresIn()
			return fmt.Sprintf("the token lives for %s yet; the dashboard gives 14 days at most", Span(left))
		}
		return fmt.Sprintf("the token was made for %s; the dashboard gives 14 days at most", Span(life))
	}
	return code.Info().Meaning
}

var lookalikes = map[Lookalike]string{
	AccessKeyLike: "an access key (24 hexadecimal digits)",
	AppSecretLike: "an App Secret, the key that signs tokens",
	RoomCodeLike:  "a room code",
	EmptyLike:     "an empty value",
}

// Span is a duration as a person says it, "3 days": its largest unit, rounded
// down, and "0 seconds" for what is past. A token of 7 days is one of 7 days for
// its first minute.
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
		return count(int(d/day), "day")
	case d >= 2*time.Hour:
		return count(int(d/time.Hour), "hour")
	case d >= 2*time.Minute:
		return count(int(d/time.Minute), "minute")
	}
	return count(int(d/time.Second), "second")
}

func count(n int, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", n, unit)
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// list joins words as a person does.
func list(words []string) string {
	if n := len(words); n > 1 {
		return strings.Join(words[:n-1], ", ") + " and " + words[n-1]
	}
	return strings.Join(words, "")
}
