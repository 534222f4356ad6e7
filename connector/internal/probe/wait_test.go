package probe

import (
	"net/http"
	"testing"
	"time"
)

func TestAWaitIsReadInItsUnitOrNotAtAll(t *testing.T) {
	noon := time.Date(2026, 11, 7, 12, 0, 0, 0, time.UTC)
	date := func(at time.Time) string { return at.Format(http.TimeFormat) }
	for _, c := range []struct {
		name, header, words string
		wait                time.Duration
		known               bool
	}{
		{"seconds", "", "45 seconds", 45 * time.Second, true},
		{"seconds in short", "", "45s", 45 * time.Second, true},
		{"seconds, no unit", "", "45", 45 * time.Second, true},
		{"minutes", "", "5 minutes", 5 * time.Minute, true},
		{"hours are not read", "", "2 hours", 0, false},
		{"no number", "", "a while", 0, false},
		{"nothing said", "", "", 0, false},
		{"a date that is ahead", date(noon.Add(time.Minute)), "", time.Minute, true},
		{"a date that is past", date(noon.Add(-time.Hour)), "", 0, true},
		{"a date of year 9999", "Fri, 31 Dec 9999 23:59:59 GMT", "", 0, false},
		{"more than thirty years", "10000000000", "", 0, false},
		{"the header before the words", "7", "45 seconds", 7 * time.Second, true},
	} {
		h := http.Header{}
		if c.header != "" {
			h.Set("Retry-After", c.header)
		}
		body := `{"message":"slow down"}`
		if c.words != "" {
			body = `{"message":"rate limit exceeded, retry after ` + c.words + `"}`
		}
		if wait, known := Wait(h, []byte(body), noon); wait != c.wait || known != c.known {
			t.Errorf("%s: %s %t, want %s %t", c.name, wait, known, c.wait, c.known)
		}
	}
}
