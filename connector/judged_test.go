package connector

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector/internal/pasted"
	"github.com/100ms-connector/connector-go/fixtures"
)

// What a report says, fact by fact: each of these could be wrong while the verdict
// is right.

func TestAFaultOfTheNetworkIsQuotedWithoutTheURL(t *testing.T) {
	refused := exchange{attempts: 1, err: &net.OpError{Op: "dial", Err: errors.New("connect: connection refused")}}
	if r := judged(valueOf(t, "live"), &refused, false); !strings.Contains(r.Message, "the call failed: dial") {
		t.Error(r.Message)
	}
	for code, err := range map[Code]error{
		ProxyFailure: &net.OpError{Op: "socks connect", Err: errors.New("x")},
		Timeout:      &net.DNSError{UnwrapErr: context.DeadlineExceeded},
	} {
		if got := networkCode(err); got != code {
			t.Errorf("%s, want %s", got, code)
		}
	}
}

// A token whose times contradict each other is sent, for servers differ: only a report
// without a call may say that it was not.
func TestATokenThatWasSentIsNotSaidToBeUnsent(t *testing.T) {
	refused := seenAnswer(401, asJSON, terse)
	sent := judged(managed(exp(86400)), &refused, false)
	if strings.Contains(sent.Message, "not sent") || !strings.HasSuffix(sent.Message, `; the API answered 401 "Token validation error; not found"`) {
		t.Errorf("sent: %s", sent.Message)
	}
	for name, value := range map[string]string{"times that contradict": managed(exp(86400)), "an access key": valueOf(t, "access-key")} {
		if r := judged(value, nil, false); !strings.HasSuffix(r.Message, "; it was not sent") {
			t.Errorf("%s, not sent: %s", name, r.Message)
		}
	}
}

func TestATokenThatWasLostOnTheWayHasANextStep(t *testing.T) {
	seen := seenAnswer(401, asPlain, "Jwt is missing")
	r := judged(valueOf(t, "live"), &seen, false)
	if want := `what answered does not answer like 100ms; it answered 401 and says that no token came with the call: "Jwt is missing"`; r.Message != want {
		t.Errorf("got  %s\nwant %s", r.Message, want)
	}
	if !strings.Contains(r.Remedy, "removes the Authorization header") {
		t.Error(r.Remedy)
	}
}

func TestAServerMayAnswer000(t *testing.T) {
	seen := seenAnswer(0, "", "")
	if r := judged(valueOf(t, "live"), &seen, false); r.Verdict != VerdictInconclusive || r.Code != UnexpectedResponse {
		t.Errorf("%s %s", r.Verdict, r.Code)
	}
}

func TestWhatIsNoTokenHasNoTokenInItsReport(t *testing.T) {
	for _, name := range []string{"access-key", "payload-null"} {
		if r := judged(valueOf(t, name), nil, false); r.Token != nil {
			t.Errorf("%s: %+v", name, r.Token)
		}
	}
}

func TestAForgedTokenThatIsNotYetValidIsForgedFirst(t *testing.T) {
	r := judged(valueOf(t, "not-yet-valid"), nil, true)
	if r.Code != SignatureRejected || !slices.Equal(r.Also, []Code{TokenNotYetValid}) {
		t.Errorf("%s, also %v", r.Code, r.Also)
	}
}

func TestOnlyAWholePageOfRoomsInTheTwoHundredsIsAccepted(t *testing.T) {
	cut := seenAnswer(200, asJSON, rooms+strings.Repeat(" ", 100))
	cut.truncated = true
	for name, seen := range map[string]exchange{"a 302": seenAnswer(302, asJSON, rooms), "a page that was cut off": cut} {
		if r := judged(valueOf(t, "live"), &seen, false); r.Code != UnexpectedResponse {
			t.Errorf("%s: %s", name, r.Code)
		}
	}
}

