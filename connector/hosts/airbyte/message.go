package airbyte

import (
	"encoding/json"

	"github.com/100ms-connector/connector-go/connector/hosts/internal/host"
)

// The messages, as far as a source prints them (airbyte_protocol.yaml).

type message struct {
	Type    string            `json:"type"`
	Spec    *spec             `json:"spec,omitempty"`
	Status  *connectionStatus `json:"connectionStatus,omitempty"`
	Catalog *catalog          `json:"catalog,omitempty"`
	State   *stateMessage     `json:"state,omitempty"`
	Log     *logLine          `json:"log,omitempty"`
	Trace   *trace            `json:"trace,omitempty"`
}

type spec struct {
	Documentation       string         `json:"documentationUrl"`
	Connection          map[string]any `json:"connectionSpecification"`
	ProtocolVersion     string         `json:"protocol_version"`
	DestinationModes    []string       `json:"supported_destination_sync_modes"`
	SupportsNormalizing bool           `json:"supportsNormalization"`
	SupportsDBT         bool           `json:"supportsDBT"`
}

type connectionStatus struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

type catalog struct {
	Streams []airbyteStream `json:"streams"`
}

type airbyteStream struct {
	Name      string          `json:"name"`
	Schema    json.RawMessage `json:"json_schema"`
	Modes     []string        `json:"supported_sync_modes"`
	OwnCursor bool            `json:"source_defined_cursor,omitempty"`
	Cursor    []string        `json:"default_cursor_field,omitempty"`
	Key       [][]string      `json:"source_defined_primary_key"`
	Resumable bool            `json:"is_resumable"`
}

type descriptor struct {
	Name string `json:"name"`
}

type stateMessage struct {
	Type   string      `json:"type"`
	Stream streamState `json:"stream"`
	Stats  *stateStats `json:"sourceStats,omitempty"`
}

type streamState struct {
	Descriptor descriptor `json:"stream_descriptor"`
	State      host.State `json:"stream_state"`
}

type stateStats struct {
	Records float64 `json:"recordCount"` // since the state before
}

type logLine struct {
	Level   string `json:"level"`
	Message string `json:"message"`
}

type trace struct {
	Type   string        `json:"type"`
	At     json.Number   `json:"emitted_at"` // milliseconds since 1970
	Error  *traceError   `json:"error,omitempty"`
	Status *streamStatus `json:"stream_status,omitempty"`
}

type traceError struct {
	Message     string      `json:"message"`
	FailureType string      `json:"failure_type"`
	Stream      *descriptor `json:"stream_descriptor,omitempty"`
}

type streamStatus struct {
	Stream descriptor `json:"stream_descriptor"`
	Status string     `json:"status"`
}
