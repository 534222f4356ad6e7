package connector

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode"

	"github.com/100ms-connector/connector-go/connector/internal/jsontext"
	"github.com/100ms-connector/connector-go/connector/internal/pasted"
)

// isBareValue says whether a text is a value alone and no attempt at a document: it
// is not JSON, nor does it begin like it. A JSON string is a value in quotes, if it is
// known what it is.
func isBareValue(data []byte, isJSON bool) bool {
	text := bytes.TrimSpace(bytes.TrimPrefix(data, byteOrderMark))
	if isJSON || text[0] == '"' && json.Valid(text) {
		if text[0] != '"' {
			return false
		}
		t := Inspect(string(text))
		return t.Readable() || t.LooksLike != LookalikeUnknown
	}
	switch text[0] {
	case '{':
		return pasted.IsVariable(string(text)) || isBracketed(text)
	case '[':
		return pasted.IsPlaceholder(string(text)) && !bytes.ContainsAny(text, `"'`) || isBracketed(text)
	case '/', '#': // a comment before a document
		return !bytes.ContainsRune(text, '{') || pasted.IsPlaceholder(string(text))
	}
	text = bytes.TrimRight(text, "\x00") // C ends a text with one
	return len(text) > 0 && bytes.IndexByte(text, 0) < 0
}

// isBracketed says whether a text is a token in brackets: [<token>] was to be
// replaced, and only what is between them was.
func isBracketed(text []byte) bool {
	return !bytes.ContainsAny(text, `"':`) && Inspect(string(text)).Readable()
}

// bareValue is the field of a text that is a value alone. The line end of its file
// is no damage.
func bareValue(data []byte) field {
	text := strings.TrimRight(string(data), "\r\n")
	at := len(text) - len(strings.TrimLeftFunc(text, unicode.IsSpace))
	return field{Member: jsontext.Member{Key: tokenField, KeyAt: at, ValueAt: at, Raw: []byte(`"`), Text: text, IsText: true}, whole: true}
}