func TestTheClockOfAStrangerIsNotTheServers(t *testing.T) {
	seen := seenAnswer(307, "", "").at(2 * time.Hour)
	seen.redirect = "https://other.example"
	if r := judged(valueOf(t, "live"), &seen, false); r.Server.ClockOffset != 0 || slices.Contains(r.Warnings, ClockSkew) {
		t.Errorf("%d %v", r.Server.ClockOffset, r.Warnings)
	}
	// A Date has whole seconds, the clock here has parts of one.
	late := seenAnswer(200, asJSON, rooms)
	late.received = noon.Add(900 * time.Millisecond)
	late.header.Set("Date", noon.Add(61*time.Second).Format("Mon, 02 Jan 2006 15:04:05 GMT"))
	if r := judged(valueOf(t, "live"), &late, false); r.Server.ClockOffset != 61 {
		t.Errorf("%d", r.Server.ClockOffset)
	}
}

func TestEachCheckSaysWhereItBroke(t *testing.T) {
	slow := seenAnswer(429, asJSON, `{}`)
	canceled := exchange{attempts: 1, err: context.Canceled}
	says := seenAnswer(401, asPlain, "Token is expired")
	refused := seenAnswer(401, asJSON, terse)
	for _, c := range []struct {
		name, value string
		seen        *exchange
		check       CheckName
		want        CheckStatus
	}{
		{"a server that asks to slow down was reached", "live", &slow, CheckReachable, StatusPass},
		{"who cancels learns nothing of the network", "live", &canceled, CheckReachable, StatusSkip},
		{"the server knows of an expiry", "live", &says, CheckTokenLifetime, StatusFail},
		{"an exp that cannot be read", "exp-string", nil, CheckTokenLifetime, StatusSkip},
		{"a user_id that the API was seen to refuse", "user-id-number", &refused, CheckTokenShape, StatusWarn},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := judged(valueOf(t, c.value), c.seen, false)
			i := slices.IndexFunc(r.Checks, func(check Check) bool { return check.Name == c.check })
			if r.Checks[i].Status != c.want {
				t.Errorf("%+v, want %s", r.Checks[i], c.want)
			}
		})
	}
	if r := judged(valueOf(t, "user-id-number"), &refused, false); !strings.Contains(r.Remedy, "user_id") {
		t.Error(r.Remedy)
	}
	ended := managed(func(c fixtures.Claims) fixtures.Claims { return c.With("access_key", signer().AccessKey+"\r") })
	if r := judged(ended, nil, false); r.Code != Untested || !strings.HasPrefix(r.Remedy, "Look at this first: its access_key claim has a line end") {
		t.Errorf("%s: %s", r.Code, r.Remedy)
	}
	ok := seenAnswer(200, asJSON, rooms)
	if r := judged(valueOf(t, "expired"), &ok, false); strings.Contains(r.Message, "expires in") {
		t.Error(r.Message)
	}
}

func TestAKeyThatProvesNothingCallsNoTokenBad(t *testing.T) {
	live := valueOf(t, "live")
	cred := &Credential{Name: "a", APIKeyValue: Secret(live)}
	for name, key := range map[string]SigningKey{
		"none":                {},
		"an empty secret":     {AccessKey: signer().AccessKey},
		"a line end too many": {AccessKey: signer().AccessKey, AppSecret: signer().AppSecret + "\n"},
		"another workspace's": {AccessKey: strings.Repeat("b", 24), AppSecret: signer().AppSecret},
	} {
		tester := Tester{Offline: true, Key: &key}
		r := tester.Test(context.Background(), cred)
		if r.Verdict != VerdictNotTested && r.Code != ExpiredToken { // noon is past
			t.Errorf("%s: %s %s", name, r.Verdict, r.Code)
		}
		if !strings.Contains(r.Checks[1].Detail, "not checked") {
			t.Errorf("%s: %+v", name, r.Checks[1])
		}
	}
	// A token signed with nothing is proven by nothing.
	forged := fixtures.Sign(fixtures.Key{AccessKey: signer().AccessKey}, fixtures.Management(fixtures.Workspace(), noon, time.Hour))
	if err := (SigningKey{AccessKey: signer().AccessKey}).Verify(Secret(forged)); err == nil || err == SignatureRejected {
		t.Errorf("%v", err)
	}
}

func TestTheErrorOfAReportIsAlsoEachCodeBesideItsOwn(t *testing.T) {
	tester := Tester{Offline: true}
	r := tester.Test(context.Background(), &Credential{APIKeyValue: Secret(valueOf(t, "app-expired"))})
	if !errors.Is(r.Err(), WrongTokenType) || !errors.Is(r.Err(), ExpiredToken) || errors.Is(r.Err(), TokenRefused) {
		t.Errorf("%v, also %v", r.Err(), r.Also)
	}
}

