package singer

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/100ms-connector/connector-go/connector/hosts/internal/host"
)

// ErrRejected is the error about a record that breaks a rule, or that 100ms refuses.
var ErrRejected = host.ErrRejected

// Target takes messages, and prints each state once the records before it are written.
// In, Out and Logs must be set. Its configuration is that of airbyte.Destination.
type Target struct {
	In        io.Reader
	Out       io.Writer
	Logs      io.Writer         // for people: what became of the records, a line each
	Transport http.RoundTripper // to the API; one that all share if nil
}

// Sync writes the records of In. The error is ErrConfiguration, ErrRejected, an
// *exchange.Error, or one of reading or writing.
func (t *Target) Sync(ctx context.Context, configuration []byte) error {
	c, err := host.ParseConfiguration(configuration, host.OfDestination)
	if err != nil {
		return err
	}
	w := host.NewWriter(c, t.Transport)
	w.Log = func(level, text string) error {
		_, err := fmt.Fprintf(t.Logs, "%s %s\n", level, text)
		return err
	}
	w.Echo = func(state []byte) error {
		_, err := t.Out.Write(append(state, '\n'))
		return err
	}
	lines := host.Lines(t.In)
	return w.Write(ctx, func() (host.Message, error) {
		for {
			line, err := lines()
			if err != nil {
				return host.Message{}, err
			}
			if m, counts, err := parse(line); counts || err != nil {
				return m, err
			}
		}
	})
}

// parse reads a message; counts is false for one that is nothing to this target.
func parse(line []byte) (m host.Message, counts bool, err error) {
	var given struct {
		Type, Stream  string
		Record, Value json.RawMessage
	}
	if json.Unmarshal(line, &given) != nil {
		return m, false, fmt.Errorf("%w: a message is not one of Singer's", ErrConfiguration)
	}
	switch given.Type {
	case "SCHEMA":
		return host.Message{Stream: given.Stream}, true, nil
	case "RECORD":
		if len(given.Record) == 0 {
			return m, false, fmt.Errorf("%w: a RECORD of the stream %.100q has no record", ErrConfiguration, given.Stream)
		}
		return host.Message{Stream: given.Stream, Record: given.Record}, true, nil
	case "STATE":
		return host.Message{Echo: given.Value}, len(given.Value) > 0, nil
	case "BATCH":
		return m, false, fmt.Errorf("%w: BATCH is not taken: have the tap send records", ErrConfiguration)
	}
	return m, false, nil // ACTIVATE_VERSION: nothing is deleted here
}
