package conduit

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/conduitio/conduit-commons/opencdc"
	sdk "github.com/conduitio/conduit-connector-sdk"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/connector/hosts/internal/host"
)

// DestinationConfig is what a destination is configured with.
type DestinationConfig struct {
	sdk.DefaultDestinationMiddleware
	Credential

	// What a record does. Conduit sends again what failed, so each may be repeated.
	Action string `json:"action" default:"rooms" validate:"inclusion=rooms|room_status|room_codes|webhook_replays"`
	// Change rooms that are there and differ. Without it they stay as they are.
	Update bool `json:"update"`
	// Go on behind a record that breaks a rule or that 100ms refuses, and log it. Without it the pipeline ends there.
	SkipRejected bool `json:"skipRejected"`
}

// Destination writes records.
type Destination struct {
	sdk.UnimplementedDestination

	config    DestinationConfig
	transport *http.Transport
	to        *exchange.Destination
	action    exchange.Action
}

// NewDestination makes a destination with the SDK's middleware.
func NewDestination() sdk.Destination { return sdk.DestinationWithMiddleware(new(Destination)) }

// Config implements sdk.Destination.
func (d *Destination) Config() sdk.DestinationConfig { return &d.config }

// Open implements sdk.Destination. It tests the credential.
func (d *Destination) Open(ctx context.Context) error {
	c, err := d.config.configuration(host.OfDestination, map[string]any{"update": d.config.Update})
	if err != nil {
		return err
	}
	if d.action, err = c.Action(d.config.Action); err != nil {
		return err
	}
	d.transport = connector.NewTransport()
	d.to = c.Destination(d.transport)
	return c.Works(ctx, d.transport)
}

// Write implements sdk.Destination. It returns how many records, from the first, are
// written or need not be.
func (d *Destination) Write(ctx context.Context, records []opencdc.Record) (n int, err error) {
	for ack, fault := range d.to.Write(ctx, d.action, func(yield func(json.RawMessage) bool) {
		for _, record := range records {
			if !yield(dataOf(record)) {
				return
			}
		}
	}) {
		switch {
		case fault != nil && err == nil:
			err = host.Tell(fault)
		case fault != nil || err != nil: // what was under way is acked behind a failure
		case ack.Done():
			n++
		case d.config.SkipRejected:
			sdk.Logger(ctx).Warn().Msgf("a record of %s was not written: %s: %s", d.action.Name, ack.Code, ack.Message)
			n++
		default:
			err = fmt.Errorf("record %d of %s: %s, %s: %s", ack.Line, d.action.Name, ack.Status, ack.Code, ack.Message)
		}
	}
	return n, err
}

// dataOf is the payload as JSON. What is no JSON is judged by the action, as all is.
func dataOf(record opencdc.Record) json.RawMessage {
	if record.Payload.After == nil {
		return json.RawMessage("{}")
	}
	return host.WithoutNulls(record.Payload.After.Bytes())
}

// Teardown implements sdk.Destination.
func (d *Destination) Teardown(context.Context) error {
	if d.transport != nil {
		d.transport.CloseIdleConnections()
	}
	return nil
}
