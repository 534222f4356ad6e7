package exchange

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/100ms-connector/connector-go/connector/internal/jsontext"
)

// page is what one answer holds: rows, and where to go on.
type page struct {
	rows []row
	next string // empty at the end of the list
	last bool   // of an answer that came in pieces, the last one; else always
}

// row is a record as it came, with the key under which it stood in a map.
type row struct {
	key  []byte // in its quotes; nil in a list
	data []byte
}

// read reads an answer.
func (p paging) read(body []byte, start string) (page, error) {
	if !json.Valid(body) {
		return page{}, &Error{Code: "unexpected_response", Err: &notJSON{body[:min(len(body), 4<<10)]}}
	}
	body = bytes.TrimSpace(body)
	fields := envelope{}
	if err := fields.read(body, p); err != nil {
		return page{}, err
	}
	if p.rows == "" {
		return page{rows: []row{{data: body}}, last: true}, nil
	}
	found := page{last: true}
	switch fields.rows[0] {
	case '[':
		for data := range jsontext.Elements(fields.rows) {
			found.rows = append(found.rows, row{data: data})
		}
	case '{':
		for key, data := range jsontext.Each(fields.rows) {
			found.rows = append(found.rows, row{key, data})
		}
	}
	found.next = fields.after(p, start, len(found.rows))
	return found, nil
}

// envelope is what stands around the records of an answer.
type envelope struct {
	rows  []byte
	next  []byte
	limit int // as the API says it; 0 if it does not
}

// read cuts an answer. One without a place for records is not the API's: it must not
// pass for the end of a list.
func (e *envelope) read(body []byte, p paging) error {
	if body[0] != '{' {
		return unexpected("unexpected_response: the answer is JSON, but no object")
	}
	for key, value := range jsontext.Each(body) {
		switch string(key[1 : len(key)-1]) {
		case p.rows:
			e.rows = value
		case p.next:
			e.next = value
		case "limit":
			e.limit, _ = strconv.Atoi(string(value))
		case "error":
			return unexpected("unexpected_response: the answer is an error with the status 200")
		}
	}
	if p.rows != "" && (e.rows == nil || !strings.ContainsRune("[{n", rune(e.rows[0]))) {
		return unexpected("unexpected_response: the answer has no %q", p.rows)
	}
	return nil
}

// after is the place at which a list goes on behind n records; empty at its end. A
// page that is shorter than the limit that the API itself names is the last one; one
// without records that names another place is not.
func (e *envelope) after(p paging, start string, n int) string {
	switch {
	case p.cut > 0:
		var at struct {
			HasNext bool `json:"has_next"`
		}
		_ = json.Unmarshal(e.next, &at) // without it there is no next page
		return nextInWindows(start, at.HasNext && n > 0, p.cut)
	case len(e.next) == 0 || e.next[0] == 'n' || 0 < n && n < e.limit:
		return ""
	}
	next := textOf(e.next)
	if n == 0 && next == start { // as it may be behind the end
		return ""
	}
	return next
}

// ask adds to a query what asks for the page at start.
func (p paging) ask(query url.Values, start string, limit int) {
	switch {
	case p.cut > 0:
		w := parseWindow(start)
		query.Set("start_time", stamp(w.From))
		query.Set("end_time", stamp(w.To))
		query.Set("page", strconv.Itoa(w.Page))
	case p.param == "":
		return
	case start != "":
		query.Set(p.param, start)
	}
	query.Set("limit", strconv.Itoa(limit))
}

// window is a place in a list that the API gives by windows of time, each in pages
// by number: the page of the window, and the end of the last window.
type window struct {
	From, To, End time.Time
	Page          int
}

func (w window) String() string {
	return stamp(w.From) + "/" + stamp(w.To) + "/" + stamp(w.End) + "/" + strconv.Itoa(w.Page)
}

// firstWindow is where a list from one time to another begins.
func firstWindow(from, end time.Time, cut time.Duration) string {
	return window{from, earlier(from.Add(cut), end), end, 1}.String()
}

// parseWindow reads what String wrote; the zero window is one that it did not.
func parseWindow(s string) (w window) {
	parts := strings.Split(s, "/")
	if len(parts) != 4 {
		return window{}
	}
	for i, t := range []*time.Time{&w.From, &w.To, &w.End} {
		*t, _ = time.Parse(time.RFC3339, parts[i])
	}
	w.Page, _ = strconv.Atoi(parts[3])
	return w
}

func nextInWindows(at string, more bool, cut time.Duration) string {
	w := parseWindow(at)
	switch {
	case more:
		w.Page++
		return w.String()
	case !w.To.Before(w.End):
		return ""
	}
	return firstWindow(w.To, w.End, cut)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// stamp writes a time as the API's filters want it, rounded down to milliseconds.
func stamp(t time.Time) string {
	return t.UTC().Truncate(time.Millisecond).Format("2006-01-02T15:04:05.000Z")
}
