package connector

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector/internal/answer"
	"github.com/100ms-connector/connector-go/connector/internal/probe"
	"github.com/100ms-connector/connector-go/fixtures"
)

// noon is the moment at which all cases of the decision table are judged: decide
// is pure, so no clock is needed.
var noon = time.Date(2026, 6, 2, 12, 0, 0, 0, time.UTC)

// valueOf is the value of one of the fixtures' cases, as of noon.
func valueOf(t *testing.T, name string) string {
	t.Helper()
	for _, c := range fixtures.Cases(noon) {
		if c.Name == name {
			return c.Value
		}
	}
	t.Fatalf("there is no case %q", name)
	return ""
}

// managed is a management token with claims changed.
func managed(change func(fixtures.Claims) fixtures.Claims) string {
	k := fixtures.Workspace()
	return fixtures.Sign(k, change(fixtures.Management(k, noon.Add(-time.Hour), 7*24*time.Hour)))
}

// seenAnswer is an exchange that ended with an answer, seen at noon by both clocks.
func seenAnswer(status int, contentType, body string) exchange {
	return exchange{
		status: status, body: []byte(body), attempts: 1, received: noon, latency: 41 * time.Millisecond,
		header: http.Header{"Content-Type": {contentType}, "Date": {noon.Format(http.TimeFormat)}},
	}
}

// exp changes a token's end.
func exp(at int64) func(fixtures.Claims) fixtures.Claims {
	return func(c fixtures.Claims) fixtures.Claims { return c.With("exp", at) }
}

// challenged is a 401 without a body that asks for authentication.
func challenged(challenges ...string) exchange {
	seen := seenAnswer(401, "", "")
	seen.header["Www-Authenticate"] = challenges
	return seen
}

func as403(e exchange) exchange {
	e.status = 403
	return e
}

// at shifts the server's clock.
func (e exchange) at(shift time.Duration) exchange {
	e.header = e.header.Clone()
	e.header.Set("Date", e.received.Add(shift).Format(http.TimeFormat))
	return e
}

const (
	asJSON  = "application/json; charset=utf-8"
	asPlain = "text/plain; charset=utf-8"
	asHTML  = "text/html; charset=utf-8"
	rooms   = `{"limit":10,"data":null,"last":""}`
	terse   = `{"code":401,"message":"Token validation error","details":["not found"]}`
	page    = "<!DOCTYPE html><html><body>Sign in: your session has expired</body></html>"
)

// judged is the report on value after seen; nil stands for no call.
func judged(value string, seen *exchange, forged bool) *Report {
	token, clean := read(value)
	f := facts{name: "synthetic", token: token, forged: forged, reply: reply{means: notAsked}, now: noon}
	if seen != nil {
		f.reply = classify(*seen, clean, answer.IsRooms)
	}
	return decide(f)
}

