// Package answer reads what a server answered to a call with a token: the shape of
// the answer, its words, whether it is 100ms's answer at all, and what its clock
// says. It knows nothing of tokens: what an answer says of one is for its caller to
// judge.
package answer

import (
	"bytes"
	"net/http"
	"slices"
	"strings"

	"github.com/100ms-connector/connector-go/connector/internal/words"
)

// Meaning is what an answer's status, shape and words amount to.
type Meaning string

// What an answer can mean. Only those up to Forbidden are the API's word on a token.
const (
	Success       Meaning = "2xx in the documented shape"
	Refused       Meaning = "401 without a reason"
	SaysExpired   Meaning = "401 or 403 that says expired"
	SaysNotYet    Meaning = "401 or 403 that says not yet valid"
	SaysSignature Meaning = "401 or 403 that says wrong signature"
	Forbidden     Meaning = "403 in the API's words"

	RateLimited  Meaning = "429"
	Unavailable  Meaning = "5xx"
	ProxyRefused Meaning = "a proxy's refusal"
	SaysNoToken  Meaning = "401 or 403 that says no token came"
	Foreign      Meaning = "not 100ms's answer"
)

// Answer is an answer that was read.
type Answer struct {
	Status  int
	Meaning Meaning
	Shape   Shape
	Words   string // what it says, as it says it: it may hold an echo of the token
	Asks    string // the scheme that a 401 asks for in place of Bearer; empty if it asks for none
}

// Read reads an answer whose body is whole; truncated says that more came than was
// read. complete says whether a body is what the call asked for.
func Read(status int, header http.Header, body []byte, truncated bool, complete func(body []byte) bool) Answer {
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\ufeff")))
	a := Answer{Status: status, Shape: shapeOf(body, header.Get("Content-Type"), truncated)}
	if status >= 200 && status <= 299 && !truncated && a.Shape == JSON && complete(body) {
		a.Meaning = Success // which needs no words
		return a
	}
	a.Words = wordsOf(a.Shape, body)
	a.Meaning = a.judge(header, body)
	return a
}

func (a *Answer) judge(header http.Header, body []byte) Meaning {
	switch s := a.Status; {
	case s == http.StatusForbidden && strings.Contains(strings.ToLower(a.Words), "rbac: access denied"):
		return ProxyRefused // Envoy's, before the API saw the call
	case (s == http.StatusUnauthorized || s == http.StatusForbidden) && a.Shape.speaksAPI():
		return a.judgeRefusal(header, body)
	case s == http.StatusProxyAuthRequired:
		return ProxyRefused
	case s == http.StatusTooManyRequests:
		return RateLimited
	case s == http.StatusNetworkAuthenticationRequired:
		return Foreign // a portal's by definition (RFC 6585): it never comes from the server that was called
	case s >= 500 && s <= 599:
		return Unavailable
	}
	return Foreign
}

// judgeRefusal judges a 401 or 403 in a shape in which the API answers.
func (a *Answer) judgeRefusal(header http.Header, body []byte) Meaning {
	description, other := challenge(header)
	if other != "" {
		a.Asks = other
		return Foreign
	}
	if description != "" {
		a.Words = strings.TrimPrefix(a.Words+"; "+description, "; ")
	}
	switch means := refusal(a.Words); {
	case means != "":
		return means
	case a.Status == http.StatusUnauthorized:
		return Refused
	case knownDenial(a.Words), a.Shape == JSON && isEnvelope(body):
		return Forbidden
	}
	return Foreign
}

// refusals are the phrases by which servers name a cause: golang-jwt's of several
// versions and PyJWT's, jsonwebtoken's and Envoy's (seen in public logs, or
// inferred). Whole phrases, for a bare word means other things: "trial period
// expired".
var refusals = []struct {
	phrase string
	means  Meaning
}{
	{"signature has expired", SaysExpired}, // PyJWT; no word on the signature
	{"token is expired", SaysExpired},
	{"token has expired", SaysExpired},
	{"token expired", SaysExpired},
	{"expired token", SaysExpired},
	{"jwt is expired", SaysExpired},
	{"jwt expired", SaysExpired},
	{"jwt has expired", SaysExpired},
	{"not valid yet", SaysNotYet},
	{"not yet valid", SaysNotYet},
	{"used before issued", SaysNotYet},
	{"jwt not active", SaysNotYet},
	{"signature is invalid", SaysSignature},
	{"invalid signature", SaysSignature},
	{"signature is not valid", SaysSignature},
	{"signature verification failed", SaysSignature},
	{"signature mismatch", SaysSignature},
	{"signature does not match", SaysSignature},
	{"signature validation failed", SaysSignature},
	{"bad signature", SaysSignature},
	{"jwt verification fails", SaysSignature},
	{"token verification failed", SaysSignature},
	// Not "missing or malformed jwt", which some libraries say of a bad token too.
	{"jwt is missing", SaysNoToken},
	{"jwt must be provided", SaysNoToken},
	{"missing authorization header", SaysNoToken},
	{"authorization header missing", SaysNoToken},
	{"authorization header is missing", SaysNoToken},
	{"authorization header is required", SaysNoToken},
	{"no authorization header", SaysNoToken},
	{"jwks remote fetch is failed", Unavailable}, // Envoy could not learn the keys
}

// refusal is what the words of a refusal mean; empty if they name no cause.
func refusal(words string) Meaning {
	words = strings.ToLower(words)
	for _, r := range refusals {
		if strings.Contains(words, r.phrase) {
			return r.means
		}
	}
	return ""
}

// denials are the words of a 403 that 100ms, or its JWT filter, was seen or is
// documented to say, in whatever shape they come.
var denials = []string{
	"user does not have required permission", // seen: a valid token, a room of others
	"insufficient permissions",               // 100ms docs, analytics
	"audiences in jwt are not allowed",       // Envoy's JWT filter
	"jwt issuer is not configured",
}

func knownDenial(words string) bool {
	words = strings.ToLower(words)
	return slices.ContainsFunc(denials, func(known string) bool { return strings.Contains(words, known) })
}

// challenge reads WWW-Authenticate: the description of a Bearer challenge, or the
// scheme that is asked for in its place. 100ms sends no such header; a proxy that
// wants a password does.
func challenge(header http.Header) (description, other string) {
	for _, value := range header.Values("WWW-Authenticate") {
		// A realm may hold anything, the word Bearer too.
		unquoted := quoted().ReplaceAllStringFunc(value, func(text string) string { return strings.Repeat("_", len(text)) })
		if at := bearer().FindStringIndex(unquoted); at != nil {
			if found := described().FindStringIndex(unquoted[at[1]:]); found != nil {
				description = parameter(value[at[1]+found[1]:])
			}
			return description, ""
		}
		if other == "" {
			other, _, _ = strings.Cut(strings.TrimSpace(value), " ")
		}
	}
	return "", other
}

// parameter is the value of a parameter, which begins the text.
func parameter(text string) string {
	at := quoted().FindStringIndex(text)
	if at == nil || at[0] != 0 {
		at = bareWord().FindStringIndex(text)
		return text[at[0]:at[1]]
	}
	return escaped().ReplaceAllString(text[1:at[1]-1], "$1")
}

var (
	quoted    = words.Pattern(`"(?:[^"\\]|\\.)*"`)
	escaped   = words.Pattern(`\\(.)`)
	bareWord  = words.Pattern(`^[^\s,]*`)
	bearer    = words.Pattern(`(?i)(^|,)\s*Bearer(\s|,|$)`)
	described = words.Pattern(`(?i)error_description\s*=\s*`)
)
