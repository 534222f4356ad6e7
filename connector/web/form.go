package web

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
)

// showForm shows the form, of a new credential or of one to edit, with what was
// entered before.
func (h *Handler) showForm(w http.ResponseWriter, r *http.Request, s *session) {
	p := &page{Title: "Add New Credential", Nav: "credentials"}
	var record *store.Record
	if r.PathValue("id") != "" {
		found, ok := h.record(w, r)
		if !ok {
			return
		}
		record, p.Title = &found, "Edit Credential"
	}
	id := r.URL.Query().Get("draft")
	d := s.draft(id, r.PathValue("id"), h.Now())
	v := h.formOf(s, record, d)
	v.Forgotten = id != "" && d == nil
	p.Data = v
	h.show(w, r, s, "form", p)
}

// judge finds what is wrong with the fields of a draft, with the validator of the
// connector: the form has no rules of its own but that a name is no secret.
func (d *draft) judge() (*connector.Credential, bool) {
	cred := &connector.Credential{Name: d.name, Description: d.description, APIKeyValue: d.value}
	value := d.value.Reveal()
	if value == "" && d.target != "" {
		value = "a.b.c" // stands for the one that is kept, which is not judged here
	}
	document := map[string]string{"name": d.name, "api_key_value": value}
	if d.description != "" {
		document["description"] = d.description
	}
	data, err := json.Marshal(document)
	if err != nil {
		panic(err) // three strings
	}
	parsed, err := connector.ParseCredential(data)
	if err == nil {
		cred = parsed
	} else if invalid, ok := err.(*connector.ValidationError); ok {
		for _, p := range invalid.Problems {
			if info := p.Code.Info(); info.Class == connector.AboutDocument {
				field := strings.TrimPrefix(p.Pointer, "/")
				if !slices.ContainsFunc(connector.Form(), func(f connector.Field) bool { return f.Name == field }) {
					field = "api_key_value" // the document as a whole: only the value can make it too large
				}
				d.problem(field, sentence(info.Meaning)+" "+p.Remedy)
			}
		}
	}
	for field, text := range map[string]string{"name": d.name, "description": d.description} {
		// A value that is not a token has no shape to be known by, but it is at hand.
		if holdsSecret(text) || len(value) >= 20 && strings.Contains(text, value) {
			d.problem(field, "This looks like a token or a secret. Names and descriptions are shown to everybody who sees this page.")
			d.forget(field)
		}
	}
	if d.value == "" && d.target == "" && len(d.problems["api_key_value"]) == 0 {
		d.problem("api_key_value", sentence(connector.Blank.Info().Meaning)+" "+connector.Blank.Info().Remedy)
	}
	if d.value == "" && d.target != "" {
		cred.APIKeyValue = ""
	}
	return cred, len(d.problems) == 0
}

func (d *draft) problem(field, what string) { d.problems[field] = append(d.problems[field], what) }

// forget drops what must not be shown again.
func (d *draft) forget(field string) {
	if field == "name" {
		d.name = ""
	} else {
		d.description = ""
	}
}

// submit tests or saves what was entered.
func (h *Handler) submit(w http.ResponseWriter, r *http.Request, s *session) {
	var record *store.Record
	if r.PathValue("id") != "" {
		found, ok := h.record(w, r)
		if !ok {
			return
		}
		record = &found
	}
	a := &attempt{h: h, w: w, r: r, s: s, record: record, draft: h.draftOf(r, s), out: h.stream(w, r)}
	cred, fine := a.draft.judge()
	switch r.PostForm.Get("action") {
	case "test":
		a.test(cred)
	case "save", "save-anyway":
		if fine {
			a.save(cred, r.PostForm.Get("action") == "save-anyway")
			return
		}
		a.answer("Not saved: some fields need another look.")
	default:
		h.fail(w, r, http.StatusBadRequest, "Not understood", "Nothing was done: a form is tested or saved.")
	}
}

// attempt is one form on its way.
type attempt struct {
	h      *Handler
	w      http.ResponseWriter
	r      *http.Request
	s      *session
	record *store.Record // the credential being edited; nil for a new one
	draft  *draft
	out    *stream // nil for a browser without scripts
}

func (a *attempt) ctx() context.Context { return a.r.Context() }

// test tests what was entered or, if that is nothing, what is saved. What else
// may be wrong with the form can wait until it is saved.
func (a *attempt) test(cred *connector.Credential) {
	d := a.draft
	problems := d.problems["api_key_value"]
	clear(d.problems)
	if len(problems) > 0 {
		d.problems["api_key_value"] = problems
		a.answer("Not tested: there is no value to test.")
		return
	}
	saved := d.value == ""
	if saved {
		var err error
		if cred, err = a.h.Store.Credential(a.ctx(), a.record.Name); err != nil {
			d.failure = "The saved value could not be read. " + tell(err)
			a.answer(d.failure)
			return
		}
		cred = asDocument(cred)
	}
	if !a.run(cred) {
		return
	}
	if saved {
		a.h.recordTest(a.ctx(), cred, d.report)
	}
	a.answer("Test completed. " + verdictWords[d.report.Verdict].words + ". " + sentence(d.report.Message))
}

// run tests the credential and tells of it as it goes. If it could not, the
// request is answered.
func (a *attempt) run(cred *connector.Credential) bool {
	report := a.h.test(a.ctx(), cred, func(partial *connector.Report) { a.out.part("report", "report", a.h.begun(partial)) })
	if report == nil {
		a.h.busy(a.w, a.r)
		return false
	}
	a.draft.report, a.draft.at = report, a.h.Now()
	return true
}

// answer shows the form again, with what there is to say.
func (a *attempt) answer(say string) {
	a.s.keep(a.draft)
	if a.out == nil {
		to := a.h.at("/credentials/new")
		if a.record != nil {
			to = a.h.at("/credentials/" + idOf(a.record.Name) + "/edit")
		}
		http.Redirect(a.w, a.r, to+"?draft="+a.draft.id+"#"+a.place(), http.StatusSeeOther)
		return
	}
	v := a.h.formOf(a.s, a.record, a.draft)
	for _, f := range v.Fields {
		a.out.part("problems-"+f.Name, "problems", f.Problems)
	}
	a.out.part("report", "report", v.Report)
	a.out.part("outcome", "outcome", v)
	a.out.send(line{Draft: v.Draft, Say: say})
}

// place is where on the page there is something new to see.
func (a *attempt) place() string {
	switch d := a.draft; {
	case len(d.problems) > 0:
		return "main"
	case d.ask || d.failure != "":
		return "outcome"
	}
	return "report"
}

// done goes on to the tiles.
func (a *attempt) done(id string, t tone, note string) {
	a.s.drop(a.draft)
	a.s.leave(t, note)
	to := a.h.at("/#t-" + id)
	if a.out == nil {
		http.Redirect(a.w, a.r, to, http.StatusSeeOther)
		return
	}
	a.out.send(line{Go: to})
}
