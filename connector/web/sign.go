package web

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
)

// life is a life that a token can be signed for.
type life struct {
	Name, Label string
	Span        time.Duration
}

// lives are those to choose among: the dashboard signs for 14 days at most (100ms docs).
var lives = []life{{"1h", "1 hour", time.Hour}, {"1d", "1 day", day}, {"7d", "7 days", 7 * day}, {"14d", "14 days", 14 * day}}

// signView is the form that makes a credential of a signing key that is kept.
type signView struct {
	Keys     []string
	Key      string
	Name     string
	About    string
	Life     string
	Problems []string
	Failure  string
}

// Lives are the lives to choose among.
func (signView) Lives() []life { return lives }

func (h *Handler) showSign(w http.ResponseWriter, r *http.Request, s *session) {
	h.learnKeys(r.Context())
	h.show(w, r, s, "sign", &page{Title: "Sign a token", Nav: "credentials", Data: signView{Keys: h.signingKeys(), Life: "7d"}})
}

// sign signs a token, tests it and saves it under a name. The token is never shown.
func (h *Handler) sign(w http.ResponseWriter, r *http.Request, s *session) {
	h.learnKeys(r.Context())
	f := r.PostForm
	v := signView{Keys: h.signingKeys(), Key: f.Get("key"), Name: strings.TrimSpace(f.Get("name")), About: strings.TrimSpace(f.Get("description")), Life: f.Get("life")}
	i := slices.IndexFunc(lives, func(l life) bool { return l.Name == v.Life })
	if i < 0 || !slices.Contains(v.Keys, v.Key) {
		h.notFound(w, r)
		return
	}
	again := func() {
		if connector.HoldsSecret(v.Name) {
			v.Name = ""
		}
		if connector.HoldsSecret(v.About) {
			v.About = ""
		}
		h.show(w, r, s, "sign", &page{Title: "Sign a token", Nav: "credentials", Data: v})
	}
	token, err := h.renewal.Sign(r.Context(), v.Key, lives[i].Span)
	if err != nil {
		v.Failure = sentence(shown(store.Plain(err)))
		again()
		return
	}
	cred := &connector.Credential{Name: v.Name, Description: v.About, APIKeyValue: token}
	for _, p := range cred.Problems() {
		if p.Code.Info().Class == connector.ClassDocument {
			v.Problems = append(v.Problems, sentence(shown(p.Message)))
		}
	}
	if len(v.Problems) > 0 {
		again()
		return
	}
	report := h.test(r.Context(), cred, func(*connector.Report) {})
	if report == nil {
		h.refuseTest(w, r, nil)
		return
	}
	if report.Verdict == connector.VerdictRejected {
		v.Failure = "Not saved: " + report.Message + ". " + sentence(report.Remedy)
		again()
		return
	}
	if err := h.store.Save(r.Context(), cred); err != nil {
		v.Failure = "Not saved. " + explain(err)
		again()
		return
	}
	h.recordTest(r.Context(), cred, report)
	t := good
	if report.Verdict != connector.VerdictAccepted {
		t = warn
	}
	s.leave(t, quoted(cred.Name)+" was signed and saved. "+sentence(report.Message), idOf(cred.Name))
	http.Redirect(w, r, h.at("/")+s.lastList()+"#t-"+idOf(cred.Name), http.StatusSeeOther)
}
