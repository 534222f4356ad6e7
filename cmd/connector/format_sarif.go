package main

import (
	"io"
	"net/url"
	"path/filepath"
	"slices"

	"github.com/100ms-connector/connector-go/connector"
)

// homepage is where the codes are explained.
const homepage = "https://github.com/100ms-connector/connector-go"

// sarif is a SARIF 2.1.0 log, for code scanning: a rule for each code, a result
// for each finding.
type sarif struct {
	w       io.Writer
	codes   []connector.CodeInfo // the rules
	results []sarifResult
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifRule struct {
	ID      string    `json:"id"`
	Short   sarifText `json:"shortDescription"`
	Help    sarifText `json:"help"`
	HelpURI string    `json:"helpUri"`
}

type sarifResult struct {
	RuleID    string          `json:"ruleId"`
	RuleIndex int             `json:"ruleIndex"`
	Level     string          `json:"level"`
	Message   sarifText       `json:"message"`
	Locations []sarifLocation `json:"locations"`
}

type sarifLocation struct {
	Physical struct {
		Artifact struct {
			URI string `json:"uri"`
		} `json:"artifactLocation"`
		Region *sarifRegion `json:"region,omitempty"`
	} `json:"physicalLocation"`
}

type sarifRegion struct {
	StartLine   int `json:"startLine"`
	StartColumn int `json:"startColumn"`
}

func newSARIF(w io.Writer, _ string, _ bool) format {
	return &sarif{w: w, codes: connector.Codes(), results: []sarifResult{}}
}

func (s *sarif) result(r result) {
	for _, f := range r.findings() {
		var place sarifLocation
		place.Physical.Artifact.URI = (&url.URL{Path: filepath.ToSlash(r.source)}).String()
		if f.line > 0 {
			place.Physical.Region = &sarifRegion{f.line, f.column}
		}
		s.results = append(s.results, sarifResult{
			RuleID: string(f.code), RuleIndex: s.ruleIndex(f.code), Level: string(f.level),
			Message: sarifText{f.message}, Locations: []sarifLocation{place},
		})
	}
}

// ruleIndex is the code's place among the rules, which are all codes.
func (s *sarif) ruleIndex(code connector.Code) int {
	return slices.IndexFunc(s.codes, func(c connector.CodeInfo) bool { return c.Code == code })
}

func (s *sarif) end() {
	var rules []sarifRule
	for _, c := range s.codes {
		help := c.Remedy
		if help == "" {
			help = c.Meaning
		}
		rules = append(rules, sarifRule{string(c.Code), sarifText{c.Meaning}, sarifText{help}, homepage + "#codes"})
	}
	type driver struct {
		Name  string      `json:"name"`
		URI   string      `json:"informationUri"`
		Rules []sarifRule `json:"rules"`
	}
	type tool struct {
		Driver driver `json:"driver"`
	}
	type run struct {
		Tool       tool          `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	writeJSON(s.w, struct {
		Schema  string `json:"$schema"`
		Version string `json:"version"`
		Runs    []run  `json:"runs"`
	}{
		"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0",
		[]run{{tool{driver{"connector", homepage, rules}}, "unicodeCodePoints", s.results}},
	})
}
