package web

import (
	"net/http"
	"slices"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
)

// timelineView is what expires when.
type timelineView struct {
	Chart  expiryChart
	Groups []groupView
	Total  int
}

// groupView is a part of the list.
type groupView struct {
	Title string
	Tone  tone
	Rows  []rowView
}

// rowView is the life of one token, as a bar in the window of the timeline.
type rowView struct {
	Tile       tile
	From, Gone int // of the part of its life that is past, in per mille of the window
	Here, Left int // of the part that is to come
	Shown      bool
}

const (
	day       = 24 * time.Hour
	lookBack  = 7 * day // the window of the bars: a dashboard token is good for 7 days, 14 at most
	lookAhead = 14 * day
)

func (h *Handler) showTimeline(w http.ResponseWriter, r *http.Request, s *session) {
	records, err := h.list(r.Context())
	if err != nil {
		h.storeFailed(w, r, err)
		return
	}
	h.show(w, r, s, "timeline", &page{Title: "Timeline", Nav: "timeline", Data: h.timeline(records, h.now())})
}

func (h *Handler) timeline(records []store.Record, now time.Time) timelineView {
	// What the API rejects does not work until it expires: its date is no news.
	rejected := func(r store.Record) bool { return r.LastVerdict == connector.VerdictRejected && r.ExpiresAt.After(now) }
	working := slices.DeleteFunc(slices.Clone(records), rejected)
	v := timelineView{Total: len(records), Chart: expiryChartOf(working, now)}
	dated := slices.DeleteFunc(working, func(r store.Record) bool { return r.ExpiresAt.IsZero() })
	slices.SortStableFunc(dated, func(a, b store.Record) int { return a.ExpiresAt.Compare(b.ExpiresAt) })
	groups := []struct {
		title string
		tone  tone
		until time.Duration
	}{
		{"Expired", bad, 0}, {"Within 24 hours", warn, day}, {"Within 3 days", warn, 3 * day},
		{"Within 7 days", idle, 7 * day}, {"Within 14 days", idle, lookAhead}, {"Later", idle, 1<<63 - 1},
	}
	for _, g := range groups {
		group := groupView{Title: g.title, Tone: g.tone}
		for len(dated) > 0 && (dated[0].ExpiresAt.Sub(now) <= g.until) {
			group.Rows = append(group.Rows, h.rowOf(dated[0], now))
			dated = dated[1:]
		}
		if g.title == "Expired" {
			slices.Reverse(group.Rows) // the latest first: it may have been missed
		}
		v.add(group)
		if g.title == "Expired" {
			group = groupView{Title: "Rejected", Tone: bad}
			for _, r := range records {
				if rejected(r) {
					group.Rows = append(group.Rows, rowView{Tile: h.tileOf(r, now)})
				}
			}
			v.add(group)
		}
	}
	never := groupView{Title: "No expiry known", Tone: idle}
	for _, r := range records {
		if r.ExpiresAt.IsZero() {
			never.Rows = append(never.Rows, rowView{Tile: h.tileOf(r, now)})
		}
	}
	v.add(never)
	return v
}

func (v *timelineView) add(g groupView) {
	if len(g.Rows) > 0 {
		v.Groups = append(v.Groups, g)
	}
}

func (h *Handler) rowOf(r store.Record, now time.Time) rowView {
	begin, end := place(r.MadeAt(), now), place(r.ExpiresAt, now)
	here := min(end, max(begin, place(now, now)))
	return rowView{Tile: h.tileOf(r, now), From: begin, Gone: here - begin, Here: here, Left: end - here, Shown: end > begin}
}

// place is where a moment lies in the window around now, in per mille.
func place(t, now time.Time) int {
	at := max(-lookBack, min(lookAhead, t.Sub(now))) + lookBack
	return int(1000 * at / (lookBack + lookAhead))
}
