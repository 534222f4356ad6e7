package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/hosts"
	"github.com/100ms-connector/connector-go/connector/store"
)

const (
	perPage  = 100 // credentials on one page: a browser draws so many at once without a pause
	fewTiles = 30  // credentials beyond which a table is easier to read than tiles
	maxQuery = 200 // bytes of a search
)

// choice is what of the credentials a person wants to see, and how. It is in the
// address, so that Back, a reload and a bookmark keep it. The zero choice is
// everything in the usual order.
type choice struct {
	Query string // words to search for
	Show  string // name of a filter
	Sort  string // name of an order
	View  string // "table" or "tiles"
	Page  int    // from 1
}

func choiceOf(v url.Values) choice {
	c := choice{Query: strings.Join(strings.Fields(v.Get("q")), " "), Show: v.Get("show"), Sort: v.Get("sort"), View: v.Get("view")}
	if len(c.Query) > maxQuery || connector.HoldsSecret(c.Query) {
		c.Query = ""
	}
	if !slices.ContainsFunc(filters, func(f filterKind) bool { return f.name == c.Show }) {
		c.Show = ""
	}
	if !slices.ContainsFunc(orders, func(o order) bool { return o.name == c.Sort }) {
		c.Sort = ""
	}
	if c.View != "table" && c.View != "tiles" {
		c.View = ""
	}
	c.Page, _ = strconv.Atoi(v.Get("page"))
	c.Page = max(1, c.Page)
	return c
}

// query is the choice as the query of an address, with its question mark; empty
// for the zero choice.
func (c choice) query() string {
	v := url.Values{}
	for name, value := range map[string]string{"q": c.Query, "show": c.Show, "sort": c.Sort, "view": c.View} {
		if value != "" {
			v.Set(name, value)
		}
	}
	if c.Page > 1 {
		v.Set("page", strconv.Itoa(c.Page))
	}
	if len(v) == 0 {
		return ""
	}
	return "?" + v.Encode()
}

// Narrow says whether the choice leaves credentials out.
func (c choice) Narrow() bool { return c.Query != "" || c.Show != "" }

// filterKind is a group of credentials that one looks for. What it is called
// follows the number of them.
type filterKind struct {
	name, one, many string
	holds           func(tile) bool
}

func (k filterKind) words(n int) string { return thousands(n) + " " + k.label(n) }

func (k filterKind) label(n int) string {
	if n == 1 {
		return k.one
	}
	return k.many
}

var filters = []filterKind{
	{"", "all", "all", func(tile) bool { return true }},
	{"attention", "needs attention", "need attention", tile.needsAttention},
	{"works", "works", "work", func(t tile) bool { return t.Tone == good }},
	{"untested", "not tested", "not tested", func(t tile) bool { return t.Tone == idle }},
}

// order is a way to sort the tiles.
type order struct {
	name, label string
	compare     func(a, b tile) int
}

var orders = []order{
	{"expiry", "Expires first", func(a, b tile) int { return never(a.expires).Compare(never(b.expires)) }},
	{"name", "Name", func(a, b tile) int { return 0 }}, // which the store has sorted them by
	{"tested", "Last test", func(a, b tile) int { return b.tested.Compare(a.tested) }},
}

// never puts what has no end behind everything that has one.
func never(t time.Time) time.Time {
	if t.IsZero() {
		return time.Unix(1<<40, 0)
	}
	return t
}

// found is what a choice selects.
type found struct {
	choice
	all     []tile // of every page, not clean
	Total   int    // credentials that are saved
	Sort    string // the order that was taken
	View    string // the look that was taken
	counts  []int  // by filter
	records []store.Record
}

// find selects from the records. Sorted by what expires first, if anything is due,
// and else by name.
func (h *Handler) find(records []store.Record, c choice) found {
	f := found{choice: c, Total: len(records), Sort: c.Sort, View: c.View, counts: make([]int, len(filters))}
	now, due := h.now(), false
	for _, record := range records {
		t := h.rawTile(record, now)
		due = due || t.Due()
		show := c.Query == "" || t.clean().matches(c.Query)
		for i, kind := range filters {
			switch {
			case kind.holds(t):
				f.counts[i]++
			case kind.name == c.Show:
				show = false
			}
		}
		if show {
			f.all, f.records = append(f.all, t), append(f.records, record)
		}
	}
	if f.Sort == "" {
		f.Sort = "name"
		if due {
			f.Sort = "expiry"
		}
	}
	if f.View == "" {
		f.View = "tiles"
		if f.Total > fewTiles {
			f.View = "table"
		}
	}
	for _, o := range orders {
		if o.name == f.Sort {
			slices.SortStableFunc(f.all, o.compare)
		}
	}
	f.Page = min(f.Page, max(1, (len(f.all)+perPage-1)/perPage))
	return f
}

