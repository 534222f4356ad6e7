package web

import (
	"fmt"
	"time"

	"github.com/100ms-connector/connector-go/connector/store"
)

// The window of the chart, in days: a dashboard token is good for 14 at most, one that
// was signed may be for longer.
const (
	chartBack  = 7
	chartAhead = 35
	chartDays  = chartBack + chartAhead
	soonDays   = 3
)

// expiryChart is how many tokens expire on each day around today, as an SVG and as a
// table.
type expiryChart struct {
	Bars   []expiryBar
	Ticks  []tick
	Months []tick
	Today  int // where today's column begins
	Width  int
	Most   int
	Days   []expiryDay // those on which something expires
	Later  int         // tokens that expire after the window
	Before int         // and before it
}

type expiryBar struct {
	bar
	Tone tone
}

type expiryDay struct {
	Date, Word string
	Count      int
}

// expiryChartOf counts by the days of UTC.
func expiryChartOf(records []store.Record, now time.Time) expiryChart {
	today := now.UTC().Truncate(day)
	first := today.Add(-chartBack * day)
	c := expiryChart{Width: chartDays * barStep, Today: chartBack * barStep, Most: 1}
	var counts [chartDays]int
	gone := 0 // of today
	for _, r := range records {
		if r.ExpiresAt.IsZero() {
			continue
		}
		switch i := int(r.ExpiresAt.Sub(first) / day); {
		case r.ExpiresAt.Before(first):
			c.Before++
		case i >= chartDays:
			c.Later++
		default:
			if counts[i]++; i == chartBack && !r.ExpiresAt.After(now) {
				gone++
			}
			c.Most = max(c.Most, counts[i])
		}
	}
	for i, n := range counts {
		date, x := first.Add(time.Duration(i)*day), i*barStep
		if i == 0 || date.Day() == 1 {
			c.Months = append(c.Months, tick{x + 2, "start", date.Format("January 2006")})
		}
		if date.Weekday() == time.Monday || i == chartBack {
			c.Ticks = append(c.Ticks, tick{x + barStep/2, "middle", fmt.Sprint(date.Day())})
		}
		if n == 0 {
			continue
		}
		height := max(3, n*(chartFloor-chartTop)/c.Most)
		b := expiryBar{bar{x + 2, chartFloor - height, height}, idle}
		word := "expire"
		switch {
		case i < chartBack, i == chartBack && gone == n:
			b.Tone, word = bad, "expired"
		case i == chartBack && gone > 0:
			b.Tone, word = warn, fmt.Sprintf("%d expired, %d expire soon", gone, n-gone)
		case i < chartBack+soonDays:
			b.Tone, word = warn, "expire soon"
		}
		c.Bars = append(c.Bars, b)
		c.Days = append(c.Days, expiryDay{date.Format("Monday, 2 January 2006"), word, n})
	}
	// A month that has just begun and one that is about to end would stand on each other.
	if len(c.Months) > 1 && c.Months[1].X-c.Months[0].X < 5*barStep {
		c.Months = c.Months[1:]
	}
	return c
}
