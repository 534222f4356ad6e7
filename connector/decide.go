package connector

import (
	"slices"
	"time"
)

// standing is what a token's own claims amount to: a row's first condition.
// The order is the order of gravity: a token stands where its gravest fault is.
type standing string

const (
	notThree  standing = "not three segments"
	damaged   standing = "malformed, or algorithm not HS256"
	wrongType standing = "type not management"
	forged    standing = "the signing key says that the signature is wrong"
	expired   standing = "expired"
	notYet    standing = "not yet valid"
	looksLive standing = "looks live"
)

// row is one line of the decision table: for tokens that stand so and answers
// of these kinds, the outcome.
type row struct {
	number    int // in the documentation
	standings []standing
	answers   []answer
	code      Code // the token's own fault if empty
	by        Confirmation
}

var (
	anyJWT    = []standing{wrongType, forged, expired, notYet, looksLive}
	faulty    = []standing{wrongType, forged, expired, notYet}
	live      = []standing{looksLive}
	any4xx    = []answer{refused, saysExpired, saysNotYet, saysSignature, forbidden}
	anyAnswer = append([]answer{notAsked, success, trouble}, any4xx...)
)

// theirs stands in a row for the code that the answer brings along.
const theirs Code = "the answer's"

// decisions is the decision table: the server judges whether a token works, its
// claims explain why it does not. The first row that fits decides; a test shows
// that for every combination exactly one does.
var decisions = []row{
	{1, []standing{notThree}, anyAnswer, "", ByClaims},
	{2, []standing{damaged}, anyAnswer, "", ByClaims},
	{3, anyJWT, []answer{success}, OK, ByServer}, // what the claims say never overrides a 2xx
	{4, []standing{wrongType}, any4xx, "", ByBoth},
	{5, []standing{expired}, any4xx, "", ByBoth},
	{6, []standing{notYet}, any4xx, "", ByBoth},
	{7, live, []answer{saysExpired}, ExpiredToken, ByServer},
	{7, live, []answer{saysNotYet}, TokenNotYetValid, ByServer},
	{7, live, []answer{saysSignature}, SignatureRejected, ByServer},
	{7, []standing{forged}, any4xx, "", ByBoth},
	{8, live, []answer{refused}, TokenRefused, ByServer},
	{9, live, []answer{forbidden}, PermissionDenied, ByServer},
	{10, live, []answer{trouble}, theirs, ""},
	{10, faulty, []answer{trouble}, "", ByClaims}, // an app token does not become good because the API is down
	{12, faulty, []answer{notAsked}, "", ByClaims},
	{12, live, []answer{notAsked}, Untested, ""},
}

// facts is everything that a decision rests on, gathered beforehand.
type facts struct {
	name         string
	fromDocument bool
	token        Token  // AsOf is set by decide
	forged       bool   // the signing key of its access key did not sign it
	proven       bool   // that key did sign it
	keyFault     error  // why the signing key that was given proves nothing
	otherKey     string // its access key, if that is not the token's
	reply        reply
	now          time.Time // this machine's clock
	warnWithin   time.Duration

	faults, warnings []Code // what decide found of the above
}

// decide judges the facts. It is pure: the same facts give the same report.
func decide(f facts) *Report {
	// The best clock known: the server's when it answered, else this machine's.
	f.token.AsOf = f.now
	if !f.reply.date.IsZero() {
		f.token.AsOf = f.reply.date
	}
	f.faults, f.warnings = f.findFaults(), f.findWarnings()
	standing, answer := standingOf(f.faults), f.reply.answer
	i := slices.IndexFunc(decisions, func(r row) bool {
		return slices.Contains(r.standings, standing) && slices.Contains(r.answers, answer)
	})
	chosen := decisions[i]

	code := chosen.code
	switch code {
	case "":
		code = f.faults[0]
	case theirs:
		code = f.reply.code
	}
	report := &Report{
		Name: presentable(f.name, 255), Verdict: code.verdict(), Code: code, ConfirmedBy: chosen.by,
		Also: []Code{}, Problems: []Problem{}, Warnings: f.warnings,
		LooksLike: f.token.LooksLike, Server: f.reply.server, TestedAt: f.now.UTC().Truncate(time.Second),
		RetryAfter: int64((f.reply.wait + time.Second - 1) / time.Second),
	}
	if f.token.readable {
		report.Token = &f.token
	}
	if code != OK {
		report.Also = f.also(code)
	}
	report.Message, report.Remedy = f.message(code), f.remedy(code)
	report.Checks = f.checks(code)
	return report
}

// findFaults lists those of the claims, with what the signing key says put in where
// it ranks: below the type, above the times.
func (f *facts) findFaults() []Code {
	faults := f.token.faults()
	if f.forged && f.token.readable {
		at := slices.IndexFunc(faults, func(c Code) bool { return c == ExpiredToken || c == TokenNotYetValid })
		if at < 0 {
			at = len(faults)
		}
		faults = slices.Insert(faults, at, SignatureRejected)
	}
	return faults
}

func standingOf(faults []Code) standing {
	if len(faults) == 0 {
		return looksLive
	}
	switch faults[0] {
	case NotAToken:
		return notThree
	case WrongTokenType:
		return wrongType
	case SignatureRejected:
		return forged
	case ExpiredToken:
		return expired
	case TokenNotYetValid:
		return notYet
	}
	return damaged
}

// also lists the other codes that hold: further faults of the claims, what the
// server's text says beyond them, and the server's trouble.
func (f *facts) also(code Code) []Code {
	found := slices.Clip(f.faults)
	switch f.reply.answer {
	case saysExpired:
		found = append(found, ExpiredToken)
	case saysNotYet:
		found = append(found, TokenNotYetValid)
	case saysSignature:
		found = append(found, SignatureRejected)
	case trouble:
		found = append(found, f.reply.code)
	}
	also := []Code{}
	for _, c := range found {
		if c != code && !slices.Contains(also, c) {
			also = append(also, c)
		}
	}
	return also
}

// findWarnings adds to the token's own those that only an answer can show.
func (f *facts) findWarnings() []Code {
	found := append([]Code{}, f.token.Warnings(f.warnWithin)...)
	byLocalClock := f.token
	byLocalClock.AsOf = f.now
	accepted := f.reply.answer == success
	if s := f.reply.server; s != nil && (s.ClockOffset > 60 || s.ClockOffset < -60) || accepted && byLocalClock.expired() {
		found = append(found, ClockSkew)
	}
	if accepted && f.token.Kind != Management {
		found = append(found, UnexpectedTokenType)
	}
	slices.Sort(found)
	return found
}
