package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/connector/exchange/batch"
	"github.com/100ms-connector/connector-go/connector/internal/jsontext"
)

const (
	maxWritten    = 200 // records in one file: what is more is the command's work
	maxShownAcks  = 300
	rehearsalLife = 10 * time.Minute
	maxRehearsals = 4 // of one session
)

// actionsView is what can be written with a credential.
type actionsView struct {
	Tile    tile
	Actions []actionView
}

// actionView is an action, and the form that takes its records.
type actionView struct {
	Tile        tile
	Name, Title string
	Does        string
	Fields      []fieldOf
	Updates     bool // it can change what is there
	Update      bool // and was asked to
	Typed       string
	CSRF        string
	Failure     string
	Rehearsal   *rehearsalView
}

// fieldOf is a field of an action's records.
type fieldOf struct {
	Name, About string
	Required    bool
}

// acksView is what became of the records of a file, or would.
type acksView struct {
	Rows []ackView
	More int // that are not shown
}

type ackView struct {
	Line                      int
	Tone                      tone
	Status, ID, Code, Message string
}

var ackTones = map[exchange.Status]tone{
	exchange.Created: good, exchange.Updated: good, exchange.Unchanged: idle, exchange.Exists: warn, exchange.Planned: idle,
	exchange.Invalid: bad, exchange.Failed: bad, exchange.Uncertain: warn,
}

func (v *acksView) add(ack exchange.Ack) {
	if len(v.Rows) >= maxShownAcks {
		v.More++
		return
	}
	v.Rows = append(v.Rows, ackView{ack.Line, ackTones[ack.Status], string(ack.Status), shown(ack.ID), ack.Code, shown(ack.Message)})
}

// offered are the actions that a page offers: those that do nothing to people in a call.
func offered() (actions []exchange.Action) {
	for _, a := range exchange.Actions() {
		if a.Danger == "" {
			actions = append(actions, a)
		}
	}
	return actions
}

func actionOf(a exchange.Action, t tile, s *session) actionView {
	return actionView{
		Tile: t, Name: a.Name, Title: sentenceCase(strings.ReplaceAll(a.Name, "_", " ")), Does: sentence(strings.ReplaceAll(a.Does, "with --update ", "if asked to, ")),
		Fields: fieldsOf(a), Updates: a.Name == "rooms", CSRF: s.csrf,
	}
}

// fieldsOf describes the fields of a record in the words of its schema.
func fieldsOf(a exchange.Action) (fields []fieldOf) {
	var said struct{ Required []string }
	_ = json.Unmarshal(a.Schema(), &said) // a test reads all of them
	for key, value := range jsontext.Each(a.Schema()) {
		if string(key) != `"properties"` {
			continue
		}
		for name, property := range jsontext.Each(value) {
			var of struct{ Description string }
			_ = json.Unmarshal(property, &of)
			field := fieldOf{jsontext.Unquote(name), of.Description, false}
			field.Required = slices.Contains(said.Required, field.Name)
			fields = append(fields, field)
		}
	}
	return fields
}

func (h *Handler) showActions(w http.ResponseWriter, r *http.Request, s *session) {
	record, found := h.record(w, r)
	if !found {
		return
	}
	v := actionsView{Tile: h.tileOf(record, h.now())}
	for _, a := range offered() {
		v.Actions = append(v.Actions, actionOf(a, v.Tile, s))
	}
	h.show(w, r, s, "actions", &page{Title: "Write", Nav: "credentials", Data: v})
}

// offeredAction finds the action that an address names, or answers the request.
func (h *Handler) offeredAction(w http.ResponseWriter, r *http.Request) (exchange.Action, bool) {
	for _, a := range offered() {
		if a.Name == r.PathValue("action") {
			return a, true
		}
	}
	h.notFound(w, r)
	return exchange.Action{}, false
}

func (h *Handler) showAction(w http.ResponseWriter, r *http.Request, s *session) {
	action, known := h.offeredAction(w, r)
	if !known {
		return
	}
	if record, found := h.record(w, r); found {
		h.show(w, r, s, "action", &page{Title: "Write", Nav: "credentials", Data: actionOf(action, h.tileOf(record, h.now()), s)})
	}
}

// written writes a file, and gives the acks by the lines of the file.
func (rd *reading) written(to *exchange.Destination, action exchange.Action, file *batch.Batch) iter.Seq2[exchange.Ack, error] {
	return func(yield func(exchange.Ack, error) bool) {
		for ack, err := range to.Write(rd.ctx, action, file.Data()) {
			if err == nil {
				ack.Line = file.Records[ack.Line-1].Line
			}
			if !yield(ack, err) {
				return
			}
		}
	}
}

// write writes a file that was rehearsed: once, and to its end whoever looks on.
func (h *Handler) write(w http.ResponseWriter, r *http.Request, s *session) {
	action, known := h.offeredAction(w, r)
	if !known {
		return
	}
	rd, began := h.beginReading(w, r, s)
	if !began {
		return
	}
	plan := s.takeRehearsal(r.PostForm.Get("rehearsal"), rd, action)
	if plan == nil {
		rd.close()
		h.fail(w, r, http.StatusConflict, "Check the file again", "Nothing was written now: this file was written already, or checked more than ten minutes ago, or for another workspace.")
		return
	}
	rd.cancel()
	rd.ctx, rd.cancel = context.WithCancel(h.ctx) // it goes on when the page is left
	client := rd.client()
	to := &exchange.Destination{Client: client, Update: plan.update}
	j := s.begin(&job{
		id: random(), Title: "Writing " + strings.ReplaceAll(action.Name, "_", " "), Back: h.at("/credentials/" + idOf(rd.record.Name) + "/write/" + action.Name),
		noun: "record", total: len(plan.file.Records), cancel: rd.cancel, calls: to.Calls,
	})
	j.follow(1) // the page that is answered with
	h.work.Go(func() {
		defer rd.close()
		rd.run(j, to, plan)
	})
	if out := h.stream(w, r); out != nil {
		h.followIn(out, r, s, j)
		return
	}
	http.Redirect(w, r, h.at("/jobs/"+j.id), http.StatusSeeOther)
}

func (rd *reading) run(j *job, to *exchange.Destination, plan *rehearsal) {
	counts := map[exchange.Status]int{}
	acks := new(acksView)
	var failed error
	for ack, err := range rd.written(to, plan.action, plan.file) {
		if failed = err; err != nil {
			break
		}
		j.add(1)
		counts[ack.Status]++
		acks.add(ack)
	}
	var said []string
	for _, status := range []exchange.Status{exchange.Created, exchange.Updated, exchange.Unchanged, exchange.Exists, exchange.Failed, exchange.Invalid, exchange.Uncertain} {
		if n := counts[status]; n > 0 {
			said = append(said, fmt.Sprint(n)+" "+string(status))
		}
	}
	t := good
	if counts[exchange.Failed]+counts[exchange.Invalid]+counts[exchange.Uncertain] > 0 {
		t = bad
	}
	text := sentence(strings.Join(said, ", "))
	if left := len(plan.file.Records) - j.count(); left > 0 {
		t, text = bad, strings.TrimSpace(text+" "+counted(left, "record")+" not tried.")
		if failed == nil {
			failed = rd.ctx.Err()
		}
	}
	if failed != nil && !errors.Is(failed, context.Canceled) {
		text += " " + why(failed)
	}
	rd.tell("wrote", plan.action.Name, counts[exchange.Created]+counts[exchange.Updated], outcome(failed))
	j.mu.Lock()
	j.acks = acks
	j.mu.Unlock()
	j.end(t, text)
	j.leave(rd.session)
}
