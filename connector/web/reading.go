package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/connector/store"
)

const (
	maxReads    = 8 // reads and writes of data that are under way at once
	maxOwnReads = 4 // of them of one session: nobody waits for one person's downloads
)

// reading is a read or a write of data that a person asked for.
type reading struct {
	h       *Handler
	session *session
	from    string // the person's address
	record  store.Record
	cred    *connector.Credential
	ctx     context.Context
	cancel  context.CancelFunc
	free    func()
}

// beginReading opens the credential that an address names, or answers the request. The
// caller closes what it gets.
func (h *Handler) beginReading(w http.ResponseWriter, r *http.Request, s *session) (*reading, bool) {
	record, found := h.record(w, r)
	if !found {
		return nil, false
	}
	if !s.reads.AllowN(h.now(), 1) {
		w.Header().Set("Retry-After", "2")
		h.fail(w, r, http.StatusTooManyRequests, "Too fast", "Wait a few seconds, then try again.")
		return nil, false
	}
	free, placed := h.takePlace(s)
	if !placed {
		w.Header().Set("Retry-After", "5")
		h.fail(w, r, http.StatusTooManyRequests, "Too much is read at once", "Wait for other downloads to end, then try again.")
		return nil, false
	}
	cred, err := h.store.Credential(r.Context(), record.Name)
	if err != nil {
		free()
		h.storeFailed(w, r, err)
		return nil, false
	}
	rd := &reading{h: h, session: s, from: h.clientAddress(r), record: record, cred: cred, free: free}
	var cancel context.CancelFunc
	rd.ctx, cancel = context.WithCancel(r.Context())
	forget := context.AfterFunc(h.ctx, cancel)
	rd.cancel = func() { forget(); cancel() }
	hold(w, h.patience+2*time.Minute) // a wait that the API asks for among it
	return rd, true
}

// takePlace takes a place among the session's own and among all.
func (h *Handler) takePlace(s *session) (free func(), ok bool) {
	select {
	case s.places <- struct{}{}:
	default:
		return nil, false
	}
	select {
	case h.reads <- struct{}{}:
		return func() { <-h.reads; <-s.places }, true
	default:
		<-s.places
		return nil, false
	}
}

func (rd *reading) close() {
	rd.cancel()
	rd.free()
}

// workspace is the access key of the token, by which a workspace is known.
func (rd *reading) workspace() string {
	return connector.Inspect(rd.cred.APIKeyValue.Reveal()).AccessKey
}

// client is the way to the API.
func (rd *reading) client() *connector.Client {
	base, err := connector.ParseBaseURL(rd.h.tester.BaseURL)
	if err != nil {
		panic("web: " + err.Error()) // New has read it
	}
	client := rd.cred.Client(base)
	client.Transport = rd.h.tester.Transport
	return client
}

// within is the way to the API for a number of calls. The context ends with the first one
// beyond them, and then spent says so.
func (rd *reading) within(calls int64) (ctx context.Context, client *connector.Client, spent func() bool) {
	ctx, cancel := context.WithCancel(rd.ctx)
	client = rd.client()
	b := &budget{next: client.Transport, spent: cancel}
	b.left.Store(calls)
	client.Transport = b
	return ctx, client, func() bool { return b.left.Load() < 0 }
}

// budget makes so many calls and no more.
type budget struct {
	next  http.RoundTripper
	left  atomic.Int64
	spent context.CancelFunc
}

func (b *budget) RoundTrip(r *http.Request) (*http.Response, error) {
	if b.left.Add(-1) < 0 {
		b.spent()
		return nil, context.Canceled
	}
	return b.next.RoundTrip(r)
}

// tell logs what somebody did with data.
func (rd *reading) tell(did, what string, records int, ended string, more ...any) {
	rd.h.log.LogAttrs(context.WithoutCancel(rd.ctx), slog.LevelInfo, did, slog.String("who", shown(rd.session.who)), slog.String("from", rd.from),
		slog.String("credential", shown(rd.record.Name)), slog.String("of", what), slog.Int("records", records), slog.String("ended", ended), slog.Group("", more...))
}

// outcomeOf is how a read ended that makes so many calls and no more, for the log.
func outcomeOf(spent bool, err error) string {
	if spent {
		return "calls_spent"
	}
	return outcome(err)
}

// outcome is how a read ended, for the log.
func outcome(err error) string {
	var fault *exchange.Error
	switch {
	case err == nil:
		return "whole"
	case errors.Is(err, context.Canceled):
		return "stopped"
	case errors.As(err, &fault):
		return string(fault.Code)
	}
	return "failed"
}

// why puts the error of a read or a write into a sentence with the next step.
func why(err error) string {
	if errors.Is(err, context.Canceled) {
		return "It was stopped."
	}
	said := sentence(shown(err.Error()))
	if fault, ok := errors.AsType[*exchange.Error](err); ok {
		if fault.Report != nil {
			said = sentence(shown(fault.Report.Message))
		}
		if remedy := fault.Remedy(); remedy != "" {
			said += " " + sentence(shown(remedy))
		}
	}
	return said
}

// readFailed answers a request whose data could not be had.
func (rd *reading) readFailed(w http.ResponseWriter, r *http.Request, err error, back string) {
	if r.Context().Err() != nil {
		return // nobody is there any more
	}
	p := rd.h.messagePage(http.StatusBadGateway, "100ms does not give this", why(err))
	p.Next = &next{"Go back", back}
	if rejects(err) {
		p.Title, p.Next = "100ms rejects the credential", &next{"Look at the credential", rd.h.at("/credentials/" + idOf(rd.record.Name))}
	}
	rd.h.render(w, r, http.StatusBadGateway, "message", p)
}

// rejects says whether an error is about the credential: 100ms will have nothing of it.
// What it may not see is said of the stream.
func rejects(err error) bool {
	fault, ok := errors.AsType[*exchange.Error](err)
	return ok && fault.Rejected() && !forbids(err)
}

// forbids says whether 100ms refuses the one thing that was asked for.
func forbids(err error) bool {
	fault, ok := errors.AsType[*exchange.Error](err)
	return ok && fault.Report != nil && fault.Report.Server != nil && fault.Report.Server.Status == http.StatusForbidden
}

// noted puts what is worth knowing of a read into sentences.
func noted(notes []exchange.Note) (said []string) {
	var fields []string
	parents, twice := 0, 0
	for _, n := range notes {
		switch n.Kind {
		case exchange.SkippedParent:
			parents++
		case exchange.UnknownField:
			fields = append(fields, shown(n.Field))
		case exchange.DuplicateKey, exchange.NoKey:
			twice++
		}
	}
	if parents > 0 {
		said = append(said, "100ms refuses "+counted(parents, "room")+"; their records are not here.")
	}
	if len(fields) > 0 {
		slices.Sort(fields)
		fields = slices.Compact(fields)
		said = append(said, "Not in the schema, and so in no column of the CSV: "+strings.Join(fields[:min(len(fields), 20)], ", ")+".")
	}
	if twice > 0 {
		said = append(said, counted(twice, "record")+" without a key of its own.")
	}
	return said
}

// counted is a number with its noun.
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return thousands(n) + " " + noun + "s"
}

// hold gives the browser time to take what comes, and the API to give it.
func hold(w http.ResponseWriter, span time.Duration) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(span))
}
