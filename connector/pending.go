package connector

import (
	"encoding/base64"
	"encoding/json"
	"strings"
)

// HoldsSecret says whether a text has a token, a part of one or an App Secret in it.
func HoldsSecret(text string) bool {
	runs := strings.FieldsFunc(text, func(c rune) bool {
		return c != '.' && c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z')
	})
	isJSON := func(part string) bool {
		if at := strings.Index(part, "eyJ"); at > 0 {
			part = part[at:]
		}
		data, err := base64.RawURLEncoding.DecodeString(part)
		return err == nil && len(data) > 0 && data[0] == '{' && json.Valid(data)
	}
	for _, run := range runs {
		parts := strings.Split(run, ".")
		for i, part := range parts {
			if i > 0 && isJSON(parts[i-1]) && isJSON(part) || Inspect(part).LooksLike == AppSecretLike {
				return true
			}
		}
	}
	return false
}
