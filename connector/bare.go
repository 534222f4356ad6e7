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
// is not JSON, nor does it begin like it. A JSON string that holds a token is a
// value in quotes.
func isBareValue(data []byte, isJSON bool) bool {
	text := bytes.TrimSpace(bytes.TrimPrefix(data, byteOrderMark))
	if isJSON || text[0] == '"' && json.Valid(text) {
		return text[0] == '"' && Inspect(string(text)).Readable()
	}
	switch text[0] {
	case '{':
		return pasted.IsVariable(string(text))
	case '[':
		return pasted.IsPlaceholder(string(text)) && !bytes.ContainsAny(text, `"'`)
	case '/', '#': // a comment before a document
		return !bytes.ContainsRune(text, '{')
	}
	return !bytes.ContainsRune(text, 0)
}

// bareValue is the field of a text that is a value alone. The line end of its file
// is no damage.
func bareValue(data []byte) field {
	text := strings.TrimRight(string(data), "\r\n")
	at := len(text) - len(strings.TrimLeftFunc(text, unicode.IsSpace))
	return field{Member: jsontext.Member{Key: tokenField, KeyAt: at, ValueAt: at, Raw: []byte(`"`), Text: text, IsText: true}, whole: true}
}
