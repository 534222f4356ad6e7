package web

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"sync"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
)

// sweep is one test of many saved credentials.
type sweep struct {
	cancel context.CancelFunc
	total  int

	mu      sync.Mutex
	results []tile         // in the order in which they came
	counts  map[string]int // by filter
	tested  int            // of the results; the others could not be opened
	over    bool
	stopped bool   // before its end
	trouble string // the first that is no result
}

// sweeps has the one that is under way, or the last.
type sweeps struct {
	mu     sync.Mutex
	latest *sweep
	closed bool
}

func (ss *sweeps) current() *sweep {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	return ss.latest
}

func (ss *sweeps) close() {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	ss.closed = true
}

// startSweep tests the saved credentials that the list shows, on all of its pages.
// It goes on when the page is left.
func (h *Handler) startSweep(w http.ResponseWriter, r *http.Request, s *session) {
	records, err := h.list(r.Context())
	if err != nil {
		h.storeFailed(w, r, err)
		return
	}
	h.sweep(h.find(records, choiceOf(r.PostForm)).records)
	if wantsStream(r) {
		h.followSweep(w, r, s)
		return
	}
	s.await(h.sweeps.current())
	http.Redirect(w, r, h.at("/")+s.lastList(), http.StatusSeeOther)
}

// sweep begins a sweep and says so, unless one is under way.
func (h *Handler) sweep(records []store.Record) (began bool) {
	h.sweeps.mu.Lock()
	defer h.sweeps.mu.Unlock()
	if last := h.sweeps.latest; h.sweeps.closed || last != nil && !last.finished() {
		return false
	}
	ctx, cancel := context.WithCancel(h.ctx)
	s := &sweep{cancel: cancel, total: len(records), counts: map[string]int{}}
	h.sweeps.latest = s
	h.work.Go(func() { h.testAll(ctx, s, records) })
	return true
}

// testAll tests the records and records the results. Whatever ends it, also a
// panic or a Goexit in the program's own Transport, the form goes on.
func (h *Handler) testAll(ctx context.Context, s *sweep, records []store.Record) {
	complete := false
	defer func() {
		if recover() != nil || !complete && ctx.Err() == nil {
			s.note("The test broke off because of a fault in this program.")
		}
		s.end(!complete || ctx.Err() != nil)
	}()
	opened := make(chan saved, len(records)) // reports come in this order
	for report := range h.tester.TestAll(ctx, h.open(ctx, s, records, opened)) {
		of := <-opened
		record := of.record
		if report.Code == connector.Canceled {
			continue
		}
		h.recordTest(ctx, of.cred, report)
		record.LastVerdict, record.LastCode, record.LastTestedAt = report.Verdict, report.Code, report.TestedAt
		s.add(h.tileOf(record, h.now()), true)
	}
	complete = true
}

// saved is a record with what it opened to.
type saved struct {
	record store.Record
	cred   *connector.Credential
}

// open yields the credentials of the records. What was deleted or changed
// meanwhile is passed over; what cannot be opened is a result by itself.
func (h *Handler) open(ctx context.Context, s *sweep, records []store.Record, opened chan<- saved) iter.Seq[*connector.Credential] {
	return func(yield func(*connector.Credential) bool) {
		for _, record := range records {
			cred, err := h.store.Credential(ctx, record.Name)
			switch {
			case ctx.Err() != nil:
				return
			case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrChanged):
			case errors.Is(err, store.ErrLocked): // as others may be, whose tiles stay as they are
				s.note("What is sealed with another key was not tested: start the form with that key.")
			case errors.Is(err, store.ErrKey), errors.Is(err, store.ErrUnavailable):
				s.note(explain(err)) // which is true of all
				s.cancel()
				return
			case err != nil:
				t := h.tileOf(record, h.now())
				t.Tone, t.Verdict, t.Cause = warn, "Could not be opened", explain(err)
				s.add(t, false)
				s.note(t.Cause)
			default:
				opened <- saved{record, cred}
				if !yield(cred) {
					return
				}
			}
		}
	}
}

func (s *sweep) add(t tile, tested bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.results = append(s.results, t)
	if tested {
		s.tested++
	}
	for _, kind := range filters {
		if kind.holds(t) {
			s.counts[kind.name]++
		}
	}
}

func (s *sweep) note(trouble string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.trouble == "" {
		s.trouble = trouble
	}
}

func (s *sweep) end(stopped bool) {
	s.cancel()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over, s.stopped = true, stopped
}

func (s *sweep) finished() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.over
}

func (h *Handler) stopSweep(w http.ResponseWriter, r *http.Request, s *session) {
	if sweep := h.sweeps.current(); sweep != nil {
		sweep.cancel()
	}
	if wantsStream(r) {
		w.WriteHeader(http.StatusNoContent) // whoever follows the sweep will see
		return
	}
	http.Redirect(w, r, h.at("/")+s.lastList(), http.StatusSeeOther)
}

const (
	sweepBeat  = 100 * time.Millisecond // between two lines: a page that draws after every test would do nothing else
	sweepBatch = 60                     // tiles in one line, so that none takes the page long to draw
)

// followSweep shows how a sweep goes, from its beginning to its end.
func (h *Handler) followSweep(w http.ResponseWriter, r *http.Request, s *session) {
	out, sweep := h.stream(w, r), h.sweeps.current()
	_ = r.ParseForm() // what cannot be read of an address is no choice
	if out == nil || sweep == nil {
		http.Redirect(w, r, h.at("/")+s.lastList(), http.StatusSeeOther)
		return
	}
	// The page has but some of them, and draws no others.
	records, err := h.list(r.Context())
	if err != nil {
		h.storeFailed(w, r, err)
		return
	}
	onPage := map[string]bool{}
	for _, t := range h.find(records, choiceOf(r.Form)).Tiles() {
		onPage[t.ID] = true
	}
	beat := time.NewTicker(sweepBeat)
	defer beat.Stop()
	if v := sweep.view(h); v.Running {
		out.part("sweep", "sweeping", v)
	}
	for sent := 0; ; {
		if h.ctx.Err() != nil { // which ends the test of all as well: it did not come to its end
			h.refuseTest(w, r, out)
			return
		}
		v := sweep.view(h)
		fresh := sweep.after(sent)
		sent += len(fresh)
		l := line{Done: sent, Total: v.Total}
		for _, t := range fresh {
			if !onPage[t.ID] {
				continue
			}
			if html, err := part("tile", t); err == nil {
				l.Tiles = append(l.Tiles, tileLine{"t-" + t.ID, html})
			}
		}
		last := !v.Running && sent == v.Done
		if last {
			l.Into, l.Announce = "sweep", v.Text
			l.HTML, _ = part("swept", v)
		} else if sent > 0 && len(fresh) == 0 {
			l = line{}
		}
		out.send(l)
		if last || out.gone {
			return
		}
		select {
		case <-beat.C:
		case <-r.Context().Done():
			return
		case <-h.ctx.Done():
		}
	}
}

// after returns the next results, a batch at most.
func (s *sweep) after(sent int) []tile {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.results[sent:min(len(s.results), sent+sweepBatch)]
}
