package connector

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/100ms-connector/connector-go/connector/internal/answer"
	"github.com/100ms-connector/connector-go/connector/internal/words"
)

// message is the cause in one sentence, with the evidence for it.
func (f *facts) message(code Code) string {
	switch code {
	case OK:
		m := "the API accepted the token"
		switch {
		case f.forged:
			m += ", although the App Secret given did not sign it"
		case f.otherKey != "":
			m += "; the App Secret given belongs to another access key, so the signature was not checked"
		}
		if left, ok := f.token.ExpiresIn(); ok && left > 0 {
			m += fmt.Sprintf("; it expires in %s, at %s", words.Span(left), words.Moment(f.token.ExpiresAt))
		}
		return m
	case Untested:
		m := "not tested: no call was made"
		if left, ok := f.token.ExpiresIn(); ok {
			m += fmt.Sprintf("; by its claims the token expires in %s, at %s", words.Span(left), words.Moment(f.token.ExpiresAt))
		}
		return m
	case NotAToken, MalformedToken, UnsupportedAlgorithm:
		if f.reply.means == notAsked {
			return f.token.Why(code) + "; it was not sent"
		}
		return f.token.Why(code) + f.answered("the API")
	case WrongTokenType:
		return f.token.Why(code) + f.answered("the API")
	case ExpiredToken, TokenNotYetValid:
		// The server may know of an expiry that the claims do not show.
		if !slices.Contains(f.faults, code) {
			return "the API says that " + code.Info().Meaning + f.answered("it")
		}
		return f.token.Why(code) + f.answered("the API")
	case SignatureRejected:
		if f.forged {
			return "the App Secret given did not sign this token" + f.answered("the API")
		}
		return "the API says that the signature is wrong" + f.answered("it")
	case TokenRefused:
		return "the API refused the token without saying why, though its claims look right" + f.answered("it")
	case NetworkFailure:
		if f.reply.unsent {
			return "no call could be made: " + f.reply.detail
		}
	case Timeout:
		if f.reply.limit > 0 {
			return fmt.Sprintf("%s: the whole test may take %s", code.Info().Meaning, f.reply.limit)
		}
	case PermissionDenied:
		return "the API denies this token what a management token may do" + f.answered("it")
	}
	return code.Info().Meaning + f.answered("the API")
}

// answered appends what came back, as evidence; who is the API in the sentence.
func (f *facts) answered(who string) string {
	s := f.reply.server
	switch {
	case f.reply.code == Timeout || f.reply.code == Canceled: // the code says it all
		return ""
	case f.reply.unsent:
		return "; no call could be made: " + f.reply.detail
	case f.reply.detail != "":
		return "; the call failed: " + f.reply.detail
	case s == nil:
		return ""
	}
	switch f.reply.code {
	case UnexpectedResponse, Redirected, ProxyFailure:
		who = "it" // what answered may be anybody
	}
	evidence := fmt.Sprintf("; %s answered %d", who, s.Status)
	if f.reply.form != "" {
		evidence += " " + f.reply.form
	}
	switch {
	case s.Message == "":
	case strings.HasPrefix(f.reply.form, "and "):
		evidence += fmt.Sprintf(": %q", s.Message)
	default:
		evidence += fmt.Sprintf(" %q", s.Message)
	}
	return evidence
}

// remedy is the next step; the code's own, made more exact where the facts allow.
func (f *facts) remedy(code Code) string {
	r := f.token.Remedy(code)
	switch {
	case code == OK && f.forged:
		r = "Compare the App Secret given with the dashboard (Developer): it may be an old one that was rotated, and then it signs no token that works."
	case code == RateLimited && f.reply.wait > 0:
		r = fmt.Sprintf("Wait %s, then test again, fewer credentials at once.", words.Span(f.reply.wait+time.Second-1))
	case code == UnexpectedResponse && f.reply.tokenLost:
		r = "Look for a proxy, a gateway or a firewall between this machine and the API that removes the Authorization header; the credential was not judged."
	case code == ProxyFailure && f.reply.server != nil && f.reply.server.Status == http.StatusForbidden:
		r = "An Envoy between this machine and the API refused the call by its own rules: ask whoever runs it, a gateway or a service mesh, to let it through."
	case code == NetworkFailure && f.reply.unsent:
		r = "Give the API's address; if none is given, it is " + DefaultBaseURL + "."
	case code == TokenRefused && f.proven:
		r = "The App Secret given did sign this token, so look elsewhere: was the secret rotated or the access key deleted since? Compare both with the dashboard (Developer)."
	case code == TokenRefused && f.otherKey != "":
		r = fmt.Sprintf("The token names the access key %s, the App Secret given belongs to %s: is it a token of another workspace? %s", orNone(f.token.AccessKey), f.otherKey, r)
	case (code == TokenRefused || code == Untested) && f.token.odd != "":
		r = "Look at this first: " + f.token.odd + ". " + r
	}
	return r
}

// checks tells at which step it broke.
func (f *facts) checks(code Code) []Check {
	document := Check{CheckDocument, StatusSkip, "not read from a document"}
	if f.follows {
		document = Check{CheckDocument, StatusPass, "follows the schema"}
	}
	return append([]Check{document, f.shapeCheck(), f.typeCheck(), f.lifetimeCheck(code)}, f.serverChecks(code)...)
}

func (f *facts) accepted() bool { return f.reply.means == answer.Success }

