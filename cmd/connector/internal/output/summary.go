package output

import (
	"fmt"
	"strings"

	"github.com/100ms-connector/connector-go/connector"
)

// Summary counts results. Its zero value with a Verb is ready for use.
type Summary struct {
	Verb   string // validate or test
	counts map[string]int
}

// Add counts a result.
func (s *Summary) Add(r Result) {
	if s.counts == nil {
		s.counts = map[string]int{}
	}
	s.counts[outcome(r)]++
}

// outcome is the name under which a result is counted, also in the JSON.
func outcome(r Result) string {
	if r.Report != nil {
		return string(r.Report.Verdict)
	}
	switch r.Status(false) {
	case Passed:
		return "valid"
	case Unknown:
		return "unreadable"
	}
	return "invalid"
}

// outcomes are the names of a verb's outcomes, in the order of the summary line.
func outcomes(verb string) []string {
	if verb == "test" {
		return []string{string(connector.Accepted), string(connector.Rejected), string(connector.Inconclusive), string(connector.NotTested)}
	}
	return []string{"valid", "invalid", "unreadable"}
}

// String is one line for people, such as "2 accepted, 1 rejected"; empty without
// a result.
func (s *Summary) String() string {
	var parts []string
	for _, name := range outcomes(s.Verb) {
		if n := s.counts[name]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, strings.ReplaceAll(name, "_", " ")))
		}
	}
	return strings.Join(parts, ", ")
}

// Plural is a number with its unit, "2 problems".
func Plural(n int, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", n, unit)
}
