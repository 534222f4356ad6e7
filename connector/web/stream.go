package web

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// line is one piece of news for the script in a page: a JSON object on a line of
// its own. The HTML is made by the templates that also make the pages.
type line struct {
	Into     string     `json:"into,omitempty"` // id of the element whose content HTML becomes
	HTML     string     `json:"html,omitempty"`
	Tiles    []tileLine `json:"tiles,omitempty"`
	Done     int        `json:"done,omitempty"` // of Total tests
	Total    int        `json:"total,omitempty"`
	Draft    string     `json:"draft,omitempty"`    // id of what the form has entered so far
	Announce string     `json:"announce,omitempty"` // for a screen reader
	Failed   string     `json:"failed,omitempty"`   // a page that says why there is no answer; the last line
	Go       string     `json:"go,omitempty"`       // the page to go to
}

// tileLine is a tile to put in the place of the one with its id.
type tileLine struct {
	ID   string `json:"id"`
	HTML string `json:"html"`
}

const streamType = "application/x-ndjson"

func wantsStream(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), streamType) }

// stream sends a script what happens, as it happens. Every method of a nil stream
// does nothing.
type stream struct {
	w        http.ResponseWriter
	control  *http.ResponseController
	patience time.Duration // from one line to the next
	encode   *json.Encoder
	gone     bool // nobody listens any more
}

// stream begins an answer in lines, if that is what was asked for. Nothing is
// written before the first line, so an error can still have its status.
func (h *Handler) stream(w http.ResponseWriter, r *http.Request) *stream {
	if !wantsStream(r) {
		return nil
	}
	return &stream{w: w, control: http.NewResponseController(w), patience: h.patience}
}

func (s *stream) send(l line) {
	if s == nil || s.gone {
		return
	}
	if s.encode == nil {
		s.w.Header().Set("Content-Type", streamType)
		s.w.Header().Set("X-Accel-Buffering", "no") // a proxy that collects lines defeats them
		s.encode = json.NewEncoder(s.w)
	}
	_ = s.control.SetWriteDeadline(time.Now().Add(s.patience))
	s.gone = s.encode.Encode(l) != nil || s.control.Flush() != nil
}

// part sends a piece of the page.
func (s *stream) part(into, name string, data any) {
	if s == nil {
		return
	}
	if html, err := part(name, data); err == nil {
		s.send(line{Into: into, HTML: html})
	}
}

// failIn answers as fail does or, once lines were sent, with a last line: a page
// among lines could not be read.
func (h *Handler) failIn(out *stream, w http.ResponseWriter, r *http.Request, status int, title, what string) {
	if out == nil || out.encode == nil {
		h.fail(w, r, status, title, what)
		return
	}
	var page bytes.Buffer
	if err := h.execute(&page, "message", "content", h.messagePage(status, title, what)); err == nil {
		out.send(line{Failed: page.String()})
	}
}
