package exchange

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// list walks over one list, from its front or from where the walk was interrupted.
func (r *reading) list(w walk, p *place) error {
	since := r.since(p)
	begun := p.underway()
	if !begun {
		if err := r.listOpen(p, since); err != nil {
			return err
		}
	}
	if !begun || r.tooOld(p) {
		if err := r.front(p, since); err != nil {
			return err
		}
	}
	query := maps.Clone(w.query)
	if r.stream.after != "" && r.stream.paging.cut == 0 && !since.IsZero() {
		query.Set(r.stream.after, stamp(since))
	}
	g := &pager{source: r.source, paging: r.stream.paging, path: r.stream.Path, query: query}
	order := order{since: since.Truncate(time.Millisecond)}
	circle, restarts := new(turns), 0
	for {
		next, empty, err := r.listPage(g, p, &order, circle)
		lost := refusesPlace(err) && p.Start != ""
		if err == nil && empty && next == "" && p.Start != "" {
			if lost, err = r.lost(g, p); lost && restarts == maxRestarts {
				err = unexpected("unexpected_response: GET %s: the list stops at another place each time", g.path)
			}
		}
		switch {
		case lost && restarts < maxRestarts:
			restarts++
			r.note(Note{Kind: Restarted})
			circle = new(turns)
			if err == nil {
				p.Start, p.Skip = p.Before, ""
			} else if err := r.front(p, since); err != nil {
				return err
			}
		case err != nil:
			if again, err := r.refused(err); !again {
				return err
			}
		case next == "":
			p.end(r.stream.Incremental() && !r.state.CatchUp)
			return r.flush()
		default:
			p.Before, p.Start, p.Skip = p.Start, next, ""
			if err := r.flush(); err != nil {
				return err
			}
		}
	}
}

// maxRestarts bounds how often one walk begins anew.
const maxRestarts = 3

// lost says of a place behind which there is nothing that the API does not know it any
// longer, for its record left the list: that is not the end. The page before tells.
func (r *reading) lost(g *pager, p *place) (bool, error) {
	if g.paging.cut > 0 {
		return false, nil
	}
	for before, err := range g.page(r.ctx, p.Before) {
		if err != nil {
			return false, err
		}
		if before.last {
			return before.next != p.Start, nil
		}
	}
	return false, nil
}

// front puts the walk at its beginning.
func (r *reading) front(p *place, since time.Time) error {
	p.restart()
	if cut := r.stream.paging.cut; cut > 0 {
		if err := r.learnTime(); err != nil {
			return err
		}
		end := r.source.now()
		from := end.Add(margin - history)
		if since.After(from) {
			from = since
		}
		p.Start = firstWindow(earlier(from, end), end, cut)
	}
	return nil
}

// margin is how far windows stay away from the end of the analytics' history.
const margin = 5 * time.Minute

// tooOld says whether a window that was kept reaches back too far by now.
func (r *reading) tooOld(p *place) bool {
	return r.stream.paging.cut > 0 && parseWindow(p.Start).From.Before(r.source.now().Add(margin/2-history))
}

// order follows the times of a list, to see whether it may be left before its end.
type order struct {
	since, last time.Time
}

// listPage gives the records of the page at p.Start that were not given, and returns
// where the list goes on: nowhere at its end. empty says that the page had no record.
func (r *reading) listPage(g *pager, p *place, order *order, circle *turns) (next string, empty bool, err error) {
	start, skip := p.Start, p.Skip
	empty = true
	for piece, err := range g.page(r.ctx, start) {
		if err == nil {
			err = circle.judge(&piece, start)
		}
		if err != nil {
			return "", false, err
		}
		empty = empty && piece.last && len(piece.rows) == 0
		if skip != "" && !r.holds(piece, skip, nil) {
			skip = ""
		}
		older := false // the last record is
		for record, err := range r.records(piece, nil) {
			if err != nil {
				return "", false, err
			}
			older = r.inOrder(record.At, p, order)
			switch {
			case skip != "":
				if record.Key == skip {
					skip = ""
				}
				continue
			case older && !record.At.IsZero(), record.Key == start, r.state.CatchUp && record.Key == p.Seen.Key:
				continue
			}
			if err := r.add(record, p); err != nil {
				return "", false, err
			}
		}
		next = piece.next
		if r.stream.newest && older && !p.Mixed {
			return "", false, nil
		}
	}
	return next, empty, nil
}

