package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
	CSRF        string
	Failure     string
	Rehearsal   *rehearsalView
}

// fieldOf is a field of an action's records.
type fieldOf struct {
	Name, About string
	Required    bool
}

// rehearsalView is what a file would do.
type rehearsalView struct {
	ID      string
	Base    string // of the action's address
	CSRF    string
	Acks    *acksView
	Records int  // that can be written
	Ready   bool // nothing is wrong
	Said    string
	Tone    tone
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

// rehearsal is a file that was checked and may be written.
type rehearsal struct {
	id, credential string
	action         exchange.Action
	file           *batch.Batch
	update         bool
	at             time.Time
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

// rehearse judges a file whole, and says what writing it would do. It changes nothing.
func (h *Handler) rehearse(w http.ResponseWriter, r *http.Request, s *session) {
	action, known := h.offeredAction(w, r)
	if !known {
		return
	}
	rd, began := h.beginReading(w, r, s)
	if !began {
		return
	}
	defer rd.close()
	out := h.stream(w, r)
	v := actionOf(action, h.tileOf(rd.record, h.now()), s)
	file, err := batch.Read(recordsOf(r), action)
	switch {
	case err != nil:
		v.Failure = sentence(shown(err.Error()))
	case len(file.Records)+len(file.Invalid) == 0:
		v.Failure = "The file has no records."
	case len(file.Records) > maxWritten:
		v.Failure = fmt.Sprintf("The file has %s; the page writes %d at most. Write it with the command: connector write %s FILE --credential %s",
			counted(len(file.Records), "record"), maxWritten, action.Name, quotedForShell(shown(rd.record.Name)))
	default:
		v.Rehearsal, err = rd.rehearse(w, out, action, file, action.Name == "rooms" && r.PostForm.Get("update") == "1")
		if err != nil {
			v.Failure, v.Rehearsal = why(err), nil
		}
	}
	if out == nil {
		h.show(w, r, s, "action", &page{Title: "Write", Nav: "credentials", Data: v})
		return
	}
	out.part("progress", "looking", "")
	if v.Failure != "" {
		out.part("outcome", "failure", v.Failure)
		out.send(line{Announce: v.Failure})
		return
	}
	out.part("rehearsal", "rehearsal", v.Rehearsal)
	out.send(line{Announce: v.Rehearsal.Said})
}

// recordsOf is what a form gives: the file that was chosen, or what was pasted.
func recordsOf(r *http.Request) io.Reader {
	if r.MultipartForm != nil {
		for _, header := range r.MultipartForm.File["file"] {
			if file, err := header.Open(); err == nil && header.Size > 0 {
				return file // of memory: it has nothing to close
			}
		}
	}
	return strings.NewReader(r.PostForm.Get("records"))
}

func (rd *reading) rehearse(w http.ResponseWriter, out *stream, action exchange.Action, file *batch.Batch, update bool) (*rehearsalView, error) {
	v := &rehearsalView{Acks: new(acksView), CSRF: rd.session.csrf, Base: rd.h.at("/credentials/" + idOf(rd.record.Name) + "/write/" + action.Name)}
	if len(file.Invalid) > 0 {
		for _, ack := range file.Invalid {
			v.Acks.add(ack)
		}
		v.Tone, v.Said = bad, counted(len(file.Invalid), "problem")+" in the file. Nothing was asked, and nothing is written before they are mended."
		rd.tell("checked", action.Name, 0, "invalid")
		return v, nil
	}
	client := rd.client()
	to := &exchange.Destination{Client: client, DryRun: true, Update: update}
	counts := map[exchange.Status]int{}
	for ack, err := range rd.written(to, action, file) {
		if err != nil {
			rd.tell("rehearsed", action.Name, 0, outcome(err))
			return nil, err
		}
		hold(w, rd.h.patience+2*time.Minute)
		counts[ack.Status]++
		v.Acks.add(ack)
		out.part("progress", "looking", "Looked up "+fmt.Sprint(ack.Line)+" of "+counted(len(file.Records), "record"))
	}
	rd.tell("rehearsed", action.Name, len(file.Records), "whole")
	v.Records = counts[exchange.Planned]
	v.Tone, v.Said = idle, "Nothing to write: all is there as the file wants it."
	if refused := counts[exchange.Failed] + counts[exchange.Invalid] + counts[exchange.Uncertain]; refused > 0 {
		v.Tone, v.Said = bad, counted(refused, "record")+" would be refused. Mend them first."
		return v, nil
	}
	if v.Records == 0 {
		return v, nil
	}
	v.Ready, v.Tone, v.Said = true, good, counted(v.Records, "record")+" would be written. Nothing is written yet."
	id := random()
	rd.session.rehearsed(&rehearsal{id, idOf(rd.record.Name), action, file, update, rd.h.now()})
	v.ID = id
	return v, nil
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
	plan := s.takeRehearsal(r.PostForm.Get("rehearsal"), idOf(rd.record.Name), action.Name, h.now())
	if plan == nil {
		rd.close()
		h.fail(w, r, http.StatusConflict, "Check the file again", "Nothing was written now: this file was written already, or checked more than ten minutes ago.")
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
}

// rehearsed remembers a file that may be written.
func (s *session) rehearsed(p *rehearsal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.rehearsals) >= maxRehearsals {
		s.rehearsals = s.rehearsals[1:]
	}
	s.rehearsals = append(s.rehearsals, p)
}

// takeRehearsal gives a file that may be written, to nobody else after; nil if there is
// none of the id.
func (s *session) takeRehearsal(id, credential, action string, now time.Time) *rehearsal {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, p := range s.rehearsals {
		if p.id == id && p.credential == credential && p.action.Name == action {
			s.rehearsals = append(s.rehearsals[:i:i], s.rehearsals[i+1:]...)
			if now.Sub(p.at) > rehearsalLife {
				return nil
			}
			return p
		}
	}
	return nil
}
