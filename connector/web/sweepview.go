package web

import (
	"slices"
	"strings"
)

// sweepView is a sweep as a page shows it.
type sweepView struct {
	Base        string
	Running     bool
	Done, Total int
	Text        string
	Tone        tone
}

// view is the sweep that is under way or, once, the outcome that the person
// waited for without scripts; nil if there is neither.
func (ss *sweeps) view(h *Handler, of *session) *sweepView {
	awaited := of.await(nil)
	s := ss.current()
	switch {
	case s != nil && !s.finished():
		if awaited != nil {
			of.await(s)
		}
		return s.view(h)
	case awaited != nil:
		return awaited.view(h)
	}
	return nil
}

// await notes the sweep whose outcome a person waits for, and returns the one
// before.
func (s *session) await(next *sweep) (before *sweep) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before, s.sweep = s.sweep, next
	return before
}

func (s *sweep) view(h *Handler) *sweepView {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := &sweepView{Base: h.prefix, Running: !s.over, Done: len(s.results), Total: s.total, Tone: pending}
	v.Text = "Tested " + thousands(s.tested) + " of " + thousands(v.Total) + "."
	if v.Running {
		return v
	}
	if s.tested == 0 && s.trouble != "" {
		v.Text, v.Tone = "Nothing was tested. "+s.trouble, warn
		return v
	}
	v.Tone = good
	if s.stopped {
		v.Text, v.Tone = "Stopped. "+v.Text, idle
	}
	var words []string
	for _, kind := range filters {
		if n := s.counts[kind.name]; n > 0 && kind.name != "" {
			words = append(words, kind.words(n))
		}
	}
	slices.Reverse(words) // what needs somebody last, where it is read as the outcome
	if len(words) > 0 {
		v.Text += " " + sentence(strings.Join(words, ", "))
	}
	if s.counts["attention"] > 0 {
		v.Tone = warn
	}
	if s.trouble != "" {
		v.Text += " " + s.trouble
	}
	return v
}
