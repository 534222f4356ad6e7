package host

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"hash/maphash"
	"io"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/100ms-connector/connector-go/connector/exchange"
)

// Place is how far several streams were given to a host that keeps one text for all of
// them: each with the state before the page at hand, and of that page the last record.
type Place struct {
	States map[string]exchange.State `json:"states"`
	Stream string                    `json:"stream,omitempty"` // of the page at hand
	Key    string                    `json:"key,omitempty"`    // of the last record of it that was given
	N      int                       `json:"n,omitempty"`      // its number in the page, from 1
	Sum    uint64                    `json:"sum,omitempty"`    // of the records of the page, up to it

	text []byte // of States, once for all records of a page
}

// ParsePlace reads what a host kept; the error is exchange.ErrState.
func ParsePlace(data []byte) (Place, error) {
	var p Place
	if len(data) > 0 && json.Unmarshal(data, &p) != nil {
		return p, fmt.Errorf("%w: it is damaged, or not this connector's", exchange.ErrState)
	}
	return p, nil
}

// Text is what a host keeps.
func (p Place) Text() []byte {
	shown := struct {
		States json.RawMessage `json:"states"`
		Stream string          `json:"stream,omitempty"`
		Key    string          `json:"key,omitempty"`
		N      int             `json:"n,omitempty"`
		Sum    uint64          `json:"sum,omitempty"`
	}{p.text, p.Stream, p.Key, p.N, p.Sum}
	if shown.States == nil {
		shown.States = textOf(p.States)
	}
	return textOf(shown)
}

func textOf(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic("host: " + err.Error()) // of texts and numbers; states are JSON
	}
	return text
}

// given finds the records of a page that a host has: those up to Key, if they are the same
// as when the page was read before. What has come at the front since is not among them; if
// one has changed since, none is, for the change would be lost.
func (p Place) given(records []exchange.Record) (from, to int) {
	last := slices.IndexFunc(records, func(r exchange.Record) bool { return r.Key == p.Key && r.Key != "" })
	from, to = last+1-p.N, last+1
	if p.N < 1 || last < 0 || from < 0 {
		return 0, 0
	}
	var sum uint64
	for _, record := range records[from:to] {
		sum = sumOf(sum, record)
	}
	if sum != p.Sum {
		return 0, 0
	}
	return from, to
}

// sumOf adds a record to a sum (FNV-1a): another process has to come to the same.
func sumOf(sum uint64, record exchange.Record) uint64 {
	h := fnv.New64a()
	_, _ = h.Write(binary.BigEndian.AppendUint64(nil, sum)) // never fails
	_, _ = io.WriteString(h, record.Key+"\x00")
	_, _ = h.Write(record.Data)
	return h.Sum64()
}

// Taken is a page, without what a host has of it.
type Taken struct {
	Stream  exchange.Stream
	Records []exchange.Record
	Places  []Place  // behind each record: of those who give record by record
	After   Place    // once the page is kept: of those who give page by page
	Notes   []string // for people
}

// Poll gives the pages of streams to a host that takes them as it likes, one stream after
// the other and, if Interval is not zero, again and again. What a stream gives again at
// its overlap is passed over unless it has changed.
type Poll struct {
	Source   *exchange.Source
	Streams  []exchange.Stream
	Interval time.Duration // from the end of one round to the next
	From     Place
	Idle     func() // called when a round has come to its end; may be nil

	given memory
}

// Pages gives the pages that have records. The first error is the last that comes: an
// *exchange.Error, exchange.ErrState, or that of the context. What one of several streams
// may not read is noted, and the others go on.
func (p *Poll) Pages(ctx context.Context) iter.Seq2[Taken, error] {
	return func(yield func(Taken, error) bool) {
		place := Place{States: maps.Clone(p.From.States)}
		if place.States == nil {
			place.States = map[string]exchange.State{}
		}
		streams := slices.Clone(p.Streams)
		for _, stream := range streams {
			if err := p.Source.Accepts(stream, place.States[stream.Name]); err != nil {
				yield(Taken{}, fmt.Errorf("%s: %w", stream.Name, err))
				return
			}
		}
		// The stream at hand is gone on with before the others begin anew.
		if i := slices.IndexFunc(streams, func(s exchange.Stream) bool { return s.Name == p.From.Stream }); i > 0 {
			streams = append(streams[i:], streams[:i]...)
		}
		skip := p.From
		for {
			for _, stream := range streams {
				if !p.stream(ctx, stream, &place, skip, yield) {
					return
				}
				skip = Place{}
			}
			if p.Idle != nil {
				p.Idle()
			}
			if p.Interval == 0 {
				return
			}
			select {
			case <-time.After(p.Interval):
			case <-ctx.Done():
				yield(Taken{}, ctx.Err())
				return
			}
		}
	}
}

// stream gives the pages of one stream. It returns false if nothing more is to be given.
func (p *Poll) stream(ctx context.Context, stream exchange.Stream, place *Place, skip Place, yield func(Taken, error) bool) bool {
	seen := noted{}
	for page, failed := range p.Source.Read(ctx, stream, place.States[stream.Name]) {
		t := Taken{Stream: stream, Notes: said(stream, page.Notes, seen)}
		switch {
		case failed != nil && !ofAll(failed) && len(p.Streams) > 1:
			_, why := Explain(failed)
			t.Notes, t.After = append(t.Notes, stream.Name+" was not read: "+why), Place{States: maps.Clone(place.States)}
			return yield(t, nil)
		case failed != nil:
			yield(t, failed)
			return false
		}
		from, to := 0, 0
		if skip.Stream == stream.Name {
			from, to = skip.given(page.Records)
		}
		skip = Place{}
		before := Place{States: maps.Clone(place.States), Stream: stream.Name, text: textOf(place.States)}
		var sum uint64
		for i, record := range page.Records {
			sum = sumOf(sum, record)
			if p.given.remember(stream.Name, record) && (i < from || i >= to) {
				behind := before
				behind.Key, behind.N, behind.Sum = record.Key, i+1, sum
				t.Records, t.Places = append(t.Records, record), append(t.Places, behind)
			}
		}
		place.States[stream.Name] = page.State
		t.After = Place{States: maps.Clone(place.States)}
		if (len(t.Records) > 0 || len(t.Notes) > 0) && !yield(t, nil) {
			return false
		}
	}
	if err := ctx.Err(); err != nil {
		yield(Taken{}, err)
		return false
	}
	return true
}

// memory remembers the last records by their hashes: as many as two megabytes hold.
type memory struct{ slots *[1 << 17][2]uint64 }

var seed = maphash.MakeSeed()

// remember says whether a record is not the one that was given last under its key.
func (m *memory) remember(stream string, record exchange.Record) (differs bool) {
	if record.Key == "" {
		return true
	}
	if m.slots == nil {
		m.slots = new([1 << 17][2]uint64)
	}
	key, data := maphash.String(seed, stream+"\x00"+record.Key), maphash.Bytes(seed, record.Data)
	slot := &m.slots[key%uint64(len(m.slots))]
	differs = slot[0] != key || slot[1] != data
	*slot = [2]uint64{key, data}
	return differs
}

// Ended says whether an error is that of a context which ended.
func Ended(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
