package web

import (
	"strings"
	"unicode"

	"github.com/100ms-connector/connector-go/connector/store"
)

// unprintable says whether a rune acts on the text around it instead of being one
// of it: a control, a line break, or what turns the direction of writing. What
// joins letters (U+200C and U+200D) does not: Persian names and families in emoji
// are made of it.
func unprintable(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp) || r == unicode.ReplacementChar
}

// alike is the same for names that a person takes for the same: case, the width
// of letters, white space and invisible runes make no difference.
func alike(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r) || unicode.In(r, unicode.Cf):
			return -1
		case r >= 0xff01 && r <= 0xff5e: // the full-width forms of ASCII
			r -= 0xff01 - '!'
		}
		return unicode.ToLower(unicode.ToUpper(r))
	}, name)
}

// similar finds a saved credential whose name can be taken for this one; "" if
// there is none. Except is the name of the credential being edited.
func similar(records []store.Record, name, except string) string {
	for _, r := range records {
		if r.Name != name && r.Name != except && alike(r.Name) == alike(name) {
			return r.Name
		}
	}
	return ""
}
