package answer

import (
	"net/http"
	"strings"
	"time"
)

// Clock is the server's clock when it answered. It is zero where the answer has none
// that counts; doubt says why one that is there does not.
func Clock(header http.Header) (date time.Time, doubt string) {
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return time.Time{}, ""
	}
	switch age := strings.TrimLeft(header.Get("Age"), " 0"); {
	case date.Year() < 2020:
		return time.Time{}, "it says " + date.Format("2006-01-02") + ", which cannot be"
	case age != "" && age[0] >= '1' && age[0] <= '9':
		return time.Time{}, "the answer comes out of a cache"
	}
	return date, ""
}