func TestTheDecisionTableRowByRow(t *testing.T) {
	seen := func(e exchange) *exchange { return &e }
	failed := func(err error) *exchange { return &exchange{attempts: 1, received: noon, err: err} }
	said := func(words string) *exchange {
		return seen(seenAnswer(401, asJSON, fmt.Sprintf(`{"code":401,"message":%q}`, words)))
	}
	refusal, denial := seen(seenAnswer(401, asJSON, terse)), seen(seenAnswer(403, asJSON, `{"code":403,"message":"user does not have required permission"}`))
	success := seen(seenAnswer(200, asJSON, rooms))

	visited := map[string]bool{}
	for _, c := range []struct {
		row    string // of the documentation's table
		name   string
		value  string
		forged bool
		seen   *exchange // nil if no call was made
		code   Code
		by     Confirmation
		also   []Code
	}{
		{"1", "an access key is not a token", valueOf(t, "access-key"), false, nil, NotAToken, ConfirmedByClaims, nil},
		{"1", "an App Secret is not a token", valueOf(t, "app-secret"), false, nil, NotAToken, ConfirmedByClaims, nil},
		{"1", "five segments are not a token", valueOf(t, "five-segments"), false, nil, NotAToken, ConfirmedByClaims, nil},
		{"1", "nothing is not a token", "", false, nil, NotAToken, ConfirmedByClaims, nil},
		{"2", "a token cut short is malformed", valueOf(t, "truncated"), false, nil, MalformedToken, ConfirmedByClaims, nil},
		{"2", "milliseconds are malformed", valueOf(t, "milliseconds"), false, nil, MalformedToken, ConfirmedByClaims, nil},
		{"2", "an unsigned token has no algorithm that counts", valueOf(t, "alg-none"), false, nil, UnsupportedAlgorithm, ConfirmedByClaims, nil},
		{"2", "RS256 is not HS256", valueOf(t, "alg-rs256"), false, nil, UnsupportedAlgorithm, ConfirmedByClaims, nil},
		{"3", "a live token that is let in is accepted", valueOf(t, "live"), false, success, OK, ConfirmedByServer, nil},
		{"3", "an app token that is let in is accepted", valueOf(t, "app"), false, success, OK, ConfirmedByServer, nil},
		{"3", "an expired token that is let in is accepted", valueOf(t, "expired"), false, success, OK, ConfirmedByServer, nil},
		{"3", "a token from the future that is let in is accepted", valueOf(t, "not-yet-valid"), false, success, OK, ConfirmedByServer, nil},
		{"3", "a token that the signing key disowns, let in, is accepted", valueOf(t, "live"), true, success, OK, ConfirmedByServer, nil},
		{"4", "an app token at a 401 is of the wrong type", valueOf(t, "app"), false, refusal, WrongTokenType, ConfirmedByBoth, nil},
		{"4", "an app token at a 403 is of the wrong type", valueOf(t, "app"), false, denial, WrongTokenType, ConfirmedByBoth, nil},
		{"4", "an untyped app token at a 401 is of the wrong type", valueOf(t, "app-untyped"), false, refusal, WrongTokenType, ConfirmedByBoth, nil},
		{"4", "an expired app token is of the wrong type first: a new one would not help", valueOf(t, "app-expired"), false, refusal, WrongTokenType, ConfirmedByBoth, []Code{ExpiredToken}},
		{"4", "an app token that the server calls expired is of the wrong type first", valueOf(t, "app"), false, said("Token is expired"), WrongTokenType, ConfirmedByBoth, []Code{ExpiredToken}},
		{"4", "an app token whose signature the server denies is of the wrong type first", valueOf(t, "app"), false, said("signature is invalid"), WrongTokenType, ConfirmedByBoth, []Code{SignatureRejected}},
		{"5", "an expired token at a 401 has expired", valueOf(t, "expired"), false, refusal, ExpiredToken, ConfirmedByBoth, nil},
		{"5", "an expired token at a 403 has expired", valueOf(t, "expired"), false, denial, ExpiredToken, ConfirmedByBoth, nil},
		{"5", "an expired token that the server calls expired is one finding, not two", valueOf(t, "expired"), false, said("token is expired by 24h0m0s"), ExpiredToken, ConfirmedByBoth, nil},
		{"5", "an expired token whose signature the server denies keeps both", valueOf(t, "expired"), false, said("signature is invalid"), ExpiredToken, ConfirmedByBoth, []Code{SignatureRejected}},
		{"6", "a token from the future at a 401 is not valid yet", valueOf(t, "not-yet-valid"), false, refusal, TokenNotYetValid, ConfirmedByBoth, nil},
		{"6", "a token from the future at a 403 is not valid yet", valueOf(t, "not-yet-valid"), false, denial, TokenNotYetValid, ConfirmedByBoth, nil},
		{"6", "without nbf, iat counts", valueOf(t, "issued-ahead"), false, refusal, TokenNotYetValid, ConfirmedByBoth, nil},
		{"7", "a 401 that says expired", valueOf(t, "live"), false, said("token is expired by 1h2m3s"), ExpiredToken, ConfirmedByServer, nil},
		{"7", "a 401 that says not valid yet", valueOf(t, "live"), false, said("token is not valid yet"), TokenNotYetValid, ConfirmedByServer, nil},
		{"7", "a 401 that says used before issued", valueOf(t, "live"), false, said("Token used before issued"), TokenNotYetValid, ConfirmedByServer, nil},
		{"7", "a 401 that says signature", valueOf(t, "live"), false, said("signature is invalid"), SignatureRejected, ConfirmedByServer, nil},
		{"7", "a token that the signing key disowns at a 401", valueOf(t, "live"), true, refusal, SignatureRejected, ConfirmedByBoth, nil},
		{"8", "a 401 in the API's words and no others", valueOf(t, "live"), false, refusal, TokenRefused, ConfirmedByServer, nil},
		{"8", "a 401 in plain text", valueOf(t, "live"), false, seen(seenAnswer(401, asPlain, "token contains an invalid number of segments")), TokenRefused, ConfirmedByServer, nil},
		{"8", "a 401 without a body", valueOf(t, "live"), false, seen(seenAnswer(401, "", "")), TokenRefused, ConfirmedByServer, nil},
		{"8", "a foreign secret, of which nobody says a word", valueOf(t, "foreign-secret"), false, refusal, TokenRefused, ConfirmedByServer, nil},
		{"9", "a 403 in JSON", valueOf(t, "live"), false, denial, PermissionDenied, ConfirmedByServer, nil},
		{"9", "a 403 in plain text and the API's words", valueOf(t, "live"), false, seen(seenAnswer(403, asPlain, "insufficient permissions")), PermissionDenied, ConfirmedByServer, nil},
		{"7", "a 403 that says expired: some services answer so to a bad token", valueOf(t, "live"), false, seen(seenAnswer(403, asPlain, "Signature has expired")), ExpiredToken, ConfirmedByServer, nil},
		{"7", "the description of a Bearer challenge counts", valueOf(t, "live"), false, seen(challenged(`Bearer realm="api", error="invalid_token", error_description="The access token expired"`)), ExpiredToken, ConfirmedByServer, nil},
		{"8", "a trial that expired is no token that expired", valueOf(t, "live"), false, said("trial period expired"), TokenRefused, ConfirmedByServer, nil},
		{"9", "a 403 in an envelope of the API's, whatever it says", valueOf(t, "live"), false, seen(seenAnswer(403, asJSON, `{"message":"no","details":["x"]}`)), PermissionDenied, ConfirmedByServer, nil},
		{"10", "a proxy that asks for a password", valueOf(t, "live"), false, seen(challenged(`Basic realm="proxy"`)), UnexpectedResponse, "", nil},
		{"10", "a gateway that asks for Negotiate or NTLM", valueOf(t, "live"), false, seen(challenged("Negotiate", "NTLM")), UnexpectedResponse, "", nil},
		{"10", "a realm that has Bearer in it is Basic's all the same", valueOf(t, "live"), false, seen(challenged(`Basic realm="staff, Bearer welcome"`)), UnexpectedResponse, "", nil},
		{"7", "the description of a Bearer challenge has quotes in it", valueOf(t, "live"), false, seen(challenged(`Bearer error_description="the \"JWT\": jwt expired"`)), ExpiredToken, ConfirmedByServer, nil},
		{"7", "the description of a Bearer challenge counts at a 403 too", valueOf(t, "live"), false, seen(as403(challenged(`Bearer error="invalid_token", error_description="The access token expired"`))), ExpiredToken, ConfirmedByServer, nil},
		{"7", "OAuth's description in a body counts", valueOf(t, "live"), false, seen(seenAnswer(401, asJSON, `{"error":"invalid_token","error_description":"The token is expired"}`)), ExpiredToken, ConfirmedByServer, nil},
		{"7", "the detail of a problem document counts", valueOf(t, "live"), false, seen(seenAnswer(401, "application/problem+json", `{"title":"Unauthorized","detail":"Signature is invalid"}`)), SignatureRejected, ConfirmedByServer, nil},
		{"7", "a list of errors counts", valueOf(t, "live"), false, seen(seenAnswer(401, asJSON, `{"errors":[{"message":"jwt expired"}]}`)), ExpiredToken, ConfirmedByServer, nil},
		{"10", "a 403 that asks for a password", valueOf(t, "live"), false, seen(as403(challenged(`Basic realm="proxy"`))), UnexpectedResponse, "", nil},
		{"10", "a firewall's 403 in JSON whose code is a word", valueOf(t, "live"), false, seen(seenAnswer(403, asJSON, `{"message":"Request blocked","code":"WAF_RULE"}`)), UnexpectedResponse, "", nil},
		{"10", "a firewall's 403 in JSON whose details are no list", valueOf(t, "live"), false, seen(seenAnswer(403, asJSON, `{"message":"Your address is blocked","details":{"ip":"192.0.2.1"}}`)), UnexpectedResponse, "", nil},
		{"10", "a token that was lost on the way is not refused", valueOf(t, "live"), false, said("missing authorization header"), UnexpectedResponse, "", nil},
		{"10", "nor is it in Envoy's words", valueOf(t, "live"), false, seen(seenAnswer(401, asPlain, "Jwt is missing")), UnexpectedResponse, "", nil},
		{"8", "missing or malformed says nothing of a loss", valueOf(t, "live"), false, said("missing or malformed jwt"), TokenRefused, ConfirmedByServer, nil},
		{"10", "a filter that could not learn the keys refuses every token", valueOf(t, "live"), false, seen(seenAnswer(401, asPlain, "Jwks remote fetch is failed")), ServiceUnavailable, "", nil},
		{"10", "a 511 comes from a portal, not from the API", valueOf(t, "live"), false, seen(seenAnswer(511, asJSON, `{"code":511}`)), UnexpectedResponse, "", nil},
		{"10", "a firewall's 403 in text", valueOf(t, "live"), false, seen(seenAnswer(403, asPlain, "Access denied by policy 17")), UnexpectedResponse, "", nil},
		{"10", "a firewall's 403 without a word", valueOf(t, "live"), false, seen(seenAnswer(403, "", "")), UnexpectedResponse, "", nil},
		{"10", "a gateway's 403 in JSON that is not the API's", valueOf(t, "live"), false, seen(seenAnswer(403, asJSON, `{"message":"Forbidden"}`)), UnexpectedResponse, "", nil},
		{"10", "the mesh's own refusal", valueOf(t, "live"), false, seen(seenAnswer(403, asPlain, "RBAC: access denied")), ProxyFailure, "", nil},
		{"3a", "an exp that is a duration, at a 401", managed(exp(86400)), false, refusal, MalformedToken, ConfirmedByBoth, nil},
		{"3a", "an exp that counts in thousands of seconds, at a 403", managed(exp(noon.Unix() / 1000)), false, denial, MalformedToken, ConfirmedByBoth, nil},
		{"3a", "an exp before iat, where somebody's integer overflowed", managed(exp(noon.Unix() - 1<<31/100)), false, refusal, MalformedToken, ConfirmedByBoth, nil},
		{"3a", "an exp of nothing", managed(exp(0)), false, refusal, MalformedToken, ConfirmedByBoth, nil},
		{"4", "an app token whose times contradict each other is of the wrong type first", managed(func(c fixtures.Claims) fixtures.Claims { return c.With("type", "app").With("exp", 60) }), false, refusal, WrongTokenType, ConfirmedByBoth, []Code{MalformedToken}},
		{"10", "times that contradict each other do so without the API", managed(exp(60)), false, seen(seenAnswer(503, asPlain, "no")), MalformedToken, ConfirmedByClaims, []Code{ServiceUnavailable}},
		{"12", "offline too", managed(exp(60)), false, nil, MalformedToken, ConfirmedByClaims, nil},
		{"3", "and if the API takes it, it is accepted", managed(exp(0)), false, success, OK, ConfirmedByServer, nil},
		{"6", "an iat alone that lies ahead", managed(func(c fixtures.Claims) fixtures.Claims {
			return c.With("iat", noon.Add(time.Hour).Unix())
		}), false, refusal, TokenNotYetValid, ConfirmedByBoth, nil},
		{"8", "an iat of null is none", managed(func(c fixtures.Claims) fixtures.Claims { return c.With("iat", nil) }), false, refusal, TokenRefused, ConfirmedByServer, nil},
		{"10", "a live token and a 429", valueOf(t, "live"), false, seen(seenAnswer(429, asJSON, `{"code":429}`)), RateLimited, "", nil},
		{"10", "a live token and a 500", valueOf(t, "live"), false, seen(seenAnswer(500, asJSON, `{"code":500}`)), ServiceUnavailable, "", nil},
		{"10", "a live token and a 401 page", valueOf(t, "live"), false, seen(seenAnswer(401, asHTML, page)), UnexpectedResponse, "", nil},
		{"10", "a live token and a 403 page", valueOf(t, "live"), false, seen(seenAnswer(403, asHTML, page)), UnexpectedResponse, "", nil},
		{"10", "a live token and a 200 page", valueOf(t, "live"), false, seen(seenAnswer(200, asHTML, page)), UnexpectedResponse, "", nil},
		{"10", "a live token and a 200 of another shape", valueOf(t, "live"), false, seen(seenAnswer(200, asJSON, `{"status":"UP"}`)), UnexpectedResponse, "", nil},
		{"10", "an app token stays one at a 503", valueOf(t, "app"), false, seen(seenAnswer(503, asPlain, "upstream connect error")), WrongTokenType, ConfirmedByClaims, []Code{ServiceUnavailable}},
		{"10", "an app token stays one behind a portal", valueOf(t, "app"), false, seen(seenAnswer(200, asHTML, page)), WrongTokenType, ConfirmedByClaims, []Code{UnexpectedResponse}},
		{"10", "an expired app token keeps all three findings", valueOf(t, "app-expired"), false, seen(seenAnswer(429, asJSON, `{}`)), WrongTokenType, ConfirmedByClaims, []Code{ExpiredToken, RateLimited}},
		{"10", "an expired token stays expired at a 429", valueOf(t, "expired"), false, seen(seenAnswer(429, asJSON, `{}`)), ExpiredToken, ConfirmedByClaims, []Code{RateLimited}},
		{"10", "a token from the future stays one behind a firewall", valueOf(t, "not-yet-valid"), false, seen(seenAnswer(403, asHTML, page)), TokenNotYetValid, ConfirmedByClaims, []Code{UnexpectedResponse}},
		{"10", "what the signing key says stands at a 500", valueOf(t, "live"), true, seen(seenAnswer(500, asJSON, `{}`)), SignatureRejected, ConfirmedByClaims, []Code{ServiceUnavailable}},
		{"11", "a live token and no answer", valueOf(t, "live"), false, failed(errors.New("connection reset by peer")), NetworkFailure, "", nil},
		{"11", "an app token stays one without an answer", valueOf(t, "app"), false, failed(errors.New("connection reset by peer")), WrongTokenType, ConfirmedByClaims, []Code{NetworkFailure}},
		{"11", "an expired token stays expired without an answer", valueOf(t, "expired"), false, failed(errors.New("tls: handshake failure")), ExpiredToken, ConfirmedByClaims, []Code{TLSFailure}},
		{"11", "a token from the future stays one without an answer", valueOf(t, "not-yet-valid"), false, failed(errors.New("EOF")), TokenNotYetValid, ConfirmedByClaims, []Code{NetworkFailure}},
		{"12", "offline, a live token is not tested", valueOf(t, "live"), false, nil, Untested, "", nil},
		{"12", "offline, an app token is of the wrong type", valueOf(t, "app"), false, nil, WrongTokenType, ConfirmedByClaims, nil},
		{"12", "offline, an expired app token is of the wrong type first", valueOf(t, "app-expired"), false, nil, WrongTokenType, ConfirmedByClaims, []Code{ExpiredToken}},
		{"12", "offline, an expired token has expired", valueOf(t, "expired"), false, nil, ExpiredToken, ConfirmedByClaims, nil},
		{"12", "offline, a token from the future is not valid yet", valueOf(t, "not-yet-valid"), false, nil, TokenNotYetValid, ConfirmedByClaims, nil},
		{"12", "offline, the signing key's word counts", valueOf(t, "live"), true, nil, SignatureRejected, ConfirmedByClaims, nil},
	} {
		t.Run(fmt.Sprintf("row %s: %s", c.row, c.name), func(t *testing.T) {
			r := judged(c.value, c.seen, c.forged)
			if r.Code != c.code || r.Verdict != c.code.verdict() || r.ConfirmedBy != c.by || !slices.Equal(r.Also, c.also) {
				t.Errorf("%s %s, confirmed by %q, also %v; want %s, confirmed by %q, also %v\n%s",
					r.Verdict, r.Code, r.ConfirmedBy, r.Also, c.code, c.by, c.also, r.Message)
			}
		})
		visited[c.row] = true
	}
	for _, row := range decisions {
		if !visited[row.number] {
			t.Errorf("no case is of row %s", row.number)
		}
	}
}

