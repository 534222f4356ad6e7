package web_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"

	"github.com/100ms-connector/connector-go/connector/web"
	"github.com/100ms-connector/connector-go/fixtures"
)

// At noon in UTC it is the next day in Kiritimati.
var noon = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

func TestMomentsAreOfUTCWithoutScripts(t *testing.T) {
	s := newSite(t, func(o *web.Options) { o.Now = func() time.Time { return noon } })
	s.has("100ms production", "", token(1, time.Hour))
	c := s.member()
	_, page := c.visit("/")
	_, page = c.visit("/credentials/" + between(t, page, `id="t-`, `"`))
	for _, fact := range []string{"Lifetime", "Issued", "Changed"} {
		_, rest, _ := strings.Cut(page, "<dt>"+fact)
		when := between(t, rest, "<time ", "</time>")
		machine, person := between(t, when, `datetime="`, `"`), when[strings.Index(when, ">")+1:]
		if at, err := time.Parse("2006-01-02T15:04Z", machine); err != nil || at.Format("2006-01-02 15:04 UTC") != person {
			t.Errorf("%s: %s", fact, when)
		}
	}
}

func TestLocalTimeStandsBesideUTC(t *testing.T) {
	for zone, wanted := range map[string]func(utc time.Time) string{
		"UTC":                func(utc time.Time) string { return utc.Format("2006-01-02 15:04 UTC") },
		"Asia/Kolkata":       func(utc time.Time) string { return localized(utc, 5*time.Hour+30*time.Minute) },
		"Pacific/Kiritimati": func(utc time.Time) string { return localized(utc, 14*time.Hour) },
	} {
		s := newSite(t)
		s.has("100ms production", "", token(1, 7*24*time.Hour))
		record, err := s.store.Show(ctx, "100ms production")
		ok(t, err)
		expires := record.ExpiresAt.UTC()
		stamp := wanted(expires)
		b := s.open(t, command(emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: zone}))
		b.do(hover(".life"))
		b.is(`document.querySelector(".life").title === "` + stamp + `"`)
		b.click(".tile h2 a")
		b.says("dialog #facts", stamp)
		b.click("#test-again")
		b.says("dialog #report", strings.Replace(stamp, " UTC", expires.Format(":05 UTC"), 1))
		b.click("dialog .close")
		b.click(`nav a[href="/timeline"]`)
		b.says(".when", stamp)
		b.shot("timeline-" + strings.ReplaceAll(zone, "/", "-"))
		if zone == "UTC" && strings.Contains(b.text("main"), "(") {
			t.Error("UTC stands beside UTC")
		}
	}
}

func localized(utc time.Time, offset time.Duration) string {
	local, layout := utc.Add(offset), "15:04 UTC"
	if local.Day() != utc.Day() {
		layout = "2006-01-02 15:04 UTC"
	}
	return local.Format("2006-01-02 15:04") + " (" + utc.Format(layout) + ")"
}

func TestTheChartHasMonthsALegendAndToday(t *testing.T) {
	now := time.Date(2026, 3, 29, 12, 0, 0, 0, time.UTC)
	s := newSite(t, func(o *web.Options) { o.Now = func() time.Time { return now } })
	for name, at := range map[string]time.Duration{"past": -2 * 24 * time.Hour, "this morning": -5 * time.Hour, "tonight": 5 * time.Hour, "soon": 30 * time.Hour, "soon too": 31 * time.Hour, "later": 20 * 24 * time.Hour, "beyond": 90 * 24 * time.Hour, "long ago": -30 * 24 * time.Hour} {
		k := fixtures.Workspace()
		begin := now.Add(-60 * 24 * time.Hour)
		s.has(name, "", fixtures.Sign(k, fixtures.Management(k, begin, at+60*24*time.Hour)))
	}
	_, page := s.member().visit("/timeline")
	contains(t, page, ">March 2026<", ">April 2026<", `class="today" x="140"`, `<li class="now">today</li>`)
	for _, row := range []string{"Friday, 27 March 2026 1 expired", "Sunday, 29 March 2026 2 1 expired, 1 expire soon", "Monday, 30 March 2026 2 expire soon", "Saturday, 18 April 2026 1 expire", "1 expired before that. 1 later than that."} {
		contains(t, plain(page), row)
	}
	if n := strings.Count(page, `rx="2"`); n != 4 {
		t.Errorf("%d columns", n)
	}
}
