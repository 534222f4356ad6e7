package connector

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/fixtures"
)

// docInspect inspects a value by the tests' clock.
func docInspect(value string) Token {
	t := Inspect(value)
	t.AsOf = docNow
	return t
}

// docSigned is a live management token with one claim changed.
func docSigned(claim string, value any) string {
	k := fixtures.Workspace()
	return fixtures.Sign(k, fixtures.Management(k, docNow, 7*24*time.Hour).With(claim, value))
}

// docRaw is a token of any payload, which no claims could be made into.
func docRaw(payload string) string {
	return fixtures.SignAs(map[string]any{"alg": "HS256", "typ": "JWT"}, []byte(payload), fixtures.Workspace().AppSecret)
}

func TestInspectTellsEveryKindOfCredentialApart(t *testing.T) {
	for _, c := range fixtures.Cases(docNow) {
		t.Run(c.Name, func(t *testing.T) {
			token := docInspect(c.Value)
			var want []string
			if c.Offline != "not_tested" {
				want = []string{c.Offline} // the gravest first
			}
			want = slices.Concat(want, c.Also, c.Warnings)
			var got []string
			for _, code := range token.Findings(0) {
				got = append(got, string(code))
				if token.Why(code) == "" {
					t.Errorf("%s has no sentence", code)
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("findings %v, want %v", got, want)
			}
			if string(token.LooksLike) != c.LooksLike {
				t.Errorf("looks like %q, want %q", token.LooksLike, c.LooksLike)
			}
			kind := KindManagement
			switch {
			case c.LooksLike != "" || strings.HasPrefix(c.Name, "payload-") || c.Name == "type-number" || c.Name == "type-other":
				kind = KindUnknown
			case strings.HasPrefix(c.Name, "app"):
				kind = KindApp
			}
			if token.Kind != kind {
				t.Errorf("kind %s, want %s", token.Kind, kind)
			}
			unreadable := c.LooksLike != "" || strings.HasPrefix(c.Name, "payload-")
			if token.Readable() == unreadable {
				t.Errorf("readable: %v", token.Readable())
			}
			if damaged := slices.Contains(c.Warnings, "paste_damage"); (len(token.Removed) > 0) != damaged {
				t.Errorf("removed %v", token.Removed)
			}
			if fault := token.Fault != ""; fault != (unreadable || token.Fault == MalformedToken || token.Fault == UnsupportedAlgorithm) {
				t.Errorf("fault %q", token.Fault)
			}
		})
	}
}

func TestInspectReadsWhatALiveTokenSaysOfItself(t *testing.T) {
	k := fixtures.Workspace()
	claims := fixtures.Management(k, docNow, 7*24*time.Hour)
	before := time.Now()
	token := Inspect(fixtures.Sign(k, claims))
	if token.AsOf.Before(before) || token.AsOf.After(time.Now()) {
		t.Errorf("as of %v, which is not now", token.AsOf)
	}
	issued := docNow.Truncate(time.Second)
	switch {
	case token.Kind != KindManagement, token.AccessKey != k.AccessKey, token.ID != claims["jti"], token.Algorithm != "HS256", token.Version != 2,
		!token.IssuedAt.Equal(issued), !token.NotBefore.Equal(issued), !token.ExpiresAt.Equal(issued.Add(7 * 24 * time.Hour)),
		token.Removed != nil, token.Fault != "", token.LooksLike != "":
		t.Errorf("%+v", token)
	}
	if token.ExpiresAt.Location() != time.UTC {
		t.Errorf("times are in %v", token.ExpiresAt.Location())
	}
	token.AsOf = issued.Add(time.Hour)
	if left, ok := token.ExpiresIn(); !ok || left != 7*24*time.Hour-time.Hour {
		t.Errorf("expires in %v, %v", left, ok)
	}
	if life, ok := token.Lifetime(); !ok || life != 7*24*time.Hour {
		t.Errorf("lifetime %v, %v", life, ok)
	}
	token.AsOf = issued.Add(8 * 24 * time.Hour)
	if left, ok := token.ExpiresIn(); !ok || left != -24*time.Hour {
		t.Errorf("expires in %v, %v", left, ok)
	}
}

func TestLifetimeNeedsABeginningAndAnEnd(t *testing.T) {
	k := fixtures.Workspace()
	claims := fixtures.Management(k, docNow, time.Hour)
	for _, c := range []struct {
		name   string
		claims fixtures.Claims
		life   time.Duration
		ok     bool
	}{
		{"iat, nbf and exp", claims, time.Hour, true},
		{"iat back-dated", claims.With("iat", docNow.Unix()-10), time.Hour + 10*time.Second, true},
		{"no iat", claims.Without("iat"), time.Hour, true},
		{"neither iat nor nbf", claims.Without("iat", "nbf"), 0, false},
		{"no exp", claims.Without("exp"), 0, false},
	} {
		if life, ok := Inspect(fixtures.Sign(k, c.claims)).Lifetime(); ok != c.ok || ok && life != c.life {
			t.Errorf("%s: %v, %v; want %v, %v", c.name, life, ok, c.life, c.ok)
		}
	}
}

func TestFindingsAreJudgedAsOfTheMomentGiven(t *testing.T) {
	token := Inspect(docCase(t, "live").Value) // from docNow, for seven days
	for _, c := range []struct {
		at   time.Duration
		want []Code
	}{
		{-31 * time.Second, []Code{TokenNotYetValid}},
		{-30 * time.Second, nil},
		{0, nil},
		{112*time.Hour - 11*time.Second, nil}, // a third of seven days and the ten seconds of back-dating
		{112 * time.Hour, []Code{ExpiresSoon}},
		{7*24*time.Hour - 1, []Code{ExpiresSoon}},
		{7 * 24 * time.Hour, []Code{ExpiredToken}},
	} {
		token.AsOf = docNow.Truncate(time.Second).Add(c.at)
		if got := token.Findings(0); !slices.Equal(got, c.want) {
			t.Errorf("at %v: %v, want %v", c.at, got, c.want)
		}
	}
	token.AsOf = docNow.Add(6 * 24 * time.Hour)
	if got := token.Findings(-1); len(got) > 0 {
		t.Errorf("with warnings switched off: %v", got)
	}
	if got := token.Findings(time.Hour); len(got) > 0 {
		t.Errorf("a day before the end, within an hour: %v", got)
	}
}

func TestALifetimeOfFourteenDaysIsNotLongWithItsBackDatedIssue(t *testing.T) {
	k := fixtures.Workspace()
	for life, long := range map[time.Duration]bool{
		14 * 24 * time.Hour:                false,
		14*24*time.Hour + 10*time.Second:   false,
		14*24*time.Hour + 61*time.Second:   true,
		14*24*time.Hour + 3600*time.Second: true,
	} {
		token := docInspect(fixtures.Sign(k, fixtures.Management(k, docNow, life)))
		if got := slices.Contains(token.Findings(0), LongLived); got != long {
			t.Errorf("%v: %v", life, token.Findings(0))
		}
	}
}

func TestATimeClaimThatCannotBeRightIsMalformedAndAnyOtherIsTakenAtItsWord(t *testing.T) {
	const year1 = -62135596800.0 // a float, for an int of 32 bits does not hold it
	for _, c := range []struct {
		claim string
		value any
		want  []Code
		at    float64 // seconds; NaN if nothing is read
	}{
		{"exp", docNow.Unix() + 86400*5, nil, float64(docNow.Unix() + 86400*5)},
		{"exp", float64(docNow.Unix()+86400*5) + 0.25, nil, float64(docNow.Unix()+86400*5) + 0.25},
		{"exp", json.RawMessage(fmt.Sprintf("%de-3", (docNow.Unix()+86400*5)*1000)), nil, float64(docNow.Unix() + 86400*5)},
		{"exp", 0, []Code{MalformedToken}, 0},
		{"exp", -1, []Code{MalformedToken}, -1},
		{"exp", -1.5, []Code{MalformedToken}, -1.5},
		{"exp", json.RawMessage("-0"), []Code{MalformedToken}, 0},
		{"exp", json.RawMessage("1e-400"), []Code{MalformedToken}, 0},
		{"exp", year1 + 1, []Code{MalformedToken}, year1 + 1},
		{"exp", year1, []Code{MalformedToken}, math.NaN()}, // the zero time, which stands for none
		{"exp", year1 - 1, []Code{MalformedToken}, math.NaN()},
		{"exp", -1e30, []Code{MalformedToken}, math.NaN()},
		{"exp", int64(99999999999), []Code{LongLived}, 99999999999},
		{"exp", 1e11, []Code{MalformedToken}, math.NaN()},
		{"exp", 1e30, []Code{MalformedToken}, math.NaN()},
		{"exp", json.RawMessage("1e400"), []Code{MalformedToken}, math.NaN()},
		{"exp", json.RawMessage("-1e400"), []Code{MalformedToken}, math.NaN()},
		{"exp", json.RawMessage("1e10000000"), []Code{MalformedToken}, math.NaN()},
		{"exp", docNow.UnixMilli(), []Code{MalformedToken}, math.NaN()},
		{"exp", fmt.Sprint(docNow.Unix() + 86400), []Code{MalformedToken}, math.NaN()},
		{"exp", nil, []Code{NoExpiry}, math.NaN()},
		{"exp", true, []Code{MalformedToken}, math.NaN()},
		{"exp", []int{1}, []Code{MalformedToken}, math.NaN()},
		{"exp", map[string]int{}, []Code{MalformedToken}, math.NaN()},
		{"iat", "yesterday", []Code{MalformedToken}, math.NaN()},
		{"nbf", docNow.UnixMilli(), []Code{MalformedToken}, math.NaN()},
		{"nbf", docNow.Unix() + 29, nil, float64(docNow.Unix() + 29)},
		{"nbf", docNow.Unix() + 60, []Code{TokenNotYetValid}, float64(docNow.Unix() + 60)},
		{"iat", docNow.Unix() + 60, []Code{TokenNotYetValid}, float64(docNow.Unix() + 60)}, // the later of the two counts
		{"iat", nil, nil, math.NaN()},
		{"nbf", nil, nil, math.NaN()},
		{"exp", 60, []Code{MalformedToken}, 60},
		{"exp", docNow.Unix() / 1000, []Code{MalformedToken}, float64(docNow.Unix() / 1000)},
		{"exp", docNow.Unix() - 3600, []Code{MalformedToken}, float64(docNow.Unix() - 3600)}, // before iat
		{"nbf", docNow.Unix() + 86400*8, []Code{MalformedToken}, float64(docNow.Unix() + 86400*8)},
		{"iat", 3600, []Code{MalformedToken}, 3600},
	} {
		t.Run(fmt.Sprintf("%s %v", c.claim, c.value), func(t *testing.T) {
			token := docInspect(docSigned(c.claim, c.value))
			if got := token.Findings(0); !slices.Equal(got, c.want) {
				t.Errorf("findings %v, want %v", got, c.want)
			}
			read := map[string]time.Time{"iat": token.IssuedAt, "nbf": token.NotBefore, "exp": token.ExpiresAt}[c.claim]
			if math.IsNaN(c.at) != read.IsZero() {
				t.Errorf("read as %v", read)
			}
			if at := float64(read.Unix()) + float64(read.Nanosecond())/1e9; !math.IsNaN(c.at) && math.Abs(at-c.at) > 1e-6 {
				t.Errorf("read as %v (%f), want %f", read, at, c.at)
			}
			if y := read.Year(); y < 1 || y > 9999 {
				t.Errorf("the year %d cannot be written in RFC 3339", y)
			}
			var object map[string]any
			if data, err := json.Marshal(token); err != nil || json.Unmarshal(data, &object) != nil {
				t.Errorf("%s, %v", data, err)
			}
		})
	}
}

func TestClaimsAreReadByTheirExactNames(t *testing.T) {
	k := fixtures.Workspace()
	claims := fixtures.Management(k, docNow, 7*24*time.Hour)
	upper := fixtures.Claims{}
	for name, value := range claims {
		upper[strings.ToUpper(name)] = value
	}
	token := docInspect(fixtures.Sign(k, upper))
	if token.Kind != KindUnknown || token.AccessKey != "" || token.ID != "" || token.Version != 0 || !token.IssuedAt.IsZero() || !token.NotBefore.IsZero() || !token.ExpiresAt.IsZero() {
		t.Errorf("claims in capitals were read: %+v", token)
	}
	payload, _ := json.Marshal(claims)
	token = docInspect(fixtures.SignAs(map[string]any{"ALG": "HS256"}, payload, k.AppSecret))
	if token.Fault != UnsupportedAlgorithm || token.Algorithm != "" {
		t.Errorf("an ALG was taken for alg: %q, fault %q", token.Algorithm, token.Fault)
	}
	token = docInspect(fixtures.SignAs(map[string]any{"alg": "HS256", "alG": "none"}, payload, k.AppSecret))
	if token.Fault != "" || token.Algorithm != "HS256" {
		t.Errorf("an alG outranks alg: %q, fault %q", token.Algorithm, token.Fault)
	}
}

func TestTheKindIsToldByTheClaimTypeAndElseByWhatAnAppTokenCarries(t *testing.T) {
	for payload, want := range map[string]Kind{
		`{"type":"management"}`:                  KindManagement,
		`{"type":"management","room_id":"r"}`:    KindManagement,
		`{"t\u0079pe":"man\u0061gement"}`:        KindManagement,
		`{"type":"app"}`:                         KindApp,
		`{"room_id":"r"}`:                        KindApp,
		`{"role":"host"}`:                        KindApp,
		`{"user_id":"u"}`:                        KindApp,
		`{}`:                                     KindUnknown,
		`{"type":"Management"}`:                  KindUnknown,
		`{"type":"","role":"host"}`:              KindUnknown,
		`{"type":null,"role":"host"}`:            KindApp,
		`{"type":["management"]}`:                KindUnknown,
		`{"type":"app","type":"management"}`:     KindManagement, // the last one counts, as for every JWT library
		`{"type":"management ","access_key":""}`: KindUnknown,
		`{"app_data":{"type":"management"}}`:     KindUnknown,
	} {
		if token := docInspect(docRaw(payload)); token.Kind != want {
			t.Errorf("%s: %s, want %s", payload, token.Kind, want)
		}
	}
}

func TestVersionIsASmallWholeNumberOrNothing(t *testing.T) {
	for payload, want := range map[string]int{
		`2`: 2, `2.0`: 2, `-1`: -1, `0`: 0, `2.5`: 0, `"2"`: 0, `null`: 0, `1e30`: 0, `1e400`: 0, `[2]`: 0, `40000`: 0,
	} {
		if token := docInspect(docRaw(`{"version":` + payload + `}`)); token.Version != want {
			t.Errorf("%s: %d, want %d", payload, token.Version, want)
		}
	}
}

func TestWhatAParserMayTripOverIsToldAtOnce(t *testing.T) {
	live := docCase(t, "live").Value
	parts := strings.Split(live, ".")
	for _, c := range []struct {
		name, value string
		want        Code
	}{
		{"a header with a character that base64url lacks", "!" + parts[0][1:] + "." + parts[1] + "." + parts[2], NotAToken},
		{"a header one character short", parts[0][:len(parts[0])-1] + "." + parts[1] + "." + parts[2], MalformedToken},
		{"a header that is an array", "W10." + parts[1] + "." + parts[2], MalformedToken},
		{"a header that is null", "bnVsbA." + parts[1] + "." + parts[2], MalformedToken},
		{"a payload with something behind it", docRaw(`{"type":"management"} {}`), MalformedToken},
		{"a payload of 4,000 brackets", docRaw(strings.Repeat("[", 4000)), MalformedToken},
		{"a payload nested 2,000 deep", docRaw(`{"type":"management","a":` + strings.Repeat("[", 2000) + strings.Repeat("]", 2000) + `}`), ""},
		{"a payload that is a string", docRaw(`"management"`), MalformedToken},
		{"an empty payload", docRaw(` `), MalformedToken},
		{"a signature one character short", live[:len(live)-1], MalformedToken},
		{"a signature with one too many", live + "A", MalformedToken},
		{"no signature", strings.Join(parts[:2], ".") + ".", MalformedToken},
		{"a signature with bits left over", live[:len(live)-1] + docOddLast(live[len(live)-1]), MalformedToken},
	} {
		t.Run(c.name, func(t *testing.T) {
			begin := time.Now()
			token := docInspect(c.value)
			if took := time.Since(begin); took > time.Second {
				t.Errorf("it took %v", took)
			}
			if token.Fault != c.want {
				t.Errorf("fault %q, want %q", token.Fault, c.want)
			}
		})
	}
}

// docOddLast is the base64url digit that decodes to the same bytes as c, the
// last of 43: the two bits that no byte takes are not zero. golang-jwt accepts it.
func docOddLast(c byte) string {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return digits[strings.IndexByte(digits, c)+1:][:1]
}

func TestInspectIsBoundedWhateverTheValue(t *testing.T) {
	for name, value := range map[string]string{
		"100,000 dots":           strings.Repeat(".", 100_000),
		"8,000 dots":             strings.Repeat(".", 8000),
		"10 MB":                  strings.Repeat("x", 10<<20),
		"10 MB of spaces":        strings.Repeat(" ", 10<<20),
		"many Bearers":           strings.Repeat("Bearer ", 9000),
		"many authorizations":    strings.Repeat("authorization:", 4500),
		"quotes around the void": strings.Repeat(`"'`, 30_000),
	} {
		begin := time.Now()
		token := docInspect(value)
		if took := time.Since(begin); took > time.Second {
			t.Errorf("%s: %v", name, took)
		}
		if token.Fault != NotAToken {
			t.Errorf("%s: fault %q", name, token.Fault)
		}
		if why := token.Why(token.Fault); len(why) > 200 {
			t.Errorf("%s: %d bytes of explanation", name, len(why))
		}
	}
}

func TestAValueThatIsNoTokenIsKnownByItsLooks(t *testing.T) {
	k, live := fixtures.Workspace(), docCase(t, "live").Value
	encoded := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	for value, want := range map[string]Lookalike{
		"":                                    LookalikeEmpty,
		" \n":                                 LookalikeEmpty,
		`""`:                                  LookalikeEmpty,
		"Bearer ":                             LookalikeEmpty,
		k.AccessKey:                           LookalikeAccessKey,
		strings.ToUpper(k.AccessKey):          LookalikeAccessKey,
		" " + k.AccessKey + "\n":              LookalikeAccessKey,
		k.AccessKey[:23]:                      LookalikeUnknown,
		k.AccessKey[:23] + "g":                LookalikeUnknown,
		k.AppSecret:                           LookalikeAppSecret,
		strings.TrimRight(k.AppSecret, "="):   LookalikeAppSecret,
		k.AccessKey + ":" + k.AppSecret:       LookalikeAppSecret,
		"Bearer " + k.AppSecret:               LookalikeAppSecret,
		"abc-defg-hij":                        LookalikeRoomCode,
		"ABC-DEFG-HIJ":                        LookalikeUnknown,
		"abc-defg-hi1":                        LookalikeUnknown,
		"abcd-efg-hij":                        LookalikeUnknown,
		"changeme":                            LookalikePlaceholder,
		"${HMS_MANAGEMENT_TOKEN}":             LookalikePlaceholder,
		strings.Repeat("x", 600):              LookalikeUnknown,
		"live_" + strings.Repeat("a-", 20):    LookalikeUnknown,
		"00000000-0000-4000-8000-00000000000": LookalikeUnknown,

		"HMS_ACCESS_KEY=" + k.AccessKey:                       LookalikeAccessKey,
		"access key: " + k.AccessKey:                          LookalikeAccessKey,
		"https://a.app.100ms.live/preview/" + k.AccessKey:     LookalikeUnknown, // a room's id
		"Basic " + encoded(k.AccessKey+":"+k.AppSecret):       LookalikeAppSecret,
		strings.ReplaceAll(live, ".", "%2E"):                  LookalikeUnknown,
		strings.Replace(live, live[60:62], "\u0430\u0430", 1): LookalikeUnknown, // not Latin, but Cyrillic
		"HMS_TOKEN=changeme":                                  LookalikePlaceholder,
		"hms_token = <sensitive>":                             LookalikePlaceholder,
		"%!s(<nil>)":                                          LookalikePlaceholder,
		"(null)":                                              LookalikePlaceholder,
		"$(cat token)":                                        LookalikePlaceholder,
		"#{token}":                                            LookalikePlaceholder,
		"<html><body></body></html>":                          LookalikeUnknown,
	} {
		if token := docInspect(value); token.Fault != NotAToken || token.LooksLike != want {
			t.Errorf("%.60q: %s, looks like %q, want %q", value, token.Fault, token.LooksLike, want)
		}
	}
}

func TestSeveralTokensAreCalledThatWhateverStandsBetweenThem(t *testing.T) {
	live, expired := docCase(t, "live").Value, docCase(t, "expired").Value
	for _, between := range []string{",", "\n", "\r\n", " ", "\t", "\n\n", " and "} {
		if got := docInspect(live + between + expired).Why(NotAToken); got != "this is not a token: it holds more than one token" {
			t.Errorf("%q: %s", between, got)
		}
	}
}

// What is a value to inspect is one to validate and test too, also where it begins like
// JSON.
func TestAValueThatBeginsLikeJSONIsAValue(t *testing.T) {
	k, live := fixtures.Workspace(), docCase(t, "live").Value
	for _, c := range []struct {
		name, text string
		want       Code
	}{
		{"an access key as a JSON string", `"` + k.AccessKey + `"`, NotAToken},
		{"an App Secret as a JSON string", `"` + k.AppSecret + `"`, NotAToken},
		{"a placeholder as a JSON string", `"changeme"`, NotAToken},
		{"an empty JSON string", `""`, Blank},
		{"a token in brackets", "[" + live + "]", PasteDamage},
		{"a token in braces", "{" + live + "}", PasteDamage},
		{"a token as the address of a link", "[token](" + live + ")", PasteDamage},
		{"a token that ends with a NUL", live + "\x00", PasteDamage},
		{"a variable of Ruby's", "#{token}", NotAToken},
		{"a JSON string of something else", `"hello"`, WrongType},
		{"a list with a token", `["` + live + `"]`, WrongType},
		{"a dictionary of Python's", `{'Authorization': 'Bearer ` + live + `'}`, Syntax},
		{"NUL bytes inside", "a\x00b", Syntax},
	} {
		t.Run(c.name, func(t *testing.T) {
			problems := docValidator().Problems([]byte(c.text))
			if len(problems) != 1 || problems[0].Code != c.want {
				t.Errorf("%v, want %s", problems, c.want)
			}
		})
	}
}

func TestAVariableAloneIsReplacedAsInADocument(t *testing.T) {
	expired := docCase(t, "expired").Value
	for _, require := range []bool{false, true} {
		v := docValidator()
		v.RequireVariables = require
		v.Expand = func(name string) (string, bool) { return expired, name == "HMS_TOKEN" }
		if got := listed(v.Problems([]byte("${HMS_TOKEN}\r\n"))); !slices.Equal(got, []string{"1:1  expired_token"}) {
			t.Errorf("variables required: %t: %q", require, got)
		}
	}
	problems := docValidator().Problems([]byte("${HMS_TOKEN}\n"))
	if len(problems) != 1 || problems[0].Code != NotAToken || !strings.Contains(problems[0].Remedy, "set the variable") {
		t.Errorf("not replaced: %+v", problems)
	}
}

func TestAByteOrderMarkHasItsOwnNextStep(t *testing.T) {
	problems := docValidator().Problems([]byte("\ufeff" + `{"name": "a"}`))
	if len(problems) != 1 || problems[0].Remedy != "Save the file as UTF-8 without a byte order mark (BOM)." {
		t.Errorf("%+v", problems)
	}
}

func TestTheJSONOfATokenHasNullForWhatItDoesNotSay(t *testing.T) {
	k := fixtures.Workspace()
	claims := fixtures.Management(k, docNow, 7*24*time.Hour)
	for _, c := range []struct{ name, value, want string }{
		{"a live token", fixtures.Sign(k, claims.With("jti", "id-1")),
			`{"kind":"management","access_key":"100a100a100a100a100a100a","id":"id-1","algorithm":"HS256","version":2,` +
				`"issued_at":"2026-11-08T09:30:00Z","not_before":"2026-11-08T09:30:00Z","expires_at":"2026-11-15T09:30:00Z",` +
				`"expires_in_seconds":604799,"lifetime_seconds":604800}`},
		{"no claims at all", docRaw(`{}`),
			`{"kind":"unknown","access_key":"","id":"","algorithm":"HS256","version":0,` +
				`"issued_at":null,"not_before":null,"expires_at":null,"expires_in_seconds":null,"lifetime_seconds":null}`},
		{"an end without a beginning", docRaw(`{"exp":0}`),
			`{"kind":"unknown","access_key":"","id":"","algorithm":"HS256","version":0,` +
				`"issued_at":null,"not_before":null,"expires_at":"1970-01-01T00:00:00Z","expires_in_seconds":-1794130200,"lifetime_seconds":null}`},
		{"no token", "changeme",
			`{"kind":"unknown","access_key":"","id":"","algorithm":"","version":0,` +
				`"issued_at":null,"not_before":null,"expires_at":null,"expires_in_seconds":null,"lifetime_seconds":null}`},
	} {
		got, err := json.Marshal(docInspect(c.value))
		if err != nil || string(got) != c.want {
			t.Errorf("%s:\ngot  %s (%v)\nwant %s", c.name, got, err, c.want)
		}
	}
}

// People who sign tokens swap access key and App Secret, or put a secret
// elsewhere. What a token shows is logged, and sent to hosts.
func TestASecretInAClaimIsNeverShown(t *testing.T) {
	secret := fixtures.Workspace().AppSecret
	live := docCase(t, "live").Value
	for _, s := range []struct{ name, text string }{
		{"an App Secret", secret},
		{"an App Secret without its padding", strings.TrimRight(secret, "=")},
		{"an App Secret with a line end, as read from a file", secret + "\n"},
		{"an App Secret in white space", " " + secret + " "},
		{"an App Secret in quotes", `"` + secret + `"`},
		{"an App Secret behind its access key", fixtures.Workspace().AccessKey + ":" + secret},
		{"a token", live},
	} {
		for _, claim := range []string{"access_key", "jti", "type", "user_id", "exp", "iss"} {
			token := docInspect(docSigned(claim, s.text))
			docShowsNone(t, s.name+" as "+claim, token, secret[:20], secret[len(secret)-20:], live[:40], live[len(live)-40:])
			if claim == "access_key" && token.AccessKey != redacted {
				t.Errorf("%s: the access key reads %q", s.name, token.AccessKey)
			}
		}
		header := fixtures.SignAs(map[string]any{"alg": s.text}, []byte("{}"), secret)
		docShowsNone(t, s.name+" as alg", docInspect(header), secret[:16], live[:16])
	}
}

func TestATokenPrintsWithoutTheTokenItself(t *testing.T) {
	for _, c := range fixtures.Cases(docNow) {
		if len(c.Value) < 12 {
			continue
		}
		secret := c.Value
		if c.LooksLike == "" { // the signature is what makes it one
			secret = secret[strings.LastIndexByte(strings.TrimSpace(secret), '.')+1:]
		}
		token := docInspect(c.Value)
		docShowsNone(t, c.Name, token, c.Value)
		if len(secret) > 12 {
			docShowsNone(t, c.Name, token, secret, secret[:12])
		}
	}
}

// docShowsNone prints the token in every way and looks for secrets in it.
func docShowsNone(t *testing.T, name string, token Token, secrets ...string) {
	t.Helper()
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("inspected", "token", token)
	slog.New(slog.NewTextHandler(&log, nil)).Info("inspected", "token", token)
	object, err := json.Marshal(token)
	if err != nil {
		t.Errorf("%s: %v", name, err)
	}
	printed := []string{fmt.Sprintf("%v %+v %#v", token, token, &token), string(object), log.String()}
	for _, code := range append(token.Findings(0), token.Fault) {
		printed = append(printed, token.Why(code))
	}
	for _, text := range printed {
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%s: %q is shown in %s", name, secret, text)
			}
		}
	}
}