// situations is what the enumeration crosses: every kind of credential, and
// every kind of answer in every wording.
func situations() map[string]*exchange {
	all := map[string]*exchange{"no call": nil}
	add := func(name string, e exchange) { all[name] = &e }
	for _, words := range []string{
		"", "not found", "Token validation error", "signature is invalid", "token is expired by 1h2m3s", "token is not valid yet", "Token used before issued",
		"token contains an invalid number of segments", "Jwt is expired", "Jwt not yet valid", "Jwt verification fails", "insufficient permissions",
	} {
		add(fmt.Sprintf("401, %q in message", words), seenAnswer(401, asJSON, fmt.Sprintf(`{"code":401,"message":%q}`, words)))
		add(fmt.Sprintf("401, %q in details", words), seenAnswer(401, asJSON, fmt.Sprintf(`{"code":401,"message":"Token validation error","details":[%q]}`, words)))
		add(fmt.Sprintf("401, %q in description", words), seenAnswer(401, asJSON, fmt.Sprintf(`{"code":401,"data":{"description":%q}}`, words)))
		add(fmt.Sprintf("401, %q in msg", words), seenAnswer(401, asJSON, fmt.Sprintf(`{"token":"","msg":%q,"status":401}`, words)))
		add(fmt.Sprintf("401, %q as a string", words), seenAnswer(401, asJSON, fmt.Sprintf("%q", words)))
		add(fmt.Sprintf("401, %q as text", words), seenAnswer(401, asPlain, words))
		add(fmt.Sprintf("401, %q on a page", words), seenAnswer(401, asHTML, "<html>"+words+"</html>"))
	}
	for _, status := range []int{200, 204, 302, 400, 403, 404, 407, 408, 429, 500, 503, 999} {
		for _, words := range []string{"", "signature is invalid", "token is expired"} {
			add(fmt.Sprintf("%d, %q in message", status, words), seenAnswer(status, asJSON, fmt.Sprintf(`{"code":%d,"message":%q}`, status, words)))
			add(fmt.Sprintf("%d, %q as text", status, words), seenAnswer(status, asPlain, words))
		}
		add(fmt.Sprintf("%d, a page", status), seenAnswer(status, asHTML, page))
	}
	for _, shift := range []time.Duration{0, -9 * 24 * time.Hour, 9 * 24 * time.Hour, 61 * time.Second, -61 * time.Second} {
		add(fmt.Sprintf("success, clock %s", shift), seenAnswer(200, asJSON, rooms).at(shift))
		add(fmt.Sprintf("401, clock %s", shift), seenAnswer(401, asJSON, terse).at(shift))
		add(fmt.Sprintf("403, clock %s", shift), seenAnswer(403, asJSON, `{}`).at(shift))
		add(fmt.Sprintf("503, clock %s", shift), seenAnswer(503, asJSON, `{}`).at(shift))
		add(fmt.Sprintf("portal, clock %s", shift), seenAnswer(200, asHTML, page).at(shift))
	}
	redirect := seenAnswer(307, "", "")
	redirect.redirect = "https://other.example"
	add("a redirect elsewhere", redirect)
	long := seenAnswer(200, asJSON, rooms)
	long.truncated = true
	add("a body without end", long)
	waits := seenAnswer(429, asJSON, `{"message":"rate limit exceeded, retry after 45 seconds"}`)
	waits.wait, waits.waitKnown = 45*time.Second, true
	add("429 with a time", waits)
	for _, err := range []error{
		errors.New("EOF"), errors.New("malformed HTTP response"), errors.New("tls: bad certificate"), &probe.ProxyRefusal{Status: 407},
	} {
		add("no answer: "+err.Error(), exchange{attempts: 1, received: noon, err: err})
		cut := seenAnswer(302, "", "")
		cut.err = err
		add("an answer, then "+err.Error(), cut)
	}
	return all
}

