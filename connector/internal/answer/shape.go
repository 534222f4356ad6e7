package answer

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/100ms-connector/connector-go/connector/internal/jsontext"
)

// Shape is the form in which an answer comes.
type Shape int

// The shapes. 100ms's own answers were documented or seen in the first three.
const (
	Nothing Shape = iota
	JSON
	Text
	HTML // a proxy's, a firewall's or a portal's page: never 100ms's
	Other
)

// speaksAPI says whether 100ms answers in such a shape.
func (s Shape) speaksAPI() bool { return s == Nothing || s == JSON || s == Text }

// String names the shape to a person.
func (s Shape) String() string {
	return [...]string{"no content", "JSON", "plain text", "an HTML or XML page", "content of another kind"}[s]
}

// marksOfHTML are looked for anywhere in an answer that is no JSON: proxies and
// portals do not always say that what they send is a page.
var marksOfHTML = []string{"<!doctype", "<html", "<head", "<body", "<title", "<a href", "<br", "<p>", "<h1"}

func holdsHTML(body []byte) bool {
	text := strings.ToLower(string(body[:min(len(body), 4<<10)]))
	return strings.HasPrefix(text, "<") || slices.ContainsFunc(marksOfHTML, func(mark string) bool { return strings.Contains(text, mark) })
}

// shapeOf tells the shape of a body without white space around it.
func shapeOf(body []byte, contentType string, truncated bool) Shape {
	page := strings.Contains(strings.ToLower(contentType), "html")
	switch {
	case len(body) == 0 && !page:
		return Nothing
	case json.Valid(body):
		return JSON
	case page || holdsHTML(body):
		return HTML
	case !utf8.Valid(body) && !truncated || bytes.IndexByte(body, 0) >= 0: // a text that was cut may end in half a character
		return Other
	}
	return Text
}

// IsRooms says whether a body is a page of rooms: {limit, data, last}, and not one
// of the 200s with an error key that were seen.
func IsRooms(body []byte) bool {
	_, fields := jsontext.Object(body)
	data := fields.Last("data")
	return data != nil && (data.Raw[0] == '[' || data.Raw[0] == 'n') && fields.Last("error") == nil &&
		(fields.Last("limit") != nil || fields.Last("last") != nil)
}

// IsObject says whether a body is an object or a list, and not one of the 200s with an
// error key that were seen: what any path of the API may answer.
func IsObject(body []byte) bool {
	_, fields := jsontext.Object(body)
	return body[0] == '[' || fields != nil && fields.Last("error") == nil
}

// isEnvelope says whether a JSON body is one of 100ms's refusals: a message, with a
// code, which is a number, or a list of details beside it. Firewalls have words in
// their place: {"message": "blocked", "code": "WAF_RULE"}.
func isEnvelope(body []byte) bool {
	_, fields := jsontext.Object(body)
	message, code, details := fields.Last("message"), fields.Last("code"), fields.Last("details")
	return message != nil && message.IsText &&
		(code != nil && code.Raw[0] >= '0' && code.Raw[0] <= '9' || details != nil && details.Raw[0] == '[')
}

// wordsOf collects what a body says. 100ms has several error envelopes, so
// every place in which one was documented or seen is read.
func wordsOf(shape Shape, body []byte) string {
	switch shape {
	case JSON:
		return envelopeWords(body)
	case Text:
		return string(body)
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
		Description         any `json:"error_description"` // OAuth's
		Detail              any // of RFC 9457
		Details, Errors     any
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
	add(envelope.Description)
	add(envelope.Detail)
	for _, several := range []any{envelope.Details, envelope.Errors} {
		list, ok := several.([]any)
		if !ok {
			list = []any{several}
		}
		for _, one := range list {
			add(one)
		}
	}
	if data, ok := envelope.Data.(map[string]any); ok {
		add(data["description"])
	}
	return strings.Join(words, "; ")
}
