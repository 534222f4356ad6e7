package web

import (
	"context"
	"net/http"
	"strings"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
)

// showForm shows the form, of a new credential or of one to edit, with what was
// entered before.
func (h *Handler) showForm(w http.ResponseWriter, r *http.Request, s *session) {
	p := &page{Title: "Add credential", Nav: "credentials"}
	var record *store.Record
	if r.PathValue("id") != "" {
		found, ok := h.record(w, r)
		if !ok {
			return
		}
		record, p.Title = &found, "Edit credential"
	}
	id := r.URL.Query().Get("draft")
	d := s.draft(id, r.PathValue("id"), h.now())
	only := strings.HasSuffix(r.URL.Path, "/replace")
	if only {
		p.Title = "Replace token"
	}
	v := h.formOf(s, record, d, only)
	v.Expired = id != "" && d == nil
	p.Data = v
	h.show(w, r, s, "form", p)
}

// judge finds what is wrong with the fields of a draft, with the validator of the
// connector. The form has no rules of its own but that a name is no secret. What is
// wrong with the token itself is the test's to say.
func (d *draft) judge() (*connector.Credential, bool) {
	cred := &connector.Credential{Name: d.name, Description: d.description, APIKeyValue: d.value}
	keepsValue := d.value == "" && d.target != "" && !d.only
	for _, p := range cred.Problems() {
		info, field := p.Code.Info(), strings.TrimPrefix(p.Pointer, "/")
		// Nothing is replaced in a form: of a variable as a value, the test says that
		// it is a placeholder.
		if info.Class == connector.ClassDocument && p.Code != connector.UnresolvedVariable && !(keepsValue && field == valueField) {
			d.problem(field, sentence(info.Meaning)+" "+p.Remedy)
		}
	}
	d.judgeShown("name", &d.name)
	d.judgeShown("description", &d.description)
	return cred, len(d.problems) == 0
}

const valueField = "api_key_value"

// judgeShown refuses a secret in a field that is shown, and forgets it.
func (d *draft) judgeShown(field string, text *string) {
	// A value that is not a token has no shape to be known by, but it is at hand.
	value := d.value.Reveal()
	if connector.HoldsSecret(*text) || len(value) >= 20 && strings.Contains(*text, value) {
		d.problem(field, "This looks like a token or a secret. Names and descriptions are shown to everybody who sees this page.")
		*text = ""
	}
}

func (d *draft) problem(field, what string) { d.problems[field] = append(d.problems[field], what) }

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
	if a.draft.only && record != nil { // everything else stays as it is
		a.draft.name, a.draft.description = record.Name, record.Description
	}
	cred, valid := a.draft.judge()
	switch r.PostForm.Get("action") {
	case "test":
		a.test(cred)
	case "save", "save-anyway":
		if valid {
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
	problems := d.problems[valueField]
	clear(d.problems)
	if len(problems) > 0 {
		d.problems[valueField] = problems
		a.answer("Not tested: the value needs another look.")
		return
	}
	saved := d.value == ""
	if saved {
		var err error
		if cred, err = a.h.store.Credential(a.ctx(), a.record.Name); err != nil {
			d.failure = "The saved value could not be read. " + explain(err)
			a.answer(d.failure)
			return
		}
	}
	if !a.run(cred) {
		return
	}
	if saved {
		a.h.recordTest(a.ctx(), cred, d.report)
	}
	a.answer("Test completed. " + verdictWords[d.report.Verdict].words + ". " + sentence(d.report.Message))
}

// run tests the credential and shows the steps as they come. If it could not, it
// answers the request.
func (a *attempt) run(cred *connector.Credential) bool {
	report := a.h.test(a.ctx(), cred, func(partial *connector.Report) { a.out.part("report", "report", a.h.begun(partial)) })
	if report == nil {
		a.h.refuseTest(a.w, a.r, a.out)
		return false
	}
	a.draft.report, a.draft.at = report, a.h.now()
	return true
}

// answer shows the form again, with what came of it.
func (a *attempt) answer(announcement string) {
	a.s.remember(a.draft)
	if a.out == nil {
		to := a.h.at("/credentials/new")
		if a.record != nil {
			to = a.h.at("/credentials/" + idOf(a.record.Name) + "/edit")
			if a.draft.only {
				to = a.h.at("/credentials/" + idOf(a.record.Name) + "/replace")
			}
		}
		http.Redirect(a.w, a.r, to+"?draft="+a.draft.id+"#"+a.place(), http.StatusSeeOther)
		return
	}
	v := a.h.formOf(a.s, a.record, a.draft, a.draft.only)
	for _, f := range v.Fields {
		a.out.part("problems-"+f.Name, "problems", f.Problems)
	}
	a.out.part("report", "report", v.Report)
	a.out.part("outcome", "outcome", v)
	a.out.send(line{Draft: v.Draft, Announce: announcement})
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
	a.s.forget(a.draft)
	a.s.leave(t, note, id)
	to := a.h.at("/") + a.s.lastList() + "#t-" + id
	if a.out == nil {
		http.Redirect(a.w, a.r, to, http.StatusSeeOther)
		return
	}
	a.out.send(line{Go: to})
}
