package connector

import (
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// HoldsSecret says whether a text has a token, a part of one or an App Secret in it.
func HoldsSecret(text string) bool {
	for _, run := range strings.FieldsFunc(text, func(r rune) bool { return r > 'z' || !base64url(byte(r)) && r != '+' && r != '/' }) {
		if at := strings.Index(run, "eyJ"); at >= 0 && len(run)-at >= 20 {
			return true
		}
		distinct := map[rune]bool{}
		for _, r := range run {
			distinct[r] = true
		}
		if secretShaped(run) && len(distinct) > 8 {
			return true
		}
	}
	return false
}

// RenewalWindow is the time before its end in which a token is due for a new one:
// a third of its life, 72 h at most; 72 h if madeAt is zero.
func RenewalWindow(madeAt, expiresAt time.Time) time.Duration {
	if madeAt.IsZero() {
		return DefaultWarnWithin
	}
	return max(0, min(expiresAt.Sub(madeAt)/3, DefaultWarnWithin))
}

// MendedByNewToken says whether a new token of the same workspace would help.
func (c Code) MendedByNewToken() bool {
	return c.Info().Class == AboutCredential && c != PermissionDenied
}

// ParseSigningKey reads a key file: {"access_key":"…","app_secret":"…"}.
func ParseSigningKey(data []byte) (*SigningKey, error) {
	var file struct {
		AccessKey string `json:"access_key"`
		AppSecret string `json:"app_secret"`
	}
	if json.Unmarshal(data, &file) != nil { // its words can quote the secret
		return nil, errors.New(`this is not a key file: one is {"access_key":"…","app_secret":"…"}`)
	}
	key := &SigningKey{AccessKey: file.AccessKey, AppSecret: Secret(file.AppSecret)}
	if err := key.Check(); err != nil {
		return nil, err
	}
	return key, nil
}