func TestWarnWithinIsTheTesters(t *testing.T) {
	k := fixtures.Workspace()
	cred := &Credential{APIKeyValue: Secret(fixtures.Sign(k, fixtures.Management(k, time.Now().Add(-20*time.Hour), 25*time.Hour)))}
	for within, want := range map[time.Duration]bool{0: true, -1: false, time.Hour: false, 6 * time.Hour: true} {
		tester := Tester{Offline: true, WarnWithin: within}
		if got := slices.Contains(tester.Test(context.Background(), cred).Warnings, ExpiresSoon); got != want {
			t.Errorf("within %s: %t", within, got)
		}
	}
}

func TestTheShortestPieceOfATokenIsTakenOut(t *testing.T) {
	token := valueOf(t, "live")
	for _, text := range []string{token[:12], "zz" + token[5:17], token[5:17] + "zz"} {
		if got := pasted.Without(text, token); got != redacted {
			t.Errorf("%d characters are shown as %d", len(text), len(got))
		}
	}
	another := valueOf(t, "app")
	if got := pasted.Without("bad signature "+another[len(another)-43:], token); got != "bad signature "+redacted {
		t.Errorf("the signature of another token: %q", got)
	}
	long := strings.Repeat("so it goes. ", 500)
	if got := pasted.Without(long, token); !strings.HasPrefix(got, "so it goes. ") {
		t.Errorf("%.40q", got)
	}
}

func TestAClaimThatIsThereIsNotMissing(t *testing.T) {
	k := fixtures.Workspace()
	unreadable := docRaw(`{"type":"management","access_key":"` + k.AccessKey + `","exp":"soon"}`)
	if token := docInspect(unreadable); slices.Contains(token.Warnings(0), NoExpiry) {
		t.Errorf("%v", token.Findings(0))
	}
	endless := fixtures.Sign(k, fixtures.Management(k, docNow, time.Hour).Without("exp"))
	if token := docInspect(endless[:len(endless)-1]); !slices.Contains(token.Warnings(0), NoExpiry) {
		t.Errorf("of a token that was cut off: %v", token.Findings(0))
	}
}

func TestABlankFieldOfAFormIsNotAVariable(t *testing.T) {
	asked := []string{}
	v := Validator{Expand: func(name string) (string, bool) { asked = append(asked, name); return "", false }}
	problems := v.Problems([]byte(`{"x": "${A}", "name": "n", "api_key_value": "` + docSigned("jti", "x") + `"}`))
	if len(asked) > 0 || !slices.ContainsFunc(problems, func(p Problem) bool { return p.Code == UnknownField }) ||
		slices.ContainsFunc(problems, func(p Problem) bool { return p.Code == UnresolvedVariable }) {
		t.Errorf("asked for %v: %+v", asked, problems)
	}
}

func TestInvalidDocumentsAreCountedByTheirErrors(t *testing.T) {
	r := InvalidReport(&ValidationError{Problems: []Problem{{Code: Blank, Severity: SeverityError}, {Code: ExpiresSoon, Severity: SeverityWarning}}})
	if !strings.Contains(r.Message, "has 1 problem,") {
		t.Error(r.Message)
	}
	if r := UnreadableReport("a\nb\x1b[31m"); strings.ContainsAny(r.Message, "\n\x1b") {
		t.Errorf("%q", r.Message)
	}
}

func TestTwoTokensAreNeverTheSame(t *testing.T) {
	a, err := signer().Mint(time.Hour)
	b, err2 := signer().Mint(time.Hour)
	if err != nil || err2 != nil || a == b {
		t.Errorf("%v %v, the same: %t", err, err2, a == b)
	}
}