func TestTextOfAClaimIsOneShortLine(t *testing.T) {
	for _, claim := range []string{"access_key", "jti"} {
		token := docInspect(docSigned(claim, "\x1b[31m"+strings.Repeat("so long ", 100)+"\u202e\n"))
		for _, text := range []string{token.AccessKey, token.ID} {
			if len([]rune(text)) > 65 || strings.ContainsAny(text, "\x1b\n\u202e") {
				t.Errorf("%s: %q", claim, text)
			}
		}
	}
	token := docInspect(docRaw("{\"jti\":\"\xff\xfe\"}")) // encoding/json lets it pass
	if _, err := json.Marshal(token); err != nil {
		t.Error(err)
	}
}

func TestALongSentenceIsNoAppSecret(t *testing.T) {
	sentence := strings.Repeat("please ask the owner of the workspace ", 4)
	if got := Inspect(sentence); got.Fault != NotAToken || got.LooksLike != LookalikeUnknown {
		t.Errorf("%s, looks like %s", got.Fault, got.LooksLike)
	}
	secret := fixtures.Workspace().AppSecret
	for _, wrapped := range []string{secret + "\n", secret[:80] + "\n" + secret[80:]} {
		if got := Inspect(wrapped); got.LooksLike != LookalikeAppSecret {
			t.Errorf("a wrapped App Secret looks like %s", got.LooksLike)
		}
	}
}