// Asked is what was asked for, without what was taken for want of a choice.
func (f found) Asked() choice { return f.choice }

// Count is how many the choice selects, on all pages.
func (f found) Count() int { return len(f.all) }

// Tiles are those of the page that was chosen.
func (f found) Tiles() []tile {
	tiles := slices.Clone(f.all[(f.Page-1)*perPage : min(len(f.all), f.Page*perPage)])
	for i, t := range tiles {
		tiles[i] = t.clean()
	}
	return tiles
}

// listLink is a link to the same list by another choice.
type listLink struct {
	Name, Label string
	Count       string
	Chosen      bool
	Href        string
}

func (h *Handler) links(f found) (show, sorts, views []listLink, earlier, later string) {
	to := func(change func(*choice)) string {
		c := f.choice
		c.Page = 1
		change(&c)
		return h.at("/") + c.query()
	}
	for i, kind := range filters {
		show = append(show, listLink{kind.name, kind.label(f.counts[i]), thousands(f.counts[i]), kind.name == f.Show, to(func(c *choice) { c.Show = kind.name })})
	}
	for _, o := range orders {
		sorts = append(sorts, listLink{Name: o.name, Label: o.label, Chosen: o.name == f.Sort, Href: to(func(c *choice) { c.Sort = o.name })})
	}
	for _, v := range []struct{ name, label string }{{"tiles", "Tiles"}, {"table", "Table"}} {
		views = append(views, listLink{Name: v.name, Label: v.label, Chosen: v.name == f.View, Href: to(func(c *choice) { c.View, c.Page = v.name, f.Page })})
	}
	if f.Page > 1 {
		earlier = to(func(c *choice) { c.Page = f.Page - 1 })
	}
	if f.Page*perPage < len(f.all) {
		later = to(func(c *choice) { c.Page = f.Page + 1 })
	}
	return show, sorts, views, earlier, later
}

// tilesView is the screen of the saved credentials.
type tilesView struct {
	found
	Filters, Sorts, Views []listLink
	Earlier, Later        string // addresses of the pages before and behind
	Summary               string // what is shown, in words
	TestLabel             string
	Sweep                 *sweepView
	Signs                 bool // a signing key is kept
}

// Exports are the forms in which several are exported.
func (tilesView) Exports() []hosts.Export { return hosts.Exports() }

// Testing says whether a test of many is under way.
func (v tilesView) Testing() bool { return v.Sweep != nil && v.Sweep.Running }

func (h *Handler) showTiles(w http.ResponseWriter, r *http.Request, s *session) {
	records, err := h.list(r.Context())
	if err != nil {
		h.storeFailed(w, r, err)
		return
	}
	v := tilesView{found: h.find(records, choiceOf(r.URL.Query())), Sweep: h.sweeps.view(h, s), Signs: len(h.signingKeys()) > 0}
	s.look(v.choice)
	v.Filters, v.Sorts, v.Views, v.Earlier, v.Later = h.links(v.found)
	v.Summary, v.TestLabel = v.summary(), "Test all"
	if v.Narrow() {
		v.TestLabel = "Test these " + thousands(len(v.all))
		if len(v.all) == 1 {
			v.TestLabel = "Test this one"
		}
	}
	p := &page{Title: "Credentials", Nav: "credentials", Data: v}
	if v.Testing() {
		p.Reload = 3
	}
	h.show(w, r, s, "tiles", p)
}

// summary says how many of how many are shown; nothing if that is plain to see.
func (f found) summary() string {
	n, some := thousands(len(f.all)), ""
	if len(f.all) > perPage {
		first := (f.Page-1)*perPage + 1
		some = thousands(first) + " to " + thousands(min(first+perPage-1, len(f.all))) + " of "
	}
	switch {
	case f.Query != "":
		return some + n + " found."
	case some != "":
		return some + n + "."
	}
	return ""
}