func TestEveryCombinationIsDecidedOnceAndSoundly(t *testing.T) {
	stands, answers := map[standing]bool{}, map[answer.Meaning]bool{}
	pairs := map[string]bool{}
	n := 0
	for name, seen := range situations() {
		for _, c := range fixtures.Cases(noon) {
			for _, forged := range []bool{false, true} {
				token, clean := read(c.Value)
				f := facts{name: c.Title, follows: forged, token: token, forged: forged, reply: reply{means: notAsked}, now: noon}
				if seen != nil {
					f.reply = classify(*seen, clean, answer.IsRooms)
				}
				r := decide(f)
				n++

				// The facts again, as decide should have seen them.
				f.weigh()
				stand := f.standing()
				stands[stand], answers[f.reply.means] = true, true
				pairs[string(stand)+" / "+string(f.reply.means)] = true
				for _, complaint := range complaints(r, stand, f.reply.means) {
					t.Errorf("%s, forged %t, %s: %s\n%+v", c.Name, forged, name, complaint, r)
				}
				f.token.AsOf = time.Time{}
				if again := decide(f); !reflect.DeepEqual(r, again) {
					t.Errorf("%s, %s: the same facts gave two reports", c.Name, name)
				}
				if t.Failed() {
					return // one is enough to read
				}
			}
		}
	}
	t.Logf("%d combinations, %d pairs of standing and answer", n, len(pairs))
	everyStanding := []standing{notThree, damaged, wrongType, impossible, forged, expired, notYet, looksLive}
	everyAnswer := []answer.Meaning{notAsked, answer.Success, answer.Refused, answer.SaysExpired, answer.SaysNotYet, answer.SaysSignature, answer.Forbidden, trouble}
	for _, s := range everyStanding {
		for _, a := range everyAnswer {
			var fits []string
			for _, row := range decisions {
				if slices.Contains(row.standings, s) && slices.Contains(row.means, a) {
					fits = append(fits, row.number)
				}
			}
			if len(fits) != 1 {
				t.Errorf("a token that stands %q at the answer %q fits rows %v", s, a, fits)
			}
			if !pairs[string(s)+" / "+string(a)] {
				t.Errorf("no combination has a token that stands %q at the answer %q", s, a)
			}
		}
	}
	if len(stands) != len(everyStanding) || len(answers) != len(everyAnswer) {
		t.Errorf("there are %d standings and %d answers; the list of this test has %d and %d", len(stands), len(answers), len(everyStanding), len(everyAnswer))
	}
}

