package document

import (
	"bytes"
	"encoding/base64"
	"regexp"
	"strings"
	"sync"

	"github.com/100ms-connector/connector-go/cmd/connector/internal/spelling"
	"github.com/100ms-connector/connector-go/connector"
)

// keyed is a name with the value's beginning: in JSON, in YAML and in .env.
var keyed = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`([A-Za-z][A-Za-z0-9_. -]{7,15})["']?[ \t]*[:=][ \t]*([^ \t]|$)`)
})

// IsCredential says whether a document is about a credential of 100ms: it has the
// field api_key_value or a near miss of it, or a token or App Secret of 100ms
// anywhere. It looks at the text, so that a broken document counts as well.
func IsCredential(data []byte) bool {
	if hasField(data) {
		return true
	}
	text := string(data)
	for _, m := range keyed().FindAllStringSubmatch(text, -1) {
		if nearMiss(m[1]) && m[2] != "{" && m[2] != "[" { // else it describes the field, as a schema does
			return true
		}
	}
	return holdsCredential(text)
}

// hasField says whether the field is there as most files write it. It is the answer
// for almost every credential, at a hundredth of the cost.
func hasField(data []byte) bool {
	_, after, found := bytes.Cut(data, []byte(`"api_key_value"`))
	after = bytes.TrimLeft(after, " \t:")
	return found && len(after) > 0 && after[0] == '"'
}

// nearMiss says whether a key is api_key_value, but for its case, its separators
// and up to two letters.
func nearMiss(key string) bool {
	const want = "apikeyvalue"
	squeezed := strings.Map(func(c rune) rune {
		if strings.ContainsRune("_-. ", c) {
			return -1
		}
		return c
	}, strings.ToLower(key))
	if d := len(squeezed) - len(want); d < -2 || d > 2 {
		return false
	}
	return spelling.Distance(squeezed, want) <= 2
}

var (
	tokens = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*`)
	})
	encoded = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`ZXlK[A-Za-z0-9+/_-]{40,}={0,2}`)
	}) // base64 of "eyJ"
	secrets = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?:sha\d+-)?[A-Za-z0-9+/_-]{120,}={0,2}`)
	})
)

// holdsCredential says whether a text has a token of 100ms in it, also one that is
// encoded once more, or an App Secret. Other services' tokens and the checksums of
// packages are none.
func holdsCredential(text string) bool {
	for _, token := range tokens().FindAllString(text, -1) {
		// An app token is told by its access key: other services have a role as well.
		if t := connector.Inspect(token); t.Readable() && (t.Kind == connector.KindManagement || t.AccessKey != "") {
			return true
		}
	}
	for _, run := range encoded().FindAllString(text, -1) {
		run = strings.NewReplacer("-", "+", "_", "/", "=", "").Replace(run)
		if inner, err := base64.RawStdEncoding.DecodeString(run); err == nil && holdsCredential(string(inner)) {
			return true
		}
	}
	for _, run := range secrets().FindAllString(text, -1) {
		if len(run) <= 256 && !strings.HasPrefix(run, "sha") && connector.Inspect(run).LooksLike == connector.LookalikeAppSecret {
			return true
		}
	}
	return false
}
