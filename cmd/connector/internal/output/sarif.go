package output

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/100ms-connector/connector-go/connector"
)

// homepage is where the codes are explained.
const homepage = "https://github.com/100ms-connector/connector-go"

// maxResults is how many results of a run GitHub takes; it refuses the whole file
// if there are more (GitHub docs, SARIF support for code scanning).
const maxResults = 25_000

// sarif is a SARIF 2.1.0 log, for code scanning: a rule for each code, a result
// for each finding.
type sarif struct {
	w io.Writer
	Options
	codes   []connector.CodeInfo // the rules
	results []sarifResult
	found   int // also those over maxResults
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifRule struct {
	ID      string    `json:"id"`
	Short   sarifText `json:"shortDescription"`
	Full    sarifText `json:"fullDescription"` // GitHub requires it
	Help    sarifText `json:"help"`
	HelpURI string    `json:"helpUri"`
}

type sarifResult struct {
	RuleID       string            `json:"ruleId"`
	RuleIndex    int               `json:"ruleIndex"`
	Level        string            `json:"level"`
	Message      sarifText         `json:"message"`
	Locations    []sarifLocation   `json:"locations"`
	Fingerprints map[string]string `json:"partialFingerprints"`
}

// sarifLocation is in a file, or, if there is none, a name.
type sarifLocation struct {
	Physical *sarifPhysical `json:"physicalLocation,omitempty"`
	Logical  []sarifLogical `json:"logicalLocations,omitempty"`
}

type sarifPhysical struct {
	Artifact struct {
		URI string `json:"uri"`
	} `json:"artifactLocation"`
	Region sarifRegion `json:"region"`
}

type sarifLogical struct {
	Name string `json:"name"`
}

type sarifRegion struct {
	StartLine   int `json:"startLine"`
	StartColumn int `json:"startColumn"`
}

func newSARIF(w io.Writer, o Options) Format {
	return &sarif{w: w, Options: o, codes: connector.Codes(), results: []sarifResult{}}
}

func (s *sarif) Result(r Result) error {
	for _, f := range r.findings() {
		if s.found++; s.found > maxResults {
			continue
		}
		place := sarifLocation{Logical: []sarifLogical{{r.Source}}}
		if file := r.file(); file != "" {
			// GitHub tells alerts apart by the text of their line: one that is about
			// no line is about the first.
			at := &sarifPhysical{Region: sarifRegion{max(1, f.line), max(1, f.column)}}
			at.Artifact.URI = fileURI(file)
			place = sarifLocation{Physical: at}
		}
		s.results = append(s.results, sarifResult{
			RuleID: string(f.code), RuleIndex: s.ruleIndex(f.code), Level: string(f.level),
			Message: sarifText{timeless(f.message)}, Locations: []sarifLocation{place},
			Fingerprints: map[string]string{"connector/v1": fingerprint(r, f)},
		})
	}
	return nil
}

// fingerprint is the same for a finding wherever its line moves to.
func fingerprint(r Result, f finding) string {
	where := r.file()
	if where == "" {
		where = r.Source
	}
	sum := sha256.Sum256([]byte(where + "\x00" + f.pointer + "\x00" + string(f.code)))
	return hex.EncodeToString(sum[:16])
}

// fileURI is a path as a URI: relative, or with a scheme if it is absolute.
func fileURI(path string) string {
	u := url.URL{Path: path}
	if filepath.IsAbs(filepath.FromSlash(path)) {
		u = url.URL{Scheme: "file", Path: "/" + strings.TrimPrefix(path, "/")}
	}
	return u.String()
}

// ruleIndex is the code's place among the rules, which are all codes.
func (s *sarif) ruleIndex(code connector.Code) int {
	return slices.IndexFunc(s.codes, func(c connector.CodeInfo) bool { return c.Code == code })
}

// sarifInvocation says whether the run came to its inputs.
type sarifInvocation struct {
	Successful    bool                `json:"executionSuccessful"`
	Notifications []sarifNotification `json:"toolExecutionNotifications,omitempty"`
}

type sarifNotification struct {
	Level   string    `json:"level"`
	Message sarifText `json:"message"`
}

func (s *sarif) invocation() sarifInvocation {
	run := sarifInvocation{Successful: s.Failure == nil}
	if s.Failure != nil {
		run.Notifications = append(run.Notifications, sarifNotification{"error", sarifText{Printable(s.Failure.Error())}})
	}
	if s.found > maxResults {
		text := fmt.Sprintf("SARIF holds the first %d of %d findings, for GitHub takes no more in one run", maxResults, s.found)
		run.Notifications = append(run.Notifications, sarifNotification{"warning", sarifText{text}})
		s.Notice(text)
	}
	return run
}

func (s *sarif) End() error {
	var rules []sarifRule
	for _, c := range s.codes {
		help := c.Remedy
		if help == "" {
			help = c.Meaning
		}
		rules = append(rules, sarifRule{string(c.Code), sarifText{c.Meaning}, sarifText{sentences(c.Meaning, c.Remedy)}, sarifText{help}, homepage + "#codes"})
	}
	type driver struct {
		Name    string      `json:"name"`
		Version string      `json:"version"`
		URI     string      `json:"informationUri"`
		Rules   []sarifRule `json:"rules"`
	}
	type tool struct {
		Driver driver `json:"driver"`
	}
	type automation struct {
		ID string `json:"id"` // so that what validate and test find in one job stays apart
	}
	type run struct {
		Tool        tool              `json:"tool"`
		Automation  automation        `json:"automationDetails"`
		Invocations []sarifInvocation `json:"invocations"`
		ColumnKind  string            `json:"columnKind"`
		Results     []sarifResult     `json:"results"`
	}
	return JSON(s.w, struct {
		Schema  string `json:"$schema"`
		Version string `json:"version"`
		Runs    []run  `json:"runs"`
	}{
		"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0",
		[]run{{tool{driver{"connector", s.Version, homepage, rules}}, automation{"connector/" + s.Verb + "/"}, []sarifInvocation{s.invocation()}, "unicodeCodePoints", s.results}},
	})
}