// complaints lists what a report does that none may.
func complaints(r *Report, stand standing, a answer.Meaning) []string {
	var found []string
	unless := func(ok bool, format string, args ...any) {
		if !ok {
			found = append(found, fmt.Sprintf(format, args...))
		}
	}
	byClass := map[Class]Verdict{ClassCredential: VerdictRejected, ClassEnvironment: VerdictInconclusive}
	verdict, ok := byClass[r.Code.Info().Class]
	if !ok {
		verdict = map[Code]Verdict{OK: VerdictAccepted, Untested: VerdictNotTested}[r.Code]
	}
	unless(verdict != "" && r.Verdict == verdict, "the verdict %q does not go with the code %q", r.Verdict, r.Code)

	sent := stand != notThree && stand != damaged
	unless((r.Verdict == VerdictAccepted) == (sent && a == answer.Success), "accepted is for a 2xx, and a 2xx is accepted")
	unless((r.Verdict == VerdictNotTested) == (stand == looksLive && a == notAsked), "not_tested is for a live token without a call")
	unless(!(stand == looksLive && a == trouble) || r.Verdict == VerdictInconclusive, "a live token is blamed for the environment")
	unless(r.Verdict != VerdictInconclusive || stand == looksLive && a == trouble, "the claims condemn it, and yet it is inconclusive")
	unless((r.ConfirmedBy == "") == (r.Verdict == VerdictInconclusive || r.Verdict == VerdictNotTested), "confirmed by %q", r.ConfirmedBy)
	unless(r.ConfirmedBy != ConfirmedByClaims || a == notAsked || a == trouble || !sent, "the server's word is forgotten")

	unless(len(r.Checks) == len(checkOrder), "%d checks", len(r.Checks))
	fails := 0
	for i, c := range r.Checks {
		unless(i < len(checkOrder) && c.Name == checkOrder[i], "check %d is %s", i, c.Name)
		unless(slices.Contains([]CheckStatus{StatusPass, StatusWarn, StatusFail, StatusSkip}, c.Status) && c.Detail != "", "check %s is %q: %q", c.Name, c.Status, c.Detail)
		unless(!strings.ContainsAny(c.Detail, "\n\r\x1b"), "the check %s is more than a line", c.Name)
		if c.Status == StatusFail {
			fails++
		}
	}
	unless(fails == 0 || r.Verdict == VerdictRejected || r.Verdict == VerdictInconclusive, "a check fails")
	unless(fails > 0 || r.Verdict != VerdictRejected, "no check shows where it broke")

	unless(r.Message != "" && !strings.ContainsAny(r.Message, "\n\r\x1b"), "the message is %q", r.Message)
	unless(r.Remedy != "" || r.Code == OK, "the remedy is %q", r.Remedy)
	unless(r.Also != nil && r.Warnings != nil && r.Problems != nil, "a list is null in JSON")
	unless(r.Code != OK || len(r.Also) == 0, "accepted, and also %v", r.Also)
	unless(!slices.Contains(r.Also, r.Code), "also holds the code itself")
	for i, c := range r.Also {
		class := c.Info().Class
		unless(class == ClassCredential || class == ClassEnvironment, "also holds %q", c)
		unless(!slices.Contains(r.Also[:i], c), "also holds %q twice", c)
	}
	unless(slices.IsSorted(r.Warnings), "the warnings are not sorted: %v", r.Warnings)
	for _, c := range r.Warnings {
		unless(c.Info().Class == ClassWarning, "%q is no warning", c)
	}
	unless(r.RetryAfter >= 0, "retry after %d s", r.RetryAfter)
	unless((r.LooksLike != "") == (stand == notThree), "it looks like %q", r.LooksLike)
	unless(r.TestedAt.Equal(noon), "it was tested at %s", r.TestedAt)
	return found
}

func TestAMeshThatRefusesIsNamedAsThat(t *testing.T) {
	seen := seenAnswer(403, asPlain, "RBAC: access denied")
	if r := judged(valueOf(t, "live"), &seen, false); r.Code != ProxyFailure || !strings.Contains(r.Remedy, "service mesh") {
		t.Errorf("%s: %s", r.Code, r.Remedy)
	}
}

