package pasted

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/100ms-connector/connector-go/connector/internal/jsontext"
	"github.com/100ms-connector/connector-go/connector/internal/words"
)

// MaxToken is the most characters that a token may have.
const MaxToken = 8192

// Parts are the three segments of a token.
type Parts struct{ Header, Payload, Signature string }

// Cut cuts a cleaned value into a token's parts, or says why it cannot. A token in
// the wrong alphabet of base64 is one all the same.
func Cut(value string) (parts Parts, evidence string) {
	switch dots := strings.Count(value, "."); {
	case value == "":
		return parts, "the value is empty"
	case len(value) > MaxToken:
		return parts, "the value is longer than 8,192 characters"
	case dots == 0 && isPart(value):
		return parts, "it is one of the three parts of a token; copy all of it, with both dots"
	case strings.Contains(value, "…"), strings.Contains(value, "...") && strings.HasPrefix(value, begins):
		return parts, "it was shortened where it was shown; copy all of it"
	case dots > 2 && len(wholeTokens(value)) > 1:
		return parts, "it holds more than one token"
	case dots != 2:
		return parts, "the value has " + words.Count(dots+1, "segment") + " where a token has 3"
	}
	var rest string
	parts.Header, rest, _ = strings.Cut(value, ".")
	parts.Payload, parts.Signature, _ = strings.Cut(rest, ".")
	if parts.Header == "" || parts.Payload == "" {
		return Parts{}, "one of its segments is empty"
	}
	for i := 0; i < len(value); i++ {
		if !base64any(value[i]) && value[i] != '.' {
			return Parts{}, "it has a character that no token has"
		}
	}
	return parts, ""
}

// WrongAlphabet says whether the parts are written in base64's standard alphabet,
// or padded: a token has neither +, / nor =.
func (p Parts) WrongAlphabet() bool {
	for _, part := range []string{p.Header, p.Payload, p.Signature} {
		if strings.ContainsAny(part, "+/=") {
			return true
		}
	}
	return false
}

// Claims decodes a part that must hold a JSON object, in whichever alphabet.
func Claims(part string) (jsontext.Members, bool) {
	data, err := Strict.DecodeString(part)
	if err != nil {
		data, err = decodeAny(part)
	}
	if err != nil || !json.Valid(data) {
		return nil, false
	}
	_, found := jsontext.Object(data)
	return found, found != nil
}

// isPart says whether a value is the header or the claims of a token alone: what
// a double click selects.
func isPart(value string) bool {
	_, ok := Claims(value)
	return ok
}

// Strict is a token's base64. It refuses what golang-jwt's ParseUnverified accepts:
// bits behind the last character that are not zero.
var Strict = base64.RawURLEncoding.Strict()

// decodeAny decodes either alphabet, padded or not.
func decodeAny(s string) ([]byte, error) {
	s = strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(s, "="))
	return base64.RawURLEncoding.DecodeString(s)
}

func base64url(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}

func base64any(c byte) bool { return base64url(c) || c == '+' || c == '/' || c == '=' }

func only(s string, ok func(byte) bool) bool {
	for i := 0; i < len(s); i++ {
		if !ok(s[i]) {
			return false
		}
	}
	return true
}
