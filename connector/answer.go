package connector

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// answer is what a server's words and status amount to: a column of the
// decision table. Nothing past it looks at a status code.
type answer string

const (
	notAsked      answer = "not asked"
	success       answer = "2xx in the documented shape"
	refused       answer = "401 without a reason"
	saysExpired   answer = "401 that says expired"
	saysNotYet    answer = "401 that says not yet valid"
	saysSignature answer = "401 that says wrong signature"
	forbidden     answer = "403"
	trouble       answer = "no answer of the API's" // code says which trouble
)

const maxServerWords = 300 // characters quoted

// reply is a classified exchange.
type reply struct {
	answer answer
	code   Code   // which trouble
	detail string // words of a network error
	unsent bool   // detail is why no call could be made
	form   string // of an answer that is not the API's, in words: "with plain text"
	server *Server
	date   time.Time // the server's clock when its answer came; zero if unknown or not to be trusted
	wait   time.Duration
	limit  time.Duration // of the test, if it ran out
}

// classify judges what a probe saw. secrets are what must not be shown of it.
func classify(seen exchange, secrets string) reply {
	if seen.status == 0 && seen.err != nil { // a server may answer 000
		return reply{answer: trouble, code: networkCode(seen.err), detail: networkText(seen.err)}
	}
	body := bytes.TrimPrefix(seen.body, []byte("\ufeff"))
	shape, fields := readBody(body, seen.header.Get("Content-Type"))
	words := ""
	if seen.status < 200 || seen.status > 299 || !documented(fields) { // success needs no words
		words = wordsOf(shape, body)
	}
	r := reply{server: &Server{
		Status:    seen.status,
		Message:   clip(withoutSecrets(words, secrets), maxServerWords),
		RequestID: presentableID(seen.header.Get("X-Request-Id"), secrets),
		LatencyMS: seen.latency.Milliseconds(),
		Attempts:  seen.attempts,
	}}
	if seen.waitKnown {
		r.wait = seen.wait
	}
	if seen.err != nil { // an answer to an earlier hop, then a failure
		r.answer, r.code, r.detail = trouble, networkCode(seen.err), networkText(seen.err)
		return r
	}
	r.answer, r.code = judge(seen, shape, fields, words)
	switch {
	case r.code == Redirected:
		r.form = "and points to " + presentable(withoutSecrets(seen.redirect, secrets), 100)
	case r.code == UnexpectedResponse && seen.truncated:
		r.form = "with more than 64 KiB"
	case r.code == UnexpectedResponse && shape == shapeJSON && seen.status <= 299:
		r.form = "with JSON that is no list of rooms"
	case r.code == UnexpectedResponse:
		r.form = "with " + shape.words()
	}
	// A portal's or a proxy's clock says nothing about the API's.
	stranger := !shape.speaksAPI() || r.code == UnexpectedResponse || r.code == Redirected || r.code == ProxyFailure
	if date, err := http.ParseTime(seen.header.Get("Date")); err == nil && !stranger {
		r.date = date
		r.server.ClockOffset = int64(date.Sub(seen.received.Truncate(time.Second)) / time.Second)
	}
	return r
}

// judge is the table of status and shape.
func judge(seen exchange, shape bodyShape, fields members, words string) (answer, Code) {
	switch s := seen.status; {
	case seen.redirect != "":
		return trouble, Redirected
	case s >= 200 && s <= 299 && !seen.truncated && documented(fields):
		return success, OK
	case s == http.StatusUnauthorized && shape.speaksAPI():
		return refusal(words), ""
	case s == http.StatusForbidden && shape.speaksAPI():
		return forbidden, ""
	case s == http.StatusProxyAuthRequired:
		return trouble, ProxyFailure
	case s == http.StatusTooManyRequests:
		return trouble, RateLimited
	case s >= 500 && s <= 599:
		return trouble, ServiceUnavailable
	}
	return trouble, UnexpectedResponse
}

// refusals are the words by which servers name a cause: golang-jwt's of several
// versions (seen in public logs, or inferred) and the Envoy JWT filter's
// (inferred). They only refine a 401.
var refusals = []struct {
	words string
	says  answer
}{
	{"not valid yet", saysNotYet},
	{"not yet valid", saysNotYet},
	{"used before issued", saysNotYet},
	{"expired", saysExpired},
	{"signature", saysSignature},
	{"verification fail", saysSignature},
}

func refusal(words string) answer {
	words = strings.ToLower(words)
	for _, r := range refusals {
		if strings.Contains(words, r.words) {
			return r.says
		}
	}
	return refused
}

// documented says whether a body is a page of rooms: {limit, data, last}, and
// not one of the 200s with an error key that were seen.
func documented(fields members) bool {
	data := fields.last("data")
	return data != nil && (data.raw[0] == '[' || data.raw[0] == 'n') && fields.last("error") == nil &&
		(fields.last("limit") != nil || fields.last("last") != nil)
}

