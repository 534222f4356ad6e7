package web

import (
	"fmt"
	"html/template"
	"regexp"
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

// expiry says when a token expires, as seen from now.
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

var momentPattern = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)? UTC`)

// moments marks the moments in a text, so that the script can put the local time
// beside them: the server does not know where its reader is.
func moments(text string) template.HTML {
	var b strings.Builder
	rest := 0
	for _, at := range momentPattern.FindAllStringIndex(text, -1) {
		utc := text[at[0]:at[1]]
		b.WriteString(template.HTMLEscapeString(text[rest:at[0]]))
		b.WriteString(`<time datetime="` + strings.Replace(strings.TrimSuffix(utc, " UTC"), " ", "T", 1) + `Z">` + utc + `</time>`)
		rest = at[1]
	}
	b.WriteString(template.HTMLEscapeString(text[rest:]))
	return template.HTML(b.String())
}

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
	if connector.HoldsSecret(s) {
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