func TestATimeBeyondADurationIsCountedRight(t *testing.T) {
	far := docInspect(docSigned("exp", int64(90_000_000_000)))
	far.AsOf = docNow.Truncate(time.Second)
	data, err := json.Marshal(far)
	if want := fmt.Sprintf(`"expires_in_seconds":%d,`, 90_000_000_000-docNow.Unix()); err != nil || !strings.Contains(string(data), want) {
		t.Errorf("%s (%v), want %s", data, err, want)
	}
	if left, _ := far.ExpiresIn(); Span(left) != "over 290 years" {
		t.Error(Span(left))
	}
	long := docInspect(docSigned("exp", int64(-10_000_000_000)))
	if !strings.HasPrefix(long.Why(ExpiredToken), "the token expired over 290 years ago, at 1653-") {
		t.Error(long.Why(ExpiredToken))
	}
}

func TestATokenThatDoesNotSayWhenItWasMadeIsLongLivedByWhatIsLeft(t *testing.T) {
	k := fixtures.Workspace()
	for days, want := range map[int]bool{13: false, 15: true, 400: true} {
		claims := fixtures.Management(k, docNow, time.Duration(days)*24*time.Hour).Without("iat").Without("nbf")
		token := docInspect(fixtures.Sign(k, claims))
		if got := slices.Contains(token.Warnings(0), LongLived); got != want {
			t.Errorf("%d days: long_lived is %t", days, got)
		}
		if want && !strings.HasPrefix(token.Why(LongLived), fmt.Sprintf("the token lives for %d days yet", days)) {
			t.Error(token.Why(LongLived))
		}
	}
}

// A double click selects one of the three parts; it is not an App Secret, however
// long it is.
func TestAPartOfATokenIsCalledThat(t *testing.T) {
	parts := strings.Split(docSigned("jti", strings.Repeat("x", 100)), ".")
	for _, part := range parts[:2] {
		token := docInspect(part)
		if token.Fault != NotAToken || token.LooksLike != LookalikeUnknown || !strings.Contains(token.Why(NotAToken), "one of the three parts of a token") {
			t.Errorf("%s %s: %s", token.Fault, token.LooksLike, token.Why(NotAToken))
		}
	}
}
