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

// view is the sweep that is under way; nil if none is.
func (ss *sweeps) view(h *Handler) *sweepView {
	s := ss.current()
	if s == nil || s.finished() {
		return nil
	}
	return s.view(h)
}

func (s *sweep) view(h *Handler) *sweepView {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := &sweepView{Base: h.prefix, Running: !s.over, Done: len(s.results), Total: s.total, Tone: pending}
	v.Text = "Tested " + thousands(v.Done) + " of " + thousands(v.Total) + "."
	if v.Running {
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
