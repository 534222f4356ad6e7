package main

import "time"

// stamp is a moment for people: in UTC, and in local time where that differs.
func stamp(t time.Time) string {
	if t.IsZero() {
		return "not given"
	}
	utc := t.UTC().Format("2006-01-02 15:04:05 UTC")
	local := t.Local()
	if _, offset := local.Zone(); offset == 0 {
		return utc
	}
	return utc + " (" + local.Format("2006-01-02 15:04 MST") + ")"
}
