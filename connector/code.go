package connector

import (
	"slices"
	"sync"
)

// Verdict is what a connection test concludes about a credential. The set is
// closed.
type Verdict string

// The verdicts. Only VerdictAccepted is good news: "not tested" is never green, and a
// fault of the environment is never called a bad credential.
const (
	VerdictAccepted     Verdict = "accepted"     // the API answered the probe with 2xx and the documented shape
	VerdictRejected     Verdict = "rejected"     // the credential is at fault
	VerdictInconclusive Verdict = "inconclusive" // the call could not be made or judged
	VerdictNotTested    Verdict = "not_tested"   // no call was asked for and the claims show no fault
)

// Code says which of the causes it is. The set is closed and stable: wording
// may change, a code may not. A Code is an error, so that a caller can ask
//
//	errors.Is(report.Err(), connector.ExpiredToken)
type Code string

// Error returns the code itself.
func (c Code) Error() string { return string(c) }

// What can be said of a credential.
const (
	OK        Code = "ok"
	Untested  Code = "not_tested"
	NotAToken Code = "not_a_token"

	MalformedToken       Code = "malformed_token"
	UnsupportedAlgorithm Code = "unsupported_algorithm"
	WrongTokenType       Code = "wrong_token_type"
	ExpiredToken         Code = "expired_token"
	TokenNotYetValid     Code = "token_not_yet_valid"
	SignatureRejected    Code = "signature_rejected"
	TokenRefused         Code = "token_refused"
	PermissionDenied     Code = "permission_denied"
	InvalidCredential    Code = "invalid_credential"
)

// What can be said of the environment.
const (
	RateLimited        Code = "rate_limited"
	ServiceUnavailable Code = "service_unavailable"
	Timeout            Code = "timeout"
	DNSFailure         Code = "dns_failure"
	ConnectionRefused  Code = "connection_refused"
	NetworkFailure     Code = "network_failure"
	TLSFailure         Code = "tls_failure"
	ProxyFailure       Code = "proxy_failure"
	Redirected         Code = "redirected"
	UnexpectedResponse Code = "unexpected_response"
	Canceled           Code = "canceled"
)

// Warnings, beside any verdict.
const (
	ExpiresSoon         Code = "expires_soon"
	NoExpiry            Code = "no_expiry"
	LongLived           Code = "long_lived"
	ClockSkew           Code = "clock_skew"
	PasteDamage         Code = "paste_damage" // of a document, a problem
	UnexpectedTokenType Code = "unexpected_token_type"
	ExpiredButAccepted  Code = "expired_but_accepted"
)

// Problems of a credential document.
const (
	EmptyDocument      Code = "empty_document"
	Syntax             Code = "syntax"
	NotUTF8            Code = "not_utf8"
	DuplicateKey       Code = "duplicate_key"
	TooLarge           Code = "too_large"
	MissingField       Code = "missing_field"
	UnknownField       Code = "unknown_field"
	WrongType          Code = "wrong_type"
	Blank              Code = "blank"
	TooLong            Code = "too_long"
	UnresolvedVariable Code = "unresolved_variable"
	LiteralSecret      Code = "literal_secret"
	HoldsSigningKey    Code = "signing_key"
)

// Class says what a code is about.
type Class string

// The classes of codes.
const (
	ClassCredential  Class = "credential"  // the verdict is VerdictRejected
	ClassEnvironment Class = "environment" // the verdict is VerdictInconclusive
	ClassDocument    Class = "document"    // a problem of a credential document
	ClassSuccess     Class = "success"     // nothing is at fault
	ClassWarning     Class = "warning"     // worth knowing beside any verdict
)

// CodeInfo explains one code.
type CodeInfo struct {
	Code    Code
	Class   Class
	Meaning string // one sentence fragment: what it says
	Remedy  string // the next step; empty where there is none to take
}

const makeToken = "In the 100ms dashboard open Developer and copy a new Management Token, or sign one with the App Secret"

