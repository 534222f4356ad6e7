package web

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
)

// sweep is one test of every saved credential.
type sweep struct {
	cancel context.CancelFunc
	total  int

	mu      sync.Mutex
	results []tile // in the order in which they came
	counts  map[tone]int
	over    bool
	stopped bool   // before its end
	trouble string // why the first of those could not be opened
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

// sweepView is a sweep as a page shows it.
type sweepView struct {
	Base        string
	Running     bool
	Done, Total int
	Text        string
	Tone        tone
}

func (ss *sweeps) view(h *Handler) *sweepView {
	s := ss.current()
	if s == nil {
		return nil
	}
	v := s.view(h)
	if !v.Running {
		return nil
	}
	return v
}

func (s *sweep) view(h *Handler) *sweepView {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := &sweepView{Base: h.Prefix, Running: !s.over, Done: len(s.results), Total: s.total, Tone: pending}
	v.Text = "Tested " + thousands(v.Done) + " of " + thousands(v.Total) + "."
	if s.over {
		v.Tone = good
		if s.stopped {
			v.Text, v.Tone = "Stopped. "+v.Text, idle
		}
		for _, k := range []struct {
			tone  tone
			words string
		}{{good, "work"}, {warn, "to look at"}, {bad, "rejected or expired"}} {
			if n := s.counts[k.tone]; n > 0 {
				v.Text += " " + thousands(n) + " " + k.words + "."
				v.Tone = k.tone
			}
		}
		if s.trouble != "" {
			v.Text += " " + s.trouble
		}
	}
	return v
}

// startSweep tests every saved credential. It goes on when the page is left.
func (h *Handler) startSweep(w http.ResponseWriter, r *http.Request, s *session) {
	records, err := h.list(r.Context())
	if err != nil {
		h.storeFailed(w, r, err)
		return
	}
	h.sweep(records)
	if wantsStream(r) {
		h.followSweep(w, r, s)
		return
	}
	http.Redirect(w, r, h.at("/"), http.StatusSeeOther)
}

// sweep begins a sweep, unless one is under way.
func (h *Handler) sweep(records []store.Record) {
	h.sweeps.mu.Lock()
	defer h.sweeps.mu.Unlock()
	if last := h.sweeps.latest; h.sweeps.closed || last != nil && !last.finished() {
		return
	}
	ctx, cancel := context.WithCancel(h.ctx)
	s := &sweep{cancel: cancel, total: len(records), counts: map[tone]int{}}
	h.sweeps.latest = s
	workers := h.tester.Concurrency
	if workers <= 0 {
		workers = maxTests
	}
	jobs := make(chan store.Record)
	var group sync.WaitGroup
	for range min(workers, len(records)) {
		group.Add(1)
		go func() {
			defer group.Done()
			for record := range jobs {
				h.sweepOne(ctx, s, record)
			}
		}()
	}
	h.work.Add(1)
	go func() {
		defer h.work.Done()
		defer cancel()
	feed:
		for _, record := range records {
			select {
			case jobs <- record:
			case <-ctx.Done():
				break feed
			}
		}
		close(jobs)
		group.Wait()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.over, s.stopped = true, ctx.Err() != nil
	}()
}

func (s *sweep) finished() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.over
}

// sweepOne tests one credential and records the result.
func (h *Handler) sweepOne(ctx context.Context, s *sweep, record store.Record) {
	cred, err := h.Store.Credential(ctx, record.Name)
	trouble := ""
	switch {
	case ctx.Err() != nil || errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrChanged):
		return
	case err != nil:
		trouble = tell(err)
	default:
		report := h.tester.Test(ctx, asDocument(cred))
		if report.Code == connector.Canceled {
			return
		}
		h.recordTest(ctx, cred, report)
		record.LastVerdict, record.LastCode, record.LastTestedAt = report.Verdict, report.Code, report.TestedAt
	}
	t := h.tileOf(record, h.Now())
	if trouble != "" {
		t.Tone, t.Verdict, t.Cause = warn, "Could not be opened", trouble
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.results = append(s.results, t)
	s.counts[t.Tone]++
	if s.trouble == "" {
		s.trouble = trouble
	}
}

func (h *Handler) stopSweep(w http.ResponseWriter, r *http.Request, _ *session) {
	if s := h.sweeps.current(); s != nil {
		s.cancel()
	}
	if wantsStream(r) {
		w.WriteHeader(http.StatusNoContent) // whoever follows the sweep will see
		return
	}
	http.Redirect(w, r, h.at("/"), http.StatusSeeOther)
}

const (
	sweepBeat  = 100 * time.Millisecond // between two lines: a page that is told of every test would do nothing else
	sweepBatch = 60                     // tiles in one line, so that none takes the page long to draw
)

// followSweep tells how a sweep goes, from its beginning to its end.
func (h *Handler) followSweep(w http.ResponseWriter, r *http.Request, _ *session) {
	out, sweep := h.stream(w, r), h.sweeps.current()
	if out == nil || sweep == nil {
		http.Redirect(w, r, h.at("/"), http.StatusSeeOther)
		return
	}
	beat := time.NewTicker(sweepBeat)
	defer beat.Stop()
	out.part("sweep", "sweeping", sweep.view(h))
	for sent := 0; ; {
		v := sweep.view(h)
		sweep.mu.Lock()
		fresh := sweep.results[sent:min(v.Done, sent+sweepBatch)]
		sweep.mu.Unlock()
		sent += len(fresh)
		l := line{Done: sent, Total: v.Total}
		for _, t := range fresh {
			if html, err := part("tile", t); err == nil {
				l.Tiles = append(l.Tiles, tileLine{"t-" + t.ID, html})
			}
		}
		last := !v.Running && sent == v.Done
		if last {
			l.Into, l.Say = "sweep", v.Text
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
			return
		}
	}
}
