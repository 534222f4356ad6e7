package probe

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// tooLong is a wait that nobody means.
const tooLong = 1e9 * time.Second

// Wait reads how long an answer asks to wait: from Retry-After, or from the words
// "retry after 45 seconds", which is how 100ms says it (100ms docs, analytics).
// Nonsense counts as not said. received is when the answer came, for a date in an
// answer without a Date.
func Wait(h http.Header, body []byte, received time.Time) (time.Duration, bool) {
	value := strings.TrimSpace(h.Get("Retry-After"))
	if at, err := http.ParseTime(value); err == nil {
		if date, err := http.ParseTime(h.Get("Date")); err == nil {
			received = date // both by the server's clock
		}
		if wait := at.Sub(received); wait < tooLong {
			return max(0, wait), true
		}
		return 0, false
	}
	if wait, ok := inSeconds(value); ok {
		return wait, true
	}
	_, words, _ := strings.Cut(strings.ToLower(string(body)), "retry after ")
	unit := strings.TrimLeft(words, "0123456789.")
	wait, ok := inSeconds(words[:len(words)-len(unit)])
	switch unit = strings.TrimLeft(unit, " "); {
	case unit == "", unit[0] == '"', strings.HasPrefix(unit, "s"):
		return wait, ok
	case strings.HasPrefix(unit, "min"):
		return 60 * wait, ok && wait < tooLong/60
	}
	return 0, false
}

func inSeconds(s string) (time.Duration, bool) {
	seconds, err := strconv.ParseFloat(s, 64)
	if err != nil || !(seconds >= 0 && seconds < tooLong.Seconds()) {
		return 0, false
	}
	return time.Duration(seconds * float64(time.Second)), true
}
