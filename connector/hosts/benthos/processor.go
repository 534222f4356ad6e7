package benthos

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/100ms-connector/connector-go/connector"
)

func processorSpec() *service.ConfigSpec {
	return service.NewConfigSpec().Summary("Tests the 100ms credential in a message, and puts the report in its place.").Categories("Utility").
		Description("A message is a credential document, or a token alone. The report is a result whatever its verdict; where the environment is at fault, and nothing is known of the credential, the message has failed as well. Its metadata are hundred_ms_verdict and hundred_ms_code.").
		Field(service.NewURLField("base_url").Description("The API's address: https, or http on this machine.").Default(connector.DefaultBaseURL).Advanced())
}

// processor tests credentials.
type processor struct {
	tester    connector.Tester
	transport *http.Transport
}

func newProcessor(parsed *service.ParsedConfig, _ *service.Resources) (service.Processor, error) {
	base, err := parsed.FieldString("base_url")
	if err != nil {
		return nil, err
	}
	if _, err := connector.ParseBaseURL(base); err != nil {
		return nil, err
	}
	p := &processor{transport: connector.NewTransport()}
	p.tester = connector.Tester{BaseURL: base, Transport: p.transport}
	return p, nil
}

// Process tests the credential in a message.
func (p *processor) Process(ctx context.Context, message *service.Message) (service.MessageBatch, error) {
	text, err := message.AsBytes()
	if err != nil {
		return nil, err
	}
	report := p.test(ctx, bytes.TrimSpace(text))
	told, err := json.Marshal(report)
	if err != nil {
		return nil, err
	}
	message.SetBytes(told)
	message.MetaSetMut("hundred_ms_verdict", string(report.Verdict))
	message.MetaSetMut("hundred_ms_code", string(report.Code))
	if report.Verdict != connector.VerdictAccepted && report.Verdict != connector.VerdictRejected {
		message.SetError(fmt.Errorf("%s: %s", report.Code, report.Message))
	}
	return service.MessageBatch{message}, nil
}

func (p *processor) test(ctx context.Context, text []byte) *connector.Report {
	if len(text) > 0 && text[0] != '{' {
		return p.tester.Test(ctx, &connector.Credential{Name: "message", APIKeyValue: connector.Secret(text)})
	}
	credential, err := connector.ParseCredential(text)
	if invalid, ok := errors.AsType[*connector.ValidationError](err); ok {
		return connector.InvalidReport(invalid)
	}
	return p.tester.Test(ctx, credential)
}

// Close ends the processor.
func (p *processor) Close(context.Context) error {
	p.transport.CloseIdleConnections()
	return nil
}
