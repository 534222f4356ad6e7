package connector

import (
	"fmt"
	"time"

	"github.com/100ms-connector/connector-go/connector/internal/words"
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
		if t.Fault != MalformedToken {
			return "the token was made wrongly: " + t.contradiction
		}
		return "the token is damaged or was made wrongly: " + t.evidence
	case UnsupportedAlgorithm:
		return "the token is not signed with HS256: " + t.evidence
	case WrongTokenType:
		if t.Kind == KindApp {
			return "this is an app token, for clients that join a room, not a management token"
		}
		return `this token is not a management token: its type claim is not "management"`
	case ExpiredToken:
		return fmt.Sprintf("the token expired %s ago, at %s", words.Span(t.AsOf.Sub(t.ExpiresAt)), words.Moment(t.ExpiresAt))
	case TokenNotYetValid:
		return fmt.Sprintf("the token becomes valid in %s, at %s", words.Span(t.validFrom().Sub(t.AsOf)), words.Moment(t.validFrom()))
	case ExpiresSoon:
		left, _ := t.ExpiresIn()
		return fmt.Sprintf("the token expires in %s, at %s", words.Span(left), words.Moment(t.ExpiresAt))
	case LongLived:
		life, known := t.Lifetime()
		if !known {
			left, _ := t.ExpiresIn()
			return fmt.Sprintf("the token lives for %s yet; the dashboard gives 14 days at most", words.Span(left))
		}
		return fmt.Sprintf("the token was made for %s; the dashboard gives 14 days at most", words.Span(life))
	}
	return code.Info().Meaning
}

var lookalikes = map[Lookalike]string{
	LookalikeAccessKey:    "an access key (24 hexadecimal digits)",
	LookalikeAppSecret:    "an App Secret, the key that signs tokens",
	LookalikeRoomCode:     "a room code",
	LookalikeEncodedToken: "a token that was base64-encoded once more, as a Kubernetes Secret holds it",
	LookalikePlaceholder:  "a placeholder for a token",
	LookalikeEmpty:        "an empty value",
}

// Remedy is the next step about one of the token's findings: that of the code, made
// more exact where the value shows more.
func (t Token) Remedy(code Code) string {
	remedy := code.Info().Remedy
	switch {
	case code == NotAToken && t.LooksLike == LookalikeAppSecret:
		return remedy + " Never paste the App Secret itself: whoever has it can sign any token."
	case code == NotAToken && t.LooksLike == LookalikePlaceholder:
		return "Put the token in its place: set the variable, or fill in the template. The 100ms dashboard has Management Tokens under Developer."
	case code == NotAToken && t.LooksLike == LookalikeEncodedToken:
		return "Decode it once (base64 -d) and save what comes out."
	case code == MalformedToken && t.Fault != MalformedToken:
		return "Mend the code that signs it: iat is the time of signing, exp is iat plus the token's life, all in seconds since 1970. Another token from the same code would fail as well."
	}
	return remedy
}

// Span is a duration as a person says it, "3 days": its largest unit, rounded
// down, and "0 seconds" for what is past.
func Span(d time.Duration) string { return words.Span(d) }

// Remaining says how far ahead or back a moment is: "in 3 days", "2 hours ago", and "just
// now" within a minute.
func Remaining(left time.Duration) string {
	switch {
	case left < time.Minute && left > -time.Minute:
		return "just now"
	case left < 0:
		return Span(-left) + " ago"
	}
	return "in " + Span(left)
}
