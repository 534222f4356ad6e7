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

	"github.com/100ms-connector/connector-go/connector/internal/probe"
	"github.com/100ms-connector/connector-go/fixtures"
)

// noon is the moment at which all cases of the decision table are judged: decide
// is pure, so no clock is needed.
var noon = time.Date(2026, 6, 2, 12, 0, 0, 0, time.UTC)

// pasted is the value of one of the fixtures' cases, as of noon.
func pasted(t *testing.T, name string) string {
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

// answered is an exchange that ended with an answer, seen at noon by both clocks.
func answered(status int, contentType, body string) exchange {
	return exchange{
		status: status, body: []byte(body), attempts: 1, received: noon, latency: 41 * time.Millisecond,
		header: http.Header{"Content-Type": {contentType}, "Date": {noon.Format(http.TimeFormat)}},
	}
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
	f := facts{name: "synthetic", token: token, forged: forged, reply: reply{answer: notAsked}, now: noon}
	if seen != nil {
		f.reply = classify(*seen, clean)
	}
	return decide(f)
}

func TestTheDecisionTableRowByRow(t *testing.T) {
	seen := func(e exchange) *exchange { return &e }
	failed := func(err error) *exchange { return &exchange{attempts: 1, received: noon, err: err} }
	said := func(words string) *exchange {
		return seen(answered(401, asJSON, fmt.Sprintf(`{"code":401,"message":%q}`, words)))
	}
	refusal, denial := seen(answered(401, asJSON, terse)), seen(answered(403, asJSON, `{"code":403,"message":"user does not have required permission"}`))
	success := seen(answered(200, asJSON, rooms))

	visited := map[int]bool{}
	for _, c := range []struct {
		row    int // of the documentation's table
		name   string
		value  string
		forged bool
		seen   *exchange // nil if no call was made
		code   Code
		by     Confirmation
		also   []Code
	}{
		{1, "an access key is not a token", pasted(t, "access-key"), false, nil, NotAToken, ByClaims, nil},
		{1, "an App Secret is not a token", pasted(t, "app-secret"), false, nil, NotAToken, ByClaims, nil},
		{1, "five segments are not a token", pasted(t, "five-segments"), false, nil, NotAToken, ByClaims, nil},
		{1, "nothing is not a token", "", false, nil, NotAToken, ByClaims, nil},
		{2, "a token cut short is malformed", pasted(t, "truncated"), false, nil, MalformedToken, ByClaims, nil},
		{2, "milliseconds are malformed", pasted(t, "milliseconds"), false, nil, MalformedToken, ByClaims, nil},
		{2, "an unsigned token has no algorithm that counts", pasted(t, "alg-none"), false, nil, UnsupportedAlgorithm, ByClaims, nil},
		{2, "RS256 is not HS256", pasted(t, "alg-rs256"), false, nil, UnsupportedAlgorithm, ByClaims, nil},
		{3, "a live token that is let in is accepted", pasted(t, "live"), false, success, OK, ByServer, nil},
		{3, "an app token that is let in is accepted", pasted(t, "app"), false, success, OK, ByServer, nil},
		{3, "an expired token that is let in is accepted", pasted(t, "expired"), false, success, OK, ByServer, nil},
		{3, "a token from the future that is let in is accepted", pasted(t, "not-yet-valid"), false, success, OK, ByServer, nil},
		{3, "a token that the signing key disowns, let in, is accepted", pasted(t, "live"), true, success, OK, ByServer, nil},
		{4, "an app token at a 401 is of the wrong type", pasted(t, "app"), false, refusal, WrongTokenType, ByBoth, nil},
		{4, "an app token at a 403 is of the wrong type", pasted(t, "app"), false, denial, WrongTokenType, ByBoth, nil},
		{4, "an untyped app token at a 401 is of the wrong type", pasted(t, "app-untyped"), false, refusal, WrongTokenType, ByBoth, nil},
		{4, "an expired app token is of the wrong type first: a new one would not help", pasted(t, "app-expired"), false, refusal, WrongTokenType, ByBoth, []Code{ExpiredToken}},
		{4, "an app token that the server calls expired is of the wrong type first", pasted(t, "app"), false, said("Token is expired"), WrongTokenType, ByBoth, []Code{ExpiredToken}},
		{4, "an app token whose signature the server denies is of the wrong type first", pasted(t, "app"), false, said("signature is invalid"), WrongTokenType, ByBoth, []Code{SignatureRejected}},
		{5, "an expired token at a 401 has expired", pasted(t, "expired"), false, refusal, ExpiredToken, ByBoth, nil},
		{5, "an expired token at a 403 has expired", pasted(t, "expired"), false, denial, ExpiredToken, ByBoth, nil},
		{5, "an expired token that the server calls expired is one finding, not two", pasted(t, "expired"), false, said("token is expired by 24h0m0s"), ExpiredToken, ByBoth, nil},
		{5, "an expired token whose signature the server denies keeps both", pasted(t, "expired"), false, said("signature is invalid"), ExpiredToken, ByBoth, []Code{SignatureRejected}},
		{6, "a token from the future at a 401 is not valid yet", pasted(t, "not-yet-valid"), false, refusal, TokenNotYetValid, ByBoth, nil},
		{6, "a token from the future at a 403 is not valid yet", pasted(t, "not-yet-valid"), false, denial, TokenNotYetValid, ByBoth, nil},
		{6, "without nbf, iat counts", pasted(t, "issued-ahead"), false, refusal, TokenNotYetValid, ByBoth, nil},
		{7, "a 401 that says expired", pasted(t, "live"), false, said("token is expired by 1h2m3s"), ExpiredToken, ByServer, nil},
		{7, "a 401 that says not valid yet", pasted(t, "live"), false, said("token is not valid yet"), TokenNotYetValid, ByServer, nil},
		{7, "a 401 that says used before issued", pasted(t, "live"), false, said("Token used before issued"), TokenNotYetValid, ByServer, nil},
		{7, "a 401 that says signature", pasted(t, "live"), false, said("signature is invalid"), SignatureRejected, ByServer, nil},
		{7, "a token that the signing key disowns at a 401", pasted(t, "live"), true, refusal, SignatureRejected, ByBoth, nil},
		{8, "a 401 in the API's words and no others", pasted(t, "live"), false, refusal, TokenRefused, ByServer, nil},
		{8, "a 401 in plain text", pasted(t, "live"), false, seen(answered(401, asPlain, "token contains an invalid number of segments")), TokenRefused, ByServer, nil},
		{8, "a 401 without a body", pasted(t, "live"), false, seen(answered(401, "", "")), TokenRefused, ByServer, nil},
		{8, "a foreign secret, of which nobody says a word", pasted(t, "foreign-secret"), false, refusal, TokenRefused, ByServer, nil},
		{9, "a 403 in JSON", pasted(t, "live"), false, denial, PermissionDenied, ByServer, nil},
		{9, "a 403 in plain text", pasted(t, "live"), false, seen(answered(403, asPlain, "RBAC: access denied")), PermissionDenied, ByServer, nil},
		{9, "a 403 that says expired is a 403: words refine a 401 only", pasted(t, "live"), false, seen(answered(403, asPlain, "token is expired")), PermissionDenied, ByServer, nil},
		{10, "a live token and a 429", pasted(t, "live"), false, seen(answered(429, asJSON, `{"code":429}`)), RateLimited, "", nil},
		{10, "a live token and a 500", pasted(t, "live"), false, seen(answered(500, asJSON, `{"code":500}`)), ServiceUnavailable, "", nil},
		{10, "a live token and a 401 page", pasted(t, "live"), false, seen(answered(401, asHTML, page)), UnexpectedResponse, "", nil},
		{10, "a live token and a 403 page", pasted(t, "live"), false, seen(answered(403, asHTML, page)), UnexpectedResponse, "", nil},
		{10, "a live token and a 200 page", pasted(t, "live"), false, seen(answered(200, asHTML, page)), UnexpectedResponse, "", nil},
		{10, "a live token and a 200 of another shape", pasted(t, "live"), false, seen(answered(200, asJSON, `{"status":"UP"}`)), UnexpectedResponse, "", nil},
		{10, "an app token stays one at a 503", pasted(t, "app"), false, seen(answered(503, asPlain, "upstream connect error")), WrongTokenType, ByClaims, []Code{ServiceUnavailable}},
		{10, "an app token stays one behind a portal", pasted(t, "app"), false, seen(answered(200, asHTML, page)), WrongTokenType, ByClaims, []Code{UnexpectedResponse}},
		{10, "an expired app token keeps all three findings", pasted(t, "app-expired"), false, seen(answered(429, asJSON, `{}`)), WrongTokenType, ByClaims, []Code{ExpiredToken, RateLimited}},
		{10, "an expired token stays expired at a 429", pasted(t, "expired"), false, seen(answered(429, asJSON, `{}`)), ExpiredToken, ByClaims, []Code{RateLimited}},
		{10, "a token from the future stays one behind a firewall", pasted(t, "not-yet-valid"), false, seen(answered(403, asHTML, page)), TokenNotYetValid, ByClaims, []Code{UnexpectedResponse}},
		{10, "what the signing key says stands at a 500", pasted(t, "live"), true, seen(answered(500, asJSON, `{}`)), SignatureRejected, ByClaims, []Code{ServiceUnavailable}},
		{11, "a live token and no answer", pasted(t, "live"), false, failed(errors.New("connection reset by peer")), NetworkFailure, "", nil},
		{11, "an app token stays one without an answer", pasted(t, "app"), false, failed(errors.New("connection reset by peer")), WrongTokenType, ByClaims, []Code{NetworkFailure}},
		{11, "an expired token stays expired without an answer", pasted(t, "expired"), false, failed(errors.New("tls: handshake failure")), ExpiredToken, ByClaims, []Code{TLSFailure}},
		{11, "a token from the future stays one without an answer", pasted(t, "not-yet-valid"), false, failed(errors.New("EOF")), TokenNotYetValid, ByClaims, []Code{NetworkFailure}},
		{12, "offline, a live token is not tested", pasted(t, "live"), false, nil, Untested, "", nil},
		{12, "offline, an app token is of the wrong type", pasted(t, "app"), false, nil, WrongTokenType, ByClaims, nil},
		{12, "offline, an expired app token is of the wrong type first", pasted(t, "app-expired"), false, nil, WrongTokenType, ByClaims, []Code{ExpiredToken}},
		{12, "offline, an expired token has expired", pasted(t, "expired"), false, nil, ExpiredToken, ByClaims, nil},
		{12, "offline, a token from the future is not valid yet", pasted(t, "not-yet-valid"), false, nil, TokenNotYetValid, ByClaims, nil},
		{12, "offline, the signing key's word counts", pasted(t, "live"), true, nil, SignatureRejected, ByClaims, nil},
	} {
		t.Run(fmt.Sprintf("row %d: %s", c.row, c.name), func(t *testing.T) {
			r := judged(c.value, c.seen, c.forged)
			if r.Code != c.code || r.Verdict != c.code.verdict() || r.ConfirmedBy != c.by || !slices.Equal(r.Also, c.also) {
				t.Errorf("%s %s, confirmed by %q, also %v; want %s, confirmed by %q, also %v\n%s",
					r.Verdict, r.Code, r.ConfirmedBy, r.Also, c.code, c.by, c.also, r.Message)
			}
		})
		visited[c.row] = true
	}
	for n := range 12 {
		if !visited[n+1] {
			t.Errorf("no case is of row %d", n+1)
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
		add(fmt.Sprintf("401, %q in message", words), answered(401, asJSON, fmt.Sprintf(`{"code":401,"message":%q}`, words)))
		add(fmt.Sprintf("401, %q in details", words), answered(401, asJSON, fmt.Sprintf(`{"code":401,"message":"Token validation error","details":[%q]}`, words)))
		add(fmt.Sprintf("401, %q in description", words), answered(401, asJSON, fmt.Sprintf(`{"code":401,"data":{"description":%q}}`, words)))
		add(fmt.Sprintf("401, %q in msg", words), answered(401, asJSON, fmt.Sprintf(`{"token":"","msg":%q,"status":401}`, words)))
		add(fmt.Sprintf("401, %q as a string", words), answered(401, asJSON, fmt.Sprintf("%q", words)))
		add(fmt.Sprintf("401, %q as text", words), answered(401, asPlain, words))
		add(fmt.Sprintf("401, %q on a page", words), answered(401, asHTML, "<html>"+words+"</html>"))
	}
	for _, status := range []int{200, 204, 302, 400, 403, 404, 407, 408, 429, 500, 503, 999} {
		for _, words := range []string{"", "signature is invalid", "token is expired"} {
			add(fmt.Sprintf("%d, %q in message", status, words), answered(status, asJSON, fmt.Sprintf(`{"code":%d,"message":%q}`, status, words)))
			add(fmt.Sprintf("%d, %q as text", status, words), answered(status, asPlain, words))
		}
		add(fmt.Sprintf("%d, a page", status), answered(status, asHTML, page))
	}
	for _, shift := range []time.Duration{0, -9 * 24 * time.Hour, 9 * 24 * time.Hour, 61 * time.Second, -61 * time.Second} {
		add(fmt.Sprintf("success, clock %s", shift), answered(200, asJSON, rooms).at(shift))
		add(fmt.Sprintf("401, clock %s", shift), answered(401, asJSON, terse).at(shift))
		add(fmt.Sprintf("403, clock %s", shift), answered(403, asJSON, `{}`).at(shift))
		add(fmt.Sprintf("503, clock %s", shift), answered(503, asJSON, `{}`).at(shift))
		add(fmt.Sprintf("portal, clock %s", shift), answered(200, asHTML, page).at(shift))
	}
	redirect := answered(307, "", "")
	redirect.redirect = "https://other.example"
	add("a redirect elsewhere", redirect)
	long := answered(200, asJSON, rooms)
	long.truncated = true
	add("a body without end", long)
	waits := answered(429, asJSON, `{"message":"rate limit exceeded, retry after 45 seconds"}`)
	waits.wait, waits.waitKnown = 45*time.Second, true
	add("429 with a time", waits)
	for _, err := range []error{
		errors.New("EOF"), errors.New("malformed HTTP response"), errors.New("tls: bad certificate"), &probe.ProxyRefusal{Status: 407},
	} {
		add("no answer: "+err.Error(), exchange{attempts: 1, received: noon, err: err})
		cut := answered(302, "", "")
		cut.err = err
		add("an answer, then "+err.Error(), cut)
	}
	return all
}

func TestEveryCombinationIsDecidedOnceAndSoundly(t *testing.T) {
	stands, answers := map[standing]bool{}, map[answer]bool{}
	pairs := map[string]bool{}
	n := 0
	for name, seen := range situations() {
		for _, c := range fixtures.Cases(noon) {
			for _, forged := range []bool{false, true} {
				token, clean := read(c.Value)
				f := facts{name: c.Title, fromDocument: forged, token: token, forged: forged, reply: reply{answer: notAsked}, now: noon}
				if seen != nil {
					f.reply = classify(*seen, clean)
				}
				r := decide(f)
				n++

				// The facts again, as decide should have seen them.
				f.token.AsOf = noon
				if !f.reply.date.IsZero() {
					f.token.AsOf = f.reply.date
				}
				stand := standingOf(f.findFaults())
				stands[stand], answers[f.reply.answer] = true, true
				pairs[string(stand)+" / "+string(f.reply.answer)] = true
				for _, complaint := range complaints(r, stand, f.reply.answer) {
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
	everyStanding := []standing{notThree, damaged, wrongType, forged, expired, notYet, looksLive}
	everyAnswer := []answer{notAsked, success, refused, saysExpired, saysNotYet, saysSignature, forbidden, trouble}
	for _, s := range everyStanding {
		for _, a := range everyAnswer {
			var fits []int
			for _, row := range decisions {
				if slices.Contains(row.standings, s) && slices.Contains(row.answers, a) {
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
func complaints(r *Report, stand standing, a answer) []string {
	var found []string
	unless := func(ok bool, format string, args ...any) {
		if !ok {
			found = append(found, fmt.Sprintf(format, args...))
		}
	}
	byClass := map[Class]Verdict{AboutCredential: Rejected, AboutEnvironment: Inconclusive}
	verdict, ok := byClass[r.Code.Info().Class]
	if !ok {
		verdict = map[Code]Verdict{OK: Accepted, Untested: NotTested}[r.Code]
	}
	unless(verdict != "" && r.Verdict == verdict, "the verdict %q does not go with the code %q", r.Verdict, r.Code)

	sent := stand != notThree && stand != damaged
	unless((r.Verdict == Accepted) == (sent && a == success), "accepted is for a 2xx, and a 2xx is accepted")
	unless((r.Verdict == NotTested) == (stand == looksLive && a == notAsked), "not_tested is for a live token without a call")
	unless(!(stand == looksLive && a == trouble) || r.Verdict == Inconclusive, "a live token is blamed for the environment")
	unless(r.Verdict != Inconclusive || stand == looksLive && a == trouble, "the claims condemn it, and yet it is inconclusive")
	unless((r.ConfirmedBy == "") == (r.Verdict == Inconclusive || r.Verdict == NotTested), "confirmed by %q", r.ConfirmedBy)
	unless(r.ConfirmedBy != ByClaims || a == notAsked || a == trouble || !sent, "the server's word is forgotten")

	unless(len(r.Checks) == len(checkOrder), "%d checks", len(r.Checks))
	fails := 0
	for i, c := range r.Checks {
		unless(i < len(checkOrder) && c.Name == checkOrder[i], "check %d is %s", i, c.Name)
		unless(slices.Contains([]CheckStatus{Pass, Warn, Fail, Skip}, c.Status) && c.Detail != "", "check %s is %q: %q", c.Name, c.Status, c.Detail)
		unless(!strings.ContainsAny(c.Detail, "\n\r\x1b"), "the check %s is more than a line", c.Name)
		if c.Status == Fail {
			fails++
		}
	}
	unless(fails == 0 || r.Verdict == Rejected || r.Verdict == Inconclusive, "a check fails")
	unless(fails > 0 || r.Verdict != Rejected, "no check shows where it broke")

	unless(r.Message != "" && !strings.ContainsAny(r.Message, "\n\r\x1b"), "the message is %q", r.Message)
	unless((r.Remedy == "") == (r.Code == OK), "the remedy is %q", r.Remedy)
	unless(r.Also != nil && r.Warnings != nil && r.Problems != nil, "a list is null in JSON")
	unless(r.Code != OK || len(r.Also) == 0, "accepted, and also %v", r.Also)
	unless(!slices.Contains(r.Also, r.Code), "also holds the code itself")
	for i, c := range r.Also {
		class := c.Info().Class
		unless(class == AboutCredential || class == AboutEnvironment, "also holds %q", c)
		unless(!slices.Contains(r.Also[:i], c), "also holds %q twice", c)
	}
	unless(slices.IsSorted(r.Warnings), "the warnings are not sorted: %v", r.Warnings)
	for _, c := range r.Warnings {
		unless(c.Info().Class == Warning, "%q is no warning", c)
	}
	unless(r.RetryAfter >= 0, "retry after %d s", r.RetryAfter)
	unless((r.LooksLike != "") == (stand == notThree), "it looks like %q", r.LooksLike)
	unless(r.TestedAt.Equal(noon), "it was tested at %s", r.TestedAt)
	return found
}

func TestTheServersClockIsTheBetterOne(t *testing.T) {
	day := 24 * time.Hour
	expiring := managed(func(c fixtures.Claims) fixtures.Claims { return c.With("exp", noon.Add(time.Hour).Unix()) })
	lapsed := managed(func(c fixtures.Claims) fixtures.Claims {
		return c.With("exp", noon.Add(-time.Hour).Unix()).With("iat", noon.Add(-day).Unix()).With("nbf", noon.Add(-day).Unix())
	})
	early := managed(func(c fixtures.Claims) fixtures.Claims { return c.With("nbf", noon.Add(time.Hour).Unix()) })
	skewed, soon := []Code{ClockSkew}, []Code{ExpiresSoon}
	both := []Code{ClockSkew, ExpiresSoon}
	undated := answered(200, asJSON, rooms)
	undated.header.Del("Date")
	nonsense := answered(401, asJSON, terse)
	nonsense.header.Set("Date", "yesterday")

	for _, c := range []struct {
		name     string
		value    string
		seen     exchange
		code     Code
		warnings []Code
		offset   int64
	}{
		{"expired by the server's clock alone", expiring, answered(401, asJSON, terse).at(2 * time.Hour), ExpiredToken, skewed, 7200},
		{"expired by this machine's clock alone: the claims explain nothing", lapsed, answered(401, asJSON, terse).at(-2 * time.Hour), TokenRefused, both, -7200},
		{"not yet valid by the server's clock alone", managed(func(c fixtures.Claims) fixtures.Claims { return c }), answered(401, asJSON, terse).at(-2 * time.Hour), TokenNotYetValid, skewed, -7200},
		{"not yet valid by this machine's clock alone", early, answered(401, asJSON, terse).at(2 * time.Hour), TokenRefused, skewed, 7200},
		{"expired by this machine's clock, accepted by a server without a clock", lapsed, undated, OK, skewed, 0},
		{"expired by this machine's clock, accepted by a server that goes back", lapsed, answered(200, asJSON, rooms).at(-2 * time.Hour), OK, both, -7200},
		{"a minute apart is no skew", expiring, answered(200, asJSON, rooms).at(time.Minute), OK, soon, 60},
		{"a minute apart backwards is no skew", expiring, answered(200, asJSON, rooms).at(-time.Minute), OK, soon, -60},
		{"61 seconds ahead are", expiring, answered(200, asJSON, rooms).at(61 * time.Second), OK, both, 61},
		{"61 seconds behind are", expiring, answered(200, asJSON, rooms).at(-61 * time.Second), OK, both, -61},
		{"the API's 503 has a clock", expiring, answered(503, asJSON, `{"code":503}`).at(2 * time.Hour), ExpiredToken, skewed, 7200},
		{"the API's 429 has a clock", expiring, answered(429, asJSON, `{"code":429}`).at(2 * time.Hour), ExpiredToken, skewed, 7200},
		{"the API's 403 has a clock", expiring, answered(403, asJSON, `{"code":403}`).at(2 * time.Hour), ExpiredToken, skewed, 7200},
		{"a portal's clock is not the API's", expiring, answered(200, asHTML, page).at(2 * time.Hour), UnexpectedResponse, soon, 0},
		{"nor is a firewall's", expiring, answered(403, asHTML, page).at(2 * time.Hour), UnexpectedResponse, soon, 0},
		{"nor is a gateway's", expiring, answered(502, asHTML, page).at(2 * time.Hour), ServiceUnavailable, soon, 0},
		{"nor is a proxy's", expiring, answered(407, asPlain, "").at(2 * time.Hour), ProxyFailure, soon, 0},
		{"nor is another service's", expiring, answered(200, asJSON, `{"status":"UP"}`).at(2 * time.Hour), UnexpectedResponse, soon, 0},
		{"a Date that is none is none", lapsed, nonsense, ExpiredToken, []Code{}, 0},
		{"a portal's clock cannot save an expired token", lapsed, answered(200, asHTML, page).at(-10 * day), ExpiredToken, []Code{}, 0},
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
	// nbf outranks iat: a signer may issue ahead for later.
	value := managed(func(c fixtures.Claims) fixtures.Claims { return c.With("iat", noon.Add(time.Hour).Unix()) })
	if r := judged(value, nil, false); r.Code != Untested {
		t.Errorf("iat ahead beside a good nbf: %s", r.Code)
	}
}

func TestWarningsStandBesideAnyVerdict(t *testing.T) {
	success, refusal, down := answered(200, asJSON, rooms), answered(401, asJSON, terse), answered(503, asJSON, `{}`)
	for _, c := range []struct {
		name  string
		value string
		seen  *exchange
		want  []Code
	}{
		{"none for a week's token", pasted(t, "live"), &success, []Code{}},
		{"five hours left, accepted", pasted(t, "expires-soon"), &success, []Code{ExpiresSoon}},
		{"five hours left, refused", pasted(t, "expires-soon"), &refusal, []Code{ExpiresSoon}},
		{"five hours left, no answer", pasted(t, "expires-soon"), &down, []Code{ExpiresSoon}},
		{"five hours left, not asked", pasted(t, "expires-soon"), nil, []Code{ExpiresSoon}},
		{"an expired token does not expire soon", pasted(t, "expired"), &refusal, []Code{}},
		{"no exp", pasted(t, "no-expiry"), &success, []Code{NoExpiry}},
		{"ninety days", pasted(t, "long-lived"), &success, []Code{LongLived}},
		{"damage by pasting", pasted(t, "pasted-wrapped"), &success, []Code{PasteDamage}},
		{"an app token that is let in", pasted(t, "app"), &success, []Code{UnexpectedTokenType}},
		{"an app token that is refused", pasted(t, "app"), &refusal, []Code{}},
		{"an unknown type that is let in", pasted(t, "type-other"), &success, []Code{UnexpectedTokenType}},
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
	success, refusal := answered(200, asJSON, rooms), answered(401, asJSON, terse)
	denial, down := answered(403, asJSON, `{}`), answered(503, asJSON, `{}`)
	for _, c := range []struct {
		name  string
		value string
		seen  *exchange
		want  string // document, shape, type, lifetime, reachable, authenticated, permitted
	}{
		{"accepted", pasted(t, "live"), &success, "skip pass pass pass pass pass pass"},
		{"accepted with warnings", pasted(t, "expires-soon"), &success, "skip pass pass warn pass pass pass"},
		{"accepted, pasted badly", pasted(t, "pasted-quoted"), &success, "skip warn pass pass pass pass pass"},
		{"accepted, of an odd type", pasted(t, "app"), &success, "skip pass warn pass pass pass pass"},
		{"not a token", pasted(t, "word"), nil, "skip fail skip skip skip skip skip"},
		{"malformed, claims readable", pasted(t, "truncated"), nil, "skip fail pass pass skip skip skip"},
		{"malformed, claims not readable", pasted(t, "payload-null"), nil, "skip fail skip skip skip skip skip"},
		{"of the wrong type", pasted(t, "app"), &refusal, "skip pass fail pass pass fail skip"},
		{"of the wrong type and expired", pasted(t, "app-expired"), &refusal, "skip pass fail fail pass fail skip"},
		{"expired", pasted(t, "expired"), &refusal, "skip pass pass fail pass fail skip"},
		{"expired, and a 403", pasted(t, "expired"), &denial, "skip pass pass fail pass fail skip"},
		{"expired, and no API", pasted(t, "expired"), &down, "skip pass pass fail fail skip skip"},
		{"refused", pasted(t, "live"), &refusal, "skip pass pass pass pass fail skip"},
		{"denied", pasted(t, "live"), &denial, "skip pass pass pass pass pass fail"},
		{"no API", pasted(t, "live"), &down, "skip pass pass pass fail skip skip"},
		{"offline", pasted(t, "live"), nil, "skip pass pass pass skip skip skip"},
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
		name   string
		seen   exchange
		answer answer
		words  string
	}{
		{"the documented example", answered(401, asJSON, terse), refused, "Token validation error; not found"},
		{"seen in 2022: the cause in message and description", answered(401, asJSON, `{"code":401,"message":"token contains an invalid number of segments","data":{"description":"rpc error: code = PermissionDenied desc = token contains an invalid number of segments"}}`),
			refused, "token contains an invalid number of segments; rpc error: code = PermissionDenied desc = token contains an invalid number of segments"},
		{"seen in 2024: message only", answered(401, asJSON, `{"code":401,"message":"Token validation error"}`), refused, "Token validation error"},
		{"a room of another workspace", answered(403, asJSON, `{"code":403,"message":"user does not have required permission"}`), forbidden, "user does not have required permission"},
		{"the analytics services", answered(403, asJSON, `{"message":"insufficient permissions"}`), forbidden, "insufficient permissions"},
		{"the legacy host", answered(401, "text/plain", "token contains an invalid number of segments\n"), refused, "token contains an invalid number of segments"},
		{"the client init service, JSON", answered(401, asJSON, `{"message":"signature is invalid"}`), saysSignature, "signature is invalid"},
		{"the client init service, text", answered(401, "", "invalid token"), refused, "invalid token"},
		{"golang-jwt: expired by", answered(401, asJSON, `{"details":["token is expired by 1h2m3s"]}`), saysExpired, "token is expired by 1h2m3s"},
		{"golang-jwt: Token is expired", answered(401, asJSON, `{"message":"Token is expired"}`), saysExpired, "Token is expired"},
		{"golang-jwt: not valid yet", answered(401, asJSON, `{"data":{"description":"token is not valid yet"}}`), saysNotYet, "token is not valid yet"},
		{"golang-jwt: used before issued", answered(401, asJSON, `"Token used before issued"`), saysNotYet, "Token used before issued"},
		{"golang-jwt v5: expired", answered(401, asJSON, `{"message":"token has invalid claims: token is expired"}`), saysExpired, "token has invalid claims: token is expired"},
		{"Envoy: expired", answered(401, "text/plain", "Jwt is expired"), saysExpired, "Jwt is expired"},
		{"Envoy: not yet valid", answered(401, "text/plain", "Jwt not yet valid"), saysNotYet, "Jwt not yet valid"},
		{"Envoy: verification", answered(401, "text/plain", "Jwt verification fails"), saysSignature, "Jwt verification fails"},
		{"Envoy: issuer", answered(401, "text/plain", "Jwt issuer is not configured"), refused, "Jwt issuer is not configured"},
		{"capitals", answered(401, "text/plain", "TOKEN HAS EXPIRED"), saysExpired, "TOKEN HAS EXPIRED"},
		{"a signature that has expired has expired", answered(401, "text/plain", "Signature has expired"), saysExpired, "Signature has expired"},
		{"a bare JSON string", answered(401, asJSON, `"signature is invalid"`), saysSignature, "signature is invalid"},
		{"token, msg, status", answered(401, asJSON, `{"token":"","msg":"token is expired","status":401}`), saysExpired, "token is expired"},
		{"nothing at all", answered(401, "", ""), refused, ""},
		{"white space", answered(401, "text/plain", " \r\n"), refused, ""},
		{"fields of other types are passed over", answered(401, asJSON, `{"code":"401","message":{"text":"no"},"details":[1,null,{"a":"b"},"not found"],"data":[3]}`), refused, "not found"},
		{"details as one string", answered(401, asJSON, `{"message":"no","details":"token is expired"}`), saysExpired, "no; token is expired"},
		{"an array", answered(401, asJSON, `["no"]`), refused, ""},
		{"JSON that is called text", answered(401, "text/plain", terse), refused, "Token validation error; not found"},
		{"JSON that breaks off is text", answered(401, asJSON, `{"code":401,"message":"Token valid`), refused, `{"code":401,"message":"Token valid`},
		{"text that is called JSON", answered(401, asJSON, "signature is invalid"), saysSignature, "signature is invalid"},
		{"a page of rooms", answered(200, asJSON, `{"limit":10,"data":[{"id":"5f00"}],"last":"5f00"}`), success, ""},
		{"an empty workspace", answered(200, asJSON, rooms), success, ""},
		{"a page whose last is null", answered(200, asJSON, `{"limit":10,"data":[],"last":null}`), success, ""},
		{"a 200 with an error key", answered(200, asJSON, `{"error":{"code":500,"message":"internal"},"limit":10,"data":null,"last":""}`), trouble, "internal"},
		{"an error with a message of its own", answered(401, asJSON, `{"error":{"message":"Token is expired"}}`), saysExpired, "Token is expired"},
		{"details with messages of their own", answered(401, asJSON, `{"details":[{"message":"not found"},{"message":"signature is invalid"}]}`), saysSignature, "not found; signature is invalid"},
		{"a page behind a byte order mark", answered(401, asPlain, "\xef\xbb\xbf<!doctype html><title>Sign in, your session expired</title>"), trouble, ""},
		{"a page of an unknown type", answered(401, "application/octet-stream", "Please log in<br><html>expired</html>"), trouble, ""},
		{"a firewall's words with a link", answered(403, asPlain, "Access Denied, see <a href=x>here</a>"), trouble, ""},
		{"a page without content", answered(401, asHTML, ""), trouble, ""},
		{"JSON behind a byte order mark", answered(401, asJSON, "\ufeff"+`{"message":"Token is expired"}`), saysExpired, "Token is expired"},
		{"what is long enough to be the token once more", answered(401, asPlain, "no "+strings.Repeat("6578", 20)), refused, "no [redacted]"},
		{"a 200 with an error in words", answered(200, asJSON, `{"error":"token is expired"}`), trouble, "token is expired"},
		{"data of another shape", answered(200, asJSON, `{"limit":10,"data":{"rooms":[]},"last":""}`), trouble, ""},
		{"data and nothing else", answered(200, asJSON, `{"data":[]}`), trouble, ""},
		{"something behind the page", answered(200, asJSON, rooms+rooms), trouble, rooms + rooms},
		{"a 200 without a body", answered(200, asJSON, ""), trouble, ""},
		{"a page's words are not the API's", answered(401, asHTML, page), trouble, ""},
		{"a page that hides its type", answered(401, asPlain, page), trouble, ""},
		{"HTML without a bracket", answered(401, "Text/HTML", "token is expired"), trouble, ""},
		{"XML is not the API's either", answered(401, "application/xml", "<Error>token is expired</Error>"), trouble, ""},
		{"bytes that are no text", answered(401, "", "\xff\xfeexpired"), trouble, ""},
		{"a NUL in the text", answered(401, "text/plain", "expired\x00"), trouble, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := classify(c.seen, "no.such.token")
			if r.answer != c.answer || r.server.Message != c.words {
				t.Errorf("%q with %q\nwant %q with %q", r.answer, r.server.Message, c.answer, c.words)
			}
			if (r.answer == trouble) != (r.code != "" && r.code.Info().Class == AboutEnvironment) {
				t.Errorf("%q with the code %q", r.answer, r.code)
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
		r := classify(answered(401, asPlain, c.body), "no.such.token")
		if r.server.Message != c.want {
			t.Errorf("%s: %q, want %q", c.name, r.server.Message, c.want)
		}
	}
	seen := answered(401, asPlain, "no")
	seen.header.Set("X-Request-Id", strings.Repeat("id ", 100)+"\x07")
	if id := classify(seen, "no.such.token").server.RequestID; len(id) > 70 || strings.Contains(id, "\x07") {
		t.Errorf("the request id is %q", id)
	}
	// A body that was cut in the middle of a character is still text.
	cut := answered(401, asPlain, strings.Repeat("é", maxAnswer/2)[:maxAnswer-1]+"\xc3")
	cut.truncated = true
	if r := classify(cut, "no.such.token"); r.answer != refused {
		t.Errorf("a text that was cut is %q", r.answer)
	}
}
