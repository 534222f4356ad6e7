package singer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/connector/hosts/internal/host"
	"github.com/100ms-connector/connector-go/connector/internal/jsontext"
)

type catalog struct {
	Streams []entry `json:"streams"`
}

// entry is a stream of the catalog: as it is discovered, and as a host gives it back.
type entry struct {
	ID       string          `json:"tap_stream_id"`
	Stream   string          `json:"stream"`
	Key      []string        `json:"key_properties"`
	Schema   json.RawMessage `json:"schema"`
	Method   string          `json:"replication_method,omitempty"`
	Cursor   string          `json:"replication_key,omitempty"`
	Selected *bool           `json:"selected,omitempty"` // an old form of the metadata's
	Metadata []metadata      `json:"metadata"`
}

// metadata is about the stream, or about the field that the breadcrumb names.
type metadata struct {
	Breadcrumb []string `json:"breadcrumb"`
	Metadata   struct {
		Inclusion       string   `json:"inclusion,omitempty"`
		Selected        *bool    `json:"selected,omitempty"`
		SelectedDefault *bool    `json:"selected-by-default,omitempty"`
		Key             []string `json:"table-key-properties,omitempty"`
		Cursors         []string `json:"valid-replication-keys,omitempty"`
		Method          string   `json:"replication-method,omitempty"`        // the host's choice
		ForcedMethod    string   `json:"forced-replication-method,omitempty"` // the stream's
	} `json:"metadata"`
}

const (
	incremental = "INCREMENTAL"
	fullTable   = "FULL_TABLE"
)

// discovered is the catalog of all streams.
func discovered() catalog {
	var found catalog
	for _, stream := range exchange.Streams() {
		e := entry{ID: stream.Name, Stream: stream.Name, Key: stream.Key, Schema: stream.Schema(), Method: fullTable}
		yes := true
		of := metadata{Breadcrumb: []string{}}
		of.Metadata.Inclusion, of.Metadata.SelectedDefault, of.Metadata.Key = "available", &yes, stream.Key
		if stream.Incremental() {
			e.Method = incremental
		} else {
			of.Metadata.ForcedMethod = fullTable
		}
		if e.Cursor = host.Cursor(stream); e.Cursor != "" {
			of.Metadata.Cursors = []string{e.Cursor}
		}
		e.Metadata = append(e.Metadata, of)
		for _, field := range stream.Fields() {
			of := metadata{Breadcrumb: []string{"properties", field}}
			of.Metadata.Inclusion = "available"
			if needed(stream, field) {
				of.Metadata.Inclusion = "automatic"
			} else {
				of.Metadata.SelectedDefault = &yes
			}
			e.Metadata = append(e.Metadata, of)
		}
		found.Streams = append(found.Streams, e)
	}
	return found
}

// needed says whether a field is given whatever a host selects.
func needed(stream exchange.Stream, field string) bool {
	return field == stream.Cursor || slices.Contains(stream.Key, field)
}

// selected says whether the host wants the stream.
func (e entry) selected() bool {
	for _, m := range e.Metadata {
		if len(m.Breadcrumb) == 0 {
			for _, said := range []*bool{m.Metadata.Selected, e.Selected, m.Metadata.SelectedDefault} {
				if said != nil {
					return *said
				}
			}
		}
	}
	return e.Selected != nil && *e.Selected
}

// full says whether the host wants everything anew.
func (e entry) full() bool {
	method := e.Method
	for _, m := range e.Metadata {
		if len(m.Breadcrumb) == 0 && m.Metadata.Method != "" {
			method = m.Metadata.Method
		}
	}
	return method == fullTable
}

// dropped are the fields that the host does not want.
func (e entry) dropped(stream exchange.Stream) map[string]bool {
	dropped := map[string]bool{}
	for _, m := range e.Metadata {
		if len(m.Breadcrumb) == 2 && m.Metadata.Selected != nil && !*m.Metadata.Selected && !needed(stream, m.Breadcrumb[1]) {
			dropped[m.Breadcrumb[1]] = true
		}
	}
	return dropped
}

// bookmarks are the states by stream, as Singer's states hold them.
type bookmarks struct {
	Bookmarks map[string]json.RawMessage `json:"bookmarks"`
}

// choose reads what the host wants. The states of other streams are kept as they are.
func (p *protocol) choose(given, state []byte) ([]host.Selected, error) {
	wanted := discovered()
	if len(bytes.TrimSpace(given)) > 0 {
		wanted = catalog{}
		if json.Unmarshal(given, &wanted) != nil {
			return nil, fmt.Errorf("%w: the catalog is not a catalog of Singer", ErrConfiguration)
		}
	}
	var kept bookmarks
	if len(bytes.TrimSpace(state)) > 0 && json.Unmarshal(state, &kept) != nil {
		return nil, fmt.Errorf("%w: it is damaged, or not this tap's", exchange.ErrState)
	}
	p.bookmarks = map[string]json.RawMessage{}
	for name, bookmark := range kept.Bookmarks {
		p.bookmarks[name] = bookmark
	}
	var selected []host.Selected
	for _, e := range wanted.Streams {
		if !e.selected() {
			continue
		}
		stream, err := host.Find(e.ID, selected)
		if err != nil {
			return nil, err
		}
		state, err := host.ParseState(kept.Bookmarks[e.ID])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.ID, err)
		}
		p.entries[e.ID] = e
		selected = append(selected, host.Selected{Stream: stream, Full: e.full(), State: state})
	}
	return selected, nil
}

// members is an object without some of its members.
func members(object []byte, dropped map[string]bool) []byte {
	if len(dropped) == 0 {
		return object
	}
	kept := []byte{'{'}
	for key, value := range jsontext.Each(object) {
		if dropped[jsontext.Unquote(key)] {
			continue
		}
		if len(kept) > 1 {
			kept = append(kept, ',')
		}
		kept = append(append(append(kept, key...), ':'), value...)
	}
	return append(kept, '}')
}

// without is a schema without some of its properties.
func without(schema json.RawMessage, dropped map[string]bool) json.RawMessage {
	if len(dropped) == 0 {
		return schema
	}
	var kept []byte
	for key, value := range jsontext.Each(schema) {
		if string(key) == `"properties"` {
			value = members(value, dropped)
		}
		kept = append(append(append(append(kept, ','), key...), ':'), value...)
	}
	return append(append([]byte{'{'}, kept[1:]...), '}')
}