// codes is the one place in which a code, its class, its meaning and its
// remedy stand. The printers, the README and the web form all read it.
var codes = []CodeInfo{
	{OK, ClassSuccess, "the API accepted the token", ""},
	{Untested, ClassSuccess, "no call was made: none was asked for and the claims show no fault, or there was no credential to test", "Ask the API: run the test with a call."},

	{NotAToken, ClassCredential, "the value is not a token: it is not three base64url segments joined by dots", makeToken + "."},
	{MalformedToken, ClassCredential, "the value looks like a token, but is damaged or was made wrongly", "Copy the whole token again, to its last character. If you sign tokens yourself, give iat, nbf and exp in seconds and use a JWT library."},
	{UnsupportedAlgorithm, ClassCredential, "the token is not signed with HS256, the only algorithm of 100ms", "Sign with HS256 and the App Secret as the key, or copy a Management Token from the dashboard."},
	{WrongTokenType, ClassCredential, "this is not a management token", makeToken + ". App tokens are for clients that join a room."},
	{ExpiredToken, ClassCredential, "the token has expired", makeToken + ", and put it in place of this one."},
	{TokenNotYetValid, ClassCredential, "the token is not valid yet", "Wait until then, or make a token whose iat and nbf are not ahead; check the clock of the machine that signs tokens."},
	{SignatureRejected, ClassCredential, "the token is not signed with the App Secret of its workspace", "Sign with the App Secret that belongs to this access key, its characters as shown and not base64-decoded; if the secret was rotated, use the new one."},
	{TokenRefused, ClassCredential, "the API refused the token without saying why, and its claims look right", "Check that the App Secret was not rotated, that the token is of this workspace and that its access key was not deleted; then copy a new Management Token from the dashboard (Developer)."},
	{PermissionDenied, ClassCredential, "the API knows the token but does not let it do this", "Ask an owner or admin of the workspace for a Management Token that may list rooms."},
	{InvalidCredential, ClassCredential, "the credential document breaks its schema", "Mend the problems listed; connector validate shows each with its line."},

	{RateLimited, ClassEnvironment, "the API asks to slow down", "Wait, then test again, fewer credentials at once."},
	{ServiceUnavailable, ClassEnvironment, "the API is in trouble", "Test again later; see the status page of 100ms. The credential was not judged."},
	{Timeout, ClassEnvironment, "no complete answer came in time", "Test again, with a longer timeout if the network is slow; check that a firewall lets the call through."},
	{DNSFailure, ClassEnvironment, "the API's host name could not be resolved", "Check the network, the DNS server and the spelling of the base URL."},
	{ConnectionRefused, ClassEnvironment, "nothing accepts connections at the API's address", "Check the base URL and its port, and the firewall."},
	{NetworkFailure, ClassEnvironment, "the connection broke before a complete answer came", "Test again; if it stays, check the network between this machine and the API."},
	{TLSFailure, ClassEnvironment, "no trusted TLS connection could be made", "Check this machine's clock and root certificates; a company proxy that opens TLS needs its own certificate installed here."},
	{ProxyFailure, ClassEnvironment, "the proxy did not let the call through", "Check HTTPS_PROXY, NO_PROXY and the proxy's user name and password."},
	{Redirected, ClassEnvironment, "the API's address points to another origin; the token was not sent there", "Check the base URL; a captive portal or a proxy may be answering in the API's place."},
	{UnexpectedResponse, ClassEnvironment, "what answered does not answer like 100ms", "Check the base URL; a captive portal, a proxy or a firewall may be answering in the API's place."},
	{Canceled, ClassEnvironment, "the test was canceled before an answer came", "Test again."},

	{ExpiresSoon, ClassWarning, "the token expires soon", "Renew it before then."},
	{NoExpiry, ClassWarning, "the token has no exp claim and never expires", "Sign tokens with an exp claim, so that a leaked one ends."},
	{LongLived, ClassWarning, "the token lives longer than 14 days, the dashboard's maximum", "Sign tokens for days, not months, and renew them."},
	{ClockSkew, ClassWarning, "this machine's clock and the API's differ", "Set this machine's clock; times said to be left are wrong by the difference."},
	{PasteDamage, ClassWarning, "the value was damaged when it was pasted", "Save the token alone: no white space, no line breaks, no quotes and no leading Bearer."},
	{UnexpectedTokenType, ClassWarning, "the API accepted a token whose claims are not a management token's", "Prefer a Management Token: other kinds work on a few paths only."},

	{ExpiredButAccepted, ClassWarning, "the token has expired, yet the API still accepts it", "Renew it now: the API may stop at any moment."},

	{EmptyDocument, ClassDocument, "the document is empty", `Write a JSON object with "name" and "api_key_value".`},
	{Syntax, ClassDocument, "the document is not JSON", "Mend the JSON at this place."},
	{NotUTF8, ClassDocument, "the document is not UTF-8 text", "Save the file as UTF-8."},
	{DuplicateKey, ClassDocument, "a field is given twice", "Keep one of them: JSON parsers silently take the last."},
	{TooLarge, ClassDocument, "the document is larger than 64 KiB", "Give a document that holds one credential and nothing else."},
	{MissingField, ClassDocument, "a required field is missing", "Add the field."},
	{UnknownField, ClassDocument, "the field is not one of a credential", "Remove the field; a credential has name, description and api_key_value."},
	{WrongType, ClassDocument, "the value has the wrong JSON type", "Give the value as a JSON string."},
	{Blank, ClassDocument, "the field must not be blank", "Give it a value."},
	{TooLong, ClassDocument, "the value is too long", "Shorten it."},
	{UnresolvedVariable, ClassDocument, "the value is a variable that nothing replaced", "Set the variable and have it replaced (the command does so with --expand-env), or let the deployment write the value."},
	{LiteralSecret, ClassDocument, "the document itself holds a secret", "Put a variable such as ${HMS_TOKEN} in its place, and make a new secret: this one can be read by whoever can read the document."},
	{HoldsSigningKey, ClassDocument, "the document holds an App Secret: it is a key file, not a credential", "Sign a token with it (connector token mint --key-file FILE) and keep that as api_key_value; never give a host the App Secret."},
}

// byCode is codes, indexed.
var byCode = sync.OnceValue(func() map[Code]CodeInfo {
	m := make(map[Code]CodeInfo, len(codes))
	for _, c := range codes {
		m[c.Code] = c
	}
	return m
})

// Codes lists every code with its meaning and remedy, in the order in which
// the documentation shows them.
func Codes() []CodeInfo { return slices.Clone(codes) }

// Info explains the code; of a code that does not exist, only Code is set.
func (c Code) Info() CodeInfo {
	info := byCode()[c]
	info.Code = c
	return info
}

// MendedByNewToken says whether a new token of the right kind puts right what the
// code says: true of every code about a credential but PermissionDenied, which a new
// token of the same workspace meets again.
func (c Code) MendedByNewToken() bool {
	return byCode()[c].Class == ClassCredential && c != PermissionDenied
}

// verdict is the verdict that goes with a code.
func (c Code) verdict() Verdict {
	switch {
	case c == OK:
		return VerdictAccepted
	case c == Untested:
		return VerdictNotTested
	case byCode()[c].Class == ClassEnvironment:
		return VerdictInconclusive
	}
	return VerdictRejected
}
