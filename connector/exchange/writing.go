package exchange

import (
	"context"
	"encoding/json"
	"iter"
	"strings"
	"sync"
	"time"
)

// grace is how long the calls under way may take once a write is to end.
const grace = 20 * time.Second

// writing is one Write.
type writing struct {
	d      *Destination
	action Action
	ctx    context.Context // until nothing further is begun
	late   context.Context // of the calls under way, which outlives ctx by the grace
	stop   context.CancelCauseFunc
	finish context.CancelFunc
	slots  chan struct{}

	workers sync.WaitGroup
	mu      sync.Mutex
	last    map[string]chan struct{} // of the records of each room: closed when the last one has ended
	cleared uint64                   // the token that was found to work, by its hash
}

func begin(ctx context.Context, d *Destination, action Action) *writing {
	w := &writing{d: d, action: action, slots: make(chan struct{}, d.concurrency()), last: map[string]chan struct{}{}}
	w.ctx, w.stop = context.WithCancelCause(ctx)
	w.late, w.finish = context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(w.ctx, func() {
		select {
		case <-time.After(grace):
			w.finish()
		case <-w.late.Done():
		}
	})
	return w
}

// end waits for what is under way.
func (w *writing) end() {
	w.stop(nil)
	w.workers.Wait()
	w.finish()
}

// item is one record that is written.
type item struct {
	n       int
	raw     json.RawMessage
	fields  map[string]json.RawMessage
	began   bool // an earlier run began it
	told    bool // the journal knows that it began
	untried bool // the write ends, and nothing is known to have been done
	ack     Ack
	ended   chan struct{}
}

// text is a field that is a string; empty if it is absent.
func (i *item) text(field string) string { return textOf(i.fields[field]) }

// rest is the record without some fields, as the body of a call.
func (i *item) rest(without ...string) []byte {
	kept := map[string]json.RawMessage{}
	for name, value := range i.fields {
		kept[name] = value
	}
	for _, name := range without {
		delete(kept, name)
	}
	body, _ := json.Marshal(kept) // its values are JSON
	return body
}

// room names what the record is about: records of one room are never written at once.
func (i *item) room() string {
	for _, field := range []string{"room_id", "id"} {
		if id := i.text(field); id != "" {
			return "/" + id // no name has a slash
		}
	}
	return strings.ToLower(i.text("name"))
}

// all writes the records, and gives their acks in order.
func (w *writing) all(records iter.Seq[json.RawMessage], yield func(Ack, error) bool) {
	var queue []*item
	next := func() bool {
		i := queue[0]
		queue = queue[1:]
		<-i.ended
		return i.untried || yield(i.ack, nil)
	}
	n := 0
	for raw := range records {
		if w.ctx.Err() != nil {
			break
		}
		n++
		queue = append(queue, w.start(n, raw))
		for len(queue) >= 4*w.d.concurrency() || len(queue) > 0 && queue[0].over() {
			if !next() {
				return
			}
		}
	}
	for len(queue) > 0 {
		if !next() {
			return
		}
	}
	if err := context.Cause(w.ctx); err != nil {
		if err == w.ctx.Err() {
			err = ofCall(err)
		}
		yield(Ack{}, err)
	}
}

func (i *item) over() bool {
	select {
	case <-i.ended:
		return true
	default:
		return false
	}
}

// start has a record judged, and written once its turn comes.
func (w *writing) start(n int, raw json.RawMessage) *item {
	i := &item{n: n, raw: raw, ended: make(chan struct{})}
	if problems := w.action.Judge(raw); len(problems) > 0 {
		i.ack = invalid(n, problems)
		close(i.ended)
		return i
	}
	_ = json.Unmarshal(raw, &i.fields) // it was judged
	room := i.room()
	w.mu.Lock()
	before := w.last[room]
	w.last[room] = i.ended
	w.mu.Unlock()
	w.workers.Go(func() {
		defer func() {
			w.mu.Lock()
			if w.last[room] == i.ended {
				delete(w.last, room)
			}
			w.mu.Unlock()
			close(i.ended)
		}()
		if before != nil {
			<-before
		}
		w.slots <- struct{}{}
		defer func() { <-w.slots }()
		w.one(i)
	})
	return i
}

// invalid is the ack of a record that breaks rules.
func invalid(n int, problems []Problem) Ack {
	messages := make([]string, 0, 4)
	for k, p := range problems {
		if k == 3 && len(problems) > 4 {
			messages = append(messages, "and more")
			break
		}
		messages = append(messages, p.Message)
	}
	return Ack{Line: n, Status: Invalid, Code: problems[0].Code, Message: strings.Join(messages, "; ")}
}

// one writes one record.
func (w *writing) one(i *item) {
	if journal := w.d.Journal; journal != nil {
		ack, began := journal.Earlier(i.n)
		if ack != nil {
			i.ack = *ack
			i.ack.Line = i.n
			return
		}
		i.began, i.told = began, began
	}
	if i.untried = w.ctx.Err() != nil; i.untried {
		return
	}
	i.ack = w.action.write(w, i)
	i.ack.Line = i.n
	if i.untried || w.d.DryRun || w.d.Journal == nil {
		return
	}
	if err := w.d.Journal.End(i.n, i.ack); err != nil {
		w.stop(err)
	}
}

// begins is called before each call that changes something; false if it must not be made.
func (w *writing) begins(i *item) bool {
	if w.ctx.Err() == nil && w.d.Journal != nil && !i.told {
		if err := w.d.Journal.Begin(i.n); err != nil {
			w.stop(err)
		} else {
			i.told = true
		}
	}
	i.untried = w.ctx.Err() != nil
	return !i.untried
}
