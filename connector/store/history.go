package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/100ms-connector/connector-go/connector"
)

// Test is one that was made of a credential.
type Test struct {
	At      time.Time // in microseconds
	Verdict connector.Verdict
	Code    connector.Code
}

// The last tests stand in one column, in entries of one width and the newest first, so that
// a test is kept by the statement that keeps its verdict, and there are never more:
//
//	16 digits   when, in microseconds since 1970
//	12 letters  the verdict, padded
//	24 letters  the code, padded
const (
	historyTests = 30
	historyEntry = 16 + 12 + 24
)

// longer is the column with one more entry.
var longer = `SUBSTR(? || history, 1, ` + strconv.Itoa(historyTests*historyEntry) + `)`

// entry is a report in the column; empty for a time or a word that it has no room for.
func entry(r *connector.Report) string {
	text := fmt.Sprintf("%016d%-12s%-24s", r.TestedAt.UnixMicro(), r.Verdict, r.Code)
	if len(text) != historyEntry {
		return ""
	}
	return text
}

// History gives the last 30 tests of a credential, also of values that it had before, the
// newest first. What of it is damaged is left out. Errors: ErrNotFound, ErrUnavailable, or
// the context's.
func (s *Store) History(ctx context.Context, name string) (tests []Test, err error) {
	var text string
	err = s.patiently(ctx, func(ctx context.Context) error {
		return found(s.row(ctx, s.db, `SELECT history FROM connector_credentials WHERE name = ?`, name).Scan(rawText(&text)))
	})
	for ; len(text) >= historyEntry; text = text[historyEntry:] {
		at, err := strconv.ParseInt(text[:16], 10, 64)
		t := Test{time.UnixMicro(at).UTC(), connector.Verdict(strings.TrimSpace(text[16:28])), connector.Code(strings.TrimSpace(text[28:historyEntry]))}
		if err == nil && t.Verdict != "" && isVerdict(t.Verdict) && isCode(t.Code) {
			tests = append(tests, t)
		}
	}
	return tests, withName(name, err)
}
