package connector

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Kind says what a token's claims make of it.
type Kind string

// The kinds of tokens. 100ms documents two (docs, security-and-tokens).
const (
	Management Kind = "management" // server side: type is "management"
	App        Kind = "app"        // client side: type is "app", or no type and a room_id, role or user_id
	Unknown    Kind = "unknown"    // neither
)

// Token is what a value says of itself. Nothing in it is verified: anyone can
// write such claims.
type Token struct {
	Kind      Kind   // Unknown if nothing could be read
	AccessKey string // of the workspace; [redacted] if it has the look of a secret
	ID        string // claim jti, likewise
	Algorithm string // header alg, likewise
	Version   int    // claim version, 0 if absent

	// Claims iat, nbf and exp; zero if absent.
	IssuedAt, NotBefore, ExpiresAt time.Time

	// AsOf is the moment by which Findings and ExpiresIn judge: when Inspect
	// was called, or in a Report the best clock known.
	AsOf time.Time

	Removed   []string  // paste damage, as Clean names it
	Fault     Code      // NotAToken, MalformedToken, UnsupportedAlgorithm, or empty
	LooksLike Lookalike // set with NotAToken

	readable bool   // header and claims could be decoded
	endless  bool   // the claims have no exp
	evidence string // of Fault, for people
	odd      string // what a claim shows that no 100ms token has, though it breaks no rule
}

// Inspect reads what a value says of itself, after cleaning it as Clean does.
// It does not verify the signature, which only the holder of the App Secret
// (see SigningKey.Verify) and the API (see Tester) can.
func Inspect(value string) Token {
	t, _ := read(value)
	t.AsOf = time.Now()
	return t
}

// Readable says whether the header and the claims could be decoded, whatever is
// wrong with them.
func (t Token) Readable() bool { return t.readable }

// read inspects a value and returns the token itself beside it, cleaned. The
// two are kept apart so that printing a Token cannot print the token.
func read(value string) (Token, string) {
	t := Token{Kind: Unknown}
	if len(value) > MaxDocument { // cleaning costs time in proportion
		return t.notAToken("the value is longer than 64 KiB", UnknownLike), ""
	}
	clean, removed := Clean(value)
	t.Removed = removed
	header, payload, signature, evidence := segments(clean)
	if evidence != "" {
		looks := lookalike(clean)
		if looks == AppSecretLike && !slices.ContainsFunc(strings.Split(value, " "), func(word string) bool {
			word, _ = Clean(word)
			return lookalike(word) == AppSecretLike
		}) {
			looks = UnknownLike // words: only without their spaces are they as long as a secret
		}
		return t.notAToken(evidence, looks), clean
	}

	alg := &member{text: "HS256"}
	if header != headerHS256 { // the usual one needs no decoding
		head, ok := decodeSegment(header)
		if !ok {
			return t.malformed("its first segment does not decode to a JSON object"), clean
		}
		alg = head.last("alg")
	}
	claims, ok := decodeSegment(payload)
	if !ok {
		return t.malformed("its second segment does not decode to a JSON object"), clean
	}
	t.readable = true
	return t.withClaims(claims).withAlgorithm(alg, signature), clean
}

// notAToken drops the paste damage: of a value that has to be replaced anyway it
// would be a second complaint about one fault.
func (t Token) notAToken(evidence string, looks Lookalike) Token {
	t.Removed = nil
	t.Fault, t.evidence, t.LooksLike = NotAToken, evidence, looks
	return t
}

func (t Token) malformed(evidence string) Token {
	if t.Fault == "" {
		t.Fault, t.evidence = MalformedToken, evidence
	}
	return t
}

// segments cuts a value into a token's three, or says why it cannot.
func segments(value string) (header, payload, signature, evidence string) {
	switch dots := strings.Count(value, "."); {
	case value == "":
		return "", "", "", "the value is empty"
	case len(value) > maxToken:
		return "", "", "", "the value is longer than 8,192 characters"
	case dots == 0 && isPart(value):
		return "", "", "", "it is one of the three parts of a token; copy all of it, with both dots"
	case dots != 2:
		return "", "", "", fmt.Sprintf("the value has %s where a token has 3", count(dots+1, "segment"))
	}
	header, rest, _ := strings.Cut(value, ".")
	payload, signature, _ = strings.Cut(rest, ".")
	if header == "" || payload == "" {
		return "", "", "", "one of its segments is empty"
	}
	for i := 0; i < len(value); i++ {
		if c := value[i]; !base64url(c) && c != '.' {
			return "", "", "", "it has a character that no token has"
		}
	}
	return header, payload, signature, ""
}