func TestTheServersClockIsTheBetterOne(t *testing.T) {
	day := 24 * time.Hour
	expiring := managed(func(c fixtures.Claims) fixtures.Claims {
		return c.With("exp", noon.Add(time.Hour).Unix()).With("iat", noon.Add(-3*time.Hour).Unix())
	})
	lapsed := managed(func(c fixtures.Claims) fixtures.Claims {
		return c.With("exp", noon.Add(-time.Hour).Unix()).With("iat", noon.Add(-day).Unix()).With("nbf", noon.Add(-day).Unix())
	})
	early := managed(func(c fixtures.Claims) fixtures.Claims { return c.With("nbf", noon.Add(time.Hour).Unix()) })
	skewed, soon := []Code{ClockSkew}, []Code{ExpiresSoon}
	both := []Code{ClockSkew, ExpiresSoon}
	undated := seenAnswer(200, asJSON, rooms)
	undated.header.Del("Date")
	nonsense := seenAnswer(401, asJSON, terse)
	nonsense.header.Set("Date", "yesterday")

	for _, c := range []struct {
		name     string
		value    string
		seen     exchange
		code     Code
		warnings []Code
		offset   int64
	}{
		{"expired by the server's clock alone", expiring, seenAnswer(401, asJSON, terse).at(2 * time.Hour), ExpiredToken, skewed, 7200},
		{"expired by this machine's clock alone: the claims explain nothing", lapsed, seenAnswer(401, asJSON, terse).at(-2 * time.Hour), TokenRefused, both, -7200},
		{"not yet valid by the server's clock alone", managed(func(c fixtures.Claims) fixtures.Claims { return c }), seenAnswer(401, asJSON, terse).at(-2 * time.Hour), TokenNotYetValid, skewed, -7200},
		{"not yet valid by this machine's clock alone", early, seenAnswer(401, asJSON, terse).at(2 * time.Hour), TokenRefused, skewed, 7200},
		{"expired by this machine's clock, accepted by a server without a clock", lapsed, undated, OK, []Code{ExpiredButAccepted}, 0},
		{"expired by this machine's clock, accepted by a server that goes back", lapsed, seenAnswer(200, asJSON, rooms).at(-2 * time.Hour), OK, both, -7200},
		{"a minute apart is no skew", expiring, seenAnswer(200, asJSON, rooms).at(time.Minute), OK, soon, 60},
		{"a minute apart backwards is no skew", expiring, seenAnswer(200, asJSON, rooms).at(-time.Minute), OK, soon, -60},
		{"61 seconds ahead are", expiring, seenAnswer(200, asJSON, rooms).at(61 * time.Second), OK, both, 61},
		{"61 seconds behind are", expiring, seenAnswer(200, asJSON, rooms).at(-61 * time.Second), OK, both, -61},
		{"the API's 503 has a clock", expiring, seenAnswer(503, asJSON, `{"code":503}`).at(2 * time.Hour), ExpiredToken, skewed, 7200},
		{"the API's 429 has a clock", expiring, seenAnswer(429, asJSON, `{"code":429}`).at(2 * time.Hour), ExpiredToken, skewed, 7200},
		{"the API's 403 has a clock", expiring, seenAnswer(403, asJSON, `{"code":403,"message":"no"}`).at(2 * time.Hour), ExpiredToken, skewed, 7200},
		{"a portal's clock is not the API's", expiring, seenAnswer(200, asHTML, page).at(2 * time.Hour), UnexpectedResponse, soon, 0},
		{"nor is a firewall's", expiring, seenAnswer(403, asHTML, page).at(2 * time.Hour), UnexpectedResponse, soon, 0},
		{"nor is a gateway's", expiring, seenAnswer(502, asHTML, page).at(2 * time.Hour), ServiceUnavailable, soon, 0},
		{"nor is a proxy's", expiring, seenAnswer(407, asPlain, "").at(2 * time.Hour), ProxyFailure, soon, 0},
		{"nor is another service's", expiring, seenAnswer(200, asJSON, `{"status":"UP"}`).at(2 * time.Hour), UnexpectedResponse, soon, 0},
		{"a Date that is none is none", lapsed, nonsense, ExpiredToken, []Code{}, 0},
		{"a portal's clock cannot save an expired token", lapsed, seenAnswer(200, asHTML, page).at(-10 * day), ExpiredToken, []Code{}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := judged(c.value, &c.seen, false)
			if r.Code != c.code || !slices.Equal(r.Warnings, c.warnings) || r.Server.ClockOffset != c.offset {
				t.Errorf("%s, warnings %v, offset %d s; want %s, %v, %d s\n%s", r.Code, r.Warnings, r.Server.ClockOffset, c.code, c.warnings, c.offset, r.Message)
			}
		})
	}
}

func TestNbfHasALeewayAndExpHasNone(t *testing.T) {
	for _, c := range []struct {
		name  string
		claim string
		at    time.Duration
		want  Code
	}{
		{"exp in a second", "exp", time.Second, Untested},
		{"exp now", "exp", 0, ExpiredToken},
		{"exp a second ago", "exp", -time.Second, ExpiredToken},
		{"nbf in thirty seconds", "nbf", 30 * time.Second, Untested},
		{"nbf in thirty-one", "nbf", 31 * time.Second, TokenNotYetValid},
	} {
		value := managed(func(claims fixtures.Claims) fixtures.Claims { return claims.With(c.claim, noon.Add(c.at).Unix()) })
		if r := judged(value, nil, false); r.Code != c.want {
			t.Errorf("%s: %s, want %s", c.name, r.Code, c.want)
		}
	}
	// Servers look at both: the later of nbf and iat counts.
	value := managed(func(c fixtures.Claims) fixtures.Claims { return c.With("iat", noon.Add(time.Hour).Unix()) })
	if r := judged(value, nil, false); r.Code != TokenNotYetValid {
		t.Errorf("iat ahead beside a good nbf: %s", r.Code)
	}
}

func TestWarningsStandBesideAnyVerdict(t *testing.T) {
	success, refusal, down := seenAnswer(200, asJSON, rooms), seenAnswer(401, asJSON, terse), seenAnswer(503, asJSON, `{}`)
	for _, c := range []struct {
		name  string
		value string
		seen  *exchange
		want  []Code
	}{
		{"none for a week's token", valueOf(t, "live"), &success, []Code{}},
		{"five hours left, accepted", valueOf(t, "expires-soon"), &success, []Code{ExpiresSoon}},
		{"five hours left, refused", valueOf(t, "expires-soon"), &refusal, []Code{ExpiresSoon}},
		{"five hours left, no answer", valueOf(t, "expires-soon"), &down, []Code{ExpiresSoon}},
		{"five hours left, not asked", valueOf(t, "expires-soon"), nil, []Code{ExpiresSoon}},
		{"an expired token does not expire soon", valueOf(t, "expired"), &refusal, []Code{}},
		{"no exp", valueOf(t, "no-expiry"), &success, []Code{NoExpiry}},
		{"ninety days", valueOf(t, "long-lived"), &success, []Code{LongLived}},
		{"damage by pasting", valueOf(t, "pasted-wrapped"), &success, []Code{PasteDamage}},
		{"an app token that is let in", valueOf(t, "app"), &success, []Code{UnexpectedTokenType}},
		{"an app token that is refused", valueOf(t, "app"), &refusal, []Code{}},
		{"an unknown type that is let in", valueOf(t, "type-other"), &success, []Code{UnexpectedTokenType}},
		{"all at once, sorted", "Bearer " + fixtures.Sign(fixtures.Workspace(), fixtures.App(fixtures.Workspace(), noon.Add(-90*24*time.Hour+time.Hour), 90*24*time.Hour)), &success,
			[]Code{ExpiresSoon, LongLived, PasteDamage, UnexpectedTokenType}},
	} {
		if r := judged(c.value, c.seen, false); !slices.Equal(r.Warnings, c.want) {
			t.Errorf("%s: %v, want %v", c.name, r.Warnings, c.want)
		}
	}
}

