// Package pasted reads what people paste in the place of a token: it takes off
// what pasting added, cuts a token into its parts, knows what else a value looks
// like, and holds the one rule of what is a secret and may not be shown.
package pasted

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/100ms-connector/connector-go/connector/internal/words"
)

// Clean takes off what copying and pasting adds to a token: white space, line
// breaks, zero-width characters, quotes, a scheme such as Bearer before it, and
// whatever else stands around one whole token. It names what it removed. An intact
// value, or one that is not UTF-8 text, comes back as it is.
func Clean(value string) (clean string, removed []string) {
	if intact(value) || !utf8.ValidString(value) {
		return value, nil
	}
	clean, removed = strip(value)
	if isWhole(clean) {
		return clean, removed
	}
	for _, text := range []string{value, clean} { // a token may be wrapped as well
		switch found := wholeTokens(text); len(found) {
		case 0:
		case 1:
			return found[0], around(value, found[0], removed)
		default:
			return text, nil // without the line breaks between them they would look like one
		}
	}
	return clean, removed
}

// strip removes what has no place in a token and stands around it or in it.
func strip(value string) (clean string, removed []string) {
	note := func(what string) {
		if !slices.Contains(removed, what) {
			removed = append(removed, what)
		}
	}
	for clean = value; ; {
		before := clean
		clean = peel(clean, note)
		clean = strings.Map(func(r rune) rune {
			what := junk(r)
			if what == "" {
				return r
			}
			note(what)
			return -1
		}, clean)
		if clean == before {
			return clean, removed
		}
	}
}

// peel takes off what stands around a token, from the outside in, for the
// layers come in any order: a quoted Bearer, a Bearer before quotes.
func peel(s string, note func(what string)) string {
	for {
		before := len(s)
		s = strings.TrimFunc(s, func(r rune) bool {
			what := junk(r)
			if strings.ContainsRune(quotes, r) {
				what = "quotes"
			}
			if what != "" {
				note(what)
			}
			return what != ""
		})
		for _, prefix := range []string{"authorization:", "bearer:", "bearer"} {
			if rest, found := cutPrefix(s, prefix); found {
				note("a leading Bearer")
				s = rest
			}
		}
		if len(s) == before {
			return s
		}
	}
}

const quotes = "\"'`“”‘’«»"

// intact says, without allocating, whether a value has nothing to clean: the
// common case. One without a token's beginning is left for Cut to judge.
func intact(value string) bool {
	begun, dotted := strings.HasPrefix(value, begins), strings.HasSuffix(value, ".")
	if begun && !dotted && only(value, inToken) {
		return true
	}
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case c <= ' ' || c >= 0x7f, c == '"', c == '\'', c == '`', c == ':':
			return false
		}
	}
	return !strings.EqualFold(value, "bearer") && !strings.Contains(value, begins)
}

// inToken says whether a character may stand in a token, in whichever alphabet.
func inToken(c byte) bool { return base64any(c) || c == '.' }

// junk names what r is if it has no place in a token.
func junk(r rune) string {
	switch {
	case r == '\n' || r == '\r' || r == '\u2028' || r == '\u2029' || r == '\u0085':
		return "line breaks"
	case unicode.Is(unicode.Cf, r): // also the marks of directions
		return "zero-width characters"
	case unicode.IsSpace(r):
		return "white space"
	case unicode.IsControl(r):
		return "control characters"
	}
	return ""
}

// cutPrefix cuts a prefix, whatever its case. A word has to end there: a token
// may begin like Bearer.
func cutPrefix(s, prefix string) (rest string, ok bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	rest = s[len(prefix):]
	next, _ := utf8.DecodeRuneInString(rest)
	return rest, rest == "" || strings.HasSuffix(prefix, ":") || junk(next) != "" || strings.ContainsRune(quotes, next)
}

// begins is how a JSON object begins in base64, and with it every token's parts.
const begins = "eyJ"

// wholeTokens lists the tokens in a text: three parts, of which the first two
// decode.
func wholeTokens(text string) []string {
	var found []string
	for at := 0; at < len(text); {
		next := strings.Index(text[at:], begins)
		if next < 0 {
			break
		}
		from := at + next
		end := from
		for end < len(text) && inToken(text[end]) {
			end++
		}
		at = end
		token := strings.TrimRight(text[from:end], ".")
		if (from == 0 || !base64url(text[from-1]) || glued().MatchString(text[max(0, from-20):from])) && isWhole(token) {
			found = append(found, token)
		}
	}
	return found
}

// glued matches what may end in a letter or a digit and yet is no part of the token
// behind it: a scheme without its blank, a character as URLs write it, a colour.
var glued = words.Pattern(`(?i)(bearer[-_]?|%[0-9a-f]{2}|\x1b\[[0-9;]*m)$`)

// isWhole says whether a value is a token, however it may be damaged: its header
// and claims decode, and there is a signature.
func isWhole(value string) bool {
	if strings.Count(value, ".") != 2 || len(value) > MaxToken {
		return false
	}
	header, rest, _ := strings.Cut(value, ".")
	payload, signature, _ := strings.Cut(rest, ".")
	return signature != "" && only(signature, base64any) && isPart(header) && isPart(payload)
}

// surroundings are the texts that stand around a token where one was copied from.
// The first expression is for what stands before it, the second for what follows.
var surroundings = []struct {
	before, after func() *regexp.Regexp
	name          string
}{
	{words.Pattern(`(?i)(^|\W)-H\W|authorization\W*:`), nil, "a header's name"},
	{words.Pattern(`(?i)(^|[\s"'\x60])[a-z_][a-z0-9_.-]*\s*[=:][\s"'\x60]*(bearer )?b?["']?$`), nil, "a variable's name"},
	{words.Pattern(`(?i)\bbearer([^a-z0-9]|%20)*$`), nil, "a leading Bearer"},
	{words.Pattern(`(?i)\bbasic\W*$`), nil, "a leading Basic"},
	{words.Pattern(`(?i)(^|[\s"'])(token|jwt) ["'\x60]*$`), nil, "a leading Token or JWT"},
	{words.Pattern(`\bb['"]$`), nil, "the signs of a byte string"},
	{words.Pattern("[\"'`“”‘’«»]$"), nil, "quotes"},
	{nil, words.Pattern(`^\W*[,;%]\s*$`), "a sign behind it"},
	{nil, words.Pattern(`^["']?\\[nrt]`), `a written \n`},
}

// around names what stood around a token that was found in a value.
func around(value, token string, removed []string) []string {
	before, after, whole := strings.Cut(value, token)
	var found []string
	for _, s := range surroundings {
		if s.name == "a variable's name" && slices.Contains(found, "a header's name") {
			continue // "Authorization: " has the look of one
		}
		if s.before != nil && s.before().MatchString(before) || s.after != nil && s.after().MatchString(after) {
			found = append(found, s.name)
		}
	}
	if !whole { // it was broken over lines
		found = append(found, removed...)
	}
	if len(found) == 0 {
		found = append(found, "text around it")
	}
	slices.Sort(found)
	return slices.Compact(found)
}
