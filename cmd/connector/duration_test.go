package main

import (
	"strings"
	"testing"
	"time"
)

func TestATimeIsWrittenInDaysToo(t *testing.T) {
	const hour = time.Hour
	for _, c := range []struct {
		name, given string
		want        time.Duration
		err         string
	}{
		{"days", "7d", 7 * day, ""},
		{"days and hours", "1d12h", 36 * hour, ""},
		{"days, hours and the rest", "2d3h4m5s", 51*hour + 4*time.Minute + 5*time.Second, ""},
		{"half a day", "0.5d", 12 * hour, ""},
		{"what Go takes", "1h30m", 90 * time.Minute, ""},
		{"a fraction of a second", "250ms", 250 * time.Millisecond, ""},
		{"nothing, for never", "0", 0, ""},
		{"nothing, with a unit", "0d", 0, ""},
		{"no unit", "5", 0, "a time needs its unit: write 5s, 5m, 5h or 5d"},
		{"no unit, with a point", "1.5", 0, "a time needs its unit: write 1.5s, 1.5m, 1.5h or 1.5d"},
		{"a word", "week", 0, "this is not a time: write it as 90s, 15m, 36h, 7d or 1d12h"},
		{"a long unit", "3days", 0, "this is not a time: write it as 90s, 15m, 36h, 7d or 1d12h"},
		{"days behind hours", "12h1d", 0, "this is not a time: write it as 90s, 15m, 36h, 7d or 1d12h"},
		{"no unit behind the days", "1d12", 0, "this is not a time: write it as 90s, 15m, 36h, 7d or 1d12h"},
		{"days twice", "1d1d", 0, "this is not a time: write it as 90s, 15m, 36h, 7d or 1d12h"},
		{"nothing at all", "", 0, "this is not a time: write it as 90s, 15m, 36h, 7d or 1d12h"},
		{"a negative time", "-1d", 0, "a time must not be negative"},
		{"a negative rest", "1d-1h", 0, "this is not a time: write it as 90s, 15m, 36h, 7d or 1d12h"},
		{"more than a Duration holds", "200000d", 0, "this is too long a time"},
		{"more digits than a number holds", "1" + strings.Repeat("0", 400) + "d", 0, "this is too long a time"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var d duration
			err := d.Set(c.given)
			if (err == nil) != (c.err == "") || err != nil && err.Error() != c.err {
				t.Errorf("error %v, want %q", err, c.err)
			}
			if err == nil && (d.Duration != c.want || !d.given) {
				t.Errorf("%v, want %v", d.Duration, c.want)
			}
		})
	}
}

func TestTheDefaultOfATimeIsShownAsOneWritesIt(t *testing.T) {
	for given, want := range map[time.Duration]string{0: "", 15 * time.Second: "15s", 90 * time.Minute: "1h30m", 24 * time.Hour: "24h", 10 * time.Minute: "10m"} {
		if got := (&duration{Duration: given}).String(); got != want {
			t.Errorf("%v is shown as %q, want %q", given, got, want)
		}
	}
}