func (f *facts) shapeCheck() Check {
	check := func(status CheckStatus, detail string) Check { return Check{CheckTokenShape, status, detail} }
	switch t := f.token; {
	case t.Fault != "":
		return check(StatusFail, t.Why(t.Fault))
	case f.forged && f.accepted():
		return check(StatusWarn, "the App Secret given did not sign it, yet the API accepted it")
	case f.forged:
		return check(StatusFail, "the App Secret given did not sign it")
	case len(t.Removed) > 0:
		return check(StatusWarn, "removed "+words.List(t.Removed))
	case t.odd != "":
		return check(StatusWarn, t.odd)
	case f.keyFault != nil:
		return check(StatusPass, "three segments, "+t.Algorithm+"; the signature was not checked: "+f.keyFault.Error())
	default:
		return check(StatusPass, "three segments, "+t.Algorithm)
	}
}

func orNone(s string) string {
	if s == "" {
		return "(none)"
	}
	return s
}

func (f *facts) typeCheck() Check {
	check := func(status CheckStatus, detail string) Check { return Check{CheckTokenType, status, detail} }
	switch t := f.token; {
	case !t.readable:
		return check(StatusSkip, "the claims could not be read")
	case t.Kind == KindManagement:
		return check(StatusPass, "management")
	case f.accepted():
		return check(StatusWarn, "accepted, though "+t.Why(WrongTokenType))
	default:
		return check(StatusFail, t.Why(WrongTokenType))
	}
}

// lifetimeCheck fails for what the claims show and for what the API says of the
// times, unless it accepted the token all the same.
func (f *facts) lifetimeCheck(code Code) Check {
	check := func(status CheckStatus, detail string) Check { return Check{CheckTokenLifetime, status, detail} }
	t := f.token
	if !t.readable {
		return check(StatusSkip, "the claims could not be read")
	}
	if t.contradiction != "" {
		if f.accepted() {
			return check(StatusWarn, "accepted, though "+t.contradiction)
		}
		return check(StatusFail, t.contradiction)
	}
	if !f.accepted() {
		for _, c := range []Code{ExpiredToken, TokenNotYetValid} {
			switch {
			case slices.Contains(f.faults, c):
				return check(StatusFail, t.Why(c)+f.byWhichClock())
			case c == code:
				return check(StatusFail, c.Info().Meaning)
			}
		}
	}
	warnings := slices.DeleteFunc(slices.Clone(f.warnings), func(c Code) bool { return c == PasteDamage || c == UnexpectedTokenType })
	left, _ := t.ExpiresIn()
	switch {
	case len(warnings) > 0:
		return check(StatusWarn, t.Why(warnings[0])+f.byWhichClock())
	case t.ExpiresAt.IsZero():
		return check(StatusSkip, "the exp claim could not be read")
	case t.expired():
		return check(StatusWarn, "accepted, though "+t.Why(ExpiredToken)+f.byWhichClock())
	default:
		return check(StatusPass, "expires in "+words.Span(left)+f.byWhichClock())
	}
}

// byWhichClock says why this machine's clock counts, where the answer had another.
func (f *facts) byWhichClock() string {
	if f.reply.doubt == "" {
		return ""
	}
	return "; by this machine's clock, for the Date of the answer does not count: " + f.reply.doubt
}

// serverChecks are the three steps that need a call.
func (f *facts) serverChecks(code Code) []Check {
	step := func(name CheckName, status CheckStatus, detail string) Check { return Check{name, status, detail} }
	three := func(reachable, authenticated, permitted Check) []Check {
		return []Check{reachable, authenticated, permitted}
	}
	notCalled := "no call was made"
	status := strings.TrimPrefix(f.answered("the API"), "; ")
	notReached := func(why string) []Check {
		return three(step(CheckReachable, StatusSkip, why), step(CheckAuthenticated, StatusSkip, why), step(CheckPermitted, StatusSkip, why))
	}
	switch f.reply.means {
	case notAsked:
		return notReached(notCalled)
	case answer.Success:
		return three(step(CheckReachable, StatusPass, fmt.Sprintf("answered in %d ms", f.reply.server.LatencyMS)),
			step(CheckAuthenticated, StatusPass, "the API knows the token"), step(CheckPermitted, StatusPass, "may list rooms"))
	case answer.Forbidden:
		if code == PermissionDenied {
			return three(step(CheckReachable, StatusPass, status), step(CheckAuthenticated, StatusPass, "answered 403, not 401"), step(CheckPermitted, StatusFail, status))
		}
		return three(step(CheckReachable, StatusPass, status), step(CheckAuthenticated, StatusFail, "refused, as its claims explain"), step(CheckPermitted, StatusSkip, "not authenticated"))
	case trouble:
		if f.reply.unsent {
			return notReached(notCalled)
		}
		reachable := step(CheckReachable, StatusFail, f.reply.code.Info().Meaning)
		switch f.reply.code {
		case RateLimited:
			reachable = step(CheckReachable, StatusPass, status)
		case Canceled:
			reachable.Status = StatusSkip // nobody learned anything
		}
		return three(reachable, step(CheckAuthenticated, StatusSkip, "not judged"), step(CheckPermitted, StatusSkip, "not judged"))
	}
	return three(step(CheckReachable, StatusPass, status), step(CheckAuthenticated, StatusFail, status), step(CheckPermitted, StatusSkip, "not authenticated"))
}
