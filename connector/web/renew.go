package web

import (
	"context"
	"net/http"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
)

// Renewal puts fresh tokens in the place of old ones, where the signing key of a workspace
// is at hand.
type Renewal interface {
	// Keys gives the access keys whose signing key is at hand.
	Keys(ctx context.Context) (map[string]bool, error)

	// Renew puts a fresh token in the place of a record's, once a test has accepted it.
	// said is what became of it, in words without a secret, also where it was not renewed.
	Renew(ctx context.Context, r store.Record) (said string, renewed bool)

	// Sign signs a token with the signing key of an access key. The error holds no secret.
	Sign(ctx context.Context, accessKey string, life time.Duration) (connector.Secret, error)
}

// learnKeys asks what can be renewed. What was known before stays where that cannot be said.
func (h *Handler) learnKeys(ctx context.Context) {
	if h.renewal == nil {
		return
	}
	if keys, err := h.renewal.Keys(ctx); err == nil {
		h.signing.Store(&keys)
	}
}

// mend says what is the next step of a credential that needs one: renew where that takes
// one click, replace where a new token helps, and nothing otherwise.
func (h *Handler) mend(t tile, r store.Record) string {
	spent := !r.ExpiresAt.IsZero() && t.Due() || r.LastVerdict == connector.VerdictRejected && r.LastCode.MendedByNewToken()
	if !spent {
		return ""
	}
	if h.canSign(r.AccessKey) {
		return "renew"
	}
	return "replace"
}

// renew renews a credential.
func (h *Handler) renew(w http.ResponseWriter, r *http.Request, s *session) {
	record, ok := h.record(w, r)
	if !ok {
		return
	}
	if h.renewal == nil {
		h.notFound(w, r)
		return
	}
	select {
	case h.tests <- struct{}{}:
		defer func() { <-h.tests }()
	default:
		h.refuseTest(w, r, nil)
		return
	}
	said, renewed := h.renewal.Renew(r.Context(), record)
	t, outcome := good, " was renewed. "
	if !renewed {
		t, outcome = bad, " was not renewed. "
	}
	s.leave(t, quoted(record.Name)+outcome+sentence(said), idOf(record.Name))
	to := h.at("/") + s.lastList() + "#t-" + idOf(record.Name)
	if out := h.stream(w, r); out != nil {
		out.send(line{Go: to})
		return
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}
