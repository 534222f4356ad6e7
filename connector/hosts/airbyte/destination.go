package airbyte

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/100ms-connector/connector-go/connector/hosts/internal/host"
)

// Destination takes messages and prints what came of them. Out must be set, and In to
// write.
type Destination struct {
	In        io.Reader
	Out       io.Writer
	Transport http.RoundTripper // to the API; one that all share if nil
	Now       func() time.Time  // for emitted_at; time.Now if nil
}

// destinationModes are how a stream may be written. overwrite is not among them, for a
// room cannot be deleted.
var destinationModes = []string{"append", "append_dedup"}

func (d *Destination) printer() printer { return printer{d.Out, d.Now} }

// Spec prints what can be configured.
func (d *Destination) Spec() error {
	return d.printer().print(message{Type: "SPEC", Spec: &spec{documentation, host.Specification(host.OfDestination), "0.2.0", destinationModes, false, false}})
}

// Check prints whether the credential works and the actions are ones that can be carried
// out here. A fault of the environment is a failure and no verdict.
func (d *Destination) Check(ctx context.Context, configuration []byte) error {
	return d.printer().check(ctx, configuration, host.OfDestination, d.Transport)
}

// Write writes the records of In, and prints each STATE once the records before it are
// written. In the mode append a room that is there and differs stays as it is, in
// append_dedup it is changed. ErrFailed is a failure that was printed; another error is
// one of writing.
func (d *Destination) Write(ctx context.Context, configuration, catalog []byte) error {
	c, err := host.ParseConfiguration(configuration, host.OfDestination)
	if err != nil {
		return d.Fail(err)
	}
	w := host.NewWriter(c, d.Transport)
	w.Log = d.printer().log
	var lost error // of standard output
	w.Echo = func(line []byte) error {
		_, lost = d.Out.Write(append(line, '\n'))
		return lost
	}
	if err := declare(w, catalog); err != nil {
		return d.Fail(err)
	}
	lines := host.Lines(d.In)
	err = w.Write(ctx, func() (host.Message, error) {
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
	if err == nil || lost != nil {
		return err
	}
	return d.Fail(err)
}

// Fail prints a failure, such as of a file that cannot be read.
func (d *Destination) Fail(err error) error { return d.printer().explain(err, "") }

// declare tells the streams of a configured catalog.
func declare(w *host.Writer, catalog []byte) error {
	var given struct {
		Streams []struct {
			Stream struct{ Name string }
			Mode   string `json:"destination_sync_mode"`
		}
	}
	if json.Unmarshal(catalog, &given) != nil {
		return fmt.Errorf("%w: the catalog is not a configured catalog of Airbyte", host.ErrConfiguration)
	}
	for _, s := range given.Streams {
		if s.Mode != "" && !slices.Contains(destinationModes, s.Mode) {
			return fmt.Errorf("%w: the stream %.100q has the mode %.40q; rooms cannot be deleted, so that there are append and append_dedup alone", host.ErrConfiguration, s.Stream.Name, s.Mode)
		}
		if err := w.Declare(s.Stream.Name, s.Mode == "append_dedup"); err != nil {
			return err
		}
	}
	return nil
}

var errMessage = errors.New("a message is not one of Airbyte's protocol")

// parse reads a message; counts is false for one that is nothing to a destination.
func parse(line []byte) (m host.Message, counts bool, err error) {
	var given struct {
		Type   string
		Record struct {
			Stream string
			Data   json.RawMessage
		}
		Trace struct {
			Type   string
			Status struct{ Status string } `json:"stream_status"`
		}
	}
	if json.Unmarshal(line, &given) != nil {
		return m, false, fmt.Errorf("%w: %w", host.ErrConfiguration, errMessage)
	}
	switch given.Type {
	case "RECORD":
		if len(given.Record.Data) == 0 {
			return m, false, fmt.Errorf("%w: a record of the stream %.100q has no data", host.ErrConfiguration, given.Record.Stream)
		}
		return host.Message{Stream: given.Record.Stream, Record: given.Record.Data}, true, nil
	case "STATE":
		return host.Message{Echo: line}, true, nil
	case "TRACE": // that a stream is complete is true of the destination once its records are written
		return host.Message{Echo: line}, given.Trace.Type == "STREAM_STATUS" && given.Trace.Status.Status == "COMPLETE", nil
	}
	return m, false, nil
}
