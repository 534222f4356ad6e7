package web

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
	return v
}
