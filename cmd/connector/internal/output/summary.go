package output

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/100ms-connector/connector-go/connector"
)

// Summary counts results. Its zero value with a Verb is ready for use.
type Summary struct {
	Verb   string // validate or test
	Others int    // documents that were passed over, for they are no credentials
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
		return []string{string(connector.VerdictAccepted), string(connector.VerdictRejected), string(connector.VerdictInconclusive), string(connector.VerdictNotTested)}
	}
	return []string{"valid", "invalid", "unreadable"}
}

// String is one line for people, such as "2 accepted, 1 rejected".
func (s *Summary) String() string {
	var parts []string
	for _, name := range outcomes(s.Verb) {
		if n := s.counts[name]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, strings.ReplaceAll(name, "_", " ")))
		}
	}
	if len(parts) == 0 {
		parts = []string{"no credential found"}
	}
	if s.Others > 0 {
		parts = append(parts, Plural(s.Others, "other file")+" passed over")
	}
	return strings.Join(parts, ", ")
}

// AppendSummary adds the line to a file of Markdown, which GitHub shows on the page
// of the run (GitHub docs, job summaries).
func AppendSummary(file string, s Summary) error {
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "**connector %s**: %s\n\n", s.Verb, s.String())
	return errors.Join(err, f.Close())
}

// Plural is a number with its unit, "2 problems".
func Plural(n int, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", n, unit)
}
