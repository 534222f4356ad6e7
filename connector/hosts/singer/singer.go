// Package singer speaks Singer's protocol over exchange: a tap, as Meltano and its kind
// start one. Its configuration is that of package airbyte.
package singer

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/connector/hosts/internal/host"
)

// ErrConfiguration is the error about a configuration or a catalog that cannot be used.
var ErrConfiguration = host.ErrConfiguration

// Tap prints messages. Out and Logs must be set.
type Tap struct {
	Out          io.Writer
	Logs         io.Writer         // for people: what is worth knowing of a read, a line each
	Transport    http.RoundTripper // to the API; one that all share if nil
	StateRecords int               // between two states, at most; 1,000 if zero. Ten seconds, whatever it is
}

// Discover prints the catalog. It makes no call.
func (t *Tap) Discover() error {
	text, err := json.MarshalIndent(discovered(), "", "  ")
	if err == nil {
		_, err = t.Out.Write(append(text, '\n'))
	}
	return err
}

// Sync prints the records of the streams that a catalog selects, from where the state
// says; of all streams if there is no catalog. The error is ErrConfiguration,
// exchange.ErrState, an *exchange.Error, or one of writing; Told says whether Logs has
// it.
func (t *Tap) Sync(ctx context.Context, configuration, catalog, state []byte) error {
	c, err := host.ParseConfiguration(configuration, host.OfSource)
	if err != nil {
		return err
	}
	p := &protocol{tap: t, entries: map[string]entry{}}
	selected, err := p.choose(catalog, state)
	if err != nil {
		return err
	}
	return (&host.Reader{Source: c.Source(t.Transport), To: p, StateRecords: t.StateRecords}).Read(ctx, selected)
}

// Told says whether an error of Sync is in Logs already, with the cause by its code.
func Told(err error) bool { return host.Reported(err) }

// protocol is what a sync prints.
type protocol struct {
	tap       *Tap
	entries   map[string]entry
	bookmarks map[string]json.RawMessage
	dropped   map[string]bool // fields of the stream at hand
	head      []byte          // what stands before a record of it
	text      []byte
}

func (p *protocol) Begin(stream exchange.Stream) error {
	p.dropped = p.entries[stream.Name].dropped(stream)
	p.head = []byte(`{"type":"RECORD","stream":"` + stream.Name + `","record":`) // names of streams are plain
	schema := struct {
		Type       string          `json:"type"`
		Stream     string          `json:"stream"`
		Schema     json.RawMessage `json:"schema"`
		Key        []string        `json:"key_properties"`
		Bookmarked []string        `json:"bookmark_properties,omitempty"`
	}{"SCHEMA", stream.Name, without(stream.Schema(), p.dropped), stream.Key, nil}
	if cursor := host.Cursor(stream); cursor != "" {
		schema.Bookmarked = []string{cursor}
	}
	return p.print(schema)
}

func (p *protocol) Records(_ exchange.Stream, records []exchange.Record) error {
	p.text = p.text[:0]
	for _, record := range records {
		p.text = append(append(p.text, p.head...), members(record.Data, p.dropped)...)
		p.text = append(p.text, "}\n"...)
	}
	_, err := p.tap.Out.Write(p.text)
	return err
}

func (p *protocol) State(stream exchange.Stream, state host.State, _ int) error {
	bookmark, err := json.Marshal(state)
	if err != nil {
		return err
	}
	p.bookmarks[stream.Name] = bookmark
	return p.print(struct {
		Type  string    `json:"type"`
		Value bookmarks `json:"value"`
	}{"STATE", bookmarks{p.bookmarks}})
}

func (p *protocol) Log(level, text string) error {
	_, err := fmt.Fprintf(p.tap.Logs, "%s %s\n", level, text)
	return err
}

func (p *protocol) End(stream exchange.Stream, failed error) error {
	if failed == nil {
		return nil
	}
	_, said := host.Explain(failed)
	return p.Log("ERROR", stream.Name+": "+said)
}

// print prints a message on one line, on which U+2028 and its like stay escaped.
func (p *protocol) print(message any) error {
	line, err := json.Marshal(message)
	if err == nil {
		_, err = p.tap.Out.Write(append(line, '\n'))
	}
	return err
}
