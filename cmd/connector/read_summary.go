package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/100ms-connector/connector-go/connector/exchange"
)

// readSummary is what is said of one stream at its end.
type readSummary struct {
	stream  string
	begun   time.Time
	records int
	calls   int64
	done    bool
	skipped map[string]int // parents, by cause
	files   fileSummary
	fields  []string // that are unknown
	notes   map[exchange.NoteKind]int
}

func (s *readSummary) add(page exchange.Page) {
	s.records += len(page.Records)
	s.done = s.done || page.Done
	for _, note := range page.Notes {
		switch note.Kind {
		case exchange.SkippedParent:
			if s.skipped == nil {
				s.skipped = map[string]int{}
			}
			s.skipped[fmt.Sprintf("%d", note.Status)]++
		case exchange.UnknownField:
			s.fields = append(s.fields, note.Field)
		default:
			if s.notes == nil {
				s.notes = map[exchange.NoteKind]int{}
			}
			s.notes[note.Kind]++
		}
	}
}

// noteWords say what the notes of a kind are about.
var noteWords = map[exchange.NoteKind]string{
	exchange.DuplicateKey: "%s with the key of another and other content",
	exchange.NoKey:        "%s without a key",
	exchange.GivenUp:      "%s that can still change, asked for no longer",
}

// String is one line: the figures, and what is worth knowing.
func (s *readSummary) String() string {
	said := []string{fmt.Sprintf("%s: %s, %s", s.stream, plural(s.records, "record"), plural(int(s.calls), "call"))}
	said = append(said, s.files.words()...)
	for _, status := range slices.Sorted(maps.Keys(s.skipped)) {
		said = append(said, fmt.Sprintf("%s skipped, for the API answered %s", plural(s.skipped[status], "room"), status))
	}
	if len(s.fields) > 0 {
		slices.Sort(s.fields)
		shown := s.fields[:min(len(s.fields), 10)]
		said = append(said, plural(len(s.fields), "unknown field")+" ("+printable(strings.Join(shown, ", "))+")")
	}
	for _, kind := range slices.Sorted(maps.Keys(s.notes)) {
		switch kind {
		case exchange.Unordered:
			said = append(said, "the list is not newest first, so it was read to its end")
		case exchange.Restarted:
			said = append(said, "begun anew, for the API did not know the place to go on at")
		case exchange.Renewed:
			said = append(said, "the API refused the token, and another was minted")
		default:
			said = append(said, fmt.Sprintf(noteWords[kind], plural(s.notes[kind], "record")))
		}
	}
	return strings.Join(said, "; ")
}

// readProgress is a line on a terminal that says how far a stream has come.
type readProgress struct {
	to    io.Writer // nil if nobody looks
	shown time.Time
}

func newReadProgress(w io.Writer) *readProgress {
	if !isTerminal(w) {
		return &readProgress{}
	}
	return &readProgress{to: w}
}

func (p *readProgress) show(s readSummary) {
	if p.to == nil || time.Since(p.shown) < 200*time.Millisecond {
		return
	}
	p.shown = time.Now()
	rate := float64(s.records) / max(0.001, time.Since(s.begun).Seconds())
	fmt.Fprintf(p.to, "\r\x1b[K%s: %s, %s, %.0f records/s", s.stream, plural(s.records, "record"), plural(int(s.calls), "call"), rate)
	for _, words := range s.files.words() {
		fmt.Fprint(p.to, ", ", words)
	}
}

func (p *readProgress) hide() {
	if p.to != nil && !p.shown.IsZero() {
		fmt.Fprint(p.to, "\r\x1b[K")
	}
}
