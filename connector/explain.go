package connector

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// message is the cause in one sentence, with the evidence for it.
func (f *facts) message(code Code) string {
	answered := f.answered("the API")
	switch code {
	case OK:
		m := "the API accepted the token"
		if left, ok := f.token.ExpiresIn(); ok && left > 0 {
			m += fmt.Sprintf("; it expires in %s, at %s", Span(left), moment(f.token.ExpiresAt))
		}
		return m
	case Untested:
		m := "not tested: no call was made"
		if left, ok := f.token.ExpiresIn(); ok {
			m += fmt.Sprintf("; by its claims the token expires in %s, at %s", Span(left), moment(f.token.ExpiresAt))
		}
		return m
	case NotAToken, MalformedToken, UnsupportedAlgorithm:
		return f.token.Why(code) + "; it was not sent"
	case WrongTokenType:
		return f.token.Why(code) + answered
	case ExpiredToken, TokenNotYetValid:
		// The server may know of an expiry that the claims do not show.
		if !slices.Contains(f.faults(), code) {
			return "the API says that " + code.Info().Meaning + f.answered("it")
		}
		return f.token.Why(code) + answered
	case SignatureRejected:
		if f.forged {
			return "the App Secret given did not sign this token" + answered
		}
		return "the API says that the signature is wrong" + f.answered("it")
	case TokenRefused:
		return "the API refused the token without saying why, though its claims look right" + f.answered("it")
	case PermissionDenied:
		return "the API denies this token what a management token may do" + f.answered("it")
	}
	return code.Info().Meaning + answered
}

// answered appends what came back, as evidence; who is the API in the sentence.
func (f *facts) answered(who string) string {
	s := f.reply.server
	switch {
	case f.reply.code == Timeout || f.reply.code == Canceled: // the code says it all
		return ""
	case f.reply.detail != "":
		return "; the call failed: " + f.reply.detail
	case s == nil:
		return ""
	}
	switch f.reply.code {
	case UnexpectedResponse, Redirected, ProxyFailure:
		who = "what answered" // it may be anybody
	}
	if s.Message == "" {
		return fmt.Sprintf("; %s answered %d", who, s.Status)
	}
	return fmt.Sprintf("; %s answered %d %q", who, s.Status, s.Message)
}

// remedy is the next step; the code's own, made more exact where the facts allow.
func (f *facts) remedy(code Code) string {
	r := code.Info().Remedy
	switch {
	case code == NotAToken && f.token.LooksLike == AppSecretLike:
		r += " Never paste the App Secret itself: whoever has it can sign any token."
	case code == RateLimited && f.reply.wait > 0:
		r = fmt.Sprintf("Wait %s, then test again, fewer credentials at once.", Span(f.reply.wait+time.Second-1))
	case code == TokenRefused && f.proven:
		r = "The App Secret given did sign this token, so look elsewhere: was the secret rotated or the access key deleted since? Compare both with the dashboard (Developer)."
	case code == TokenRefused && f.token.odd != "":
		r = "Look at this first: " + f.token.odd + ". " + r
	}
	return r
}

// checks tells at which step it broke.
func (f *facts) checks(code Code) []Check {
	t, rep := f.token, f.reply
	faults := f.faults()
	has := func(c Code) bool { return slices.Contains(faults, c) || c == code }
	accepted := rep.answer == success
	checks := make([]Check, 0, len(checkOrder))
	add := func(name CheckName, status CheckStatus, detail string) {
		checks = append(checks, Check{name, status, detail})
	}

	if f.fromDocument {
		add(CheckDocument, Pass, "follows the schema")
	} else {
		add(CheckDocument, Skip, "not read from a document")
	}

	switch {
	case t.Fault != "":
		add(CheckTokenShape, Fail, t.Why(t.Fault))
	case f.forged && accepted:
		add(CheckTokenShape, Warn, "the App Secret given did not sign it, yet the API accepted it")
	case f.forged:
		add(CheckTokenShape, Fail, "the App Secret given did not sign it")
	case len(t.Removed) > 0:
		add(CheckTokenShape, Warn, "removed "+list(t.Removed))
	case t.odd != "":
		add(CheckTokenShape, Warn, t.odd)
	default:
		add(CheckTokenShape, Pass, "three segments, "+t.Algorithm)
	}

	switch {
	case !t.readable:
		add(CheckTokenType, Skip, "the claims could not be read")
		add(CheckTokenLifetime, Skip, "the claims could not be read")
	default:
		switch {
		case t.Kind == Management:
			add(CheckTokenType, Pass, "management")
		case accepted:
			add(CheckTokenType, Warn, "accepted, though "+t.Why(WrongTokenType))
		default:
			add(CheckTokenType, Fail, t.Why(WrongTokenType))
		}
		lifetime := slices.DeleteFunc(f.warnings(), func(c Code) bool { return c == PasteDamage || c == UnexpectedTokenType })
		switch {
		case (has(ExpiredToken) || has(TokenNotYetValid)) && !accepted:
			c := ExpiredToken
			if !has(c) {
				c = TokenNotYetValid
			}
			detail := c.Info().Meaning
			if slices.Contains(faults, c) {
				detail = t.Why(c)
			}
			add(CheckTokenLifetime, Fail, detail)
		case len(lifetime) > 0:
			add(CheckTokenLifetime, Warn, t.Why(lifetime[0]))
		case t.ExpiresAt.IsZero():
			add(CheckTokenLifetime, Skip, "the exp claim could not be read")
		case t.expired():
			add(CheckTokenLifetime, Warn, "accepted, though "+t.Why(ExpiredToken))
		default:
			left, _ := t.ExpiresIn()
			add(CheckTokenLifetime, Pass, "expires in "+Span(left))
		}
	}
	return append(checks, f.serverChecks(code)...)
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
		return three(step(CheckReachable, Skip, why), step(CheckAuthenticated, Skip, why), step(CheckPermitted, Skip, why))
	}
	switch f.reply.answer {
	case notAsked:
		return notReached(notCalled)
	case success:
		return three(step(CheckReachable, Pass, fmt.Sprintf("answered in %d ms", f.reply.server.LatencyMS)),
			step(CheckAuthenticated, Pass, "the API knows the token"), step(CheckPermitted, Pass, "may list rooms"))
	case forbidden:
		if code == PermissionDenied {
			return three(step(CheckReachable, Pass, status), step(CheckAuthenticated, Pass, "answered 403, not 401"), step(CheckPermitted, Fail, status))
		}
		return three(step(CheckReachable, Pass, status), step(CheckAuthenticated, Fail, "refused, as its claims explain"), step(CheckPermitted, Skip, "not authenticated"))
	case trouble:
		reachable := step(CheckReachable, Fail, f.reply.code.Info().Meaning)
		switch f.reply.code {
		case RateLimited:
			reachable = step(CheckReachable, Pass, status)
		case Canceled:
			reachable.Status = Skip // nobody learned anything
		}
		return three(reachable, step(CheckAuthenticated, Skip, "not judged"), step(CheckPermitted, Skip, "not judged"))
	}
	return three(step(CheckReachable, Pass, status), step(CheckAuthenticated, Fail, status), step(CheckPermitted, Skip, "not authenticated"))
}
