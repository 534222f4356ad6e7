package web

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/connector/internal/jsontext"
)

const (
	sampleRecords = 25
	sampleCalls   = 20
	sampleTime    = 30 * time.Second
	maxCell       = 160     // characters of a value in a cell
	maxNested     = 8 << 10 // bytes of a nested value, unfolded
)

// sampleView is the first records of a stream, as a table.
type sampleView struct {
	Tile     tile
	Stream   streamView
	Columns  []columnView
	Rows     [][]cellView
	Vacant   []string // fields without a value in the sample
	Hidden   []string // fields about a person that are left out
	Personal bool     // they are shown
	Whole    bool     // the stream has no more
	Notes    []string
	Failure  string
	Rejected bool
	Uses     []use
}

// columnView is a field of the records.
type columnView struct {
	Name             string
	Personal, Secret bool // it, or a part of it
}

// cellView is a value.
type cellView struct {
	Text   string
	Number bool
	Nested string // the whole of a value that Text says in short
}

// showSample shows the first records of a stream.
func (h *Handler) showSample(w http.ResponseWriter, r *http.Request, s *session) {
	stream, known := exchange.Find(r.PathValue("stream"))
	if !known {
		h.notFound(w, r)
		return
	}
	rd, began := h.beginReading(w, r, s)
	if !began {
		return
	}
	defer rd.close()
	v := sampleView{Tile: h.tileOf(rd.record, h.now()), Stream: streamOf(stream), Personal: r.URL.Query().Get("personal") == "1"}
	v.Stream.Standing = s.lookedAt(v.Tile.ID)[stream.Name]
	ctx, client, spent := rd.within(sampleCalls)
	source := &exchange.Source{Client: client, Limit: sampleRecords, DropPersonal: !v.Personal, Patience: sampleTime / 2}
	var records []exchange.Record
	var notes []exchange.Note
	var failed error
	for page, err := range source.Read(ctx, stream, "") {
		records, notes, failed = append(records, page.Records...), append(notes, page.Notes...), err
	}
	switch {
	case spent():
		v.Notes = append(v.Notes, "After "+counted(sampleCalls, "call")+" the sample ends; a download reads on.")
	case failed != nil:
		v.Failure, v.Rejected = why(failed), rejects(failed)
	default:
		refused := slices.ContainsFunc(notes, func(n exchange.Note) bool { return n.Kind == exchange.SkippedParent })
		v.Whole = len(records) < sampleRecords && !refused
	}
	v.Notes = append(v.Notes, noted(notes)...)
	v.tabulate(stream, records)
	v.Uses = usesOfStream(rd.record, stream)
	rd.tell("sampled", stream.Name, len(records), outcomeOf(spent(), failed), "personal", v.Personal)
	h.show(w, r, s, "sample", &page{Title: v.Stream.Title, Nav: "credentials", Data: v})
}

// tabulate makes a table of records: a column for each field that has a value.
func (v *sampleView) tabulate(stream exchange.Stream, records []exchange.Record) {
	fields := stream.Fields()
	used := map[string]bool{}
	rows := make([]map[string][]byte, len(records))
	for i, record := range records {
		rows[i] = map[string][]byte{}
		for key, value := range jsontext.Each(record.Data) {
			name := jsontext.Unquote(key)
			if !slices.Contains(fields, name) && len(fields) < 200 {
				fields = append(fields, name) // the API gives what the schema does not have
			}
			rows[i][name] = value
			used[name] = used[name] || !hollow(value)
		}
	}
	for _, name := range fields {
		personal, secret := within(stream.Personal(), name), within(stream.Secret(), name)
		switch {
		case used[name]:
			v.Columns = append(v.Columns, columnView{shown(name), personal, secret})
		case personal && !v.Personal && slices.Contains(stream.Personal(), name):
			v.Hidden = append(v.Hidden, shown(name))
		default:
			v.Vacant = append(v.Vacant, shown(name))
		}
	}
	for _, row := range rows {
		var cells []cellView
		for _, name := range fields {
			if used[name] {
				cells = append(cells, cellOf(row[name]))
			}
		}
		v.Rows = append(v.Rows, cells)
	}
	if !v.Personal && v.Stream.Personal && len(v.Hidden) == 0 {
		v.Hidden = stream.Personal()
	}
}

// within says whether one of the paths is a field or lies below it.
func within(paths []string, field string) bool {
	return slices.ContainsFunc(paths, func(p string) bool {
		return p == field || strings.HasPrefix(p, field+".") || strings.HasPrefix(p, field+"[")
	})
}

// hollow says whether a value says nothing.
func hollow(value []byte) bool {
	switch string(value) {
	case "", "null", `""`, "{}", "[]":
		return true
	}
	return false
}

// cellOf shows a value: a scalar as it is, and what is nested by what it has.
func cellOf(value []byte) cellView {
	if hollow(value) {
		return cellView{}
	}
	switch value[0] {
	case '"':
		text := shown(jsontext.Unquote(value))
		if utf8.RuneCountInString(text) > maxCell {
			return cellView{Text: string([]rune(text)[:maxCell]) + "…", Nested: clipped(text)}
		}
		return cellView{Text: text}
	case '{':
		n := 0
		for range jsontext.Each(value) {
			n++
		}
		return cellView{Text: counted(n, "field"), Nested: indented(value)}
	case '[':
		n := 0
		for range jsontext.Elements(value) {
			n++
		}
		return cellView{Text: counted(n, "element"), Nested: indented(value)}
	case 't', 'f':
		return cellView{Text: string(value)}
	}
	return cellView{Text: shown(string(value)), Number: true}
}

// indented is JSON for people.
func indented(value []byte) string {
	var b bytes.Buffer
	if json.Indent(&b, value, "", "  ") != nil {
		return shown(string(value))
	}
	lines := strings.Split(clipped(b.String()), "\n")
	for i, line := range lines {
		lines[i] = shown(line)
	}
	return strings.Join(lines, "\n")
}

func clipped(text string) string {
	if len(text) <= maxNested {
		return text
	}
	at := maxNested
	for !utf8.RuneStart(text[at]) {
		at--
	}
	return text[:at] + "…"
}
