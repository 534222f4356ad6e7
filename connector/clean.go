package connector

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxToken is the most characters that an API key value may have; the schema
// says the same.
const maxToken = 8192

// Clean removes what copying and pasting adds to a token: white space, line
// breaks, zero-width characters, quotes around it and a leading "Bearer". It
// returns the value without them and names what it removed; an intact value, or
// one that is not UTF-8 text, comes back as it is, with nothing removed.
func Clean(value string) (clean string, removed []string) {
	if intact(value) || !utf8.ValidString(value) {
		return value, nil
	}
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
			if rest, cut := cutPrefix(s, prefix); cut {
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
// common case. Other characters than a token's are left for Inspect to judge.
func intact(value string) bool {
	for i := 0; i < len(value); i++ {
		if c := value[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '\'' || c == '`' || c == ':' {
			return false
		}
	}
	return !strings.EqualFold(value, "bearer")
}

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
