package web

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/100ms-connector/connector-go/connector/exchange"
)

const (
	usageDays     = 30
	usageSessions = 5000 // so many are asked for at most: fifty calls
	usageCalls    = usageSessions/100 + 2
	longest       = 12 * time.Hour // a session ends by then (100ms docs)
)

// usageView is what happened in the workspace on each of the last days.
type usageView struct {
	Days     []usageDay
	Sessions int
	Minutes  int
	Charts   []barChart
	Partial  string // why some of it is missing; empty if nothing is
	Failure  string
}

// usageDay is a day of UTC.
type usageDay struct {
	Date              string
	Sessions, Minutes int
	minutes           time.Duration
}

// barChart is a measure of each day as columns, in the units of an SVG.
type barChart struct {
	Title string
	Most  string // the value of the highest column
	Bars  []bar
	Ticks []tick
}

type bar struct{ X, Y, Height int }

type tick struct {
	X            int
	Anchor, Text string
}

const (
	barStep    = 20
	chartTop   = 4
	chartFloor = 104
)

// showUsage counts the sessions of the last days, and the minutes of the people in them.
func (h *Handler) showUsage(w http.ResponseWriter, r *http.Request, s *session) {
	rd, began := h.beginReading(w, r, s)
	if !began {
		return
	}
	defer rd.close()
	out := h.stream(w, r)
	now := h.now().UTC()
	first := now.Truncate(day).Add(-(usageDays - 1) * day)
	u := &usage{first: first, now: now, days: make([]usageDay, usageDays)}
	ctx, client, spent := rd.within(usageCalls)
	source := &exchange.Source{Client: client, Limit: usageSessions, DropPersonal: true, Since: first}
	stream, _ := exchange.Find("sessions")
	n := 0
	var failed error
	for page, err := range source.Read(ctx, stream, "") {
		hold(w, h.patience+2*time.Minute)
		for _, record := range page.Records {
			u.add(record)
		}
		n += len(page.Records)
		if failed = err; err == nil {
			out.part("usage", "counting", counted(n, "session")+", "+counted(int(source.Calls()), "call")+" so far")
		}
	}
	if spent() {
		failed = nil
	}
	rd.tell("charted", stream.Name, n, outcomeOf(spent(), failed))
	v := u.view()
	switch {
	case failed != nil:
		v = usageView{Failure: why(failed)}
	case spent() || n >= usageSessions:
		v.Partial = "These are the newest " + counted(n, "session") + ": the chart asks for no more. Of " + u.oldest.Format("2 January") + " there is a part, of the days before it nothing."
	}
	if out != nil {
		out.part("usage", "usage", v)
		out.send(line{Announce: v.Failure + v.Said()})
		return
	}
	data := h.dataOf(h.tileOf(rd.record, h.now()), s)
	data.Usage = &v
	h.show(w, r, s, "data", &page{Title: "Data", Nav: "credentials", Data: data})
}

// Said is the chart in a sentence.
func (v usageView) Said() string {
	if v.Failure != "" {
		return ""
	}
	return counted(v.Sessions, "session") + " and " + counted(v.Minutes, "minute") + " of people in the last " + counted(usageDays, "day") + "."
}

// usage counts.
type usage struct {
	first, now, oldest time.Time
	days               []usageDay
}

// sessionRecord is a session as far as it is counted. Peers are a map or a list.
type sessionRecord struct {
	CreatedAt when            `json:"created_at"`
	UpdatedAt when            `json:"updated_at"`
	Active    bool            `json:"active"`
	Peers     json.RawMessage `json:"peers"`
}

type peerRecord struct {
	JoinedAt when `json:"joined_at"`
	LeftAt   when `json:"left_at"`
}

// when is a time, or zero where what stands there is none: that hides no other.
type when struct{ time.Time }

// UnmarshalJSON implements json.Unmarshaler.
func (w *when) UnmarshalJSON(text []byte) error {
	if w.Time.UnmarshalJSON(text) != nil {
		w.Time = time.Time{}
	}
	return nil
}

// add counts a session. What it does not say is not guessed: a person without a time of
// leaving stayed until the session ended.
func (u *usage) add(record exchange.Record) {
	var s sessionRecord
	if json.Unmarshal(record.Data, &s) != nil || s.CreatedAt.Before(u.first) || s.CreatedAt.After(u.now) {
		return
	}
	if u.oldest.IsZero() || s.CreatedAt.Before(u.oldest) {
		u.oldest = s.CreatedAt.Time
	}
	u.days[int(s.CreatedAt.Sub(u.first)/day)].Sessions++
	end := s.UpdatedAt.Time
	if s.Active || end.Before(s.CreatedAt.Time) {
		end = u.now
	}
	if last := s.CreatedAt.Add(longest); end.After(last) {
		end = last
	}
	var peers []peerRecord
	if json.Unmarshal(s.Peers, &peers) != nil {
		var byID map[string]peerRecord
		_ = json.Unmarshal(s.Peers, &byID) // a session without people has null
		for _, p := range byID {
			peers = append(peers, p)
		}
	}
	for _, p := range peers {
		if p.LeftAt.IsZero() {
			p.LeftAt.Time = end
		}
		u.spend(p.JoinedAt.Time, p.LeftAt.Time)
	}
}

// spend counts the time between two moments, to each day its part.
func (u *usage) spend(from, to time.Time) {
	if from.Before(u.first) {
		return // it is not said, or cannot be right
	}
	to = earlier(to, u.now)
	for from.Before(to) {
		i := int(from.Sub(u.first) / day)
		next := earlier(to, u.first.Add(time.Duration(i+1)*day))
		u.days[i].minutes += next.Sub(from)
		from = next
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func (u *usage) view() usageView {
	v := usageView{Days: u.days}
	for i := range v.Days {
		d := &v.Days[i]
		d.Date = u.first.Add(time.Duration(i) * day).Format("2006-01-02")
		d.Minutes = int(d.minutes.Round(time.Minute) / time.Minute)
		v.Sessions += d.Sessions
		v.Minutes += d.Minutes
	}
	v.Charts = []barChart{
		u.chart("Sessions", func(d usageDay) int { return d.Sessions }),
		u.chart("Minutes of people", func(d usageDay) int { return d.Minutes }),
	}
	return v
}

// chart draws a measure.
func (u *usage) chart(title string, of func(usageDay) int) barChart {
	most := 1
	for _, d := range u.days {
		most = max(most, of(d))
	}
	c := barChart{Title: title, Most: thousands(most)}
	for i, d := range u.days {
		x := i * barStep
		if n := of(d); n > 0 {
			height := max(2, n*(chartFloor-chartTop)/most)
			c.Bars = append(c.Bars, bar{x + 2, chartFloor - height, height})
		}
		if date := u.first.Add(time.Duration(i) * day); i == 0 || date.Day() == 1 || (len(u.days)-1-i)%7 == 0 && i > 2 {
			t := tick{x + barStep/2, "middle", date.Format("2 Jan")}
			switch i { // within the picture
			case 0:
				t.X, t.Anchor = x+2, "start"
			case len(u.days) - 1:
				t.X, t.Anchor = x+barStep-2, "end"
			}
			c.Ticks = append(c.Ticks, t)
		}
	}
	return c
}
