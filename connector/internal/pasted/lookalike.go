package pasted

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/100ms-connector/connector-go/connector/internal/words"
)

// What a value that is not a token looks like.
const (
	AccessKey    = "access_key"
	AppSecret    = "app_secret"
	RoomCode     = "room_code"
	EncodedToken = "encoded_token"
	Placeholder  = "placeholder"
	Empty        = "empty"
	Unknown      = "unknown"
)

// Looks says what a cleaned value that is not a token looks like.
func Looks(value string) string {
	switch {
	case value == "":
		return Empty
	case IsAccessKey(value):
		return AccessKey
	case isRoomCode(value):
		return RoomCode
	case isPart(value):
		return Unknown
	case isEncodedToken(value):
		return EncodedToken
	case IsPlaceholder(value):
		return Placeholder
	case holdsPart(value): // the rest of a token that is damaged is as random as a key
		return Unknown
	case holdsAppSecret(value), slices.ContainsFunc(runs(value), isEncodedSecret):
		return AppSecret
	case holdsAccessKey(value):
		return AccessKey
	}
	return Unknown
}

// Evidence says more of a value that looks like nothing known. It is empty where
// there is nothing to add.
func Evidence(value string) string {
	switch n := len(value); {
	case isPart(value):
	case n >= 20 && n <= 28 && only(value, isHex):
		return "it has " + words.Count(n, "hexadecimal digit") + "; an access key has 24, and is no token either"
	case n >= 24 && only(value, base64any):
		if data, err := decodeAny(value); err == nil && isText(data) {
			return "it is a text in base64, and no token"
		}
	}
	return ""
}

// IsAccessKey says whether a value has the look of an access key: 24 hexadecimal
// digits, as every public sample has.
func IsAccessKey(value string) bool { return len(value) == 24 && only(value, isHex) }

// holdsAccessKey says whether a value is an access key behind its name:
// "HMS_ACCESS_KEY=…". The numbers in addresses are of other things.
func holdsAccessKey(value string) bool {
	at := strings.LastIndexAny(value, "=:")
	return at > 0 && !strings.Contains(value, "/") && IsAccessKey(strings.Trim(value[at+1:], quotes))
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// IsHex says whether a value consists of hexadecimal digits.
func IsHex(value string) bool { return only(value, isHex) }

// isAppSecret: public samples have 172 characters of base64url. A range is taken,
// for the length is not documented. What decodes to text is none: keys are random.
func isAppSecret(s string) bool {
	body := strings.TrimRight(s, "=")
	if len(body) < 80 || len(s) > 512 || !only(body, base64any) {
		return false
	}
	if v := varietyOf(body); v.different < 10 || !v.digit && !(v.lower && v.upper) {
		return false
	}
	data, err := decodeAny(body)
	return err != nil || !isText(data)
}

// holdsAppSecret says whether there is an App Secret in a text, alone or behind
// something else: "accessKey:secret", "SECRET=…". A slash ends a run, for a path
// is no secret.
func holdsAppSecret(text string) bool {
	if isAppSecret(text) {
		return true
	}
	for _, run := range strings.FieldsFunc(text, func(r rune) bool { return r > unicode.MaxASCII || !base64url(byte(r)) }) {
		if isAppSecret(run) {
			return true
		}
	}
	return false
}

// variety is what a run of characters consists of. Random ones have much of it, a
// row of x has none.
type variety struct {
	different           int // characters
	lower, upper, digit bool
}

// isRandom says whether all kinds of characters occur, as in a key of some length.
func (v variety) isRandom() bool { return v.lower && v.upper && v.digit }

func varietyOf(s string) (v variety) {
	var seen [256]bool
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !seen[c] {
			seen[c] = true
			v.different++
		}
		v.lower, v.upper, v.digit = v.lower || c >= 'a' && c <= 'z', v.upper || c >= 'A' && c <= 'Z', v.digit || c >= '0' && c <= '9'
	}
	return v
}

