package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/hosts"
	"github.com/100ms-connector/connector-go/connector/store"
)

const (
	maxBulk     = 500
	maxRenewals = 50 // at once: each is tested
)

// bulkView is what is asked or said about several credentials.
type bulkView struct {
	Question string // asked before it is done; empty where it was done
	Button   string
	Do       string
	IDs      []string
	Results  []resultView
	CSRF     string
}

// resultView is what became of one of them.
type resultView struct {
	Tone tone
	Name string
	ID   string // empty if it is not there
	Said string
}

// deeds are what can be done with several credentials at once.
var deeds = map[string]func(*Handler, http.ResponseWriter, *http.Request, *session, []store.Record){
	"test":   (*Handler).testMany,
	"renew":  (*Handler).renewMany,
	"export": (*Handler).exportMany,
	"delete": (*Handler).deleteMany,
}

// bulk does something with the credentials that were marked in the list.
func (h *Handler) bulk(w http.ResponseWriter, r *http.Request, s *session) {
	do := deeds[r.PostForm.Get("do")]
	if do == nil {
		h.notFound(w, r)
		return
	}
	records, err := h.list(r.Context())
	if err != nil {
		h.storeFailed(w, r, err)
		return
	}
	marked := r.PostForm["id"]
	records = slices.DeleteFunc(records, func(r store.Record) bool { return !slices.Contains(marked, idOf(r.Name)) })
	switch {
	case len(records) == 0:
		s.leave(warn, "Mark credentials in the list first.", "")
		http.Redirect(w, r, h.at("/")+s.lastList(), http.StatusSeeOther)
	case len(records) > maxBulk:
		s.leave(warn, fmt.Sprintf("Mark %d at most.", maxBulk), "")
		http.Redirect(w, r, h.at("/")+s.lastList(), http.StatusSeeOther)
	default:
		do(h, w, r, s, records)
	}
}

func (h *Handler) testMany(w http.ResponseWriter, r *http.Request, s *session, records []store.Record) {
	if !h.sweep(records) {
		s.leave(warn, "Another test is under way, so these were not tested. Wait for it to end, or stop it.", "")
	}
	s.await(h.sweeps.current())
	http.Redirect(w, r, h.at("/")+s.lastList(), http.StatusSeeOther)
}

// renewMany renews those whose signing key is kept, and says of the others that it is not.
func (h *Handler) renewMany(w http.ResponseWriter, r *http.Request, s *session, records []store.Record) {
	select {
	case h.tests <- struct{}{}:
		defer func() { <-h.tests }()
	default:
		h.refuseTest(w, r, nil)
		return
	}
	v := bulkView{}
	renewed, asked := 0, 0
	for _, record := range records {
		result := resultView{warn, shown(record.Name), idOf(record.Name), "Its signing key is not kept: replace the token."}
		if h.canSign(record.AccessKey) {
			hold(w, h.patience+2*testTime(h.tester))
			if asked++; asked > maxRenewals {
				result.Said = fmt.Sprintf("Not now: %d are renewed at once.", maxRenewals)
			} else if said, fresh := h.renewal.Renew(r.Context(), record); fresh {
				renewed++
				result.Tone, result.Said = good, sentence(said)
			} else {
				result.Tone, result.Said = bad, sentence(said)
			}
		}
		v.Results = append(v.Results, result)
	}
	h.show(w, r, s, "bulk", &page{Title: thousands(renewed) + " of " + counted(len(records), "credential") + " renewed", Nav: "credentials", Data: v})
}

// exportMany gives a file of all in the form of a host, without their secrets.
func (h *Handler) exportMany(w http.ResponseWriter, r *http.Request, _ *session, records []store.Record) {
	i := slices.IndexFunc(hosts.Exports(), func(e hosts.Export) bool { return e.Name == r.PostForm.Get("as") })
	if i < 0 {
		h.notFound(w, r)
		return
	}
	export := hosts.Exports()[i]
	all, taken := []any{}, map[string]bool{}
	for _, record := range records {
		base := variable(record.Name)
		name := base
		for n := 2; taken[name]; n++ { // one of two names that differ in a sign alone
			name = base + "_" + strconv.Itoa(n)
		}
		taken[name] = true
		all = append(all, export.Of(&connector.Credential{
			Name: shown(record.Name), Description: shown(record.Description), APIKeyValue: connector.Secret("${" + name + "}"),
		}))
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		h.fail(w, r, http.StatusInternalServerError, "Not exported", "The file could not be made.")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Disposition", `attachment; filename="credentials-`+export.Name+`.json"`)
	_, _ = w.Write(append(text, '\n'))
}

// variable is the name of the variable that stands in a secret's place among others.
func variable(name string) string {
	return "HMS_TOKEN_" + strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z' || r >= '0' && r <= '9':
			return r
		}
		return '_'
	}, shown(name))
}

// deleteMany asks, and deletes those whose names were read.
func (h *Handler) deleteMany(w http.ResponseWriter, r *http.Request, s *session, records []store.Record) {
	v := bulkView{Do: "delete", CSRF: s.csrf}
	if r.PostForm.Get("confirmed") != "1" {
		v.Question = "Their API key values cannot be brought back, and whatever uses the credentials by their names will fail."
		v.Button = "Delete " + counted(len(records), "credential")
		for _, record := range records {
			v.IDs = append(v.IDs, idOf(record.Name))
			v.Results = append(v.Results, resultView{idle, shown(record.Name), idOf(record.Name), ""})
		}
		h.show(w, r, s, "bulk", &page{Title: "Delete " + counted(len(records), "credential") + "?", Nav: "credentials", Data: v})
		return
	}
	deleted := 0
	for _, record := range records {
		result := resultView{good, shown(record.Name), "", "Deleted."}
		if err := h.store.Delete(r.Context(), record.Name); err != nil && !errors.Is(err, store.ErrNotFound) {
			result = resultView{bad, shown(record.Name), idOf(record.Name), explain(err)}
		} else {
			deleted++
		}
		v.Results = append(v.Results, result)
	}
	if deleted == len(records) {
		s.leave(idle, counted(deleted, "credential")+" deleted.", "")
		http.Redirect(w, r, h.at("/")+s.lastList(), http.StatusSeeOther)
		return
	}
	h.show(w, r, s, "bulk", &page{Title: thousands(deleted) + " of " + counted(len(records), "credential") + " deleted", Nav: "credentials", Data: v})
}

// canSign says whether the signing key of a workspace is kept.
func (h *Handler) canSign(accessKey string) bool {
	keys := h.signing.Load()
	return keys != nil && accessKey != "" && (*keys)[accessKey]
}

// signingKeys are the access keys whose signing key is kept.
func (h *Handler) signingKeys() (keys []string) {
	if known := h.signing.Load(); known != nil {
		for key, usable := range *known {
			if usable {
				keys = append(keys, key)
			}
		}
	}
	slices.Sort(keys)
	return keys
}
