package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// github prints annotations as workflow commands, which GitHub shows beside the
// line (GitHub docs, workflow commands).
type github struct{ w *bufio.Writer }

func newGitHub(w io.Writer, _ string, _ bool) format { return github{bufio.NewWriter(w)} }

var (
	// The documented escapes, of a message and of a property.
	escapeMessage  = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	escapeProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

func (g github) result(r result) {
	for _, f := range r.findings() {
		place := ""
		if f.line > 0 {
			place = fmt.Sprintf(",line=%d,col=%d", f.line, f.column)
		}
		fmt.Fprintf(g.w, "::%s file=%s%s,title=%s::%s\n", f.level, escapeProperty.Replace(printable(r.source)), place,
			escapeProperty.Replace(string(f.code)), escapeMessage.Replace(f.message))
	}
}

func (g github) end() { g.w.Flush() }
