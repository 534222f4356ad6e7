package pasted

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Redacted stands in the place of what is not shown.
const Redacted = "[redacted]"

// HoldsSecret is the one rule of what is a secret: a token, a part of one or an
// App Secret, wherever it stands in a text. Names, descriptions and arguments that
// hold one are refused.
func HoldsSecret(text string) bool {
	return len(text) >= 20 && (holdsPart(text) || holdsAppSecret(text) || slices.ContainsFunc(runs(text), func(run string) bool {
		return isEncodedToken(run) || isEncodedSecret(run)
	}))
}

// holdsPart says whether there is a part of a token in a text.
func holdsPart(text string) bool {
	for at := 0; ; {
		next := strings.Index(text[at:], begins)
		if next < 0 {
			return false
		}
		at += next
		end := at
		for end < len(text) && base64url(text[end]) {
			end++
		}
		// The beginning of claims is enough: a name that was cut off is one too.
		for n := end - at; n >= 16 && n > end-at-4; n-- {
			if data, err := decodeAny(text[at : at+n]); err == nil && strings.HasPrefix(string(data), `{"`) && isText(data) {
				return true
			}
		}
		at = max(end, at+1)
	}
}

// runs are the words of a text in any alphabet of base64.
func runs(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r > unicode.MaxASCII || !base64any(byte(r)) })
}

// CouldBeSecret is HoldsSecret with suspicion, for text from outside that is going
// to be shown: it is also true of keys, room codes, and long runs of letters and
// digits. A UUID is no such run, for its parts are short and of one case.
func CouldBeSecret(s string) bool {
	if HoldsSecret(s) || IsAccessKey(s) || isRoomCode(s) {
		return true
	}
	from, run, digit := 0, 0, false // run counts letters and digits, from is where the base64url began
	for i := 0; i <= len(s); i++ {
		c := byte(' ')
		if i < len(s) {
			c = s[i]
		}
		switch {
		case c >= '0' && c <= '9':
			run, digit = run+1, true
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			run++
		default:
			run, digit = 0, false
		}
		if run >= 20 && digit && varietyOf(s[i+1-run:i+1]).different >= 6 {
			return true
		}
		if n := i - from; n >= 32 && !base64url(c) {
			if v := varietyOf(s[from:i]); n >= 64 && v.different >= 6 || v.isRandom() {
				return true
			}
		}
		if !base64url(c) {
			from = i + 1
		}
	}
	return false
}

// Presentable takes out of text from outside what a terminal would act upon.
// Text that could be a secret, or is longer than limit, becomes [redacted].
func Presentable(s string, limit int) string {
	line := Clip(s, limit)
	if utf8.RuneCountInString(s) > limit || CouldBeSecret(line) {
		return Redacted
	}
	return line
}

// Clip makes s one line of printable characters, at most limit of them.
func Clip(s string, limit int) string {
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

// Without takes secrets, and every longer piece of them, out of text that a server
// may have echoed them into.
func Without(text, secrets string) string {
	const piece = 12 // characters; shorter ones are chance
	if len(text) > 4<<10 {
		text = text[:4<<10] // far more than is quoted
	}
	var b strings.Builder
	for text != "" {
		n := 0
		for n < len(text) && base64url(text[n]) {
			n++
		}
		if n == 0 {
			b.WriteByte(text[0])
			text = text[1:]
			continue
		}
		run := text[:n]
		text = text[n:]
		// A longer run may be the token encoded once more, or somebody else's; nothing
		// that a person needs is as long.
		if n >= 48 || n >= 32 && varietyOf(run).isRandom() || n >= piece && sharesPiece(run, secrets, piece) {
			run = Redacted
		}
		b.WriteString(run)
	}
	return b.String()
}

func sharesPiece(run, secrets string, piece int) bool {
	for i := 0; i+piece <= len(run); i++ {
		if strings.Contains(secrets, run[i:i+piece]) {
			return true
		}
	}
	return false
}
