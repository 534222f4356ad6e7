package main

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// days is a duration that may be given in days.
type days time.Duration

func (d *days) Type() string { return "duration" }
func (d *days) String() string {
	if *d == 0 {
		return ""
	}
	return time.Duration(*d).String()
}
func (d *days) Set(s string) error {
	if n, inDays := strings.CutSuffix(s, "d"); inDays {
		count, err := strconv.Atoi(n)
		if err != nil || count < 1 || count > 36500 {
			return errors.New("give days as in 7d")
		}
		*d = days(time.Duration(count) * 24 * time.Hour)
		return nil
	}
	span, err := time.ParseDuration(s)
	if err != nil || span <= 0 {
		return errors.New("give a duration as in 7d or 12h")
	}
	*d = days(span)
	return nil
}

// moment is a time, or how long ago it was.
type moment struct{ time.Time }

func (m *moment) Type() string { return "time" }
func (m *moment) String() string {
	if m.IsZero() {
		return ""
	}
	return m.Format(time.RFC3339)
}
func (m *moment) Set(s string) (err error) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if m.Time, err = time.Parse(layout, s); err == nil {
			return nil
		}
	}
	var ago days
	if ago.Set(s) != nil {
		return errors.New("give a time as in 2026-01-31T00:00:00Z, a date, or 7d for a time ago")
	}
	m.Time = time.Now().Add(-time.Duration(ago))
	return nil
}
