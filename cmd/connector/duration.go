package main

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// duration is the value of a flag that counts time: 90s, 15m, 36h, 7d or 1d12h.
type duration struct {
	time.Duration
	given bool // on the command line
}

// durationFlag adds a flag that counts time. Zero as its default is not shown.
func durationFlag(cmd *cobra.Command, d *duration, name string, otherwise time.Duration, usage string) {
	d.Duration = otherwise
	cmd.Flags().Var(d, name, usage)
}

const day = 24 * time.Hour

var (
	inDays   = regexp.MustCompile(`^(\d+(?:\.\d+)?)d(\d.*)?$`)
	unitless = regexp.MustCompile(`^\d+(\.\d+)?$`)
)

// Set implements pflag.Value.
func (d *duration) Set(s string) error {
	d.given = true
	switch {
	case s == "0":
		d.Duration = 0
		return nil
	case strings.HasPrefix(s, "-"):
		return errors.New("a time must not be negative")
	case unitless.MatchString(s):
		return fmt.Errorf("a time needs its unit: write %[1]ss, %[1]sm, %[1]sh or %[1]sd", s)
	}
	days, rest := 0.0, s
	if parts := inDays.FindStringSubmatch(s); parts != nil {
		days, _ = strconv.ParseFloat(parts[1], 64) // too many digits are infinite
		if rest = parts[2]; rest == "" {
			rest = "0s"
		}
	}
	hours, err := time.ParseDuration(rest)
	if err != nil {
		return errors.New("this is not a time: write it as 90s, 15m, 36h, 7d or 1d12h")
	}
	if days*float64(day)+float64(hours) > math.MaxInt64/2 {
		return errors.New("this is too long a time")
	}
	d.Duration = time.Duration(days*float64(day)) + hours
	return nil
}

// Type implements pflag.Value.
func (d *duration) Type() string { return "time" }

// String implements pflag.Value, for the default in the help.
func (d *duration) String() string {
	if d.Duration == 0 {
		return ""
	}
	s := d.Duration.String() // 24h0m0s
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// moment is the value of a flag that is a time, or how long ago it was.
type moment struct{ time.Time }

// Type implements pflag.Value.
func (m *moment) Type() string { return "time" }

// String implements pflag.Value.
func (m *moment) String() string {
	if m.IsZero() {
		return ""
	}
	return m.Format(time.RFC3339)
}

// Set implements pflag.Value.
func (m *moment) Set(s string) (err error) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if m.Time, err = time.Parse(layout, s); err == nil {
			return nil
		}
	}
	var ago duration
	if ago.Set(s) != nil || ago.Duration == 0 {
		return errors.New("write a time as 2026-01-31T00:00:00Z or 2026-01-31, or how long ago it was as 7d")
	}
	m.Time = time.Now().Add(-ago.Duration)
	return nil
}
