package output

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/100ms-connector/connector-go/connector"
)

// text is for people: a line for what is fine, a block for what is not. The
// bufio.Writer keeps its first error, so that each result asks for it once.
type text struct {
	w     *bufio.Writer
	flush bool // after every result, where somebody watches
	Painter
}

func newText(w io.Writer, _ Options) Format {
	return &text{w: bufio.NewWriter(w), flush: IsTerminal(w), Painter: NewPainter(w)}
}

func (t *text) Result(r Result) error {
	source := Printable(r.Source)
	if r.Report != nil {
		t.report(source, r)
	} else {
		t.problems(source, r)
	}
	if t.flush {
		return t.w.Flush()
	}
	_, err := t.w.Write(nil)
	return err
}

// problems prints what validate found: file:line:col: message [code].
func (t *text) problems(source string, r Result) {
	switch {
	case r.Err != nil:
		fmt.Fprintf(t.w, "%s: cannot be read: %s\n", source, Printable(Reason(r.Err)))
		return
	case r.Status(false) == Failed:
	case len(r.Problems) == 0:
		fmt.Fprintf(t.w, "%s: %s\n", source, t.Paint(Green, "valid"))
		return
	default:
		fmt.Fprintf(t.w, "%s: %s, with %s\n", source, t.Paint(Green, "valid"), t.Paint(Yellow, Plural(len(r.Problems), "warning")))
	}
	for _, p := range r.Problems {
		label, c := severity(p)
		fmt.Fprintf(t.w, "%s:%d:%d: %s%s %s\n", source, p.Line, p.Column, label, p.Message, t.Paint(c, "["+string(p.Code)+"]"))
		if p.Remedy != "" {
			fmt.Fprintf(t.w, "    %s %s\n", t.Paint(Faint, "next:"), p.Remedy)
		}
	}
}

func severity(p connector.Problem) (label string, c Colour) {
	if p.Severity == connector.SeverityWarning {
		return "warning: ", Yellow
	}
	return "", Red
}

var marks = map[connector.CheckStatus]string{connector.StatusPass: "✓", connector.StatusWarn: "!", connector.StatusFail: "✗", connector.StatusSkip: "–"}

// report prints one connection test.
func (t *text) report(source string, r Result) {
	report := r.Report
	mark, c := "✗", Red
	switch report.Verdict {
	case connector.VerdictAccepted:
		mark, c = "✓", Green
	case connector.VerdictInconclusive, connector.VerdictNotTested:
		mark, c = "?", Yellow
	}
	fmt.Fprintf(t.w, "%s %s", t.Paint(c, mark), t.Paint(Bold, source))
	if report.Name != "" && report.Name != r.Source { // a saved one is named already
		fmt.Fprintf(t.w, " (%s)", report.Name)
	}
	fmt.Fprintf(t.w, ": %s", t.Paint(c, string(report.Verdict)))
	if report.Code != connector.OK && report.Code != connector.Untested {
		fmt.Fprintf(t.w, ", %s", t.Paint(c, string(report.Code)))
	}
	fmt.Fprintf(t.w, "\n    %s\n", report.Message)
	if report.Remedy != "" {
		fmt.Fprintf(t.w, "    %s %s\n", t.Paint(Faint, "next:"), report.Remedy)
	}
	for _, also := range report.Also {
		fmt.Fprintf(t.w, "    also: %s [%s]\n", also.Info().Meaning, also)
	}
	for _, p := range report.Problems {
		label, _ := severity(p)
		place := source
		if p.Line > 0 { // else it is of values that stand in no document
			place = fmt.Sprintf("%s:%d:%d", source, p.Line, p.Column)
		}
		fmt.Fprintf(t.w, "    %s: %s%s [%s]\n", place, label, p.Message, p.Code)
	}
	if len(report.Problems) == 0 { // else the warnings stand among them
		t.warnings(report)
	}
	if report.Verdict == connector.VerdictAccepted || r.Err != nil {
		return
	}
	var steps []string
	for _, check := range report.Checks {
		steps = append(steps, marks[check.Status]+" "+string(check.Name))
	}
	fmt.Fprintf(t.w, "    %s %s\n", t.Paint(Faint, "checks:"), strings.Join(steps, "  "))
	stranger := report.Code == connector.UnexpectedResponse || report.Code == connector.Redirected || report.Code == connector.ProxyFailure
	if s := report.Server; s != nil && s.RequestID != "" && !stranger {
		fmt.Fprintf(t.w, "    %s %s\n", t.Paint(Faint, "request id, for 100ms's support:"), s.RequestID)
	}
}

func (t *text) warnings(report *connector.Report) {
	for _, w := range report.Warnings {
		what := w.Info().Meaning
		if w == connector.ClockSkew && report.Server != nil && report.Server.ClockOffset != 0 {
			what += ": the API's is " + offset(report.Server.ClockOffset)
		}
		fmt.Fprintf(t.w, "    %s %s %s\n", t.Paint(Yellow, "warning:"), what, t.Paint(Yellow, "["+string(w)+"]"))
	}
}

// offset says how far a clock is off from this machine's.
func offset(seconds int64) string {
	d := time.Duration(seconds) * time.Second
	if d < 0 {
		return connector.Span(-d) + " behind"
	}
	return connector.Span(d) + " ahead"
}

func (t *text) End() error { return t.w.Flush() }
