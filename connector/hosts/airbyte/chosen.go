package airbyte

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/connector/hosts/internal/host"
)

// chosen is what a configured catalog asks for, with the states that the host kept. The
// error is host.ErrConfiguration, or exchange.ErrState.
func chosen(configured, states []byte) ([]host.Selected, error) {
	var given struct {
		Streams []struct {
			Stream struct{ Name string }
			Mode   string `json:"sync_mode"`
		}
	}
	if json.Unmarshal(configured, &given) != nil {
		return nil, fmt.Errorf("%w: the catalog is not a configured catalog of Airbyte", host.ErrConfiguration)
	}
	kept, err := parseStates(states)
	if err != nil {
		return nil, err
	}
	var selected []host.Selected
	for _, s := range given.Streams {
		stream, err := host.Find(s.Stream.Name, selected)
		if err != nil {
			return nil, err
		}
		state, err := host.ParseState(kept[stream.Name])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", stream.Name, err)
		}
		selected = append(selected, host.Selected{Stream: stream, Full: s.Mode != "incremental", State: state})
	}
	return selected, nil
}

// Configured is the configured catalog by which a host reads one stream: what is new, where
// the stream can be read so, and all of it otherwise. Its JSON is what Source.Read takes.
func Configured(stream exchange.Stream) any {
	d := describe(stream)
	d.Schema = json.RawMessage("{}") // the host asks discover for it
	configured := map[string]any{"stream": d, "sync_mode": "full_refresh", "destination_sync_mode": "overwrite"}
	if stream.Incremental() {
		configured["sync_mode"], configured["destination_sync_mode"], configured["primary_key"] = "incremental", "append_dedup", d.Key
		if d.Cursor != nil {
			configured["cursor_field"] = d.Cursor
		}
	}
	return map[string]any{"streams": []any{configured}}
}

// parseStates reads the list of state messages that a host kept, by their streams. Hosts
// give an empty one, or none, at first, and add members that are null.
func parseStates(data []byte) (map[string]json.RawMessage, error) {
	if data = bytes.TrimSpace(data); len(data) == 0 || string(data) == "{}" {
		return nil, nil
	}
	var messages []struct {
		Stream *struct {
			Descriptor descriptor      `json:"stream_descriptor"`
			State      json.RawMessage `json:"stream_state"`
		}
	}
	if json.Unmarshal(data, &messages) != nil {
		return nil, fmt.Errorf("%w: it is not a list of Airbyte's state messages", exchange.ErrState)
	}
	states := map[string]json.RawMessage{}
	for _, m := range messages {
		if m.Stream != nil {
			states[m.Stream.Descriptor.Name] = m.Stream.State
		}
	}
	return states, nil
}
