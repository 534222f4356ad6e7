package web

import (
	"crypto/subtle"
	"errors"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/100ms-connector/connector-go/connector"
)

const (
	maxBody  = connector.MaxDocument // bytes of a request's body
	patience = 30 * time.Second      // for one response to be taken
)

// policy lets a page load and run what this handler serves, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	head := w.Header()
	head.Set("Content-Security-Policy", policy)
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Referrer-Policy", "no-referrer")
	head.Set("Cross-Origin-Opener-Policy", "same-origin")
	head.Set("Cross-Origin-Resource-Policy", "same-origin")
	head.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	head.Set("Cache-Control", "no-store")
	// A server without deadlines of its own is no reason to wait for ever.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(patience))

	// Without this a page of a stranger, whose name suddenly points to this
	// machine, would be of the same origin as the form (DNS rebinding).
	if !h.hosts[strings.ToLower(hostname(r.Host))] {
		h.fail(w, r, http.StatusMisdirectedRequest, "Not at this address", "This form is not served under the host name of this request.")
		return
	}
	if r.ContentLength > maxBody {
		h.tooLarge(w, r)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if h.Prefix != "" && r.URL.Path == h.Prefix {
		http.Redirect(w, r, h.at("/"), http.StatusSeeOther)
		return
	}
	// The mux would tidy up any other path by a redirect, to one outside of Prefix.
	if !strings.HasPrefix(r.URL.Path, h.Prefix+"/") || strings.Contains(r.URL.Path, "//") || strings.Contains(r.URL.Path, "/.") {
		h.fail(w, r, http.StatusNotFound, "Not found", "There is no such page.")
		return
	}
	h.mux.ServeHTTP(w, r)
}

// hostname is a request's Host without its port.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return strings.Trim(host, "[]")
}

// member lets through whoever has a session, and what changes something only if
// a page of this session asked for it.
func (h *Handler) member(serve func(http.ResponseWriter, *http.Request, *session)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s := h.sessionOf(w, r)
		if s == nil {
			h.strange(w, r)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead && !h.ownForm(w, r, s) {
			return
		}
		serve(w, r, s)
	}
}

// sessionOf finds the session of a request. Where the program around has its own
// sign-in, that is asked every time, for a session must not outlive it.
func (h *Handler) sessionOf(w http.ResponseWriter, r *http.Request) *session {
	if h.SignedIn != nil && !h.SignedIn(r) {
		return nil
	}
	cookie, err := r.Cookie(cookieName(r))
	if err == nil {
		if s := h.sessions.find(cookie.Value); s != nil {
			return s
		}
	}
	if h.SignedIn != nil && r.Method == http.MethodGet {
		return h.admit(w, r)
	}
	return nil
}

// strange answers a request without a session.
func (h *Handler) strange(w http.ResponseWriter, r *http.Request) {
	if h.Password != "" && h.SignedIn == nil && r.Method == http.MethodGet && !wantsFragment(r) && !wantsStream(r) {
		http.Redirect(w, r, h.at("/signin"), http.StatusSeeOther)
		return
	}
	how := "Open the link that was printed when the form was started. It works once; start the form again for a new one."
	switch {
	case h.SignedIn != nil:
		how = "Sign in to the program that this form belongs to, and come back."
	case h.Password != "":
		how = "Sign in again."
	}
	h.fail(w, r, http.StatusUnauthorized, "You are not signed in", how)
}

// ownForm reads the form of a request that changes something, and says whether
// it was sent by a page of this session. If not, it is answered.
func (h *Handler) ownForm(w http.ResponseWriter, r *http.Request, s *session) bool {
	if !h.readForm(w, r) {
		return false
	}
	if subtle.ConstantTimeCompare([]byte(r.PostForm.Get("csrf")), []byte(s.csrf)) != 1 {
		h.fail(w, r, http.StatusForbidden, "This form is no longer good", "Nothing was done. Go back, load the page again, and repeat what you did.")
		return false
	}
	return true
}

// readForm reads the form of a request of the same origin, or answers it.
func (h *Handler) readForm(w http.ResponseWriter, r *http.Request) bool {
	if !sameOrigin(r) {
		h.fail(w, r, http.StatusForbidden, "Not from this page", "Nothing was done: the request did not come from a page of this form.")
		return false
	}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/x-www-form-urlencoded" {
		h.fail(w, r, http.StatusUnsupportedMediaType, "Not a form", "Nothing was done: the request is not a form.")
		return false
	}
	err := r.ParseForm()
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		h.tooLarge(w, r)
	case err != nil:
		h.fail(w, r, http.StatusBadRequest, "Not readable", "Nothing was done: the form could not be read.")
	}
	return err == nil
}

func (h *Handler) tooLarge(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Connection", "close") // rather than take the rest of it
	h.fail(w, r, http.StatusRequestEntityTooLarge, "Too large", "Nothing was done: a form of this size holds no credential.")
}

// sameOrigin says whether a browser sent the request from a page of this origin.
// Under Referrer-Policy no-referrer browsers send the Origin "null" with a plain
// form, but then they say by Sec-Fetch-Site what they hide. A request that says
// neither is not from a browser that could be trusted to tell.
func sameOrigin(r *http.Request) bool {
	site, origin := r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Origin")
	if site != "" && site != "same-origin" {
		return false
	}
	if origin == "" || origin == "null" {
		return site == "same-origin"
	}
	u, err := url.Parse(origin)
	return err == nil && strings.EqualFold(u.Host, r.Host) && (r.TLS == nil || u.Scheme == "https")
}
