package web

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/100ms-connector/connector-go/connector"
)

// thousands writes 1234 as 1,234.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for at := len(s) - 3; at > 0; at -= 3 {
		s = s[:at] + "," + s[at:]
	}
	return s
}

// expiry says when a token dies, as seen from now.
func expiry(at, now time.Time) string {
	if at.After(now) {
		return "expires in " + connector.Span(at.Sub(now))
	}
	return "expired " + connector.Span(now.Sub(at)) + " ago"
}

func ago(at, now time.Time) string {
	switch d := now.Sub(at); {
	case d < time.Minute:
		return "just now"
	case d < 2*time.Minute:
		return "a minute ago"
	default:
		return connector.Span(d) + " ago"
	}
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// sentence makes one of a fragment.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	first, size := utf8.DecodeRuneInString(s)
	s = string(unicode.ToUpper(first)) + s[size:]
	if !strings.ContainsRune(".!?…", rune(s[len(s)-1])) {
		s += "."
	}
	return s
}

// shown is a text that somebody else chose, fit for a page: what acts on the
// text around it, such as a right-to-left override, is replaced, and what holds
// a token or a secret is not shown at all.
func shown(s string) string {
	if holdsSecret(s) {
		return "[redacted]"
	}
	if strings.IndexFunc(s, unprintable) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if unprintable(r) {
			return '\ufffd'
		}
		return r
	}, s)
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) }

// holdsSecret says whether a text that will be shown has a token or an App
// Secret in it: people paste into the wrong field.
func holdsSecret(s string) bool {
	if len(s) < 20 {
		return false
	}
	for _, word := range strings.Fields(s) {
		if len(word) < 20 {
			continue
		}
		if t := connector.Inspect(word); t.Readable() || t.LooksLike == connector.AppSecretLike {
			return true
		}
	}
	run := 0 // of base64url characters
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' {
			run++
		} else {
			run = 0
		}
		// An App Secret has 172 of them; a JSON object, as base64, begins so.
		if run >= 80 || run >= 20 && strings.HasPrefix(s[i+1-run:], "eyJ") {
			return true
		}
	}
	return false
}
