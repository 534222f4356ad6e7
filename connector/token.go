package connector

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/100ms-connector/connector-go/connector/internal/claims"
	"github.com/100ms-connector/connector-go/connector/internal/pasted"
)

// Kind says what a token's claims make of it.
type Kind string

// The kinds of tokens. 100ms documents two (docs, security-and-tokens).
const (
	KindManagement Kind = claims.Management // server side: type is "management"
	KindApp        Kind = claims.App        // client side: type is "app", or no type and a room_id, role or user_id
	KindUnknown    Kind = claims.Unknown    // neither
)

// Lookalike says what a value that is not a token looks like.
type Lookalike string

// What people paste in a token's place.
const (
	LookalikeAccessKey    Lookalike = pasted.AccessKey    // 24 hexadecimal digits
	LookalikeAppSecret    Lookalike = pasted.AppSecret    // about 172 base64url characters, alone or behind something: "accessKey:", "SECRET="
	LookalikeRoomCode     Lookalike = pasted.RoomCode     // abc-defg-hij, or a link that ends with one
	LookalikeEncodedToken Lookalike = pasted.EncodedToken // a token in base64, as a Kubernetes Secret holds it
	LookalikePlaceholder  Lookalike = pasted.Placeholder  // undefined, changeme, <token>, $TOKEN
	LookalikeEmpty        Lookalike = pasted.Empty
	LookalikeUnknown      Lookalike = pasted.Unknown
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
	Fault     Code      // NotAToken, MalformedToken, UnsupportedAlgorithm, or empty: with one of them it is never sent
	LooksLike Lookalike // set with NotAToken

	readable      bool      // header and claims could be decoded
	endless       bool      // the claims have no exp
	evidence      string    // of Fault, for people
	contradiction string    // why the times cannot be right together, for people; such a token is sent
	odd           string    // what a claim shows that no 100ms token has, though it breaks no rule
	savedAt       time.Time // when the credential was saved, for a token that does not say when it was made
}

// Inspect reads what a value says of itself, after cleaning it as Clean does.
// It does not verify the signature, which only the holder of the App Secret
// (see SigningKey.Verify) and the API (see Tester) can.
func Inspect(value string) Token {
	t, _ := read(value)
	t.AsOf = time.Now()
	return t
}

// Clean takes off what copying and pasting adds to a token: white space, line
// breaks, zero-width characters, quotes, a leading "Bearer", and what else stands
// around one whole token, such as NAME= before it. It names what it removed. An
// intact value, or one that is not UTF-8 text, comes back as it is.
func Clean(value string) (clean string, removed []string) { return pasted.Clean(value) }

// HoldsSecret is the one rule of what must not stand in clear, in a name, an
// argument or a log: it is true of a text that has a token, a part of one or an App
// Secret anywhere in it.
func HoldsSecret(text string) bool { return pasted.HoldsSecret(text) }

// Readable says whether the header and the claims could be decoded, whatever is
// wrong with them.
func (t Token) Readable() bool { return t.readable }

// Oddity says what a claim has that no token of 100ms was seen to have, although it
// breaks no rule: an access key with a line end behind it, a user_id that is a number.
// It is empty where there is nothing to say.
func (t Token) Oddity() string { return t.odd }

// read inspects a value and returns the token itself beside it, cleaned. The
// two are kept apart so that printing a Token cannot print the token.
func read(value string) (Token, string) {
	t := Token{Kind: KindUnknown}
	if len(value) > MaxDocument { // cleaning costs time in proportion
		return t.notAToken("the value is longer than 64 KiB", LookalikeUnknown), ""
	}
	clean, removed := pasted.Clean(value)
	t.Removed = removed
	parts, evidence := pasted.Cut(clean)
	if evidence != "" {
		looks := looks(value, clean)
		if more := pasted.Evidence(clean); looks == LookalikeUnknown && more != "" {
			evidence = more
		}
		return t.notAToken(evidence, looks), clean
	}
	payload, ok := pasted.Claims(parts.Payload)
	if !ok {
		return t.malformed("its second segment does not decode to a JSON object"), clean
	}
	alg := "HS256"
	if parts.Header != headerHS256 { // the usual one needs no decoding
		head, ok := pasted.Claims(parts.Header)
		if !ok {
			return t.malformed("its first segment does not decode to a JSON object"), clean
		}
		alg = ""
		if m := head.Last("alg"); m != nil {
			alg = m.Text
		}
	}
	t.readable = true
	return t.withClaims(claims.Read(payload)).withAlgorithm(alg).withSignature(parts), clean
}

// looks says what a value that is no token looks like. Words are not a key: only
// without their blanks are they as long as one.
func looks(value, clean string) Lookalike {
	l := pasted.Looks(clean)
	if l != pasted.AppSecret || slices.ContainsFunc(strings.Split(value, " "), func(word string) bool {
		word, _ = pasted.Clean(word)
		return pasted.Looks(word) == pasted.AppSecret
	}) {
		return Lookalike(l)
	}
	return LookalikeUnknown
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

func (t Token) withClaims(s claims.Set) Token {
	t.Kind, t.AccessKey, t.ID, t.Version = Kind(s.Kind), s.AccessKey, s.ID, s.Version
	t.IssuedAt, t.NotBefore, t.ExpiresAt = s.IssuedAt, s.NotBefore, s.ExpiresAt
	t.endless, t.contradiction, t.odd = s.Endless, s.Contradiction, s.Oddity
	if s.Unreadable != "" {
		return t.malformed(s.Unreadable)
	}
	return t
}

// withAlgorithm judges the header's alg.
func (t Token) withAlgorithm(alg string) Token {
	if alg == "" {
		t.Fault, t.evidence = UnsupportedAlgorithm, "its header names no algorithm"
		return t
	}
	t.Algorithm = pasted.Presentable(alg, 16)
	if alg != "HS256" {
		t.Fault, t.evidence = UnsupportedAlgorithm, fmt.Sprintf("its header says %q", t.Algorithm)
	}
	return t
}

// withSignature judges the signature by its form: an HMAC of 256 bits has 43
// characters, so a shorter one was cut off while copying.
func (t Token) withSignature(parts pasted.Parts) Token {
	const length = 43
	if t.Fault == UnsupportedAlgorithm {
		return t
	}
	switch n := len(parts.Signature); {
	case parts.WrongAlphabet():
		return t.malformed("it is written in standard base64, with +, / or =; a token has - and _ in their place and no = at an end")
	case n == 64 && pasted.IsHex(parts.Signature):
		return t.malformed("its signature is written in hexadecimal digits; a token has it in base64url, 43 characters")
	case n < length:
		return t.malformed(fmt.Sprintf("its signature has %d of %d characters: the end was not copied", n, length))
	case n > length:
		return t.malformed(fmt.Sprintf("its signature has %d characters where HS256 has %d: something was copied with it", n, length))
	}
	if _, err := pasted.Strict.DecodeString(parts.Signature); err != nil {
		return t.malformed("its signature does not decode: its last character is wrong")
	}
	return t
}
