package exchange

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/100ms-connector/connector-go/connector/internal/pasted"
)

// secretWords are the words of a name whose value is a secret, whatever stands in it.
var secretWords = []string{
	"key", "keys", "apikey", "token", "tokens", "jwt", "secret", "secrets", "password", "passwords", "passwd", "passphrase",
	"credential", "credentials", "auth", "authorization", "bearer", "cookie", "signature",
}

// secretName says whether a field that no schema declares has the name of a secret:
// it is one of the words, or ends with one, in any of the spellings of names.
func secretName(name []byte) bool {
	for _, word := range wordsOf(string(name)) {
		if slices.Contains(secretWords, word) {
			return true
		}
	}
	joined := strings.ToLower(string(name))
	for _, word := range []string{"token", "secret", "password", "credential", "credentials", "apikey", "accesskey", "streamkey"} {
		if strings.HasSuffix(joined, word) {
			return true
		}
	}
	return false
}

// wordsOf cuts a name at what is no letter, and where a capital begins a word.
func wordsOf(name string) []string {
	var b strings.Builder
	var before rune
	for _, r := range name {
		if unicode.IsUpper(r) && unicode.IsLower(before) || !unicode.IsLetter(r) {
			b.WriteByte(' ')
		}
		if unicode.IsLetter(r) {
			b.WriteRune(unicode.ToLower(r))
		}
		before = r
	}
	return strings.Fields(b.String())
}

// secretValue says whether a string that no schema declares is a secret: it has a
// token in it, or is a URL that gives access to whoever has it.
func secretValue(text string) bool {
	if pasted.HoldsSecret(text) {
		return true
	}
	if !strings.Contains(text, "://") {
		return false
	}
	u, err := url.Parse(text)
	if err != nil {
		return true // what cannot be looked at is not shown
	}
	return u.User != nil || slices.ContainsFunc(strings.FieldsFunc(u.RawQuery, func(r rune) bool { return r == '&' || r == ';' }), func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		return signedBy(name)
	})
}

// signedBy says whether a parameter of a URL gives access: those of the storages of
// AWS, Google, Azure and Alibaba among them.
func signedBy(parameter string) bool {
	name := strings.ToLower(parameter)
	return name == "sig" || strings.Contains(name, "signature") || strings.HasSuffix(name, "-credential") || secretName([]byte(parameter))
}

// withoutAccess takes out of a URL what gives access: its user info and query. What is
// no URL has no such part, but may hold a token.
func withoutAccess(text string) string {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Opaque != "":
		return pasted.Redacted
	case u.User == nil && u.RawQuery == "" && u.Fragment == "":
		if secretValue(text) {
			return pasted.Redacted
		}
		return text
	}
	if scheme, rest, found := strings.Cut(text, "://"); found && u.User != nil {
		if end := strings.IndexAny(rest, "/?#"); end < 0 {
			text = scheme + "://" + pasted.Redacted + rest[strings.LastIndex(rest, "@"):]
		} else {
			at := strings.LastIndex(rest[:end], "@")
			text = scheme + "://" + pasted.Redacted + rest[at:]
		}
	}
	if at := strings.IndexAny(text, "?#"); at >= 0 && (u.RawQuery != "" || u.Fragment != "") {
		text = text[:at+1] + pasted.Redacted
	}
	return text
}

// oneLine makes text that can stand on one line of JSON Lines for every reader: some
// take U+0085, U+2028 and U+2029 for the end of one.
func oneLine(data []byte) []byte {
	if !bytes.Contains(data, []byte("\xe2\x80\xa8")) && !bytes.Contains(data, []byte("\xe2\x80\xa9")) && !bytes.Contains(data, []byte("\xc2\x85")) {
		return data
	}
	data = bytes.ReplaceAll(data, []byte("\u2028"), []byte(`\u2028`))
	data = bytes.ReplaceAll(data, []byte("\u2029"), []byte(`\u2029`))
	return bytes.ReplaceAll(data, []byte("\u0085"), []byte(`\u0085`))
}

// Redactor takes the secrets out of objects that a schema describes, as the records of
// streams have them taken out. It is safe for concurrent use.
type Redactor struct{ marks *marks }

// NewRedactor reads a JSON Schema with the marks of schema.Stream.
func NewRedactor(schema []byte) (*Redactor, error) {
	d := new(declared)
	d.read(schema)
	return &Redactor{d.marks}, d.err
}

// Object gives an object on one line, without its secrets unless they are asked for. It
// must be valid JSON; the error is about what is no object.
func (r *Redactor) Object(object json.RawMessage, secrets bool) (json.RawMessage, error) {
	f := &filter{marks: r.marks, secrets: secrets, people: true, unknown: func(string) {}}
	found, err := f.record(bytes.TrimSpace(object), nil)
	return found.Data, err
}
