package output

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// github prints annotations as workflow commands, which GitHub shows beside the
// line (GitHub docs, workflow commands).
type github struct{ w *bufio.Writer }

func newGitHub(w io.Writer, _ Options) Format { return github{bufio.NewWriter(w)} }

var (
	// The documented escapes, of a message and of a property.
	escapeMessage  = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	escapeProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

func (g github) Result(r Result) error {
	for _, f := range r.findings() {
		place, message := "", f.message
		if file := r.file(); file == "" {
			message = r.Source + ": " + message
		} else {
			place = "file=" + escapeProperty.Replace(withoutControl(file)) + ","
			if f.line > 0 {
				place += fmt.Sprintf("line=%d,col=%d,", f.line, f.column)
			}
		}
		_, err := fmt.Fprintf(g.w, "::%s %stitle=%s::%s\n", f.level, place, escapeProperty.Replace(string(f.code)), escapeMessage.Replace(withoutControl(message)))
		if err != nil {
			return err
		}
	}
	return nil
}

// withoutControl keeps a file's name from acting on who reads the log. Everything
// else stays as it is, or the name would be another's.
func withoutControl(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\r' { // these two are escaped
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

func (g github) End() error { return g.w.Flush() }