// inOrder says whether a record is older than the walk wants, and keeps in mind whether
// the list is newest first.
func (r *reading) inOrder(at time.Time, p *place, o *order) (older bool) {
	if o.since.IsZero() {
		return false
	}
	if r.stream.newest && !p.Mixed && (at.IsZero() || !o.last.IsZero() && at.After(o.last)) {
		p.Mixed = true
		r.note(Note{Kind: Unordered})
	}
	o.last = at
	return at.Before(o.since)
}

// holds says whether a page has the record with which it was left.
func (r *reading) holds(piece page, key string, added []field) bool {
	if !piece.last {
		return false
	}
	found := false
	for record, err := range r.records(piece, added) {
		if found = err == nil && record.Key == key; found || err != nil {
			break
		}
	}
	r.filter.text = nil
	return found
}

// add puts a record into the page that is given next.
func (r *reading) add(record shaped, p *place) error {
	if err := r.judgeWorkspace(record.account); err != nil {
		return err
	}
	if len(r.batch) == maxPage {
		if err := r.flush(); err != nil {
			return err
		}
	}
	r.judgeKey(record.Record)
	r.batch = append(r.batch, record.Record)
	p.Skip = record.Key
	if !r.asksParents() {
		p.Top = p.Top.later(mark{record.At, record.Key})
	} else if record.At.After(p.Last) {
		p.Last = record.At
	}
	r.keepOpen(record, p)
	if r.left > 0 {
		if r.left--; r.left == 0 {
			if err := r.flush(); err != nil {
				return err
			}
			return errLimit
		}
	}
	return nil
}

// flush gives what add collected.
func (r *reading) flush() error {
	batch := r.batch
	r.batch, r.filter.text = nil, nil
	return r.give(batch, false)
}

// keepOpen remembers a record that can still change.
func (r *reading) keepOpen(record shaped, p *place) {
	switch {
	case r.stream.status == "" || record.Key == "":
	case slices.Contains(r.stream.finished, record.status):
		delete(p.Open, record.Key)
	case len(p.Open) < maxOpen:
		if p.Open == nil {
			p.Open = map[string]time.Time{}
		}
		p.Open[record.Key] = record.At
	default:
		r.note(Note{Kind: GivenUp, Parent: record.Key})
	}
}

// listOpen asks for the records that could still change when they were given, and that
// the walk does not come to.
func (r *reading) listOpen(p *place, since time.Time) error {
	if r.state.CatchUp || since.IsZero() {
		return nil
	}
	for _, id := range slices.Sorted(maps.Keys(p.Open)) {
		at := p.Open[id]
		if !at.Before(since) {
			continue
		}
		delete(p.Open, id)
		if at.Before(p.Seen.At.Add(-openFor)) {
			r.note(Note{Kind: GivenUp, Parent: id})
			continue
		}
		one := &pager{source: r.source, path: r.stream.Path + "/" + url.PathEscape(id)}
		for piece, err := range one.page(r.ctx, "") {
			if status := statusOf(err); status == http.StatusNotFound || status == http.StatusForbidden {
				if _, err := r.judge(err); err != nil {
					return err
				}
				r.note(Note{Kind: GivenUp, Parent: id, Code: codeOf(err), Status: status})
				continue
			}
			if err != nil {
				return err
			}
			for record, err := range r.records(piece, nil) {
				if err == nil {
					err = r.add(record, p)
				}
				if err != nil {
					return err
				}
			}
		}
	}
	if len(r.batch) == 0 {
		return nil
	}
	p.restart()
	return r.flush()
}
