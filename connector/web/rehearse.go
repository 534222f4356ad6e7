package web

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/connector/exchange/batch"
)

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

// rehearsal is a file that was checked and may be written.
type rehearsal struct {
	id, credential string
	workspace      string // by its access key: another token may stand under the same name by now
	action         exchange.Action
	file           *batch.Batch
	update         bool
	at             time.Time
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
	v.Update = r.PostForm.Get("update") == "1"
	if v.Typed = r.PostForm.Get("records"); connector.HoldsSecret(v.Typed) {
		v.Typed = ""
	}
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
		v.Rehearsal, err = rd.rehearse(w, out, action, file, v.Updates && v.Update)
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
	rd.session.rehearsed(&rehearsal{id, idOf(rd.record.Name), rd.workspace(), action, file, update, rd.h.now()})
	v.ID = id
	return v, nil
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
func (s *session) takeRehearsal(id string, rd *reading, action exchange.Action) *rehearsal {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, p := range s.rehearsals {
		if p.id == id && p.credential == idOf(rd.record.Name) && p.action.Name == action.Name {
			s.rehearsals = append(s.rehearsals[:i:i], s.rehearsals[i+1:]...)
			if p.workspace != rd.workspace() || rd.h.now().Sub(p.at) > rehearsalLife {
				return nil
			}
			return p
		}
	}
	return nil
}
