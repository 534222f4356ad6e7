package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
)

// Store is where credentials are kept. A *store.Store is one; the errors are of
// its classes, and hold no secret.
type Store interface {
	List(ctx context.Context) ([]store.Record, error)
	Show(ctx context.Context, name string) (store.Record, error)
	Credential(ctx context.Context, name string) (*connector.Credential, error)
	Save(ctx context.Context, c *connector.Credential) error
	Edit(ctx context.Context, name string, c store.Changes) error
	Delete(ctx context.Context, name string) error
	RecordTest(ctx context.Context, tested *connector.Credential, report *connector.Report) error
	History(ctx context.Context, name string) ([]store.Test, error)
}

// Options are what a Handler works with. Only Store is required. New copies them:
// to change them afterwards has no effect.
type Options struct {
	Store  Store
	Tester *connector.Tester // if nil, the zero Tester

	// Prefix is the path under which the handler is mounted, such as /100ms; it
	// sees whole paths. Empty for a handler that has the host to itself.
	Prefix string

	// Hosts are the names, without a port, by which it may be called. If empty,
	// the loopback ones: localhost, 127.0.0.1 and ::1. A proxy in front of it must
	// pass on the Host that the browser sent (nginx: proxy_set_header Host $host).
	Hosts []string

	// Password lets people in who know it; at least MinPassword characters. If
	// empty, only links of SignInLink do.
	Password connector.Secret

	// SignedIn, if not nil, is the sign-in of the program around it. It returns
	// who is signed in, such as an account's ID, or "" for nobody. That person
	// needs neither link nor password, and nobody else gets in. What a person has
	// entered and not yet saved is shown to nobody else, in the same browser either.
	SignedIn func(*http.Request) (user string)

	// RoleOf, if not nil, says what somebody may do whom SignedIn named. If nil, all of
	// them may do everything. Who comes by a link has the role of the link.
	RoleOf func(r *http.Request, user string) Role

	// ClientAddress, if not nil, returns the address from which a request comes,
	// as a trusted proxy in front gives it. If nil, it is that of the connection,
	// which behind a proxy is the same for everybody. Wrong passwords are counted
	// by it.
	ClientAddress func(*http.Request) string

	// Secure says that browsers reach it by https though it sees http: behind a
	// proxy. The cookie is then for https only, as it is under TLS.
	Secure bool

	// AllowData lets people see and download what a credential can read. Personal fields
	// stay out unless they are asked for, secrets always. A proxy in front must speak
	// HTTP/1.1 to it (nginx: proxy_http_version 1.1), for downloads.
	AllowData bool

	// AllowWrite lets people write into the workspace of a credential: by the actions
	// that do nothing to people in a call.
	AllowWrite bool

	// Log, if not nil, is told who read or wrote what, a record each.
	Log *slog.Logger

	// Renewal, if not nil, puts fresh tokens in the place of old ones.
	Renewal Renewal

	// NewLink says how a person gets a new sign-in link, in a sentence: pages say it
	// to whoever is not signed in, where there is no password. If empty, that whoever
	// runs the form has one.
	NewLink string

	Now func() time.Time // if nil, time.Now; also the Tester's, if that has none
}

// Handler is the form. It is safe for concurrent use. Close it.
type Handler struct {
	store    Store
	tester   *connector.Tester
	prefix   string
	hosts    map[string]bool
	password connector.Secret
	signedIn func(*http.Request) string
	roleOf   func(*http.Request, string) Role
	address  func(*http.Request) string
	secure   bool
	newLink  string
	renewal  Renewal
	log      *slog.Logger
	data     bool // what may be done with the data of a credential
	writes   bool
	now      func() time.Time
	patience time.Duration // for one response to be made and taken

	mux      http.Handler
	members  []string // the patterns of what takes a session, without the prefix
	origin   *http.CrossOriginProtection
	sessions sessions
	attempts attempts
	tests    chan struct{} // a place for each single test under way
	reads    chan struct{} // and for each read or write of data
	names    names
	reports  reports
	sweeps   sweeps
	signing  atomic.Pointer[map[string]bool] // the access keys whose signing key is kept

	ctx    context.Context // of what outlives a request, a test of all; ends with Close
	stop   context.CancelFunc
	hangUp func() // closes the handler's own connections; nil if the Tester's program has them
	work   sync.WaitGroup
}

// MinPassword is the least length of Options.Password, in characters.
const MinPassword = 12

