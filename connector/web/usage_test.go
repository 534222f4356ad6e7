package web_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// ofSessions is a site whose API has these sessions that have ended and no others.
func (s *site) ofSessions(t testing.TB, records func(n int) string) *site {
	return s.behind(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/v2/sessions" {
				next.ServeHTTP(w, r)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			page, more := 0, ""
			_, _ = fmt.Sscan(r.URL.Query().Get("start"), &page)
			data := ""
			if r.URL.Query().Get("active") == "false" {
				if data = records(page); data != "" {
					more = fmt.Sprint(page + 1)
				}
			}
			_, _ = io.WriteString(w, `{"limit":100,"data":[`+data+`],"last":"`+more+`"}`)
		})
	})
}

// TestADayOfWhichTheChartHasAPartIsNotCalledWhole has more sessions than the chart asks for.
func TestADayOfWhichTheChartHasAPartIsNotCalledWhole(t *testing.T) {
	s, id := readable(t, withData(nil))
	newest := time.Now().UTC().Truncate(time.Second)
	m := s.ofSessions(t, func(page int) string {
		var all []string
		for i := range 100 {
			n := page*100 + i
			at := newest.Add(-time.Duration(n) * time.Minute).Format(time.RFC3339)
			all = append(all, fmt.Sprintf(`{"id":"%024x","room_id":"%024x","created_at":%q,"updated_at":%q,"active":false,"peers":null}`, n+1, 1, at, at))
		}
		return strings.Join(all, ",")
	})
	c := m.member()
	_, page := c.do(c.form("/credentials/" + id + "/data/usage"))
	oldest := newest.Add(-4999 * time.Minute)
	contains(t, plain(page), "5,000 sessions", "Of "+oldest.Format("2 January")+" there is a part, of the days before it nothing.")
}

func TestATimeThatCannotBeReadTakesNoOthersFromTheChart(t *testing.T) {
	s, id := readable(t, withData(nil))
	at := time.Now().UTC().Add(-time.Hour).Truncate(time.Second)
	from, to := at.Format(time.RFC3339), at.Add(10*time.Minute).Format(time.RFC3339)
	m := s.ofSessions(t, func(page int) string {
		if page > 0 {
			return ""
		}
		return fmt.Sprintf(`{"id":"%024x","room_id":"%024x","created_at":%q,"updated_at":%q,"active":false,"peers":[`+
			`{"id":"a","joined_at":%q,"left_at":""},{"id":"b","joined_at":%q,"left_at":%q},{"id":"c","joined_at":"","left_at":""}]}`, 1, 1, from, to, from, from, to)
	})
	c := m.member()
	_, page := c.do(c.form("/credentials/" + id + "/data/usage"))
	contains(t, plain(page), "1 session and 20 minutes of people")
}
