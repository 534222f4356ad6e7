package main

import (
	"encoding/json"
	"io"

	"github.com/100ms-connector/connector-go/connector"
)

// jsonDocument is one JSON document for all results; schema/ describes it.
type jsonDocument struct {
	w       io.Writer
	verb    string
	Version int            `json:"schema_version"`
	Results []any          `json:"results"`
	Summary map[string]int `json:"summary"`
}

func newJSON(w io.Writer, verb string, _ bool) format {
	d := &jsonDocument{w: w, verb: verb, Version: 1, Results: []any{}}
	if verb == "test" {
		d.Summary = map[string]int{"accepted": 0, "rejected": 0, "inconclusive": 0, "not_tested": 0}
	} else {
		d.Summary = map[string]int{"valid": 0, "invalid": 0, "unreadable": 0}
	}
	return d
}

func (d *jsonDocument) result(r result) {
	if r.report != nil {
		d.Summary[string(r.report.Verdict)]++
		d.Results = append(d.Results, struct {
			Source string `json:"source"`
			*connector.Report
		}{r.source, r.report})
		return
	}
	v := struct {
		Source   string              `json:"source"`
		Valid    bool                `json:"valid"`
		Problems []connector.Problem `json:"problems"`
		Error    string              `json:"error,omitempty"` // why it could not be read
	}{Source: r.source, Problems: r.problems}
	if v.Problems == nil {
		v.Problems = []connector.Problem{}
	}
	switch r.status(false) {
	case passed:
		v.Valid = true
		d.Summary["valid"]++
	case unknown:
		v.Error = reason(r.err)
		d.Summary["unreadable"]++
	default:
		d.Summary["invalid"]++
	}
	d.Results = append(d.Results, v)
}

func (d *jsonDocument) end() { writeJSON(d.w, d) }

// writeJSON prints a value for people and machines alike.
func writeJSON(w io.Writer, v any) {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	_ = e.Encode(v) // nothing can be said where nothing can be written
}
