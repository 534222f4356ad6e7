package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/100ms-connector/connector-go/connector"
)

// text is for people: a line for what is fine, a block for what is not.
type text struct {
	w     *bufio.Writer
	flush bool // after every result, where somebody watches
	painter
	valid, invalid, unreadable int
	verdicts                   map[connector.Verdict]int
}

func newText(w io.Writer, verb string, _ bool) *text {
	t := &text{w: bufio.NewWriter(w), flush: isTerminal(w), painter: newPainter(w)}
	if verb == "test" {
		t.verdicts = map[connector.Verdict]int{}
	}
	return t
}

func (t *text) result(r result) {
	source := printable(r.source)
	if r.report != nil {
		t.report(source, r)
	} else {
		t.problems(source, r)
	}
	if t.flush {
		t.w.Flush()
	}
}

// problems prints what validate found: file:line:col: message [code].
func (t *text) problems(source string, r result) {
	switch {
	case r.err != nil:
		t.unreadable++
		fmt.Fprintf(t.w, "%s: cannot be read: %s\n", source, printable(reason(r.err)))
		return
	case r.status(false) == failed:
		t.invalid++
	default:
		t.valid++
		if len(r.problems) == 0 {
			fmt.Fprintf(t.w, "%s: %s\n", source, t.paint(green, "valid"))
			return
		}
		fmt.Fprintf(t.w, "%s: %s, with %s\n", source, t.paint(green, "valid"), t.paint(yellow, plural(len(r.problems), "warning")))
	}
	for _, p := range r.problems {
		label, c := "", red
		if p.Severity == connector.SeverityWarning {
			label, c = "warning: ", yellow
		}
		fmt.Fprintf(t.w, "%s:%d:%d: %s%s %s\n", source, p.Line, p.Column, label, p.Message, t.paint(c, "["+string(p.Code)+"]"))
		if p.Remedy != "" {
			fmt.Fprintf(t.w, "    %s %s\n", t.paint(faint, "next:"), p.Remedy)
		}
	}
}

var marks = map[connector.CheckStatus]string{connector.Pass: "✓", connector.Warn: "!", connector.Fail: "✗", connector.Skip: "–"}

// report prints one connection test.
func (t *text) report(source string, r result) {
	rep := r.report
	t.verdicts[rep.Verdict]++
	mark, c := "✗", red
	switch rep.Verdict {
	case connector.Accepted:
		mark, c = "✓", green
	case connector.Inconclusive, connector.NotTested:
		mark, c = "?", yellow
	}
	fmt.Fprintf(t.w, "%s %s", t.paint(c, mark), t.paint(bold, source))
	if rep.Name != "" && rep.Name != r.source { // a saved one is named already
		fmt.Fprintf(t.w, " (%s)", rep.Name)
	}
	fmt.Fprintf(t.w, ": %s", t.paint(c, string(rep.Verdict)))
	if rep.Code != connector.OK && rep.Code != connector.Untested {
		fmt.Fprintf(t.w, ", %s", t.paint(c, string(rep.Code)))
	}
	fmt.Fprintf(t.w, "\n    %s\n", rep.Message)
	if rep.Remedy != "" {
		fmt.Fprintf(t.w, "    %s %s\n", t.paint(faint, "next:"), rep.Remedy)
	}
	for _, also := range rep.Also {
		fmt.Fprintf(t.w, "    also: %s [%s]\n", also.Info().Meaning, also)
	}
	for _, p := range rep.Problems {
		label := ""
		if p.Severity == connector.SeverityWarning {
			label = "warning: "
		}
		fmt.Fprintf(t.w, "    %s:%d:%d: %s%s [%s]\n", source, p.Line, p.Column, label, p.Message, p.Code)
	}
	for _, w := range rep.Warnings {
		if len(rep.Problems) > 0 {
			break // they stand among the problems
		}
		what := w.Info().Meaning
		if w == connector.ClockSkew && rep.Server != nil && rep.Server.ClockOffset != 0 {
			what += ": the API's is " + offset(rep.Server.ClockOffset)
		}
		fmt.Fprintf(t.w, "    %s %s %s\n", t.paint(yellow, "warning:"), what, t.paint(yellow, "["+string(w)+"]"))
	}
	if rep.Verdict == connector.Accepted || r.err != nil {
		return
	}
	var steps []string
	for _, check := range rep.Checks {
		steps = append(steps, marks[check.Status]+" "+string(check.Name))
	}
	fmt.Fprintf(t.w, "    %s %s\n", t.paint(faint, "checks:"), strings.Join(steps, "  "))
	stranger := rep.Code == connector.UnexpectedResponse || rep.Code == connector.Redirected || rep.Code == connector.ProxyFailure
	if s := rep.Server; s != nil && s.RequestID != "" && !stranger {
		fmt.Fprintf(t.w, "    %s %s\n", t.paint(faint, "request id, for 100ms's support:"), s.RequestID)
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

func (t *text) end() {
	var parts []string
	count := func(n int, what string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	if t.verdicts != nil {
		for _, v := range []connector.Verdict{connector.Accepted, connector.Rejected, connector.Inconclusive, connector.NotTested} {
			count(t.verdicts[v], strings.ReplaceAll(string(v), "_", " "))
		}
	} else {
		count(t.valid, "valid")
		count(t.invalid, "invalid")
		count(t.unreadable, "unreadable")
	}
	if len(parts) > 0 {
		fmt.Fprintf(t.w, "%s\n", strings.Join(parts, ", "))
	}
	t.w.Flush()
}

func plural(n int, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", n, unit)
}