func isText(data []byte) bool {
	return len(data) > 0 && utf8.Valid(data) && strings.IndexFunc(string(data), func(r rune) bool {
		return !unicode.IsPrint(r) && !unicode.IsSpace(r)
	}) < 0
}

// isEncodedToken says whether a value is a whole token in base64, as a Kubernetes
// Secret holds it.
func isEncodedToken(value string) bool {
	if len(value) < 40 || !only(value, base64any) {
		return false
	}
	data, err := decodeAny(value)
	if err != nil || !utf8.Valid(data) {
		return false
	}
	clean, _ := strip(string(data))
	return isWhole(clean)
}

// isEncodedSecret says whether a run is a text in base64 that has an App Secret in
// it: the accessKey:secret of a Basic header.
func isEncodedSecret(run string) bool {
	data, err := decodeAny(run)
	return err == nil && isText(data) && holdsAppSecret(string(data))
}

// isRoomCode says whether a value is a room code, or a link that ends with one.
func isRoomCode(s string) bool {
	if at := strings.LastIndexByte(s, '/'); at >= 0 && strings.Contains(s[:at], "100ms.live/") {
		s = s[at+1:]
	}
	return len(s) == 12 && s[3] == '-' && s[8] == '-' &&
		only(s[:3]+s[4:8]+s[9:], func(c byte) bool { return c >= 'a' && c <= 'z' })
}

// placeholder matches what stands where a token is to be put, and the words that
// programs print for a value that is missing; alone or behind NAME=.
var placeholder = words.Pattern(`(?i)^([a-z_]\w*=)?(` + strings.Join([]string{
	`<[^<>]*>`, `\[.*\]`, `\{+.*\}+`, `<%.*%>`, `[$#]\{.*\}`, `\$\(.*\)`, `\$\w+`, `%\w+%`, `%!\w\(.*\)`, `\(null\)`,
	`undefined|null|nil|none|nan|true|false|n/?a|empty`,
	`todo|tbd|fixme|(change|replace)[-_ ]?(me|this)|placeholder|redacted|example|dummy|string`,
	`x{3,}|\*{3,}|•{3,}|\.{3,}|…+|-+|_+`,
	`(your|my|the|insert|paste|enter|put|add|replace)([-_ ]\w+)+`,
	`(your|my)(jwt|token|key|secret)\w*`,
	`((100ms|hms|jwt|auth|access|api|app|management|bearer)[-_ ]*)*(token|key|secret|jwt)([-_ ]*(value|here))*`,
}, `|`) + `)$`)

// IsPlaceholder says whether a value only stands where a token is to be put.
func IsPlaceholder(value string) bool {
	return len(value) <= 100 && placeholder().MatchString(value)
}

// variable matches a value that is wholly a variable, in the notations of shells,
// Compose, Windows, template engines and GitHub, with or without a scheme.
var variable = words.Pattern(`^(?i:bearer )?\s*(\$\{\{.*\}\}|\$\{[^{}]+\}|\$[A-Za-z_]\w*|%[A-Za-z_]\w*%|\{\{.*\}\})$`)

// IsVariable says whether a value is wholly a variable that something has to
// replace.
func IsVariable(value string) bool {
	if last := len(value) - 1; last < 1 || strings.IndexByte(value, '$') < 0 && strings.IndexByte(" }%\t\n", value[last]) < 0 {
		return false // as nearly all are, and quickly told
	}
	return variable().MatchString(strings.TrimSpace(value))
}

// IsPureVariable is IsVariable without a default, which could be a secret itself.
func IsPureVariable(value string) bool {
	return IsVariable(value) && !withDefault().MatchString(value)
}

// withDefault matches the signs by which notations give a default: ${X:-a}, ${X-a},
// ${X:=a}, {{ x | default "a" }}, ${{ x || 'a' }}.
var withDefault = words.Pattern(`^[^{]*\{+[^{}]*[-=+?|'"` + "`" + `]`)