func TestSpansAreRoundedDownToTheirLargestUnit(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0 seconds", 2*time.Hour - time.Minute - time.Second: "118 minutes", 2*time.Hour - time.Second: "2 hours", 48 * time.Hour: "2 days",
	} {
		if got := Span(d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
}

func TestWhatIsNotTheAPIsAnswerIsDescribed(t *testing.T) {
	elsewhere := seenAnswer(307, "", "")
	elsewhere.redirect = "https://portal.example"
	for want, seen := range map[string]exchange{
		"it answered 200 with an HTML or XML page":             seenAnswer(200, asHTML, page),
		"it answered 204 with no content":                      seenAnswer(204, "", ""),
		"it answered 200 with JSON that is no list of rooms":   seenAnswer(200, asJSON, `{"a":1}`),
		`it answered 404 with JSON "no such page"`:             seenAnswer(404, asJSON, `{"message":"no such page"}`),
		`it answered 999 with plain text "denied"`:             seenAnswer(999, asPlain, "denied"),
		"it answered 307 and points to https://portal.example": elsewhere,
	} {
		if r := judged(valueOf(t, "live"), &seen, false); !strings.HasSuffix(r.Message, want) {
			t.Errorf("%q, want %q", r.Message, want)
		}
	}
}

// Only an acceptance contradicts the server's clock; a cached or impossible Date is
// none. Then this machine's clock counts, and the report says why.
func TestADateThatCannotBeRightIsSetAside(t *testing.T) {
	expiring := managed(func(c fixtures.Claims) fixtures.Claims { return c.With("exp", noon.Add(48*time.Hour).Unix()) })
	lapsed := managed(func(c fixtures.Claims) fixtures.Claims {
		return c.With("iat", noon.Add(-48*time.Hour).Unix()).With("nbf", noon.Add(-48*time.Hour).Unix()).With("exp", noon.Add(-time.Hour).Unix())
	})
	dated := func(seen exchange, date time.Time, age string) exchange {
		seen.header = seen.header.Clone()
		seen.header.Set("Date", date.Format("Mon, 02 Jan 2006 15:04:05 GMT"))
		if age != "" {
			seen.header.Set("Age", age)
		}
		return seen
	}
	success, refusal := seenAnswer(200, asJSON, rooms), seenAnswer(401, asJSON, terse)
	year := 365 * 24 * time.Hour
	for _, c := range []struct {
		name   string
		value  string
		seen   exchange
		code   Code
		offset int64
		warns  []Code
		says   string // the lifetime check
	}{
		{"an acceptance at a Date years ahead", expiring, dated(success, noon.Add(3*year), ""), OK, 0, nil, "not valid"},
		{"an acceptance at a Date before the token was made", expiring, dated(success, noon.Add(-24*time.Hour), ""), OK, 0, nil, "not valid"},
		{"an acceptance at a Date half a minute before nbf", managed(func(c fixtures.Claims) fixtures.Claims { return c.With("nbf", noon.Unix()) }), dated(success, noon.Add(-30*time.Second), ""), OK, -30, nil, ""},
		{"a refusal by a clock of 1970", expiring, dated(refusal, time.Unix(0, 0).UTC(), ""), TokenRefused, 0, nil, "1970-01-01, which cannot be"},
		{"a refusal out of a cache", expiring, dated(refusal, noon.Add(72*time.Hour), "300000"), TokenRefused, 0, nil, "out of a cache"},
		{"an Age of nothing is no cache", expiring, dated(refusal, noon.Add(72*time.Hour), "0"), ExpiredToken, 259200, []Code{ClockSkew}, ""},
		{"a refusal at a Date before iat: the signer's clock is ahead", expiring, dated(refusal, noon.Add(-24*time.Hour), ""), TokenNotYetValid, -86400, []Code{ClockSkew}, ""},
		{"an acceptance of a token that expired by every clock", lapsed, success, OK, 0, []Code{ExpiredButAccepted}, ""},
		{"an expired token, accepted by a server that came out of a cache", lapsed, dated(success, noon.Add(-2*time.Hour), "7200"), OK, 0, []Code{ExpiredButAccepted}, "out of a cache"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := judged(c.value, &c.seen, false)
			if r.Code != c.code || r.Server.ClockOffset != c.offset || !slices.Equal(r.Warnings, append([]Code{}, c.warns...)) {
				t.Errorf("%s, offset %d, %v; want %s, %d, %v\n%s", r.Code, r.Server.ClockOffset, r.Warnings, c.code, c.offset, c.warns, r.Message)
			}
			i := slices.IndexFunc(r.Checks, func(check Check) bool { return check.Name == CheckTokenLifetime })
			if detail := r.Checks[i].Detail; !strings.Contains(detail, c.says) || (c.says == "") == strings.Contains(detail, "this machine's clock") {
				t.Errorf("the check says %q", detail)
			}
		})
	}
}

