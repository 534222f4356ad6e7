package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"net/http"

	"github.com/100ms-connector/connector-go/connector"
)

// SignatureHeader has the HMAC-SHA256 of the body, in hexadecimal, of workspaces under
// HIPAA (100ms docs). Whether others are signed is not documented.
const SignatureHeader = "X-100ms-Signature"

// Faults of a Handler, and of requests.
var (
	ErrOpen      = errors.New("webhook: the Handler has neither a header with its values nor a signature's secret, so that anybody could send it events")
	ErrHeader    = errors.New("webhook: a header that is compared has a name, and one or two values that are not empty")
	ErrStore     = errors.New("webhook: the Handler has no Store")
	errKey       = errors.New("the header has another value, or is not there")
	errSignature = errors.New("the signature is another, or is not there")
)

// Err says what a Handler lacks: ErrOpen, ErrHeader, ErrStore, or nil. One that lacks
// something answers each request with 503.
func (h *Handler) Err() error {
	switch {
	case h.Header == "" && len(h.Values) == 0 && h.SignatureSecret == "":
		return ErrOpen
	case (h.Header == "") != (len(h.Values) == 0) || len(h.Values) > 2:
		return ErrHeader
	case h.Store == nil:
		return ErrStore
	}
	for _, value := range h.Values {
		if value == "" {
			return ErrHeader
		}
	}
	return nil
}

// known says whether the request has one of the header's values. How long that takes
// tells nothing about them.
func (h *Handler) known(r *http.Request) bool {
	if h.Header == "" {
		return true
	}
	match := 0
	for _, came := range r.Header.Values(h.Header) {
		for _, value := range h.Values {
			match |= equal(came, value)
		}
	}
	return match == 1
}

func equal(a string, b connector.Secret) int {
	one, other := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b.Reveal()))
	return subtle.ConstantTimeCompare(one[:], other[:])
}

// signed says whether the body is signed.
func (h *Handler) signed(r *http.Request, body []byte) bool {
	if h.SignatureSecret == "" {
		return true
	}
	came := r.Header.Values(SignatureHeader)
	if len(came) != 1 {
		return false
	}
	signature, err := hex.DecodeString(came[0])
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, []byte(h.SignatureSecret.Reveal()))
	mac.Write(body)
	return hmac.Equal(signature, mac.Sum(nil))
}
