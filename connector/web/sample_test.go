package web_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// refusing is a site whose API refuses some paths.
func (s *site) refusing(t testing.TB, refused func(path string) bool) *site {
	return s.behind(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !refused(r.URL.Path) {
				next.ServeHTTP(w, r)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `{"code":403,"message":"user does not have required permission"}`)
		})
	})
}

func TestASampleThatDidNotSeeAllDoesNotSayThatThereIsNone(t *testing.T) {
	s, id := readable(t, withData(nil))
	keys := s.refusing(t, func(path string) bool { return strings.HasPrefix(path, "/v2/stream-keys/room/") })
	_, page := keys.member().visit("/credentials/" + id + "/data/stream_keys") // whose calls are spent before a record comes
	contains(t, plain(page), "After 20 calls the sample ends", "No records so far")
	lacks(t, plain(page), "100ms has none of these", "The first 0", "All 0")

	first := ""
	rooms := s.refusing(t, func(path string) bool {
		if strings.HasPrefix(path, "/v2/active-rooms/") && first == "" {
			first = path
		}
		return path == first
	})
	_, page = rooms.member().visit("/credentials/" + id + "/data/active_rooms")
	contains(t, plain(page), "100ms refuses 1 room; their records are not here.", "The first 3")
	lacks(t, plain(page), "All 3")
}