// What is minted for two seconds and tested after three has expired by both clocks,
// which agree: nothing may claim that they differ.
func TestClocksThatAgreeAreNotSaidToDiffer(t *testing.T) {
	value := managed(func(c fixtures.Claims) fixtures.Claims { return c.With("exp", noon.Add(-time.Second).Unix()) })
	for name, seen := range map[string]exchange{"accepted": seenAnswer(200, asJSON, rooms), "refused": seenAnswer(401, asJSON, terse)} {
		if r := judged(value, &seen, false); slices.Contains(r.Warnings, ClockSkew) || r.Server.ClockOffset != 0 {
			t.Errorf("%s: %v", name, r.Warnings)
		}
	}
}

func TestAKeyThatDidNotSignWhatTheAPIAcceptsIsSaidInWords(t *testing.T) {
	ok := seenAnswer(200, asJSON, rooms)
	r := judged(valueOf(t, "live"), &ok, true)
	if r.Verdict != VerdictAccepted || !strings.Contains(r.Message, "did not sign it") || !strings.Contains(r.Remedy, "rotated") {
		t.Errorf("%s: %s %s", r.Verdict, r.Message, r.Remedy)
	}
}

// Each thing that no token of 100ms has is named as the first place to look at.
func TestWhatIsOddAboutTheClaimsIsTheFirstPlaceToLookAt(t *testing.T) {
	refusal := seenAnswer(401, asJSON, terse)
	for name, c := range map[string]struct {
		change func(fixtures.Claims) fixtures.Claims
		says   string
	}{
		"no version":                      {func(c fixtures.Claims) fixtures.Claims { return c.Without("version") }, "no version claim"},
		"no access key":                   {func(c fixtures.Claims) fixtures.Claims { return c.Without("access_key") }, "no access_key claim"},
		"an access key with a line end":   {func(c fixtures.Claims) fixtures.Claims { return c.With("access_key", c["access_key"].(string)+"\r") }, "a line end or white space"},
		"an access key that lost a digit": {func(c fixtures.Claims) fixtures.Claims { return c.With("access_key", c["access_key"].(string)[1:]) }, "23 hexadecimal digits"},
		"a user_id that is a number":      {func(c fixtures.Claims) fixtures.Claims { return c.With("user_id", 1) }, "user_id claim is not a string"},
	} {
		if r := judged(managed(c.change), &refusal, false); r.Code != TokenRefused || !strings.Contains(r.Remedy, c.says) {
			t.Errorf("%s: %s: %s", name, r.Code, r.Remedy)
		}
	}
}

// A token that does not say when it was made counts its life from when it was saved.
func TestATokenWithoutABeginningIsDueByWhenItWasSaved(t *testing.T) {
	end := time.Now().Add(40 * time.Hour)
	k := fixtures.Workspace()
	value := Secret(fixtures.Sign(k, fixtures.Management(k, time.Now(), time.Hour).Without("iat", "nbf").With("exp", end.Unix())))
	for name, c := range map[string]struct {
		savedAt time.Time
		soon    bool
	}{
		"saved just now":           {time.Now(), false},
		"saved a week ago":         {time.Now().Add(-7 * 24 * time.Hour), true},
		"nobody knows when":        {time.Time{}, true},
		"saved when it had a year": {end.Add(-365 * 24 * time.Hour), true},
	} {
		cred := &Credential{Name: "a", APIKeyValue: value, SavedAt: c.savedAt}
		if r := (&Tester{Offline: true}).Test(context.Background(), cred); slices.Contains(r.Warnings, ExpiresSoon) != c.soon {
			t.Errorf("%s: %v", name, r.Warnings)
		}
		if soon := slices.ContainsFunc(cred.Problems(), func(p Problem) bool { return p.Code == ExpiresSoon }); soon != c.soon {
			t.Errorf("%s, as values of a form: %v", name, cred.Problems())
		}
	}
}
