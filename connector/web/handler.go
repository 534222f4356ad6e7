package web

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path"
	"strings"
	"sync"
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
}

// Options are what a Handler works with. Only Store is required.
type Options struct {
	Store  Store
	Tester *connector.Tester // if nil, the zero Tester; do not change it afterwards

	// Prefix is the path under which the handler is mounted, such as /100ms; it
	// sees whole paths. Empty for a handler that has the host to itself.
	Prefix string

	// Hosts are the names, without a port, by which it may be called. If empty,
	// the loopback ones: localhost, 127.0.0.1 and ::1. A proxy in front of it must
	// pass on the Host that the browser sent (nginx: proxy_set_header Host $host).
	Hosts []string

	// Password lets people in who know it; at least 12 characters. If empty, only
	// links of SignInLink do.
	Password connector.Secret

	// SignedIn, if not nil, is the sign-in of the program around it: whoever it
	// says is signed in needs neither link nor password, and nobody else gets in.
	SignedIn func(*http.Request) bool

	// Secure says that browsers reach it by https though it sees http: behind a
	// proxy. The cookie is then for https only, as it is under TLS.
	Secure bool

	Now func() time.Time // if nil, time.Now
}

// Handler is the form. It is safe for concurrent use. Close it.
type Handler struct {
	Options
	tester   *connector.Tester
	mux      http.Handler
	hosts    map[string]bool
	sessions sessions
	tests    chan struct{} // a place for each single test under way
	inspects bucket
	signins  bucket
	names    names
	reports  reports
	sweeps   sweeps

	ctx  context.Context // of what outlives a request: tests of all; ends with Close
	stop context.CancelFunc
	work sync.WaitGroup
}

// MinPassword is the least length of Options.Password, in characters.
const MinPassword = 12

// New makes the handler.
func New(o Options) (*Handler, error) {
	if o.Store == nil {
		return nil, errors.New("web: Options.Store is nil: there is nowhere to keep credentials")
	}
	if o.Prefix != "" && (o.Prefix[0] != '/' || path.Clean(o.Prefix) != o.Prefix || o.Prefix == "/") {
		return nil, fmt.Errorf("web: the prefix %q is not like /path, without a slash at its end", o.Prefix)
	}
	if p := o.Password.Reveal(); p != "" && utf8.RuneCountInString(p) < MinPassword {
		return nil, fmt.Errorf("web: a password needs at least %d characters", MinPassword)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if len(o.Hosts) == 0 {
		o.Hosts = []string{"localhost", "127.0.0.1", "::1"}
	}
	h := &Handler{Options: o, tester: o.Tester, hosts: map[string]bool{}, tests: make(chan struct{}, maxTests)}
	if h.tester == nil {
		h.tester = new(connector.Tester)
	}
	if _, err := connector.ParseBaseURL(h.tester.BaseURL); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	for _, host := range o.Hosts {
		if _, _, err := net.SplitHostPort(host); err == nil || host == "" || strings.ContainsAny(host, "*/ ") {
			return nil, fmt.Errorf("web: %q is not the name of a host alone: without a port, a path or a *", host)
		}
		h.hosts[strings.ToLower(strings.Trim(host, "[]"))] = true
	}
	h.inspects = bucket{rate: 20, burst: 40, now: o.Now}
	h.signins = bucket{rate: 0.2, burst: 5, now: o.Now}
	h.sessions.now = o.Now
	h.ctx, h.stop = context.WithCancel(context.Background())
	h.mux = http.StripPrefix(o.Prefix, h.routes())
	return h, nil
}

// Close ends what is under way, waits for it, and has the streams end.
func (h *Handler) Close() {
	h.stop()
	h.sweeps.close()
	h.work.Wait()
}

func (h *Handler) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /static/{file}", h.static)
	mux.HandleFunc("GET /signin", h.askPassword)
	mux.HandleFunc("GET /signin/{link}", h.useLink)
	mux.HandleFunc("POST /signin", h.usePassword)

	member := func(pattern string, serve func(http.ResponseWriter, *http.Request, *session)) {
		mux.HandleFunc(pattern, h.member(serve))
	}
	member("GET /{$}", h.showTiles)
	member("GET /timeline", h.showTimeline)
	member("GET /credentials/new", h.showForm)
	member("POST /credentials", h.submit)
	member("GET /credentials/{id}", h.showDetail)
	member("POST /credentials/{id}", h.submit)
	member("GET /credentials/{id}/edit", h.showForm)
	member("GET /credentials/{id}/delete", h.askDelete)
	member("POST /credentials/{id}/delete", h.delete)
	member("POST /credentials/{id}/test", h.testAgain)
	member("POST /inspect", h.inspect)
	member("GET /test-all", h.followSweep)
	member("POST /test-all", h.startSweep)
	member("POST /test-all/stop", h.stopSweep)
	member("POST /signout", h.signOut)
	member("GET /", func(w http.ResponseWriter, r *http.Request, _ *session) {
		h.fail(w, r, http.StatusNotFound, "Not found", "There is no such page.")
	})
	return mux
}

// at is the address of a page of this handler.
func (h *Handler) at(path string) string { return h.Prefix + path }
