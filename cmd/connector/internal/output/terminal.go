package output

import (
	"io"
	"os"
	"strings"
	"unicode"

	"golang.org/x/term"
)

// Colour is an ANSI colour; used only where a person looks.
type Colour string

// The colours.
const (
	Red    Colour = "\x1b[31m"
	Green  Colour = "\x1b[32m"
	Yellow Colour = "\x1b[33m"
	Bold   Colour = "\x1b[1m"
	Faint  Colour = "\x1b[2m"
)

// Painter colours text, or leaves it alone.
type Painter bool

// NewPainter colours what goes to a terminal, unless NO_COLOR asks for none
// (no-color.org).
func NewPainter(w io.Writer) Painter {
	return Painter(IsTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb")
}

// Paint colours s.
func (p Painter) Paint(c Colour, s string) string {
	if !p {
		return s
	}
	return string(c) + s + "\x1b[0m"
}

// IsTerminal says whether a person may look at what is written to w.
func IsTerminal(w io.Writer) bool {
	f, ok := file(w)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Columns is how wide the terminal is that w writes to; 0 if that is not known.
func Columns(w io.Writer) int {
	f, ok := file(w)
	if !ok {
		return 0
	}
	width, _, _ := term.GetSize(int(f.Fd()))
	return max(0, width)
}

// file is the file that w writes to, if it is one.
func file(w io.Writer) (*os.File, bool) {
	if wrapped, ok := w.(interface{ Unwrap() io.Writer }); ok {
		w = wrapped.Unwrap()
	}
	f, ok := w.(*os.File)
	return f, ok
}

// Printable keeps a file's or credential's name from acting on the terminal.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) || r == '\u200c' || r == '\u200d' { // those join what is one sign, as in families
			return r
		}
		return '\ufffd'
	}, s)
}
