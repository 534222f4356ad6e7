package output

import (
	"encoding/json"
	"io"

	"github.com/100ms-connector/connector-go/connector"
)

// jsonDocument is one JSON document for all results; schema/ describes it.
type jsonDocument struct {
	w       io.Writer
	Version int            `json:"schema_version"`
	Results []any          `json:"results"`
	Summary map[string]int `json:"summary"`
}

func newJSON(w io.Writer, o Options) Format {
	d := &jsonDocument{w: w, Version: 1, Results: []any{}, Summary: map[string]int{}}
	for _, name := range outcomes(o.Verb) {
		d.Summary[name] = 0
	}
	return d
}

func (d *jsonDocument) Result(r Result) error {
	d.Summary[outcome(r)]++
	if r.Report != nil {
		d.Results = append(d.Results, struct {
			Source string `json:"source"`
			*connector.Report
		}{r.Source, r.Report})
		return nil
	}
	v := struct {
		Source   string              `json:"source"`
		Valid    bool                `json:"valid"`
		Problems []connector.Problem `json:"problems"`
		Error    string              `json:"error,omitempty"` // why it could not be read
	}{Source: r.Source, Valid: r.Status(false) == Passed, Problems: r.Problems}
	if v.Problems == nil {
		v.Problems = []connector.Problem{}
	}
	if r.Err != nil {
		v.Error = Reason(r.Err)
	}
	d.Results = append(d.Results, v)
	return nil
}

func (d *jsonDocument) End() error { return JSON(d.w, d) }

// JSON prints a value for people and machines alike.
func JSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
