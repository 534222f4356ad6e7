package connector

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"
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

// RenewalWindow is how long before its end a token is due.
func RenewalWindow(madeAt, expiresAt time.Time) time.Duration {
	if madeAt.IsZero() {
		return 72 * time.Hour
	}
	return min(expiresAt.Sub(madeAt)/3, 72*time.Hour)
}

// MendedByNewToken says whether a new token would mend what the code says.
func (c Code) MendedByNewToken() bool {
	return c.Info().Class == AboutCredential && c != PermissionDenied
}

// ParseSigningKey reads a key file's JSON.
func ParseSigningKey(data []byte) (*SigningKey, error) {
	var file struct {
		AccessKey string `json:"access_key"`
		AppSecret string `json:"app_secret"`
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if d.Decode(&file) != nil || d.More() {
		return nil, errors.New(`this is not a signing key, which is {"access_key":"…","app_secret":"…"}`)
	}
	key := &SigningKey{AccessKey: file.AccessKey, AppSecret: Secret(file.AppSecret)}
	return key, key.Check()
}
