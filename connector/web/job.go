package web

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	maxJobs  = 16                     // that a session remembers
	jobBeat  = 200 * time.Millisecond // between two lines
	jobStart = 5 * time.Second        // for a download to begin whose page asks how it goes
)

// job is a download or a write of one person: how far it is, and how to stop it. It is
// known to its session alone.
type job struct {
	id     string
	Title  string
	Back   string // the page to go back to
	noun   string // of what is counted
	total  int    // 0 if it is not known
	cancel context.CancelFunc
	calls  func() int64

	mu        sync.Mutex
	done      int
	over      bool
	followers int // who see how it ends
	tone      tone
	said      string
	notes     []string
	acks      *acksView // of a write
}

// jobView is how a job goes, for a page.
type jobView struct {
	ID, Title, Back string
	Base, CSRF      string
	Text            string
	Done, Total     int
	Running         bool
	Tone            tone
	Notes           []string
	Acks            *acksView
}

var jobIDs = regexp.MustCompile(`^[0-9a-f]{32,64}$`)

// jobID is the id that a page chose, or another one.
func jobID(chosen string) string {
	if jobIDs.MatchString(chosen) {
		return chosen
	}
	return random()
}

// begin remembers a job in the place of one that is over: one that goes on can be stopped.
func (s *session) begin(j *job) *job {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.jobs) >= maxJobs {
		i := max(0, slices.IndexFunc(s.jobs, (*job).isOver))
		s.jobs = slices.Delete(s.jobs, i, i+1)
	}
	s.jobs = append(s.jobs, j)
	return j
}

func (s *session) job(id string) *job {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, j := range s.jobs {
		if j.id == id {
			return j
		}
	}
	return nil
}

func (j *job) add(n int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.done += n
}

func (j *job) count() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.done
}

func (j *job) isOver() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.over
}

// follow counts who see how the job ends.
func (j *job) follow(n int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.followers += n
}

func (j *job) end(t tone, said string, notes ...string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.over, j.tone, j.said, j.notes = true, t, said, notes
}

// leave has the next page of the session say how the job ended, unless somebody sees it.
func (j *job) leave(s *session) {
	j.mu.Lock()
	seen, t, said := j.followers > 0, j.tone, append([]string{j.Title + ":", j.said}, j.notes...)
	j.mu.Unlock()
	if !seen {
		s.leave(t, strings.Join(said, " "), "")
	}
}

func (j *job) view(h *Handler, s *session) jobView {
	j.mu.Lock()
	defer j.mu.Unlock()
	v := jobView{
		ID: j.id, Title: j.Title, Back: j.Back, Base: h.prefix, CSRF: s.csrf,
		Text: j.said, Done: j.done, Total: j.total, Running: !j.over, Tone: j.tone, Notes: j.notes, Acks: j.acks,
	}
	if v.Running {
		v.Text = counted(j.done, j.noun)
		if j.total > 0 {
			v.Text = thousands(j.done) + " of " + counted(j.total, j.noun)
		}
		v.Text += ", " + counted(int(j.calls()), "call") + " so far"
	}
	return v
}

// followJob shows how a job goes until it is over.
func (h *Handler) followJob(w http.ResponseWriter, r *http.Request, s *session) {
	out := h.stream(w, r)
	j := s.job(r.PathValue("job"))
	for end := time.Now().Add(jobStart); j == nil && out != nil && time.Now().Before(end); j = s.job(r.PathValue("job")) {
		select {
		case <-time.After(jobBeat / 4):
		case <-r.Context().Done():
			return
		}
	}
	if j == nil {
		h.notFound(w, r)
		return
	}
	j.follow(1)
	if out == nil {
		v := j.view(h, s)
		p := &page{Title: v.Title, Nav: "credentials", Data: v}
		if v.Running {
			p.Reload = 2
		}
		h.show(w, r, s, "job", p)
		return
	}
	h.followIn(out, r, s, j)
}

// followIn sends how a job goes, in lines, to a follower that is counted.
func (h *Handler) followIn(out *stream, r *http.Request, s *session, j *job) {
	defer j.follow(-1)
	beat := time.NewTicker(jobBeat)
	defer beat.Stop()
	for said := ""; ; {
		hold(out.w, h.patience) // also while there is nothing to say
		v := j.view(h, s)
		if v.Text != said || !v.Running {
			said = v.Text
			out.part("progress", "progress", v)
		}
		if !v.Running {
			if v.Acks != nil {
				out.part("rehearsal", "written", v.Acks) // in the place of what was announced
			}
			out.send(line{Announce: v.Text})
		}
		if !v.Running || out.gone {
			return
		}
		select {
		case <-beat.C:
		case <-r.Context().Done():
			return
		}
	}
}

func (h *Handler) stopJob(w http.ResponseWriter, r *http.Request, s *session) {
	j := s.job(r.PathValue("job"))
	if j == nil {
		h.notFound(w, r)
		return
	}
	j.cancel()
	if wantsStream(r) {
		w.WriteHeader(http.StatusNoContent) // whoever follows the job will see
		return
	}
	http.Redirect(w, r, h.at("/jobs/"+j.id), http.StatusSeeOther)
}