// bodyShape is the form in which an answer comes.
type bodyShape int

const (
	shapeEmpty bodyShape = iota
	shapeJSON
	shapeText
	shapeHTML // a proxy's, a firewall's or a portal's page: never 100ms's
	shapeOther
)

// speaksAPI: in these forms 100ms's own answers were documented or seen.
func (s bodyShape) speaksAPI() bool {
	return s == shapeEmpty || s == shapeJSON || s == shapeText
}

// words name the shape to a person.
func (s bodyShape) words() string {
	return [...]string{"no content", "JSON", "plain text", "an HTML or XML page", "content of another kind"}[s]
}

// marksOfHTML are looked for anywhere in an answer that is no JSON: proxies and
// portals do not always say that what they send is a page.
var marksOfHTML = []string{"<!doctype", "<html", "<head", "<body", "<title", "<a href", "<br", "<p>", "<h1"}

func holdsHTML(body []byte) bool {
	text := strings.ToLower(string(body[:min(len(body), 4<<10)]))
	return strings.HasPrefix(text, "<") || slices.ContainsFunc(marksOfHTML, func(mark string) bool { return strings.Contains(text, mark) })
}

// readBody tells the shape of a body, and its fields if it is a JSON object.
func readBody(body []byte, contentType string) (bodyShape, members) {
	body = bytes.TrimSpace(body)
	page := strings.Contains(strings.ToLower(contentType), "html")
	switch {
	case len(body) == 0 && !page:
		return shapeEmpty, nil
	case json.Valid(body):
		_, fields := cut(body)
		return shapeJSON, fields
	case page || holdsHTML(body):
		return shapeHTML, nil
	case !utf8.Valid(body) && len(body) < maxAnswer || bytes.IndexByte(body, 0) >= 0:
		return shapeOther, nil
	}
	return shapeText, nil
}

// wordsOf collects what a body says. 100ms has several error envelopes, so
// every place in which one was documented or seen is read.
func wordsOf(shape bodyShape, body []byte) string {
	switch shape {
	case shapeJSON:
		return envelopeWords(body)
	case shapeText:
		return string(bytes.TrimSpace(body))
	}
	return ""
}

func envelopeWords(body []byte) string {
	var bare string
	if json.Unmarshal(body, &bare) == nil {
		return bare
	}
	var envelope struct {
		Message, Msg, Error any
		Details             any
		Data                any
	}
	if json.Unmarshal(body, &envelope) != nil {
		return ""
	}
	var words []string
	add := func(v any) {
		if nested, ok := v.(map[string]any); ok { // {"error": {"message": …}}, as other APIs have it
			v = nested["message"]
		}
		if s, ok := v.(string); ok && s != "" {
			words = append(words, s)
		}
	}
	add(envelope.Message)
	add(envelope.Msg)
	add(envelope.Error)
	if details, ok := envelope.Details.([]any); ok {
		for _, d := range details {
			add(d)
		}
	} else {
		add(envelope.Details)
	}
	if data, ok := envelope.Data.(map[string]any); ok {
		add(data["description"])
	}
	return strings.Join(words, "; ")
}

// withoutSecrets takes the token, and every longer piece of it, out of text that
// a server may have echoed it into.
func withoutSecrets(text, secrets string) string {
	const piece = 12 // characters; shorter ones are chance
	if len(text) > 4<<10 {
		text = text[:4<<10] // far more than is quoted
	}
	var b strings.Builder
	for text != "" {
		n := 0
		for n < len(text) && base64url(text[n]) {
			n++
		}
		if n == 0 {
			b.WriteByte(text[0])
			text = text[1:]
			continue
		}
		run := text[:n]
		text = text[n:]
		// A longer run may be the token encoded once more; nothing that a person
		// needs is as long.
		if n >= 48 || n >= piece && sharesPiece(run, secrets, piece) {
			run = redacted
		}
		b.WriteString(run)
	}
	return b.String()
}

func sharesPiece(run, secrets string, piece int) bool {
	for i := 0; i+piece <= len(run); i++ {
		if strings.Contains(secrets, run[i:i+piece]) {
			return true
		}
	}
	return false
}

// presentableID shows a request id, unless it is longer than any or was made of
// the token.
func presentableID(id, secrets string) string {
	if isUUID(id) { // as the API's are: no piece of a token looks so
		return id
	}
	return clip(withoutSecrets(id, secrets), 64)
}

func isUUID(s string) bool {
	return len(s) == 36 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-' &&
		only(s, func(c byte) bool { return c == '-' || c >= '0' && c <= '9' || c >= 'a' && c <= 'f' })
}
