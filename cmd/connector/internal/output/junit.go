package output

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/100ms-connector/connector-go/connector"
)

// junit is a JUnit XML report with one test case for each credential. The file
// attribute is what GitLab links; Jenkins' junit step passes over it.
type junit struct {
	w             io.Writer
	failOnWarning bool
	suite         junitSuite
	latency       int64 // in milliseconds, of all answers
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Time     string      `xml:"time,attr,omitempty"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	File    string        `xml:"file,attr,omitempty"`
	Time    string        `xml:"time,attr,omitempty"` // in seconds, of the API's last answer
	Failure *junitOutcome `xml:"failure"`
	Error   *junitOutcome `xml:"error"`
	Skipped *junitOutcome `xml:"skipped"`
	Output  string        `xml:"system-out,omitempty"`
}

type junitOutcome struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",cdata"`
}

func newJUnit(w io.Writer, o Options) Format {
	return &junit{w: w, failOnWarning: o.FailOnWarning, suite: junitSuite{Name: "connector " + o.Verb}}
}

func (j *junit) Result(r Result) error {
	c := junitCase{Class: j.suite.Name, Name: r.Source, File: r.file()}
	if r.Report != nil && r.Report.Server != nil {
		j.latency += r.Report.Server.LatencyMS
		c.Time = seconds(r.Report.Server.LatencyMS)
		j.suite.Time = seconds(j.latency)
	}
	found := r.findings()
	for i := range found {
		found[i].message = timeless(found[i].message)
	}
	var lines []string
	for _, f := range found {
		place := ""
		if f.line > 0 {
			place = fmt.Sprintf("%d:%d: ", f.line, f.column)
		}
		lines = append(lines, fmt.Sprintf("%s%s [%s]", place, f.message, f.code))
	}
	text := strings.Join(lines, "\n")
	outcome := func() *junitOutcome {
		worst := max(0, slices.IndexFunc(found, func(f finding) bool { return f.level == connector.SeverityError }))
		return &junitOutcome{Message: found[worst].message, Type: string(found[worst].code), Text: text}
	}
	switch {
	case r.Status(j.failOnWarning) == Failed:
		j.suite.Failures++
		c.Failure = outcome()
	case r.Report != nil && r.Report.Verdict == connector.VerdictNotTested && r.Err == nil:
		j.suite.Skipped++
		c.Skipped = outcome()
	case r.Status(j.failOnWarning) == Unknown:
		j.suite.Errors++
		c.Error = outcome()
	default:
		c.Output = text
	}
	j.suite.Tests++
	j.suite.Cases = append(j.suite.Cases, c)
	return nil
}

func seconds(ms int64) string { return fmt.Sprintf("%d.%03d", ms/1000, ms%1000) }

func (j *junit) End() error {
	if _, err := io.WriteString(j.w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(j.w)
	e.Indent("", "  ")
	err := e.Encode(struct {
		XMLName xml.Name     `xml:"testsuites"`
		Suites  []junitSuite `xml:"testsuite"`
	}{Suites: []junitSuite{j.suite}})
	if err == nil {
		_, err = io.WriteString(j.w, "\n")
	}
	return err
}
