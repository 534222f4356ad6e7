package benthos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/connector/hosts/internal/host"
)

func outputSpec() *service.ConfigSpec {
	return service.NewConfigSpec().Summary("Writes rooms, and what may be written again, into a 100ms account.").Categories("Services").
		Fields(credentialFields()...).Fields(
		service.NewStringEnumField("action", host.Repeatable()...).Description("What a message does.").Default("rooms"),
		service.NewBoolField("update").Description("Change rooms that are there and differ. Without it they stay as they are.").Default(false),
		service.NewOutputMaxInFlightField().Default(1),
		service.NewBatchPolicyField("batching"),
	)
}

// output writes batches.
type output struct {
	configuration *host.Configuration
	action        exchange.Action
	to            *exchange.Destination
	transport     *http.Transport
}

func newOutput(parsed *service.ParsedConfig, _ *service.Resources) (_ service.BatchOutput, policy service.BatchPolicy, inFlight int, err error) {
	o := &output{transport: connector.NewTransport()}
	if o.configuration, err = configurationOf(parsed, host.OfDestination, map[string]string{"update": "update"}); err != nil {
		return nil, policy, 0, err
	}
	name, err := parsed.FieldString("action")
	if err != nil {
		return nil, policy, 0, err
	}
	if o.action, err = o.configuration.Action(name); err != nil {
		return nil, policy, 0, err
	}
	if inFlight, err = parsed.FieldMaxInFlight(); err != nil {
		return nil, policy, 0, err
	}
	if policy, err = parsed.FieldBatchPolicy("batching"); err != nil {
		return nil, policy, 0, err
	}
	o.to = o.configuration.Destination(o.transport)
	return o, policy, inFlight, nil
}

// Connect tests the credential.
func (o *output) Connect(ctx context.Context) error { return o.configuration.Works(ctx, o.transport) }

// WriteBatch writes messages. Those that are refused fail, and no others; behind a fault of
// the API or of the credential, those that were not tried.
func (o *output) WriteBatch(ctx context.Context, batch service.MessageBatch) error {
	records := make([]json.RawMessage, len(batch))
	for i, message := range batch {
		text, err := message.AsBytes()
		if err != nil {
			return err
		}
		records[i] = host.WithoutNulls(text)
	}
	failures := make([]error, len(batch))
	for i := range failures {
		failures[i] = errors.New("it was not tried")
	}
	failed := false
	for ack, fault := range o.to.Write(ctx, o.action, func(yield func(json.RawMessage) bool) {
		for _, record := range records {
			if !yield(record) {
				return
			}
		}
	}) {
		switch {
		case fault != nil:
			for i, err := range failures {
				if err != nil {
					failures[i] = host.Tell(fault)
				}
			}
			failed = true
		case ack.Done():
			failures[ack.Line-1] = nil
		default:
			failures[ack.Line-1] = fmt.Errorf("%s, %s: %s", ack.Status, ack.Code, ack.Message)
			failed = true
		}
	}
	if !failed {
		return nil
	}
	var refused *service.BatchError
	for i, err := range failures {
		if err == nil {
			continue
		}
		if refused == nil {
			refused = service.NewBatchError(batch, err)
		}
		refused.Failed(i, err)
	}
	return refused
}

// Close ends the output.
func (o *output) Close(context.Context) error {
	o.transport.CloseIdleConnections()
	return nil
}
