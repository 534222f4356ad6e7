package web

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	sessionLife = 12 * time.Hour   // since it was last used
	maxSessions = 1000             // the one longest unused gives way
	linkLife    = 15 * time.Minute // a link lies in a terminal's scrollback and a browser's history
	maxLinks    = 16               // that nobody has used yet
)

// session is one person in one browser.
type session struct {
	user string // as Options.SignedIn names them; else empty
	role Role
	who  string // for the log
	csrf string // what its forms carry

	inspections *rate.Limiter // of values, while they are entered
	reads       *rate.Limiter // of data
	places      chan struct{} // and a place for each of those under way

	used time.Time // guarded by sessions.mu

	mu         sync.Mutex
	note       *note // for the next page, once
	drafts     map[string]*draft
	list       choice // what was last looked at
	jobs       []*job // the newest last
	rehearsals []*rehearsal
	looked     map[string]looked
	sweep      *sweep // begun without scripts, whose outcome the person has not seen
}

// look notes the list that a person looks at, so that a form leads back to it.
func (s *session) look(c choice) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = c
}

// lastList is the query of the list that was last looked at.
func (s *session) lastList() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.list.query()
}

// note is what the next page says about what was just done.
type note struct {
	Tone tone
	Text string
	ID   string // of the credential that it is about, if that is still there
}

func (s *session) leave(t tone, text, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.note = &note{t, text, id}
}

func (s *session) takeNote() *note {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.note
	s.note = nil
	return n
}

// link is a sign-in link that nobody has used yet.
type link struct {
	since time.Time
	role  Role
}

// sessions are those let in, and the links that let in. Both are kept by their
// hashes: to look one up takes the same time however much of it was guessed.
type sessions struct {
	now func() time.Time

	mu    sync.Mutex
	byID  map[[32]byte]*session
	links map[[32]byte]link
}

func (ss *sessions) begin(user string, role Role) (id string, s *session) {
	id, s = random(), &session{
		user: user, role: role, who: user, csrf: random(), used: ss.now(), drafts: map[string]*draft{}, looked: map[string]looked{},
		inspections: rate.NewLimiter(20, 40), reads: rate.NewLimiter(2, 20), places: make(chan struct{}, maxOwnReads),
	}
	if s.who == "" {
		s.who = "session " + random()[:8]
	}
	ss.mu.Lock()
	defer ss.mu.Unlock()
	if ss.byID == nil {
		ss.byID = map[[32]byte]*session{}
	}
	if len(ss.byID) >= maxSessions {
		var oldest [32]byte
		for key, other := range ss.byID {
			if first := ss.byID[oldest]; first == nil || other.used.Before(first.used) {
				oldest = key
			}
		}
		delete(ss.byID, oldest)
	}
	ss.byID[sha256.Sum256([]byte(id))] = s
	return id, s
}

func (ss *sessions) find(id string) *session {
	key, now := sha256.Sum256([]byte(id)), ss.now()
	ss.mu.Lock()
	defer ss.mu.Unlock()
	s := ss.byID[key]
	if s == nil {
		return nil
	}
	if now.Sub(s.used) > sessionLife {
		delete(ss.byID, key)
		return nil
	}
	s.used = now
	return s
}

func (ss *sessions) end(id string) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	delete(ss.byID, sha256.Sum256([]byte(id)))
}

func (ss *sessions) newLink(role Role) string {
	id := random()
	ss.mu.Lock()
	defer ss.mu.Unlock()
	if ss.links == nil {
		ss.links = map[[32]byte]link{}
	}
	if len(ss.links) >= maxLinks {
		var oldest [32]byte
		for key, l := range ss.links {
			if first, ok := ss.links[oldest]; !ok || l.since.Before(first.since) {
				oldest = key
			}
		}
		delete(ss.links, oldest)
	}
	ss.links[sha256.Sum256([]byte(id))] = link{ss.now(), role}
	return id
}

// useLink uses a link up, and gives its role: Nobody's if it does not let in. It is known
// if it would have before it expired.
func (ss *sessions) useLink(id string) (role Role, known bool) {
	key, now := sha256.Sum256([]byte(id)), ss.now()
	ss.mu.Lock()
	defer ss.mu.Unlock()
	l, known := ss.links[key]
	if !known || now.Sub(l.since) > linkLife {
		return Nobody, known
	}
	delete(ss.links, key)
	return l.role, true
}

// random is 256 bits that nobody can guess.
func random() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails, its documentation says
	return hex.EncodeToString(b[:])
}

// cookieName has the port in it: browsers send a cookie to every port of a host,
// and two forms may run on one machine.
func cookieName(r *http.Request) string {
	if _, port, err := net.SplitHostPort(r.Host); err == nil {
		return "connector_session_" + port
	}
	return "connector_session"
}

// admit begins a session and gives the browser its cookie.
func (h *Handler) admit(w http.ResponseWriter, r *http.Request, user string, role Role) *session {
	id, s := h.sessions.begin(user, role)
	http.SetCookie(w, h.cookie(r, id))
	return s
}

func (h *Handler) cookie(r *http.Request, value string) *http.Cookie {
	return &http.Cookie{
		Name: cookieName(r), Value: value, Path: h.at("/"),
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: h.secure || r.TLS != nil,
	}
}
