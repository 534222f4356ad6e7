package conduit

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/conduitio/conduit-commons/lang"
	"github.com/conduitio/conduit-commons/opencdc"
	sdk "github.com/conduitio/conduit-connector-sdk"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/hosts/internal/host"
)

// SourceConfig is what a source is configured with.
type SourceConfig struct {
	sdk.DefaultSourceMiddleware
	Credential

	// The streams to read, with commas between them; all 18 without it.
	Streams []string `json:"streams"`
	// How long to wait from one round to the next.
	Interval time.Duration `json:"interval" default:"1m"`
	// Where incremental streams begin, in UTC: a time or a date. Without it they begin with the first record.
	StartDate string `json:"startDate"`
	// Ids of rooms: what belongs to a room is read of these alone.
	RoomIDs []string `json:"roomIds"`
	// Ask every room for analytics events, not only those that had a session in the last 30 days.
	AllRooms bool `json:"allRooms"`
	// Pass on secrets within records as they are, in place of [redacted].
	IncludeSecrets bool `json:"includeSecrets"`
	// Leave out the fields about a person.
	DropPersonal bool `json:"dropPersonal"`
}

// Source gives the records of streams.
type Source struct {
	sdk.UnimplementedSource

	config    SourceConfig
	transport *http.Transport
	cancel    context.CancelFunc
	pages     chan taken
	ended     chan struct{} // closed once nothing reads any longer
	waiting   []opencdc.Record
}

// taken is a page, or why there are no more.
type taken struct {
	page host.Taken
	err  error
}

// teardown is how long a read is waited for that was told to end.
const teardown = 10 * time.Second

// NewSource makes a source with the SDK's middleware. Records differ in their fields, so
// that a schema of each would be a schema for each: it is not extracted unless asked for.
func NewSource() sdk.Source {
	s := new(Source)
	s.config.SourceWithSchemaExtraction = sdk.SourceWithSchemaExtraction{PayloadEnabled: lang.Ptr(false), KeyEnabled: lang.Ptr(false)}
	return sdk.SourceWithMiddleware(s)
}

// Config implements sdk.Source.
func (s *Source) Config() sdk.SourceConfig { return &s.config }

// poll is what the settings ask for.
func (s *Source) poll(position opencdc.Position) (*host.Configuration, *host.Poll, error) {
	c, err := s.config.configuration(host.OfSource, map[string]any{
		"start_date": s.config.StartDate, "room_ids": s.config.RoomIDs, "all_rooms": s.config.AllRooms,
		"include_secrets": s.config.IncludeSecrets, "drop_personal": s.config.DropPersonal,
	})
	if err != nil {
		return nil, nil, err
	}
	streams, err := host.StreamsOf(s.config.Streams)
	if err != nil {
		return nil, nil, err
	}
	from, err := host.ParsePlace(position)
	if err != nil {
		return nil, nil, err
	}
	return c, &host.Poll{Source: c.Source(s.transport), Streams: streams, Interval: max(s.config.Interval, time.Millisecond), From: from}, nil
}

// Open implements sdk.Source. It tests the credential, and begins to read ahead: one page.
func (s *Source) Open(ctx context.Context, position opencdc.Position) error {
	s.transport = connector.NewTransport()
	c, poll, err := s.poll(position)
	if err == nil {
		err = c.Works(ctx, s.transport)
	}
	if err != nil {
		return err
	}
	ctx, s.cancel = context.WithCancel(ctx)
	s.pages, s.ended = make(chan taken), make(chan struct{})
	give := func(t taken) {
		select {
		case s.pages <- t:
		case <-ctx.Done():
		}
	}
	poll.Idle = func() { give(taken{err: sdk.ErrBackoffRetry}) }
	go func() {
		defer close(s.ended)
		for page, err := range poll.Pages(ctx) {
			give(taken{page, err})
		}
	}()
	return nil
}

// Read implements sdk.Source.
func (s *Source) Read(ctx context.Context) (opencdc.Record, error) {
	records, err := s.ReadN(ctx, 1)
	if err != nil {
		return opencdc.Record{}, err
	}
	return records[0], nil
}

// ReadN implements sdk.Source: of one page at most. Behind the last page of a round it says
// that there is nothing new.
func (s *Source) ReadN(ctx context.Context, n int) ([]opencdc.Record, error) {
	for len(s.waiting) == 0 {
		select {
		case t := <-s.pages:
			for _, note := range t.page.Notes {
				sdk.Logger(ctx).Warn().Msg(note)
			}
			if t.err == sdk.ErrBackoffRetry {
				return nil, t.err
			}
			if t.err != nil {
				return nil, host.Tell(t.err)
			}
			waiting, err := recordsOf(t.page)
			if err != nil {
				return nil, err
			}
			s.waiting = waiting
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-s.ended: // with the context of Open
			return nil, context.Canceled
		}
	}
	n = min(n, len(s.waiting))
	given := s.waiting[:n:n]
	s.waiting = s.waiting[n:]
	return given, nil
}

// recordsOf are the records of a page as Conduit has them.
func recordsOf(page host.Taken) ([]opencdc.Record, error) {
	records := make([]opencdc.Record, len(page.Records))
	for i, record := range page.Records {
		var data opencdc.StructuredData
		if err := json.Unmarshal(record.Data, &data); err != nil {
			return nil, fmt.Errorf("%s: a record cannot be read: %w", page.Stream.Name, err)
		}
		key := opencdc.StructuredData{}
		for _, field := range page.Stream.Key {
			key[field] = data[field]
		}
		metadata := opencdc.Metadata{}
		metadata.SetCollection(page.Stream.Name)
		if !record.At.IsZero() {
			metadata.SetCreatedAt(record.At)
		}
		records[i] = sdk.Util.Source.NewRecordCreate(page.Places[i].Text(), metadata, key, data)
	}
	return records, nil
}

// Ack implements sdk.Source. The position says all: there is nothing to keep here.
func (s *Source) Ack(context.Context, opencdc.Position) error { return nil }

// Teardown implements sdk.Source.
func (s *Source) Teardown(ctx context.Context) error {
	if s.cancel != nil {
		s.cancel()
		select {
		case <-s.ended:
		case <-time.After(teardown):
		case <-ctx.Done():
		}
	}
	if s.transport != nil {
		s.transport.CloseIdleConnections()
	}
	return nil
}
