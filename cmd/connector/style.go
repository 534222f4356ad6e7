package main

import (
	"io"
	"os"
	"strings"
	"unicode"

	"golang.org/x/term"
)

// colour is an ANSI colour; used only where a person looks.
type colour string

const (
	red    colour = "\x1b[31m"
	green  colour = "\x1b[32m"
	yellow colour = "\x1b[33m"
	bold   colour = "\x1b[1m"
	faint  colour = "\x1b[2m"
)

// painter colours text, or leaves it alone.
type painter bool

// newPainter colours what goes to a terminal, unless NO_COLOR asks for none
// (no-color.org).
func newPainter(w io.Writer) painter {
	return painter(isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb")
}

func (p painter) paint(c colour, s string) string {
	if !p {
		return s
	}
	return string(c) + s + "\x1b[0m"
}

func isTerminal(w io.Writer) bool {
	f, ok := file(w)
	return ok && term.IsTerminal(int(f.Fd()))
}

// columns is how wide the terminal is that w writes to; 0 if that is not known.
func columns(w io.Writer) int {
	f, ok := file(w)
	if !ok {
		return 0
	}
	width, _, _ := term.GetSize(int(f.Fd()))
	return max(0, width)
}

// file is the file that w writes to, if it is one.
func file(w io.Writer) (*os.File, bool) {
	if own, ok := w.(*writer); ok {
		w = own.to
	}
	f, ok := w.(*os.File)
	return f, ok
}

// printable keeps a file's or credential's name from acting on the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '\ufffd'
	}, s)
}