func base64url(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}

// strict refuses what golang-jwt's ParseUnverified accepts: bits behind the last
// character that are not zero.
var strict = base64.RawURLEncoding.Strict()

// decodeSegment decodes a segment that must hold a JSON object.
func decodeSegment(segment string) (members, bool) {
	data, err := strict.DecodeString(segment)
	if err != nil || !json.Valid(data) {
		return nil, false
	}
	_, found := cut(data)
	return found, found != nil
}

// withClaims reads the claims. Every other claim is tolerated: real tokens
// carry iss, sub and app_data.
func (t Token) withClaims(claims members) Token {
	t.AccessKey = presentableKey(claims.text("access_key"))
	t.ID = presentable(claims.text("jti"), 64)
	if v, ok := claims.number("version"); ok && v == float64(int16(v)) {
		t.Version = int(v)
	}
	t.endless = claims.last("exp") == nil
	user := claims.last("user_id")
	switch typ := claims.last("type"); {
	case typ != nil && typ.text == "management":
		t.Kind = Management
	case typ != nil && typ.text == "app":
		t.Kind = App
	case typ == nil && (user != nil || claims.last("room_id") != nil || claims.last("role") != nil):
		t.Kind = App
	}
	switch {
	case lookalike(t.AccessKey) != AccessKeyLike:
		t.odd = "its access_key claim is not 24 hexadecimal digits; perhaps access key and App Secret were swapped when it was signed"
	case user != nil && !user.isText:
		t.odd = "its user_id claim is not a string, which the API was seen to refuse"
	}
	for _, c := range [...]struct {
		name string
		at   *time.Time
	}{{"iat", &t.IssuedAt}, {"nbf", &t.NotBefore}, {"exp", &t.ExpiresAt}} {
		if evidence := claims.time(c.name, c.at); evidence != "" && t.Fault == "" {
			t.Fault, t.evidence = MalformedToken, evidence
		}
	}
	return t
}

// text is a claim that is a string, or empty.
func (m members) text(name string) string {
	if c := m.last(name); c != nil {
		return c.text
	}
	return ""
}

// number is a claim that is a number; one beyond all numbers is infinite.
func (m members) number(name string) (float64, bool) {
	c := m.last(name)
	if c == nil || c.raw[0] != '-' && (c.raw[0] < '0' || c.raw[0] > '9') {
		return 0, false
	}
	f, _ := strconv.ParseFloat(string(c.raw), 64)
	return f, true
}

// time reads a claim that counts seconds. The evidence says why it cannot be
// right; it is empty if it can, or if there is no such claim.
func (m members) time(name string, at *time.Time) (evidence string) {
	seconds, ok := m.number(name)
	switch {
	case !ok && m.last(name) == nil:
		return ""
	case !ok:
		return "its " + name + " claim is not a number"
	case seconds >= 1e11: // the year 5138
		return "its " + name + " claim cannot be right: was it given in milliseconds? It counts seconds"
	case seconds <= -62135596800: // the year 1, which is Go's way to say none; before it no calendar can print
		return "its " + name + " claim cannot be right: it lies before the year 1"
	}
	whole := math.Floor(seconds)
	*at = time.Unix(int64(whole), int64((seconds-whole)*1e9)).UTC()
	return ""
}

// withAlgorithm judges alg, and the signature's length by it: an HMAC of 256
// bits has 43 characters, so a shorter one was cut off while copying.
func (t Token) withAlgorithm(alg *member, signature string) Token {
	if alg == nil || alg.text == "" {
		t.Fault, t.evidence = UnsupportedAlgorithm, "its header names no algorithm"
		return t
	}
	t.Algorithm = presentable(alg.text, 16)
	if alg.text != "HS256" {
		t.Fault, t.evidence = UnsupportedAlgorithm, fmt.Sprintf("its header says %q", t.Algorithm)
		return t
	}
	const length = 43
	switch n := len(signature); {
	case n < length:
		return t.malformed(fmt.Sprintf("its signature has %d of %d characters: the end was not copied", n, length))
	case n > length:
		return t.malformed(fmt.Sprintf("its signature has %d characters where HS256 has %d: something was copied with it", n, length))
	}
	if _, err := strict.DecodeString(signature); err != nil {
		return t.malformed("its signature does not decode: its last character is wrong")
	}
	return t
}
