package connector

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"unicode"
	"unicode/utf8"
)

const redacted = "[redacted]"

// Secret is a string that is not shown: every verb that fmt accepts for a
// string, slog and encoders print [redacted]. Reveal is the only way out.
//
// Three things Go does not let a type guard: fmt cannot ask an unexported struct
// field how it wants to be printed, so keep a Secret in exported fields; fmt
// prints the operand of a verb that makes no sense, %p or %w, which go vet
// reports; and encoding/json writes a map's string keys as they are.
type Secret string

// Reveal returns the secret itself.
func (s Secret) Reveal() string { return string(s) }

// Token returns the secret, cleaned as Clean does, which makes a fixed management
// token a TokenSource. What is no token at all, an App Secret or a room code, is
// not for sending: the error is NotAToken.
func (s Secret) Token(context.Context) (Secret, error) {
	clean, _ := Clean(string(s))
	if _, _, _, evidence := segments(clean); evidence != "" {
		return "", NotAToken
	}
	return Secret(clean), nil
}

// String returns [redacted].
func (s Secret) String() string { return redacted }

// Format writes [redacted] for every verb, %x and %q among them.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }

// MarshalText returns [redacted], for JSON and every encoder that asks for text.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalBinary returns [redacted], for encoding/gob and its like.
func (s Secret) MarshalBinary() ([]byte, error) { return []byte(redacted), nil }

// LogValue returns [redacted].
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// presentable takes out of text from outside what a terminal would act upon.
// Text that could be a secret, or is longer than limit, becomes [redacted].
func presentable(s string, limit int) string {
	line := clip(s, limit)
	if utf8.RuneCountInString(s) > limit || couldBeSecret(line) {
		return redacted
	}
	return line
}

// clip makes s one line of printable characters, at most limit of them.
func clip(s string, limit int) string {
	if len(s) <= limit && only(s, func(c byte) bool { return c >= ' ' && c < 0x7f }) {
		return strings.TrimSpace(s)
	}
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n == limit {
			b.WriteRune('…')
			break
		}
		if !unicode.IsPrint(r) { // also every format character, such as a right-to-left override
			r = ' '
		}
		b.WriteRune(r)
		n++
	}
	return strings.TrimSpace(b.String())
}

// couldBeSecret says whether s has the look of something pasted into the wrong
// place: a token, a key, a room code, or a long run of letters and digits.
// A UUID is not one, for its runs are short and of one case.
func couldBeSecret(s string) bool {
	if l := lookalike(s); l == AppSecretLike || l == AccessKeyLike || l == RoomCodeLike {
		return true
	}
	run, digit := 0, false                               // of letters and digits
	long, lower, upper, figure := 0, false, false, false // of base64url characters: a whole secret within other text
	for i := 0; i < len(s); i++ {
		c := s[i]
		long, run = long+1, run+1
		switch {
		case c >= '0' && c <= '9':
			digit, figure = true, true
		case c >= 'a' && c <= 'z':
			lower = true
		case c >= 'A' && c <= 'Z':
			upper = true
		default:
			run, digit = 0, false
			if c != '-' && c != '_' {
				long, lower, upper, figure = 0, false, false, false
			}
		}
		if run >= 20 && digit || long >= 64 || long >= 32 && lower && upper && figure {
			return true
		}
	}
	return false
}