// New makes the handler.
func New(o Options) (*Handler, error) {
	if o.Store == nil {
		return nil, errors.New("web: Options.Store is nil: there is nowhere to keep credentials")
	}
	// A prefix that needs escaping would stand in addresses in two ways.
	escaped := (&url.URL{Path: o.Prefix}).EscapedPath() != o.Prefix
	if o.Prefix != "" && (o.Prefix[0] != '/' || path.Clean(o.Prefix) != o.Prefix || o.Prefix == "/" || escaped) {
		return nil, fmt.Errorf("web: the prefix %q is not like /path, without a slash at its end", o.Prefix)
	}
	if p := o.Password.Reveal(); p != "" && utf8.RuneCountInString(p) < MinPassword {
		return nil, fmt.Errorf("web: a password needs at least %d characters", MinPassword)
	}
	h := &Handler{
		store: o.Store, tester: new(connector.Tester), prefix: o.Prefix, hosts: map[string]bool{}, password: o.Password,
		signedIn: o.SignedIn, address: o.ClientAddress, secure: o.Secure, now: o.Now, newLink: o.NewLink, renewal: o.Renewal,
		roleOf: o.RoleOf, log: o.Log, data: o.AllowData, writes: o.AllowWrite, reads: make(chan struct{}, maxReads),
		origin: http.NewCrossOriginProtection(), tests: make(chan struct{}, maxTests),
	}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	if h.now == nil {
		h.now = time.Now
	}
	if h.newLink == "" {
		h.newLink = "Ask whoever runs this form for a new link."
	}
	if o.Tester != nil {
		*h.tester = *o.Tester
	}
	if h.tester.Now == nil {
		h.tester.Now = h.now
	}
	if h.tester.Transport == nil {
		own := connector.NewTransport()
		h.tester.Transport, h.hangUp = own, own.CloseIdleConnections
	}
	if _, err := connector.ParseBaseURL(h.tester.BaseURL); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	hosts := o.Hosts
	if len(hosts) == 0 {
		hosts = []string{"localhost", "127.0.0.1", "::1"}
	}
	for _, host := range hosts {
		if _, _, err := net.SplitHostPort(host); err == nil || host == "" || strings.ContainsAny(host, "*/ ") {
			return nil, fmt.Errorf("web: %q is not the name of a host alone: without a port, a path or a *", host)
		}
		h.hosts[strings.ToLower(strings.Trim(host, "[]"))] = true
	}
	h.patience = delivery + turn + testTime(h.tester)
	h.sessions.now = h.now
	h.ctx, h.stop = context.WithCancel(context.Background())
	h.mux = h.routes()
	return h, nil
}

// testTime is the longest that a test takes. A test may end a second after its
// timeout.
func testTime(t *connector.Tester) time.Duration {
	timeout := t.Timeout
	if timeout == 0 {
		timeout = connector.DefaultTimeout
	}
	return min(max(0, timeout), 24*time.Hour) + time.Second
}

// Close ends what is under way, waits for it, and has the streams end.
func (h *Handler) Close() {
	h.stop()
	h.sweeps.close()
	h.work.Wait()
	if h.hangUp != nil {
		h.hangUp()
	}
}

func (h *Handler) routes() *http.ServeMux {
	mux := http.NewServeMux()
	handle := func(method, path string, serve http.HandlerFunc) { mux.HandleFunc(method+" "+h.at(path), serve) }
	handle("GET", "/static/{file}", h.static)
	handle("GET", "/signin", h.askPassword)
	handle("GET", "/signin/{link}", h.useLink)
	handle("POST", "/signin", h.usePassword)

	member := func(role Role, method, path string, serve func(http.ResponseWriter, *http.Request, *session)) {
		h.members = append(h.members, method+" "+path)
		handle(method, path, h.member(role, serve))
	}
	member(Viewer, "GET", "/{$}", h.showTiles)
	member(Viewer, "GET", "/timeline", h.showTimeline)
	member(Manager, "GET", "/credentials/new", h.showForm)
	member(Manager, "POST", "/credentials", h.submit)
	member(Viewer, "GET", "/credentials/{id}", h.showDetail)
	member(Manager, "POST", "/credentials/{id}", h.submit)
	member(Manager, "GET", "/credentials/{id}/edit", h.showForm)
	member(Manager, "GET", "/credentials/{id}/replace", h.showForm)
	member(Manager, "POST", "/credentials/{id}/renew", h.renew)
	member(Manager, "GET", "/credentials/{id}/delete", h.askDelete)
	member(Manager, "POST", "/credentials/{id}/delete", h.delete)
	member(Manager, "POST", "/credentials/{id}/test", h.testAgain)
	member(Manager, "POST", "/inspect", h.inspect)
	member(Manager, "POST", "/bulk", h.bulk)
	member(Manager, "GET", "/import", h.showImport)
	member(Manager, "POST", "/import", h.importFiles)
	if h.renewal != nil {
		member(Manager, "GET", "/sign", h.showSign)
		member(Manager, "POST", "/sign", h.sign)
	}
	member(Viewer, "GET", "/test-all", h.followSweep)
	member(Manager, "POST", "/test-all", h.startSweep)
	member(Manager, "POST", "/test-all/stop", h.stopSweep)
	member(Viewer, "POST", "/signout", h.signOut)
	member(Viewer, "GET", "/", func(w http.ResponseWriter, r *http.Request, _ *session) { h.notFound(w, r) })
	if h.data {
		member(Viewer, "GET", "/credentials/{id}/data", h.showData)
		member(Viewer, "POST", "/credentials/{id}/data", h.lookAtAll)
		member(Viewer, "POST", "/credentials/{id}/data/usage", h.showUsage)
		member(Viewer, "GET", "/credentials/{id}/data/{stream}", h.showSample)
		member(Viewer, "POST", "/credentials/{id}/data/{stream}/download", h.download)
	}
	if h.writes {
		member(Writer, "GET", "/credentials/{id}/write", h.showActions)
		member(Writer, "GET", "/credentials/{id}/write/{action}", h.showAction)
		member(Writer, "POST", "/credentials/{id}/write/{action}", h.rehearse)
		member(Writer, "POST", "/credentials/{id}/write/{action}/run", h.write)
	}
	if h.data || h.writes {
		member(Viewer, "GET", "/jobs/{job}", h.followJob)
		member(Viewer, "POST", "/jobs/{job}/stop", h.stopJob)
	}
	return mux
}

// at is the address of a page of this handler.
func (h *Handler) at(path string) string { return h.prefix + path }
