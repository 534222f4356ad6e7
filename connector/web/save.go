package web

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
)

// save tests what was entered, unless it was just tested, and saves it. What the
// API rejects is saved only if the person asks for it once more. A test that could
// not be made does not hinder.
func (a *attempt) save(cred *connector.Credential, anyway bool) {
	d, h := a.draft, a.h
	if a.record != nil && d.seen != version(*a.record) {
		d.failure = explain(store.ErrChanged)
		a.answer("Not saved. " + d.failure)
		return
	}
	if a.record == nil || !a.sameName() {
		if _, err := h.store.Show(a.ctx(), cred.Name); err == nil {
			d.problem("name", sentence(store.Plain(store.ErrExists))+" Choose another name.")
			a.answer("Not saved: a credential of this name exists.")
			return
		}
		if !anyway && a.takenFor(cred.Name) {
			a.answer("Not saved yet: “" + shown(d.similar) + "” is saved already. Save anyway?")
			return
		}
	}
	if d.value != "" {
		tested := d.report != nil // by this form, with this value
		if !tested && !a.run(cred) {
			return
		}
		if d.report.Code == connector.NotAToken {
			a.answer("Not saved: what was entered is not a token.")
			return
		}
		if d.report.Verdict == connector.VerdictRejected && !(anyway && tested) {
			d.ask = true
			a.answer("Not saved yet: " + d.report.Message + ". Save anyway?")
			return
		}
	}
	name, err := a.write(cred)
	if err != nil {
		d.failure = explain(err)
		a.answer("Not saved. " + d.failure)
		return
	}
	if d.value == "" {
		a.done(idOf(name), good, quoted(name)+" was saved.")
		return
	}
	cred.Name = name
	h.recordTest(a.ctx(), cred, d.report)
	switch d.report.Verdict {
	case connector.VerdictAccepted:
		a.done(idOf(name), good, quoted(name)+" was saved. "+sentence(d.report.Message))
	case connector.VerdictRejected:
		a.done(idOf(name), bad, quoted(name)+" was saved, though "+d.report.Message+".")
	default:
		a.done(idOf(name), warn, quoted(name)+" was saved, but it could not be tested: "+sentence(d.report.Message))
	}
}

func quoted(name string) string { return "“" + shown(name) + "”" }

// sameName says whether the name was left as it is. A browser takes line breaks
// out of a text field, and the form white space from its ends.
func (a *attempt) sameName() bool {
	return a.draft.name == a.record.Name ||
		a.draft.name == strings.TrimSpace(strings.NewReplacer("\r", "", "\n", "").Replace(a.record.Name))
}

// takenFor looks for a saved credential whose name can be taken for this one.
func (a *attempt) takenFor(name string) bool {
	records, err := a.h.list(a.ctx())
	if err != nil {
		return false // saving will say what is wrong with the store
	}
	except := ""
	if a.record != nil {
		except = a.record.Name
	}
	a.draft.similar = similar(records, name, except)
	return a.draft.similar != ""
}

// write saves a new credential or changes the one being edited, and returns its
// name.
func (a *attempt) write(cred *connector.Credential) (name string, err error) {
	if a.record == nil {
		return cred.Name, a.h.store.Save(a.ctx(), cred)
	}
	name = a.record.Name
	c := store.Changes{Since: a.record.UpdatedAt}
	if !a.sameName() {
		c.Name, name = &cred.Name, cred.Name
	}
	if cred.Description != a.record.Description {
		c.Description = &cred.Description
	}
	if a.draft.value != "" {
		c.APIKeyValue = &cred.APIKeyValue
	}
	return name, a.h.store.Edit(a.ctx(), a.record.Name, c)
}

// recordTest keeps a test's result beside the credential. That it cannot be kept
// changes nothing about the result.
func (h *Handler) recordTest(ctx context.Context, tested *connector.Credential, report *connector.Report) {
	if err := h.store.RecordTest(ctx, tested, report); err == nil {
		h.reports.put(tested.Name, report)
	}
}

// refuseTest answers where there is no report. Lines may have been sent before.
func (h *Handler) refuseTest(w http.ResponseWriter, r *http.Request, out *stream) {
	switch {
	case r.Context().Err() != nil: // nobody waits for an answer
	case h.ctx.Err() != nil:
		h.failIn(out, w, r, http.StatusServiceUnavailable, "The form is being closed", "Nothing was saved.")
	default:
		w.Header().Set("Retry-After", "2")
		h.failIn(out, w, r, http.StatusTooManyRequests, "Too many tests at once", "Wait for the others to complete, then try again.")
	}
}

// askDelete asks before a credential is deleted.
func (h *Handler) askDelete(w http.ResponseWriter, r *http.Request, s *session) {
	if record, ok := h.record(w, r); ok {
		h.show(w, r, s, "delete", &page{Title: "Delete Credential", Nav: "credentials", Data: h.tileOf(record, h.now())})
	}
}

func (h *Handler) delete(w http.ResponseWriter, r *http.Request, s *session) {
	record, ok := h.record(w, r)
	if !ok {
		return
	}
	if err := h.store.Delete(r.Context(), record.Name); err != nil && !errors.Is(err, store.ErrNotFound) {
		h.storeFailed(w, r, err)
		return
	}
	s.leave(idle, quoted(record.Name)+" was deleted.", "")
	if out := h.stream(w, r); out != nil {
		out.send(line{Go: h.at("/") + s.lastList()})
		return
	}
	http.Redirect(w, r, h.at("/")+s.lastList(), http.StatusSeeOther)
}
