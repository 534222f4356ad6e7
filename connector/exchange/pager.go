package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"slices"
)

// limits are the lengths of pages to ask for: the largest first, and smaller ones where
// an answer is too large. The API takes 10 to 100.
var limits = []int{100, 50, 25, 10}

// asker reads what is at a path: a Source, or a Destination.
type asker interface {
	ask(ctx context.Context, path string, query url.Values, take func(io.Reader) error) error
}

// pager asks for the pages of one list.
type pager struct {
	source asker
	paging paging
	path   string
	query  url.Values
	limit  int // an index of limits
}

// page gives the page at start: at once, or in pieces where it is too large to hold.
func (g *pager) page(ctx context.Context, start string) iter.Seq2[page, error] {
	return func(yield func(page, error) bool) {
		for again := false; ; {
			var found page
			err := g.source.ask(ctx, g.path, g.asking(start), func(r io.Reader) error {
				body, err := readAnswer(r)
				if err == nil {
					found, err = g.paging.read(body, start)
				}
				return err
			})
			switch {
			case err == nil && len(found.rows) == 0 && found.next != "" && !again:
				again = true // a list that goes on has records: this may pass
				continue
			case err != errLarge:
				yield(found, err)
			case g.paging.param != "start": // pages by number would shift
				yield(page{}, unexpected("unexpected_response: GET %s: %w", g.path, err))
			case g.limit+1 < len(limits):
				g.limit++
				continue
			default:
				g.pieces(ctx, start, yield)
			}
			return
		}
	}
}

// placed is a page with the place at which it was asked for.
type placed struct {
	page
	start string
}

// list gives the pages from start to the end of the list. The place stands beside an
// error too.
func (g *pager) list(ctx context.Context, start string) iter.Seq2[placed, error] {
	return func(yield func(placed, error) bool) {
		circle := new(turns)
		for {
			next := ""
			for piece, err := range g.page(ctx, start) {
				if err == nil {
					err = circle.judge(&piece, start)
				}
				if !yield(placed{piece, start}, err) || err != nil {
					return
				}
				next = piece.next
			}
			if next == "" {
				return
			}
			start = next
		}
	}
}

func (g *pager) asking(start string) url.Values {
	query := maps.Clone(g.query)
	if query == nil {
		query = url.Values{}
	}
	g.paging.ask(query, start, limits[g.limit])
	return query
}

// pieces gives the page at start record by record.
func (g *pager) pieces(ctx context.Context, start string, yield func(page, error) bool) {
	stopped := false
	err := g.source.ask(ctx, g.path, g.asking(start), func(r io.Reader) error {
		if stopped {
			return &Error{Code: "network_failure", Err: errors.New("network_failure: the connection broke within a large answer")}
		}
		bounded := &boundedReader{from: r}
		d := json.NewDecoder(bounded)
		last, err := g.decode(d, bounded, start, func(data []byte) bool {
			stopped = true // what was given is not asked for again
			return yield(page{rows: []row{{data: data}}}, nil)
		})
		if err == nil && last != nil {
			yield(*last, nil)
		}
		return err
	})
	if err == errLarge {
		err = unexpected("unexpected_response: GET %s: a single record is larger than 32 MiB", g.path)
	}
	if err != nil {
		yield(page{}, err)
	}
}

// decode reads an envelope, and hands out its records one by one. It returns the last
// piece, which has none; nil if record wants no more.
func (g *pager) decode(d *json.Decoder, bounded *boundedReader, start string, record func([]byte) bool) (*page, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	if token != json.Delim('{') {
		return nil, unexpected("unexpected_response: the answer is JSON, but no object")
	}
	var found envelope
	n := -1
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		if key == g.paging.rows {
			if token, err = d.Token(); err != nil {
				return nil, err
			}
			if token != json.Delim('[') {
				return nil, unexpected("unexpected_response: the answer has no list of %q", g.paging.rows)
			}
			for n = 0; d.More(); n++ {
				bounded.read = 0
				var data json.RawMessage
				if err := d.Decode(&data); err != nil {
					return nil, err
				}
				if len(data) > maxAnswer { // some of it had been read ahead
					return nil, errLarge
				}
				if !record(data) {
					return nil, nil
				}
			}
			if _, err = d.Token(); err != nil {
				return nil, err
			}
			continue
		}
		bounded.read = 0
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		switch key {
		case g.paging.next:
			found.next = value
		case "limit":
			_ = json.Unmarshal(value, &found.limit) // without it no page is short
		}
	}
	if _, err := d.Token(); err != nil || n < 0 {
		return nil, unexpected("unexpected_response: the answer has no %q", g.paging.rows)
	}
	return &page{next: found.after(g.paging, start, n), last: true}, nil
}

// boundedReader refuses to read more than maxAnswer for one record.
type boundedReader struct {
	from io.Reader
	read int
}

func (b *boundedReader) Read(p []byte) (int, error) {
	if b.read > maxAnswer {
		return 0, errLarge
	}
	n, err := b.from.Read(p[:min(len(p), maxAnswer+1-b.read)])
	b.read += n
	return n, err
}

// turns follows the places of a list, to find one that leads in a circle.
type turns struct {
	places []string
	first  string // the first record of the last page
	empty  int    // pages without a record, one behind the other
}

const (
	maxTurns = 100 // the longest circle that is found
	maxEmpty = 100 // pages without a record in a row, each of which names another place
)

// judge looks at a page that was asked for at start. A page that has no record but
// that at start is the end; it has no next place then.
func (t *turns) judge(p *page, start string) error {
	if len(p.rows) > 0 && p.last {
		first := string(p.rows[0].data)
		if first == t.first && len(p.rows) > 1 {
			return errCircle
		}
		t.first = first
	}
	if t.empty++; len(p.rows) > 0 {
		t.empty = 0
	}
	if t.empty > maxEmpty {
		return unexpected("unexpected_response: the list gives no records, and does not end")
	}
	if p.next == "" {
		return nil
	}
	if slices.Contains(t.places, p.next) || p.next == start {
		if p.next == start && len(p.rows) <= 1 {
			p.next = ""
			return nil
		}
		return errCircle
	}
	if t.places = append(t.places, p.next); len(t.places) > maxTurns {
		t.places = t.places[1:]
	}
	return nil
}

var errCircle = unexpected("unexpected_response: the list leads in a circle: the API gives a place at which it was asked before")

// refusesPlace says whether an answer refuses the place at which to go on, and not the
// whole call.
func refusesPlace(err error) bool {
	return slices.Contains([]int{http.StatusBadRequest, http.StatusNotFound, http.StatusGone, http.StatusUnprocessableEntity}, statusOf(err))
}
