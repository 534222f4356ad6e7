package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
)

// SignInLink returns a link that lets one browser in, once, within 15 minutes.
// base is the address at which the handler is served, such as
// http://127.0.0.1:8100, without the prefix. At most 16 unused links are good at a
// time: a further one replaces the oldest.
func (h *Handler) SignInLink(base string) string { return h.SignInLinkAs(Writer, base) }

// SignInLinkAs returns a link as SignInLink does, to somebody who may do no more than a
// role allows.
func (h *Handler) SignInLinkAs(role Role, base string) string {
	return strings.TrimSuffix(base, "/") + h.at("/signin/") + h.sessions.newLink(role)
}

// useLink exchanges a link for a session. It answers with a page that goes on to
// the form, not with a redirect: a link that was clicked on another site, a chat
// for example, would come to the form without the cookie just set, which is
// SameSite=Strict.
func (h *Handler) useLink(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet || strings.Contains(r.Header.Get("Sec-Purpose")+r.Header.Get("Purpose"), "prefetch") {
		w.WriteHeader(http.StatusNoContent) // a browser that prefetches must not use the link up
		return
	}
	role, known := Nobody, false
	if h.signedIn == nil {
		role, known = h.sessions.useLink(r.PathValue("link"))
	}
	if role == Nobody {
		if h.sessionOf(w, r) != nil { // its owner clicked it again
			http.Redirect(w, r, h.at("/"), http.StatusSeeOther)
			return
		}
		title := "This link is used up"
		if known {
			title = "This link has expired"
		}
		h.fail(w, r, http.StatusGone, title, "A link works once, within 15 minutes. "+h.newLink)
		return
	}
	h.admit(w, r, "", role)
	h.render(w, r, http.StatusOK, "entered", &page{Title: "Signed in", Onward: h.at("/")})
}

func (h *Handler) askPassword(w http.ResponseWriter, r *http.Request) {
	if h.password == "" || h.signedIn != nil {
		h.refuseStranger(w, r)
		return
	}
	h.render(w, r, http.StatusOK, "signin", &page{Title: "Sign in"})
}

func (h *Handler) usePassword(w http.ResponseWriter, r *http.Request) {
	if !h.readForm(w, r) {
		return
	}
	if h.password == "" || h.signedIn != nil {
		h.refuseStranger(w, r)
		return
	}
	if h.sessionOf(w, r) != nil { // signed in already: nothing to guess
		http.Redirect(w, r, h.at("/"), http.StatusSeeOther)
		return
	}
	if !h.attempts.allow(h.clientAddress(r), h.now()) {
		w.Header().Set("Retry-After", "5")
		h.fail(w, r, http.StatusTooManyRequests, "Too many attempts", "Wait five seconds, then try again.")
		return
	}
	given, wanted := sha256.Sum256([]byte(r.PostForm.Get("password"))), sha256.Sum256([]byte(h.password.Reveal()))
	if subtle.ConstantTimeCompare(given[:], wanted[:]) != 1 {
		h.render(w, r, http.StatusForbidden, "signin", &page{Title: "Sign in", Data: "This is not the password."})
		return
	}
	h.admit(w, r, "", Writer)
	http.Redirect(w, r, h.at("/"), http.StatusSeeOther)
}

func (h *Handler) signOut(w http.ResponseWriter, r *http.Request, _ *session) {
	if cookie, err := r.Cookie(cookieName(r)); err == nil {
		h.sessions.end(cookie.Value)
	}
	gone := h.cookie(r, "")
	gone.MaxAge = -1
	http.SetCookie(w, gone)
	what := "What is saved stays saved."
	if h.password == "" {
		what += " " + h.newLink
	}
	h.render(w, r, http.StatusOK, "message", h.messagePage(http.StatusOK, "Signed out", what))
}
