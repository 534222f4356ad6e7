package connector

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/100ms-connector/connector-go/connector/internal/pasted"
)

const (
	// DefaultTTL is how long a minted token lives, as in the code samples of
	// the 100ms docs.
	DefaultTTL = 24 * time.Hour

	// MaxTTL is the dashboard's maximum. A longer life has to be asked for, with
	// SigningKey.AllowLong.
	MaxTTL = longest

	// backdate is what the official SDK takes off iat and nbf, for servers whose
	// clock is behind the signer's.
	backdate = 10 * time.Second
)

// SigningKey is what signs a workspace's tokens: from the dashboard's Developer
// section, where only owners and admins see it.
type SigningKey struct {
	AccessKey string
	AppSecret Secret // its characters as shown: they are the HMAC key, not decoded
	AllowLong bool   // let Mint make tokens that live longer than MaxTTL
}

// Check says what is wrong with a key, naming the field and never its value.
func (k SigningKey) Check() error {
	secret := k.AppSecret.Reveal()
	cleanKey, _ := Clean(k.AccessKey)
	cleanSecret, _ := Clean(secret)
	switch {
	case cleanKey != k.AccessKey:
		return errors.New("the access key has white space or quotes around it")
	case cleanSecret != secret:
		return errors.New("the App Secret has white space or quotes around it: it would be signed with as it is")
	case k.AccessKey == "":
		return errors.New("the access key is empty")
	case !pasted.IsAccessKey(k.AccessKey) && pasted.Looks(k.AccessKey) == pasted.AppSecret:
		return errors.New("the access key looks like an App Secret: the two may be swapped")
	case !pasted.IsAccessKey(k.AccessKey) && (pasted.CouldBeSecret(k.AccessKey) || len(k.AccessKey) >= 20 && pasted.IsHex(k.AccessKey)):
		return errors.New("the access key does not look like one: it has 24 hexadecimal digits")
	case secret == "":
		return errors.New("the App Secret is empty")
	case strings.Count(secret, ".") == 2 && Inspect(secret).Readable():
		return errors.New("the App Secret is a token: give the App Secret of the dashboard's Developer section, which signs tokens and has no dots")
	case pasted.IsAccessKey(secret):
		return errors.New("the App Secret looks like an access key: the two may be swapped")
	case len(secret) < 32: // below the hash's own size HS256 is weaker than its name
		return errors.New("the App Secret is too short: a real one has about 172 characters")
	}
	return nil
}

// ParseSigningKey reads a key file: {"access_key": "…", "app_secret": "…"}. The error
// names what is wrong, never a value of it. It takes no other field, so that a
// credential is not read as half a key.
func ParseSigningKey(data []byte) (*SigningKey, error) {
	var file struct {
		AccessKey string `json:"access_key"`
		AppSecret string `json:"app_secret"`
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if len(data) > MaxDocument || d.Decode(&file) != nil || d.More() { // the decoder's words can quote the secret
		return nil, errors.New(`this is not a key file: one is {"access_key": "…", "app_secret": "…"}`)
	}
	key := &SigningKey{AccessKey: file.AccessKey, AppSecret: Secret(file.AppSecret)}
	return key, key.Check()
}

// Mint is MintAt by this machine's clock.
func (k SigningKey) Mint(ttl time.Duration) (Secret, error) { return k.MintAt(time.Now(), ttl) }

// managementClaims are the claims of a management token in the order in which
// the 100ms docs show them.
type managementClaims struct {
	AccessKey string `json:"access_key"`
	Type      Kind   `json:"type"`
	Version   int    `json:"version"`
	ID        string `json:"jti"`
	IssuedAt  int64  `json:"iat"`
	NotBefore int64  `json:"nbf"`
	ExpiresAt int64  `json:"exp"`
}

// MintAt signs a management token that lives for ttl from now on; DefaultTTL if ttl is
// zero. Times are whole seconds, and iat and nbf lie ten seconds back.
func (k SigningKey) MintAt(now time.Time, ttl time.Duration) (Secret, error) {
	ttl = orDefault(ttl, DefaultTTL)
	if err := k.Check(); err != nil {
		return "", err
	}
	if ttl < time.Second {
		return "", errors.New("a token must live for a second or more")
	}
	if ttl > MaxTTL && !k.AllowLong {
		return "", errors.New("a token that lives longer than 14 days must be asked for explicitly")
	}
	issued := now.Add(-backdate).Unix()
	claims, err := json.Marshal(managementClaims{
		AccessKey: k.AccessKey, Type: KindManagement, Version: 2, ID: uuid(),
		IssuedAt: issued, NotBefore: issued, ExpiresAt: now.Add(ttl).Unix(),
	})
	if err != nil {
		return "", fmt.Errorf("writing the claims: %w", err)
	}
	input := make([]byte, 0, 512)
	input = append(input, headerHS256...)
	input = append(input, '.')
	input = pasted.Strict.AppendEncode(input, claims)
	signature, err := jwt.SigningMethodHS256.Sign(string(input), []byte(k.AppSecret))
	if err != nil {
		return "", errors.New("the token could not be signed")
	}
	return Secret(pasted.Strict.AppendEncode(append(input, '.'), signature)), nil
}

// headerHS256 is the header of every token of 100ms.
var headerHS256 = pasted.Strict.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`))

// Verify proves that the key signed the token. It looks at the signature alone:
// whether the token still works, Inspect and Tester say. The error is NotAToken,
// MalformedToken or UnsupportedAlgorithm if there is nothing to verify,
// ErrOtherKey if the token names another access key, that of Check if the key
// cannot be right, and SignatureRejected if the signature is wrong.
func (k SigningKey) Verify(token Secret) error {
	if err := k.Check(); err != nil {
		return err
	}
	t, clean := read(token.Reveal())
	switch {
	case t.Fault != "" && t.Fault != MalformedToken, !t.readable:
		return t.Fault
	case t.AccessKey != k.AccessKey:
		return ErrOtherKey
	}
	method := jwt.SigningMethodHS256
	cut := len(clean) - 1
	for clean[cut] != '.' {
		cut--
	}
	signature, err := pasted.Strict.DecodeString(clean[cut+1:])
	if err != nil || method.Verify(clean[:cut], signature, []byte(k.AppSecret)) != nil {
		return SignatureRejected
	}
	return nil
}

// ErrOtherKey is the error of SigningKey.Verify for a token that another access
// key is said to have signed.
var ErrOtherKey = errors.New("the token names another access key")
