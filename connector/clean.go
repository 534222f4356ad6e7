package connector

import (
	"strings"
	"unicode"
)

// maxToken is the most characters that an API key value may have; the schema
// says the same.
const maxToken = 8192

// Clean removes what copying and pasting adds to a token: white space, line
// breaks, zero-width characters, quotes around it and a leading "Bearer". It
// returns the value without them and names what it removed; an intact value
// comes back as it is, with nothing removed.
func Clean(value string) (clean string, removed []string) {
	if intact(value) {
		return value, nil
	}
	seen := map[string]bool{}
	note := func(what string) {
		if !seen[what] {
			seen[what] = true
			removed = append(removed, what)
		}
	}

	// The prefix first, while the space behind it still ends the word.
	clean = value
	for {
		bare := strings.TrimFunc(clean, func(r rune) bool { return junk(r) != "" || strings.ContainsRune(quotes, r) })
		rest, cut := cutWord(bare, "authorization:")
		if !cut {
			rest, cut = cutWord(bare, "bearer")
		}
		if !cut {
			break
		}
		note("a leading Bearer")
		clean = rest
	}
	clean = strings.Map(func(r rune) rune {
		what := junk(r)
		if what == "" {
			return r
		}
		note(what)
		return -1
	}, clean)
	if bare := strings.Trim(clean, quotes); len(bare) < len(clean) {
		note("quotes")
		clean = bare
	}
	return clean, removed
}

const quotes = "\"'`“”‘’«»"

// intact says, without allocating, whether a value has nothing to clean: the
// common case. Other characters than a token's are left for Inspect to judge.
func intact(value string) bool {
	for i := 0; i < len(value); i++ {
		if c := value[i]; c <= ' ' || c == '"' || c == '\'' || c == '`' || c >= 0x7f {
			return false
		}
	}
	_, prefixed := cutWord(value, "bearer")
	return !prefixed
}

// junk names what r is if it has no place in a token.
func junk(r rune) string {
	switch {
	case r == '\n' || r == '\r' || r == '\u2028' || r == '\u2029' || r == '\u0085':
		return "line breaks"
	case r == '\u00ad' || r == '\u180e' || r == '\ufeff' || r >= '\u200b' && r <= '\u200f' || r >= '\u202a' && r <= '\u202e' || r >= '\u2060' && r <= '\u2064':
		return "zero-width characters"
	case unicode.IsSpace(r):
		return "white space"
	case unicode.IsControl(r):
		return "control characters"
	}
	return ""
}

// cutWord cuts a leading word, whatever its case, if it ends there.
func cutWord(s, word string) (rest string, ok bool) {
	if len(s) < len(word) || !strings.EqualFold(s[:len(word)], word) {
		return s, false
	}
	rest = s[len(word):]
	if rest == "" || strings.HasSuffix(word, ":") {
		return rest, true
	}
	if r := rest[0]; r <= ' ' || r == ':' || r >= 0x80 {
		return rest, true
	}
	return s, false
}