// The checklist shows a person the step at which it broke.
func TestTheChecklistBreaksWhereTheTestBroke(t *testing.T) {
	success, refusal := seenAnswer(200, asJSON, rooms), seenAnswer(401, asJSON, terse)
	denial, down := seenAnswer(403, asJSON, `{"code":403,"message":"no"}`), seenAnswer(503, asJSON, `{}`)
	for _, c := range []struct {
		name  string
		value string
		seen  *exchange
		want  string // document, shape, type, lifetime, reachable, authenticated, permitted
	}{
		{"accepted", valueOf(t, "live"), &success, "skip pass pass pass pass pass pass"},
		{"accepted with warnings", valueOf(t, "expires-soon"), &success, "skip pass pass warn pass pass pass"},
		{"accepted, pasted badly", valueOf(t, "pasted-quoted"), &success, "skip warn pass pass pass pass pass"},
		{"accepted, of an odd type", valueOf(t, "app"), &success, "skip pass warn pass pass pass pass"},
		{"not a token", valueOf(t, "word"), nil, "skip fail skip skip skip skip skip"},
		{"malformed, claims readable", valueOf(t, "truncated"), nil, "skip fail pass pass skip skip skip"},
		{"malformed, claims not readable", valueOf(t, "payload-null"), nil, "skip fail skip skip skip skip skip"},
		{"of the wrong type", valueOf(t, "app"), &refusal, "skip pass fail pass pass fail skip"},
		{"of the wrong type and expired", valueOf(t, "app-expired"), &refusal, "skip pass fail fail pass fail skip"},
		{"expired", valueOf(t, "expired"), &refusal, "skip pass pass fail pass fail skip"},
		{"expired, and a 403", valueOf(t, "expired"), &denial, "skip pass pass fail pass fail skip"},
		{"expired, and no API", valueOf(t, "expired"), &down, "skip pass pass fail fail skip skip"},
		{"refused", valueOf(t, "live"), &refusal, "skip pass pass pass pass fail skip"},
		{"denied", valueOf(t, "live"), &denial, "skip pass pass pass pass pass fail"},
		{"no API", valueOf(t, "live"), &down, "skip pass pass pass fail skip skip"},
		{"offline", valueOf(t, "live"), nil, "skip pass pass pass skip skip skip"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, check := range judged(c.value, c.seen, false).Checks {
				got = append(got, string(check.Status))
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("%s\nwant %s", strings.Join(got, " "), c.want)
			}
		})
	}
}

