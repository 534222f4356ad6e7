package web

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/100ms-connector/connector-go/connector/exchange"
)

const (
	lookRecords = 100 // of each stream, when all are looked at: one page
	lookCalls   = 10  // for each stream
	lookTime    = 20 * time.Second
	maxLooked   = 16 // credentials that a session remembers how the streams of were
)

// looked is how the streams of a credential were, by their names.
type looked map[string]standing

// standing is what was found of a stream.
type standing struct {
	Tone tone
	Text string
}

// dataView is what can be read with a credential.
type dataView struct {
	Tile    tile
	Streams []streamView
	Writes  bool
	Usage   *usageView // if it was asked for
	Failure string
}

// streamView is a stream as a page shows it.
type streamView struct {
	Name, Title string
	About       string
	Calls       string
	Personal    bool // it has fields about a person
	Since       bool // it can be read from a time on
	Standing    standing
}

// streamOf describes a stream in the words of its schema.
func streamOf(s exchange.Stream) streamView {
	var said struct{ Title, Description string }
	_ = json.Unmarshal(s.Schema(), &said) // a test reads all of them
	about, _, _ := strings.Cut(said.Description, ". ")
	return streamView{
		Name: s.Name, Title: said.Title, About: strings.TrimSuffix(about, ".") + ".", Calls: strings.Replace(s.Calls, "one", "one call", 1),
		Personal: len(s.Personal()) > 0, Since: s.Incremental(),
	}
}

func (h *Handler) dataOf(t tile, s *session) dataView {
	v := dataView{Tile: t, Writes: h.writes && s.role.Writes()}
	known := s.lookedAt(t.ID)
	for _, stream := range exchange.Streams() {
		sv := streamOf(stream)
		sv.Standing = known[sv.Name]
		v.Streams = append(v.Streams, sv)
	}
	return v
}

func (h *Handler) showData(w http.ResponseWriter, r *http.Request, s *session) {
	record, found := h.record(w, r)
	if !found {
		return
	}
	h.show(w, r, s, "data", &page{Title: "Data", Nav: "credentials", Data: h.dataOf(h.tileOf(record, h.now()), s)})
}

// lookAtAll asks for the first page of every stream, and says what there is.
func (h *Handler) lookAtAll(w http.ResponseWriter, r *http.Request, s *session) {
	rd, began := h.beginReading(w, r, s)
	if !began {
		return
	}
	defer rd.close()
	out := h.stream(w, r)
	v := h.dataOf(h.tileOf(rd.record, h.now()), s)
	found := looked{}
	records, failures := 0, 0
	for i := range v.Streams {
		sv := &v.Streams[i]
		hold(w, h.patience+lookTime)
		out.part("looking", "looking", fmt.Sprintf("Looking at %s, %d of %d", sv.Title, i+1, len(v.Streams)))
		stream, _ := exchange.Find(sv.Name)
		n, err := 0, error(nil)
		sv.Standing, n, err = rd.look(stream)
		records += n
		if rejects(err) {
			v.Failure = why(err) // which is true of all
			break
		}
		if sv.Standing.Tone != warn {
			failures = 0
		} else if failures++; failures == 2 { // nor will the others answer
			v.Failure = why(err)
			break
		}
		if rd.ctx.Err() != nil {
			break
		}
		found[sv.Name] = sv.Standing
		out.part("s-"+sv.Name, "standing", sv.Standing)
	}
	s.rememberLook(v.Tile.ID, found)
	rd.tell("looked", "every stream", records, outcome(rd.ctx.Err()))
	if out == nil {
		h.show(w, r, s, "data", &page{Title: "Data", Nav: "credentials", Data: v})
		return
	}
	out.part("looking", "looking", "")
	if v.Failure != "" {
		out.part("outcome", "failure", v.Failure)
		out.send(line{Announce: v.Failure})
		return
	}
	out.send(line{Announce: "Looked at " + counted(len(found), "stream") + "."})
}

// look asks for the first records of a stream.
func (rd *reading) look(stream exchange.Stream) (standing, int, error) {
	ctx, client, spent := rd.within(lookCalls)
	source := &exchange.Source{Client: client, Limit: lookRecords, DropPersonal: true, Patience: lookTime / 4}
	n, refused := 0, 0
	var failed error
	for page, err := range source.Read(ctx, stream, "") {
		for _, note := range page.Notes {
			if note.Kind == exchange.SkippedParent {
				refused++
			}
		}
		if err != nil {
			failed = err
			break
		}
		n += len(page.Records)
	}
	switch {
	case spent() && n == 0:
		return standing{idle, fmt.Sprintf("None within %d calls", lookCalls)}, n, nil
	case spent():
		return standing{good, thousands(n) + " within " + fmt.Sprint(lookCalls) + " calls"}, n, nil
	case forbids(failed):
		return standing{bad, "Forbidden"}, n, failed
	case failed != nil:
		return standing{warn, why(failed)}, n, failed
	case n >= lookRecords:
		return standing{good, thousands(n) + " or more"}, n, nil
	case n == 0 && refused > 0:
		return standing{bad, "Refused for " + counted(refused, "room")}, n, nil
	case n == 0:
		return standing{idle, "Empty"}, n, nil
	}
	return standing{good, counted(n, "record")}, n, nil
}

// lookedAt is what this session knows of a credential's streams.
func (s *session) lookedAt(id string) looked {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.looked[id])
}

func (s *session) rememberLook(id string, found looked) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.looked[id] == nil && len(s.looked) >= maxLooked {
		delete(s.looked, slices.Collect(maps.Keys(s.looked))[0])
	}
	s.looked[id] = found
}
