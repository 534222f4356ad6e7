package exchange

import (
	"slices"
	"time"
)

// Stream is a kind of record that can be read: a row of the table. Streams and Find
// give them; one made elsewhere cannot be read.
type Stream struct {
	Name   string
	Path   string   // of its list, below the base URL
	Key    []string // the fields that identify a record
	Cursor string   // the field by whose time it is read incrementally; empty if it is read whole each time
	Calls  string   // what reading it costs, for people

	time     string        // the field that says when a record was made; Cursor, if empty
	lookBack time.Duration // an incremental read begins this long before the end of the last
	paging   paging
	walks    []string // the queries of its lists, one walk each, in this order; one without, if there are none

	// Of lists that the API can cut or filter.
	after    string // the parameter of the earliest time of creation; empty if there is none
	newest   bool   // the list is newest first, so that a walk may stop early
	room     string // the parameter that keeps the records of one room
	oneRoom  string // the path at which one room's record is, for lists without such a parameter
	status   string // the field that says whether a record can still change
	finished []string
	account  string // the field that names the workspace

	// Of streams whose records belong to others.
	of      []parents
	part    string   // the field of the parent's record that holds them; empty if they are asked for at Path
	levels  []string // the fields under which the keys of the maps around a record are kept, the outermost first
	as      string   // the field under which the parent's id is kept
	nothing bool     // a 404 says that a parent has none
}

// parents are the records whose children a stream has: the first that fits the
// Source's options counts.
type parents struct {
	stream string        // in which they are listed
	field  string        // their id
	only   string        // the walk that counts; all, if empty
	within time.Duration // how old they may be; zero for any age
	all    bool          // for AllRooms only
}

// paging is how the API cuts a list into pages.
type paging struct {
	rows  string // the field that holds the records, a list or a map; empty if the answer itself is the record
	next  string // the field that says how to go on; empty if one answer holds all
	param string // by which the next call passes it
	cut   time.Duration
}

var (
	byLast     = paging{rows: "data", next: "last", param: "start"}
	byNext     = paging{rows: "data", next: "next", param: "start"}
	events     = paging{rows: "events", next: "next", param: "start"}
	deliveries = paging{rows: "events", next: "pagination", param: "page", cut: 14 * day} // windows of time, pages by number
	whole      = paging{}
)

const day = 24 * time.Hour

// history is how far back the analytics reach (100ms docs).
const history = 30 * day

// longest is how long a session can last (100ms docs).
const longest = 12 * time.Hour

// Incremental says whether the stream can be read from where the last read ended.
func (s Stream) Incremental() bool { return s.Cursor != "" }

// perParent says whether each parent is asked for its records.
func (s Stream) perParent() bool { return len(s.of) > 0 && s.part == "" }

func (s Stream) timeField() string {
	if s.time != "" {
		return s.time
	}
	return s.Cursor
}

// Streams lists the streams, in the order in which the documentation shows them.
func Streams() []Stream { return slices.Clone(streams) }

// Find gives the stream of a name.
func Find(name string) (Stream, bool) {
	i := slices.IndexFunc(streams, func(s Stream) bool { return s.Name == name })
	if i < 0 {
		return Stream{}, false
	}
	return streams[i], true
}
