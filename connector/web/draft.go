package web

import (
	"net/http"
	"strings"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
)

const (
	draftLife = 10 * time.Minute
	maxDrafts = 16 // of one session
)

// draft is a form that was sent and not yet saved. It stays here so that the API
// key value need not be sent back to the browser to be sent again.
type draft struct {
	id     string
	target string // id of the credential being edited; empty for a new one
	at     time.Time

	name, description string
	value             connector.Secret
	seen              string // version of the credential that was edited
	only              bool   // the token alone is replaced

	problems map[string][]string // by the name of the field
	report   *connector.Report   // of value, if it was tested
	failure  string              // why it could not be saved, which a failed test is not
	ask      bool                // whether to save what the API rejects
	similar  string              // name of a saved credential that can be taken for this one
}

// draftOf reads the draft that a form makes of the one before.
func (h *Handler) draftOf(r *http.Request, s *session) *draft {
	f := r.PostForm
	d := &draft{
		id: random(), target: r.PathValue("id"), at: h.now(), seen: f.Get("seen"), problems: map[string][]string{},
		name: strings.TrimSpace(f.Get("name")), description: strings.TrimSpace(f.Get("description")),
		value: connector.Secret(f.Get("api_key_value")), only: f.Get("only") == valueField,
	}
	if strings.TrimSpace(d.value.Reveal()) == "" {
		d.value = ""
	}
	before := s.draft(f.Get("draft"), d.target, h.now())
	if before == nil {
		return d
	}
	d.id = before.id
	if d.value == "" {
		d.value = before.value
	}
	if d.value == before.value {
		d.report = before.report
	}
	return d
}

// draft finds a draft; nil if there is none of this id, or no longer.
func (s *session) draft(id, target string, now time.Time) *draft {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.drafts[id]
	if d == nil || d.target != target {
		return nil
	}
	if now.Sub(d.at) > draftLife {
		delete(s.drafts, id)
		return nil
	}
	return d
}

func (s *session) remember(d *draft) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, other := range s.drafts {
		if d.at.Sub(other.at) > draftLife {
			delete(s.drafts, id)
		}
	}
	if s.drafts[d.id] == nil && len(s.drafts) >= maxDrafts {
		oldest := ""
		for id, other := range s.drafts {
			if first := s.drafts[oldest]; first == nil || other.at.Before(first.at) {
				oldest = id
			}
		}
		delete(s.drafts, oldest)
	}
	s.drafts[d.id] = d
}

func (s *session) forget(d *draft) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.drafts, d.id)
}

// formView is the Add New Credential overlay, or the one to edit.
type formView struct {
	Base, CSRF string
	ID         string // of the credential being edited
	Action     string
	Fields     []fieldView
	Draft      string
	Seen       string
	HasValue   bool   // a value was entered and is in the draft
	Expired    bool   // the draft that the address names is no more
	Of         string // the credential whose token alone is replaced; empty in a whole form
	Report     *reportView
	Failure    string
	Ask        bool
	Similar    string
}

// fieldView is a field of connector.Form with what stands in it.
type fieldView struct {
	connector.Field
	Value       string
	Placeholder string
	Needed      bool // something has to be entered
	Problems    []string
}

// formOf makes the form of a record (nil for a new one) and a draft (nil if
// nothing was sent yet). With only it has the field of the token and no other.
func (h *Handler) formOf(s *session, record *store.Record, d *draft, only bool) formView {
	v := formView{Base: h.prefix, CSRF: s.csrf, Action: h.at("/credentials")}
	values := map[string]string{}
	if record != nil {
		v.ID = idOf(record.Name)
		v.Action += "/" + v.ID
		v.Seen = version(*record)
		values["name"], values["description"] = record.Name, record.Description
		if only {
			v.Of = shown(record.Name)
		}
	}
	if d != nil {
		v.Draft, v.HasValue, v.Failure, v.Ask, v.Similar = d.id, d.value != "", d.failure, d.ask, shown(d.similar)
		v.Report = h.reportOf(d.report)
		values["name"], values["description"] = d.name, d.description
		if d.seen != "" {
			v.Seen = d.seen
		}
	}
	for _, f := range connector.Form() {
		field := fieldView{Field: f, Needed: f.Required}
		if len(f.Examples) > 0 {
			field.Placeholder = f.Examples[0]
		}
		switch {
		case f.Secret && v.HasValue:
			field.Needed, field.Placeholder = false, "Entered, and kept for ten minutes"
		case f.Secret && only:
			field.Placeholder = "The new token"
		case only:
			continue
		case f.Secret && record != nil:
			field.Needed, field.Placeholder = false, "Saved; leave empty to keep it"
		case !f.Secret && !connector.HoldsSecret(values[f.Name]):
			field.Value = values[f.Name]
		}
		if d != nil {
			field.Problems = d.problems[f.Name]
		}
		v.Fields = append(v.Fields, field)
	}
	return v
}

// version tells whether a record was changed since a form was made of it.
func version(r store.Record) string { return r.UpdatedAt.Format(time.RFC3339Nano) }
