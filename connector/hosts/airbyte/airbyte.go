// Package airbyte speaks Airbyte's protocol (version 0.2) over exchange: what an
// executable prints that Airbyte, PyAirbyte or abctl starts as a source.
//
// A credential that is refused is a config_error with the cause by its code, a fault of
// the network or of the API a transient_error. Check gives a verdict on every
// credential.
package airbyte

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/connector/hosts/internal/host"
)

// documentation is where a person reads on.
const documentation = "https://github.com/100ms-connector/connector-go/tree/main/connector/hosts"

// ErrFailed is the error about a failure that the host was told of; the exit code is 1.
var ErrFailed = errors.New("the host was told of a failure")

// Source prints messages. Out must be set.
type Source struct {
	Out          io.Writer
	Transport    http.RoundTripper // to the API; one that all share if nil
	StateRecords int               // between two states, at most; 1,000 if zero. Ten seconds, whatever it is
	Now          func() time.Time  // for emitted_at; time.Now if nil
}

// Spec prints what can be configured.
func (s *Source) Spec() error {
	return s.printer().print(message{Type: "SPEC", Spec: &spec{documentation, host.Specification(host.OfSource), "0.2.0", []string{}, false, false}})
}

// Check prints whether the credential works. A fault of the environment is a failure and
// no verdict.
func (s *Source) Check(ctx context.Context, configuration []byte) error {
	return s.printer().check(ctx, configuration, host.OfSource, s.Transport)
}

func (s *Source) printer() printer { return printer{s.Out, s.Now} }

// Discover prints the streams. It makes no call.
func (s *Source) Discover() error {
	found := catalog{}
	for _, stream := range exchange.Streams() {
		found.Streams = append(found.Streams, describe(stream))
	}
	return s.printer().print(message{Type: "CATALOG", Catalog: &found})
}

// describe is a stream in Airbyte's words.
func describe(stream exchange.Stream) airbyteStream {
	d := airbyteStream{Name: stream.Name, Schema: stream.Schema(), Modes: []string{"full_refresh"}, Resumable: true}
	for _, field := range stream.Key {
		d.Key = append(d.Key, []string{field})
	}
	if stream.Incremental() {
		d.Modes, d.OwnCursor = append(d.Modes, "incremental"), true
	}
	if cursor := host.Cursor(stream); cursor != "" {
		d.Cursor = []string{cursor}
	}
	return d
}

// Read prints the records of the streams that a configured catalog names, from where the
// states say. ErrFailed is a failure that was printed; another error is one of writing.
func (s *Source) Read(ctx context.Context, configuration, catalog, states []byte) error {
	c, err := host.ParseConfiguration(configuration, host.OfSource)
	if err != nil {
		return s.Fail(err)
	}
	selected, err := chosen(catalog, states)
	if err != nil {
		return s.Fail(err)
	}
	reader := &host.Reader{Source: c.Source(s.Transport), To: &protocol{printer: s.printer()}, StateRecords: s.StateRecords}
	switch err := reader.Read(ctx, selected); {
	case err == nil:
		return nil
	case host.Reported(err):
		return ErrFailed
	case errors.Is(err, exchange.ErrState):
		return s.Fail(err)
	default:
		return err
	}
}

// Fail prints a failure of no stream, such as a file that cannot be read.
func (s *Source) Fail(err error) error { return s.printer().explain(err, "") }

// protocol is what a read prints.
type protocol struct {
	printer
	name string // of the stream at hand
	head []byte // what stands before a record of it
	runs bool   // a record of it was printed
	text []byte
}

func (p *protocol) Begin(stream exchange.Stream) error {
	p.name, p.runs = stream.Name, false
	p.head = []byte(`{"type":"RECORD","record":{"stream":"` + stream.Name + `","data":`) // names of streams are plain
	return p.status("STARTED")
}

func (p *protocol) Records(_ exchange.Stream, records []exchange.Record) error {
	if !p.runs {
		p.runs = true
		if err := p.status("RUNNING"); err != nil {
			return err
		}
	}
	tail := append(p.emitted([]byte(`,"emitted_at":`)), "}}\n"...)
	p.text = p.text[:0]
	for _, record := range records {
		p.text = append(append(append(p.text, p.head...), record.Data...), tail...)
	}
	_, err := p.out.Write(p.text)
	return err
}

func (p *protocol) State(_ exchange.Stream, state host.State, records int) error {
	return p.print(message{Type: "STATE", State: &stateMessage{
		Type:   "STREAM",
		Stream: streamState{descriptor{Name: p.name}, state},
		Stats:  &stateStats{float64(records)},
	}})
}

func (p *protocol) Log(level, text string) error {
	return p.log(level, text)
}

func (p *protocol) End(_ exchange.Stream, failed error) error {
	if failed == nil {
		return p.status("COMPLETE")
	}
	if err := p.explain(failed, p.name); !errors.Is(err, ErrFailed) {
		return err
	}
	return p.status("INCOMPLETE")
}

func (p *protocol) status(status string) error {
	return p.trace(trace{Type: "STREAM_STATUS", Status: &streamStatus{descriptor{Name: p.name}, status}})
}