func TestEveryEnvelopeOf100msIsUnderstood(t *testing.T) {
	for _, c := range []struct {
		name  string
		seen  exchange
		means answer.Meaning
		words string
	}{
		{"the documented example", seenAnswer(401, asJSON, terse), answer.Refused, "Token validation error; not found"},
		{"seen in 2022: the cause in message and description", seenAnswer(401, asJSON, `{"code":401,"message":"token contains an invalid number of segments","data":{"description":"rpc error: code = PermissionDenied desc = token contains an invalid number of segments"}}`),
			answer.Refused, "token contains an invalid number of segments; rpc error: code = PermissionDenied desc = token contains an invalid number of segments"},
		{"seen in 2024: message only", seenAnswer(401, asJSON, `{"code":401,"message":"Token validation error"}`), answer.Refused, "Token validation error"},
		{"a room of another workspace", seenAnswer(403, asJSON, `{"code":403,"message":"user does not have required permission"}`), answer.Forbidden, "user does not have required permission"},
		{"the analytics services", seenAnswer(403, asJSON, `{"message":"insufficient permissions"}`), answer.Forbidden, "insufficient permissions"},
		{"the legacy host", seenAnswer(401, "text/plain", "token contains an invalid number of segments\n"), answer.Refused, "token contains an invalid number of segments"},
		{"the client init service, JSON", seenAnswer(401, asJSON, `{"message":"signature is invalid"}`), answer.SaysSignature, "signature is invalid"},
		{"the client init service, text", seenAnswer(401, "", "invalid token"), answer.Refused, "invalid token"},
		{"golang-jwt: expired by", seenAnswer(401, asJSON, `{"details":["token is expired by 1h2m3s"]}`), answer.SaysExpired, "token is expired by 1h2m3s"},
		{"golang-jwt: Token is expired", seenAnswer(401, asJSON, `{"message":"Token is expired"}`), answer.SaysExpired, "Token is expired"},
		{"golang-jwt: not valid yet", seenAnswer(401, asJSON, `{"data":{"description":"token is not valid yet"}}`), answer.SaysNotYet, "token is not valid yet"},
		{"golang-jwt: used before issued", seenAnswer(401, asJSON, `"Token used before issued"`), answer.SaysNotYet, "Token used before issued"},
		{"golang-jwt v5: expired", seenAnswer(401, asJSON, `{"message":"token has invalid claims: token is expired"}`), answer.SaysExpired, "token has invalid claims: token is expired"},
		{"Envoy: expired", seenAnswer(401, "text/plain", "Jwt is expired"), answer.SaysExpired, "Jwt is expired"},
		{"Envoy: not yet valid", seenAnswer(401, "text/plain", "Jwt not yet valid"), answer.SaysNotYet, "Jwt not yet valid"},
		{"Envoy: verification", seenAnswer(401, "text/plain", "Jwt verification fails"), answer.SaysSignature, "Jwt verification fails"},
		{"Envoy: issuer", seenAnswer(401, "text/plain", "Jwt issuer is not configured"), answer.Refused, "Jwt issuer is not configured"},
		{"capitals", seenAnswer(401, "text/plain", "TOKEN HAS EXPIRED"), answer.SaysExpired, "TOKEN HAS EXPIRED"},
		{"a signature that has expired has expired", seenAnswer(401, "text/plain", "Signature has expired"), answer.SaysExpired, "Signature has expired"},
		{"a bare JSON string", seenAnswer(401, asJSON, `"signature is invalid"`), answer.SaysSignature, "signature is invalid"},
		{"token, msg, status", seenAnswer(401, asJSON, `{"token":"","msg":"token is expired","status":401}`), answer.SaysExpired, "token is expired"},
		{"nothing at all", seenAnswer(401, "", ""), answer.Refused, ""},
		{"white space", seenAnswer(401, "text/plain", " \r\n"), answer.Refused, ""},
		{"fields of other types are passed over", seenAnswer(401, asJSON, `{"code":"401","message":{"text":"no"},"details":[1,null,{"a":"b"},"not found"],"data":[3]}`), answer.Refused, "not found"},
		{"details as one string", seenAnswer(401, asJSON, `{"message":"no","details":"token is expired"}`), answer.SaysExpired, "no; token is expired"},
		{"an array", seenAnswer(401, asJSON, `["no"]`), answer.Refused, ""},
		{"JSON that is called text", seenAnswer(401, "text/plain", terse), answer.Refused, "Token validation error; not found"},
		{"JSON that breaks off is text", seenAnswer(401, asJSON, `{"code":401,"message":"Token valid`), answer.Refused, `{"code":401,"message":"Token valid`},
		{"text that is called JSON", seenAnswer(401, asJSON, "signature is invalid"), answer.SaysSignature, "signature is invalid"},
		{"a page of rooms", seenAnswer(200, asJSON, `{"limit":10,"data":[{"id":"5f00"}],"last":"5f00"}`), answer.Success, ""},
		{"an empty workspace", seenAnswer(200, asJSON, rooms), answer.Success, ""},
		{"a page whose last is null", seenAnswer(200, asJSON, `{"limit":10,"data":[],"last":null}`), answer.Success, ""},
		{"a 200 with an error key", seenAnswer(200, asJSON, `{"error":{"code":500,"message":"internal"},"limit":10,"data":null,"last":""}`), trouble, "internal"},
		{"an error with a message of its own", seenAnswer(401, asJSON, `{"error":{"message":"Token is expired"}}`), answer.SaysExpired, "Token is expired"},
		{"details with messages of their own", seenAnswer(401, asJSON, `{"details":[{"message":"not found"},{"message":"signature is invalid"}]}`), answer.SaysSignature, "not found; signature is invalid"},
		{"a page behind a byte order mark", seenAnswer(401, asPlain, "\xef\xbb\xbf<!doctype html><title>Sign in, your session expired</title>"), trouble, ""},
		{"a page of an unknown type", seenAnswer(401, "application/octet-stream", "Please log in<br><html>expired</html>"), trouble, ""},
		{"a firewall's words with a link", seenAnswer(403, asPlain, "Access Denied, see <a href=x>here</a>"), trouble, ""},
		{"a page without content", seenAnswer(401, asHTML, ""), trouble, ""},
		{"JSON behind a byte order mark", seenAnswer(401, asJSON, "\ufeff"+`{"message":"Token is expired"}`), answer.SaysExpired, "Token is expired"},
		{"what is long enough to be the token once more", seenAnswer(401, asPlain, "no "+strings.Repeat("6578", 20)), answer.Refused, "no [redacted]"},
		{"a 200 with an error in words", seenAnswer(200, asJSON, `{"error":"token is expired"}`), trouble, "token is expired"},
		{"data of another shape", seenAnswer(200, asJSON, `{"limit":10,"data":{"rooms":[]},"last":""}`), trouble, ""},
		{"data and nothing else", seenAnswer(200, asJSON, `{"data":[]}`), trouble, ""},
		{"something behind the page", seenAnswer(200, asJSON, rooms+rooms), trouble, rooms + rooms},
		{"a 200 without a body", seenAnswer(200, asJSON, ""), trouble, ""},
		{"a page's words are not the API's", seenAnswer(401, asHTML, page), trouble, ""},
		{"a page that hides its type", seenAnswer(401, asPlain, page), trouble, ""},
		{"HTML without a bracket", seenAnswer(401, "Text/HTML", "token is expired"), trouble, ""},
		{"XML is not the API's either", seenAnswer(401, "application/xml", "<Error>token is expired</Error>"), trouble, ""},
		{"bytes that are no text", seenAnswer(401, "", "\xff\xfeexpired"), trouble, ""},
		{"a NUL in the text", seenAnswer(401, "text/plain", "expired\x00"), trouble, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := classify(c.seen, "no.such.token", answer.IsRooms)
			if r.means != c.means || r.server.Message != c.words {
				t.Errorf("%q with %q\nwant %q with %q", r.means, r.server.Message, c.means, c.words)
			}
			if (r.means == trouble) != (r.code != "" && r.code.Info().Class == ClassEnvironment) {
				t.Errorf("%q with the code %q", r.means, r.code)
			}
		})
	}
}

func TestTheServersWordsAreFitToBeShown(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"lines become one", "first\r\nsecond\tthird", "first  second third"},
		{"no escape reaches a terminal", "\x1b[31mred\x1b[0m\u202e", "[31mred [0m"},
		{"300 characters are enough", strings.Repeat("é", 400), strings.Repeat("é", 300) + "…"},
	} {
		r := classify(seenAnswer(401, asPlain, c.body), "no.such.token", answer.IsRooms)
		if r.server.Message != c.want {
			t.Errorf("%s: %q, want %q", c.name, r.server.Message, c.want)
		}
	}
	seen := seenAnswer(401, asPlain, "no")
	seen.header.Set("X-Request-Id", strings.Repeat("id ", 100)+"\x07")
	if id := classify(seen, "no.such.token", answer.IsRooms).server.RequestID; len(id) > 70 || strings.Contains(id, "\x07") {
		t.Errorf("the request id is %q", id)
	}
	// A body that was cut in the middle of a character is still text.
	cut := seenAnswer(401, asPlain, strings.Repeat("é", maxAnswer/2)[:maxAnswer-1]+"\xc3")
	cut.truncated = true
	if r := classify(cut, "no.such.token", answer.IsRooms); r.means != answer.Refused {
		t.Errorf("a text that was cut is %q", r.means)
	}
}
