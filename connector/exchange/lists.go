package exchange

import "net/url"

// List is a list of the API for a host that pages by itself: a GET of Path with Query,
// whose answer holds records in the field Rows, and in the field Next what the next call
// gives as the parameter Param. It ends where Next is empty, or there are no records.
type List struct {
	Path              string // below the base URL
	Query             url.Values
	Rows, Next, Param string
}

// Lists are the lists that together hold a stream. There are none for a stream whose
// records are parts of others, belong to parents, or are asked for by windows of time.
func (s Stream) Lists() []List {
	if len(s.of) > 0 || s.paging.param != "start" {
		return nil
	}
	queries := s.walks
	if len(queries) == 0 {
		queries = []string{""}
	}
	var lists []List
	for _, q := range queries {
		query, _ := url.ParseQuery(q) // of the table
		query.Set("limit", "100")
		lists = append(lists, List{s.Path, query, s.paging.rows, s.paging.next, s.paging.param})
	}
	return lists
}
