package store

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/internal/words"
)

// SQLite keeps a value of any type in any column, and other programs can write to
// either database. So columns are read without an error: what Save would not have
// written is noted, and its field is left zero.

// column is a sql.Scanner that never fails.
type column func(value any)

// Scan implements sql.Scanner.
func (c column) Scan(value any) error {
	c(value)
	return nil
}

// damage names the fields of a record that could not be read.
type damage []string

func (d *damage) note(field string) { *d = append(*d, field) }

func (d damage) String() string {
	if len(d) == 0 {
		return ""
	}
	return "its " + words.List(d) + " cannot be read"
}

// text reads a text that fine accepts; another one is cleaned for people.
func (d *damage) text(field string, to *string, fine func(string) bool) column {
	return func(value any) {
		s, isText := value.(string)
		if !isText || !fine(s) {
			s = displayable(characters(value))
			d.note(field)
		}
		*to = s
	}
}

// word reads a word of the connector's vocabulary.
func word[T ~string](d *damage, field string, to *T, otherwise T, fine func(T) bool) column {
	return func(value any) {
		*to = otherwise
		if s, isText := value.(string); isText && fine(T(s)) {
			*to = T(s)
			return
		}
		d.note(field)
	}
}

// time reads microseconds since 1970; NULL is the zero time. A time outside of the
// years 1 to 9999 cannot be written as JSON, so it counts as damaged.
func (d *damage) time(field string, to *time.Time) column {
	return func(value any) {
		*to = time.Time{}
		if value == nil {
			return
		}
		n, isNumber := value.(int64)
		t := time.UnixMicro(n).UTC()
		if !isNumber || t.Year() < 1 || t.Year() > 9999 {
			d.note(field)
			return
		}
		*to = t
	}
}

// rawText reads the characters of a text or a blob. What is sealed authenticates
// itself, so that a type matters no more.
func rawText(to *string) column { return func(value any) { *to = characters(value) } }

func rawBytes(to *[]byte) column { return func(value any) { *to = []byte(characters(value)) } }

// characters are those of a text or a blob, copied; empty for anything else.
func characters(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case []byte:
		return string(v)
	}
	return ""
}

// displayable makes a damaged text one that a terminal and a database can take.
func displayable(s string) string {
	if connector.HoldsSecret(s) {
		return "[redacted]"
	}
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	if runes := []rune(s); len(runes) > maxName {
		s = string(runes[:maxName])
	}
	return s
}

// isText says whether Save takes a text as a name or description.
func isText(s string) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= maxName && !strings.ContainsRune(s, 0)
}

func isName(s string) bool { return isText(s) && !isBlank(s) }

func isBlank(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsPrint(r) && !unicode.IsSpace(r) })
}

// isAccessKey says whether a text may be what connector.Inspect gives as one.
func isAccessKey(s string) bool {
	return utf8.RuneCountInString(s) <= 65 && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) && !connector.HoldsSecret(s)
}

func isKind(k connector.Kind) bool {
	return slices.Contains([]connector.Kind{connector.KindManagement, connector.KindApp, connector.KindUnknown}, k)
}

func isVerdict(v connector.Verdict) bool {
	return slices.Contains([]connector.Verdict{"", connector.VerdictAccepted, connector.VerdictRejected, connector.VerdictInconclusive, connector.VerdictNotTested}, v)
}

// isCode takes every text that has the form of a code: a newer program may know
// more of them.
func isCode(c connector.Code) bool {
	return len(c) <= 64 && !strings.ContainsFunc(string(c), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' })
}
