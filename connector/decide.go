package connector

import (
	"slices"
	"time"

	"github.com/100ms-connector/connector-go/connector/internal/answer"
	"github.com/100ms-connector/connector-go/connector/internal/pasted"
)

// standing is what a token's own claims amount to: a row's first condition.
// The order is the order of gravity: a token stands where its gravest fault is.
type standing string

const (
	notThree    standing = "not three segments"
	damaged     standing = "malformed, or algorithm not HS256"
	wrongType   standing = "type not management"
	impossible  standing = "times that contradict each other"
	forged      standing = "the signing key says that the signature is wrong"
	expired     standing = "expired"
	notYet      standing = "not yet valid"
	looksLive   standing = "looks live"
	ofTheAnswer Code     = "the code that the answer brings along"
	ofTheClaims Code     = "the gravest fault of the claims"
)

// row is one line of the decision table: for tokens that stand so and answers
// that mean one of these, the outcome.
type row struct {
	number    string // in the documentation
	standings []standing
	means     []answer.Meaning
	code      Code
	by        Confirmation
}

var (
	anyJWT     = []standing{wrongType, impossible, forged, expired, notYet, looksLive}
	faulty     = []standing{wrongType, impossible, forged, expired, notYet}
	live       = []standing{looksLive}
	anyRefusal = []answer.Meaning{answer.Refused, answer.SaysExpired, answer.SaysNotYet, answer.SaysSignature, answer.Forbidden}
	anything   = append([]answer.Meaning{notAsked, answer.Success, trouble}, anyRefusal...)
)

// decisions is the decision table: the server judges whether a token works, its
// claims explain why it does not. The first row that fits decides; a test shows
// that for every combination exactly one does.
var decisions = []row{
	{"1", []standing{notThree}, anything, ofTheClaims, ConfirmedByClaims},
	{"2", []standing{damaged}, anything, ofTheClaims, ConfirmedByClaims},
	{"3", anyJWT, []answer.Meaning{answer.Success}, OK, ConfirmedByServer}, // what the claims say never overrides a 2xx
	{"4", []standing{wrongType}, anyRefusal, ofTheClaims, ConfirmedByBoth},
	{"3a", []standing{impossible}, anyRefusal, ofTheClaims, ConfirmedByBoth},
	{"5", []standing{expired}, anyRefusal, ofTheClaims, ConfirmedByBoth},
	{"6", []standing{notYet}, anyRefusal, ofTheClaims, ConfirmedByBoth},
	{"7", live, []answer.Meaning{answer.SaysExpired}, ExpiredToken, ConfirmedByServer},
	{"7", live, []answer.Meaning{answer.SaysNotYet}, TokenNotYetValid, ConfirmedByServer},
	{"7", live, []answer.Meaning{answer.SaysSignature}, SignatureRejected, ConfirmedByServer},
	{"7", []standing{forged}, anyRefusal, ofTheClaims, ConfirmedByBoth},
	{"8", live, []answer.Meaning{answer.Refused}, TokenRefused, ConfirmedByServer},
	{"9", live, []answer.Meaning{answer.Forbidden}, PermissionDenied, ConfirmedByServer},
	{"10", live, []answer.Meaning{trouble}, ofTheAnswer, ""},
	{"10", faulty, []answer.Meaning{trouble}, ofTheClaims, ConfirmedByClaims}, // an app token does not become good because the API is down
	{"12", faulty, []answer.Meaning{notAsked}, ofTheClaims, ConfirmedByClaims},
	{"12", live, []answer.Meaning{notAsked}, Untested, ""},
}

// facts is everything that a decision rests on, gathered beforehand.
type facts struct {
	name       string
	follows    bool   // the schema, but for its token
	token      Token  // AsOf is set by decide
	forged     bool   // the signing key of its access key did not sign it
	proven     bool   // that key did sign it
	keyFault   error  // why the signing key that was given proves nothing
	otherKey   string // its access key, if that is not the token's
	reply      reply
	now        time.Time // this machine's clock
	warnWithin time.Duration

	faults, warnings []Code // what decide found of the above
}

// decide judges the facts. It is pure: the same facts give the same report.
func decide(f facts) *Report {
	f.weigh()
	standing, means := f.standing(), f.reply.means
	i := slices.IndexFunc(decisions, func(r row) bool {
		return slices.Contains(r.standings, standing) && slices.Contains(r.means, means)
	})
	chosen := decisions[i]

	code := chosen.code
	switch code {
	case ofTheClaims:
		code = f.faults[0]
	case ofTheAnswer:
		code = f.reply.code
	}
	report := &Report{
		Name: pasted.Presentable(f.name, 255), Verdict: code.verdict(), Code: code, ConfirmedBy: chosen.by,
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

// weigh finds the clock, the faults and the warnings.
func (f *facts) weigh() {
	f.chooseClock()
	f.faults, f.warnings = f.findFaults(), f.findWarnings()
}

// chooseClock takes the server's clock when it answered, else this machine's. Only
// an acceptance can contradict the server's: a token that is let in although by Date
// it is outside its life, while by this machine's clock it is inside.
func (f *facts) chooseClock() {
	f.token.AsOf = f.now
	date := f.reply.date
	if date.IsZero() {
		return
	}
	const tolerance = time.Minute
	inside := f.token.contains(f.now, 0)
	if f.accepted() && inside && !f.token.contains(date, tolerance) {
		f.reply.doubt = "it says " + date.UTC().Format("2006-01-02 15:04 UTC") + ", at which the token that the API accepted is not valid"
		f.reply.date = time.Time{}
		f.reply.server.ClockOffset = 0
		return
	}
	f.token.AsOf = date
}

// contains says whether a moment is within the token's life, or less than a tolerance
// outside.
func (t Token) contains(at time.Time, tolerance time.Duration) bool {
	return !t.validFrom().After(at.Add(tolerance)) && (t.ExpiresAt.IsZero() || t.ExpiresAt.After(at.Add(-tolerance)))
}

// findFaults lists those of the claims, with what the signing key says put in where
// it ranks: below the type and times that contradict, above the other times.
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

func (f *facts) standing() standing {
	switch {
	case len(f.faults) == 0:
		return looksLive
	case f.token.Fault == NotAToken:
		return notThree
	case f.token.Fault != "":
		return damaged
	}
	switch f.faults[0] {
	case WrongTokenType:
		return wrongType
	case SignatureRejected:
		return forged
	case ExpiredToken:
		return expired
	case TokenNotYetValid:
		return notYet
	}
	return impossible
}

// also lists the other codes that hold: further faults of the claims, what the
// server's text says beyond them, and the server's trouble.
func (f *facts) also(code Code) []Code {
	found := slices.Clip(f.faults)
	switch f.reply.means {
	case answer.SaysExpired:
		found = append(found, ExpiredToken)
	case answer.SaysNotYet:
		found = append(found, TokenNotYetValid)
	case answer.SaysSignature:
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
	if s := f.reply.server; s != nil && (s.ClockOffset > 60 || s.ClockOffset < -60) {
		found = append(found, ClockSkew)
	}
	if f.accepted() {
		if here := f.token; here.expired() {
			if here.AsOf = f.now; here.expired() {
				found = append(found, ExpiredButAccepted)
			}
		}
		if f.token.Kind != KindManagement {
			found = append(found, UnexpectedTokenType)
		}
	}
	slices.Sort(found)
	return found
}
