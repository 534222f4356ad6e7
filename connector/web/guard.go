package web

import (
	"crypto/subtle"
	"errors"
	"mime"
	"net"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/100ms-connector/connector-go/connector"
)

const (
	maxBody  = connector.MaxDocument // bytes of a request's body
	maxFiles = 1 << 20               // of one that has files
	delivery = 30 * time.Second      // for a request's body to come, or a response to be taken
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
	h.setDeadlines(w, r)

	// Without this a page of a stranger, whose name suddenly points to this
	// machine, would be of the same origin as the form (DNS rebinding).
	if !h.hosts[strings.ToLower(hostname(r.Host))] {
		h.fail(w, r, http.StatusMisdirectedRequest, "Not at this address", "This form is not served under the host name of this request.")
		return
	}
	most := int64(maxBody)
	if contentType(r) == filesType {
		most = maxFiles
	}
	if r.ContentLength > most {
		h.tooLarge(w, r)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, most)
	if h.prefix != "" && r.URL.Path == h.prefix {
		http.Redirect(w, r, h.at("/"), http.StatusSeeOther)
		return
	}
	// The mux would redirect a path that is not clean, to one outside of the prefix.
	// It looks at the escaped path: %2f is no slash to it.
	if at := r.URL.EscapedPath(); !strings.HasPrefix(at, h.at("/")) || !clean(at) {
		h.notFound(w, r)
		return
	}
	h.mux.ServeHTTP(w, r)
}

// clean says whether a path, apart from a slash at its end, is in its shortest form.
func clean(at string) bool { return at == "/" || path.Clean(at) == strings.TrimSuffix(at, "/") }

// setDeadlines bounds a request also under a server that has no bounds of its
// own, or tighter ones than a test takes.
func (h *Handler) setDeadlines(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Now().Add(h.patience))
	var body time.Time
	if r.ContentLength != 0 {
		body = time.Now().Add(delivery)
	}
	_ = control.SetReadDeadline(body)
}

// hostname is a request's Host without its port.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return strings.Trim(host, "[]")
}

// member lets through whoever has a session of this role, and what changes something
// only if a page of this session asked for it.
func (h *Handler) member(role Role, serve func(http.ResponseWriter, *http.Request, *session)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s := h.sessionOf(w, r)
		if s == nil {
			h.refuseStranger(w, r)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead && !h.readOwnForm(w, r, s) {
			return
		}
		if s.role < role {
			h.refuseRole(w, r)
			return
		}
		serve(w, r, s)
	}
}

// sessionOf finds the session of a request. Where the program around has its own
// sign-in, that is asked every time: a session must not outlive it, and must not
// pass to the next person who signs in.
func (h *Handler) sessionOf(w http.ResponseWriter, r *http.Request) *session {
	user, role := "", Writer
	if h.signedIn != nil {
		if user = h.signedIn(r); user == "" {
			return nil
		}
		if h.roleOf != nil {
			role = h.roleOf(r, user)
		}
	}
	if cookie, err := r.Cookie(cookieName(r)); err == nil {
		if s := h.sessions.find(cookie.Value); s != nil {
			if s.user == user && (h.signedIn == nil || s.role == role) {
				return s
			}
			h.sessions.end(cookie.Value)
		}
	}
	if h.signedIn != nil && r.Method == http.MethodGet {
		return h.admit(w, r, user, role)
	}
	return nil
}

// refuseStranger answers a request without a session.
func (h *Handler) refuseStranger(w http.ResponseWriter, r *http.Request) {
	if h.password != "" && h.signedIn == nil && r.Method == http.MethodGet && !wantsFragment(r) && !wantsStream(r) {
		http.Redirect(w, r, h.at("/signin"), http.StatusSeeOther)
		return
	}
	next := "A sign-in link lets you in. " + h.newLink
	switch {
	case h.signedIn != nil:
		next = "Sign in to the program that this form belongs to, and come back."
	case h.password != "":
		next = "Sign in again."
	}
	h.fail(w, r, http.StatusUnauthorized, "You are not signed in", next)
}

// readOwnForm reads the form of a request that changes something, and says whether
// a page of this session sent it. If not, it answers the request.
func (h *Handler) readOwnForm(w http.ResponseWriter, r *http.Request, s *session) bool {
	if !h.readForm(w, r) {
		return false
	}
	if subtle.ConstantTimeCompare([]byte(r.PostForm.Get("csrf")), []byte(s.csrf)) != 1 {
		h.fail(w, r, http.StatusForbidden, "This form has expired", "Nothing was done. Go back, load the page again, and repeat what you did.")
		return false
	}
	return true
}

// readForm reads the form of a request of the same origin, or answers it.
func (h *Handler) readForm(w http.ResponseWriter, r *http.Request) bool {
	if !h.sameOrigin(r) {
		h.fail(w, r, http.StatusForbidden, "Not from this page", "Nothing was done: the request did not come from a page of this form.")
		return false
	}
	parse := r.ParseForm
	switch contentType(r) {
	case "application/x-www-form-urlencoded":
	case filesType:
		parse = func() error { return r.ParseMultipartForm(maxFiles) } // all of it in memory
	default:
		h.fail(w, r, http.StatusUnsupportedMediaType, "Not a form", "Nothing was done: the request is not a form.")
		return false
	}
	if err := parse(); err != nil {
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			h.tooLarge(w, r)
		} else {
			h.fail(w, r, http.StatusBadRequest, "Not readable", "Nothing was done: the form could not be read.")
		}
		return false
	}
	// A deadline for the body would, once it has passed, cancel the request that
	// is being answered.
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	return true
}

// filesType is the type of a form that has files.
const filesType = "multipart/form-data"

func contentType(r *http.Request) string {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return kind
}

func (h *Handler) tooLarge(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Connection", "close") // rather than take the rest of it
	h.fail(w, r, http.StatusRequestEntityTooLarge, "Too large", "Nothing was done: the form takes 64 KiB, and 1 MiB with files.")
}

func (h *Handler) notFound(w http.ResponseWriter, r *http.Request) {
	h.fail(w, r, http.StatusNotFound, "Not found", "There is no such page.")
}

// sameOrigin says whether a browser sent the request from a page of this origin.
// It is stricter than http.CrossOriginProtection: the request must say where it
// comes from, and Origin must agree with Sec-Fetch-Site. Under Referrer-Policy
// no-referrer browsers send the Origin "null" with a plain form, and say by
// Sec-Fetch-Site that it is their own.
func (h *Handler) sameOrigin(r *http.Request) bool {
	if h.origin.Check(r) != nil {
		return false
	}
	site, origin := r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Origin")
	if origin == "" || origin == "null" {
		return site == "same-origin"
	}
	u, err := url.Parse(origin)
	return err == nil && site != "none" && strings.EqualFold(u.Host, r.Host) && (r.TLS == nil || u.Scheme == "https")
}
