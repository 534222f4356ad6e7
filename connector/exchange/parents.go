package exchange

import (
	"context"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// parents asks the parents for their records, several at once, and gives what they have
// in the order of their ids.
func (r *reading) parents(_ walk, p *place) error {
	since, begun := r.since(p), !p.underway()
	ids, newest, err := r.listParents(p, since)
	for n := 0; n < maxRestarts && refusesPlace(err); n++ { // one of the list's own, which has changed
		ids, newest, err = r.listParents(p, since)
	}
	if err != nil {
		if again, err := r.refused(err); !again {
			return err
		}
		return r.parents(walk{}, p)
	}
	if begun {
		p.Began, p.Top, p.Last = r.source.now().UTC(), newest, time.Time{}
	}
	left, done := slices.BinarySearch(ids, p.After)
	if done {
		left++
	}
	accepted, denied, asked := !begun, error(nil), 0
	for id, pages := range r.askEach(ids[left:], p.In, p.Start) {
		err := r.takeParent(p, id, pages, since)
		for err != nil {
			again, other := r.excused(err, id)
			if other != nil {
				return other
			}
			if !again {
				break
			}
			err = r.takeParent(p, id, r.childPages(r.ctx, id, ""), since)
		}
		if statusOf(err) == http.StatusForbidden {
			denied = err
		} else {
			accepted = true
		}
		p.After, p.In, p.Start, p.Skip = id, "", "", ""
		if asked++; len(r.batch)+len(r.notes) == 0 && asked%100 != 0 {
			continue
		}
		if err := r.flush(); err != nil {
			return err
		}
	}
	if err := r.ctx.Err(); err != nil {
		return ofCall(err)
	}
	if denied != nil && !accepted {
		return denied
	}
	if r.stream.Incremental() && !r.state.CatchUp && !p.Last.IsZero() {
		p.Done = later(p.Done, earlier(p.Began, p.Last))
	}
	p.end(false)
	return r.flush()
}

// takeParent gives the records of one parent.
func (r *reading) takeParent(p *place, id string, pages iter.Seq2[childPage, error], since time.Time) error {
	added := []field{{r.stream.as, quote(id)}}
	if r.stream.as == "" {
		added = nil
	}
	skip := ""
	if p.In == id {
		skip = p.Skip
	}
	oldest := since.Truncate(time.Millisecond)
	for piece, err := range pages {
		if err != nil {
			return err
		}
		if piece.restarted {
			r.note(Note{Kind: Restarted, Parent: id})
			skip = ""
		}
		if skip != "" && !r.holds(piece.page, skip, added) {
			skip = ""
		}
		p.In, p.Start, p.Skip = id, piece.start, skip
		for record, err := range r.records(piece.page, added) {
			if err != nil {
				return err
			}
			if skip != "" {
				if record.Key == skip {
					skip = ""
				}
				continue
			}
			if !record.At.IsZero() && record.At.Before(oldest) {
				continue
			}
			if err := r.add(record, p); err != nil {
				return err
			}
		}
		if piece.next != "" {
			p.Start, p.Skip = piece.next, ""
			if err := r.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// excused says whether the refusal of one parent is its own, and not the credential's;
// then it is noted. again says that another token may do better.
func (r *reading) excused(err error, id string) (again bool, _ error) {
	status := statusOf(err)
	if status != http.StatusForbidden && status != http.StatusNotFound {
		return false, err
	}
	if again, err := r.judge(err); again || err != nil {
		return again, err
	}
	if !r.stream.nothing || status != http.StatusNotFound {
		r.note(Note{Kind: SkippedParent, Parent: id, Code: codeOf(err), Status: status})
	}
	return false, nil
}

// listParents lists the ids of the parents, sorted, and the newest of them.
func (r *reading) listParents(p *place, since time.Time) (ids []string, newest mark, err error) {
	if len(r.source.Rooms) > 0 {
		return slices.Compact(slices.Sorted(slices.Values(r.source.Rooms))), mark{}, nil
	}
	of := r.stream.of[slices.IndexFunc(r.stream.of, func(o parents) bool { return !o.all || r.source.AllRooms })]
	stream, _ := Find(of.stream)
	var after time.Time
	if of.within > 0 {
		if err := r.learnTime(); err != nil {
			return nil, mark{}, err
		}
		after = r.source.now().Add(-of.within)
		if earliest := since.Add(-longest); earliest.After(after) {
			after = earliest
		}
	}
	if r.state.CatchUp && p.Seen.At.After(after) {
		after = p.Seen.At
	}
	found := map[string]struct{}{}
	look := &filter{stream: Stream{Key: []string{of.field}, time: stream.timeField()}, marks: undeclared, secrets: true, people: true, unknown: func(string) {}}
	for _, walk := range stream.walks {
		if of.only != "" && walk != of.only {
			continue
		}
		query, _ := url.ParseQuery(walk) // of the table
		if !after.IsZero() {
			query.Set(stream.after, stamp(after))
		}
		g := &pager{source: r.source, paging: stream.paging, path: stream.Path, query: query}
		for piece, err := range g.list(r.ctx, "") {
			if err != nil {
				return nil, mark{}, err
			}
			for _, row := range piece.rows {
				parent, err := look.record(row.data, nil)
				if err != nil {
					return nil, mark{}, err
				}
				look.text = look.text[:0]
				newest = newest.later(mark{parent.At, parent.Key})
				known := r.state.CatchUp && parent.Key == p.Seen.Key
				old := !parent.At.IsZero() && parent.At.Before(after.Truncate(time.Millisecond))
				if parent.Key != "" && !known && !old {
					found[parent.Key] = struct{}{}
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(found)), newest, nil
}

// childPage is a page of one parent's records.
type childPage struct {
	placed
	restarted bool // the API refused a place, so they are asked for anew
}

// childPages asks for the pages of one parent.
func (r *reading) childPages(ctx context.Context, id, start string) iter.Seq2[childPage, error] {
	g := &pager{source: r.source, paging: r.stream.paging, path: r.stream.Path, query: url.Values{}}
	if r.stream.oneRoom != "" {
		g.path, g.paging = r.stream.oneRoom, whole
	}
	if strings.Contains(g.path, "{room_id}") {
		g.path = strings.Replace(g.path, "{room_id}", url.PathEscape(id), 1)
	} else {
		g.query.Set(r.stream.room, id)
	}
	return func(yield func(childPage, error) bool) {
		for restarted := false; ; restarted = true {
			refused := false
			for piece, err := range g.list(ctx, start) {
				if refused = !restarted && piece.start != "" && refusesPlace(err); refused {
					break
				}
				if !yield(childPage{piece, restarted}, err) || err != nil {
					return
				}
			}
			if !refused {
				return
			}
			start = ""
		}
	}
}

// askEach asks several parents at once, and yields the pages of each in their order.
// first is one whose reading was left at start. At most as many answers are held as
// are asked for at once.
func (r *reading) askEach(ids []string, first, start string) iter.Seq2[string, iter.Seq2[childPage, error]] {
	type answered struct {
		page childPage
		err  error
	}
	type asked struct {
		id    string
		pages chan answered
	}
	return func(yield func(string, iter.Seq2[childPage, error]) bool) {
		ctx, cancel := context.WithCancel(r.ctx)
		var workers sync.WaitGroup
		defer workers.Wait()
		defer cancel()
		queue := make(chan asked, r.source.concurrency()-1)
		workers.Go(func() {
			defer close(queue)
			for _, id := range ids {
				a := asked{id, make(chan answered)}
				select {
				case queue <- a:
				case <-ctx.Done():
					return
				}
				workers.Go(func() {
					defer close(a.pages)
					at := ""
					if id == first {
						at = start
					}
					for page, err := range r.childPages(ctx, id, at) {
						select {
						case a.pages <- answered{page, err}:
						case <-ctx.Done():
							return
						}
					}
				})
			}
		})
		for a := range queue {
			pages := func(yield func(childPage, error) bool) {
				for got := range a.pages {
					if !yield(got.page, got.err) {
						return
					}
				}
				if err := ctx.Err(); err != nil { // the end may not be the parent's
					yield(childPage{}, ofCall(err))
				}
			}
			if !yield(a.id, pages) {
				return
			}
		}
	}
}
