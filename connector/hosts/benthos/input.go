package benthos

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/connector/hosts/internal/host"
)

// sourceFields are the fields of the input that other hosts have as well.
var sourceFields = map[string]string{
	"start_date": "start_date", "room_ids": "room_ids", "all_rooms": "all_rooms", "include_secrets": "include_secrets", "drop_personal": "drop_personal",
}

func inputSpec() *service.ConfigSpec {
	return service.NewConfigSpec().Summary("Reads the data of a 100ms account: rooms, sessions, recordings, events and what belongs to them.").Categories("Services").
		Fields(credentialFields()...).Fields(
		service.NewStringListField("streams").Description("The streams to read; all 18 if there is none.").Default([]any{}),
		service.NewDurationField("interval").Description("How long to wait from one round to the next. The input ends after one round if it is 0s.").Default("0s"),
		service.NewStringField("cache").Description("The cache resource that keeps the place. Without it every start is from the beginning.").Default(""),
		service.NewStringField("cache_key").Description("The place's key in the cache: one for each input.").Default("100ms").Advanced(),
		service.NewStringField("start_date").Description("Where incremental streams begin, in UTC: a time or a date.").Default("").Advanced(),
		service.NewStringListField("room_ids").Description("What belongs to a room is read of these alone.").Default([]any{}).Advanced(),
		service.NewBoolField("all_rooms").Description("Ask every room for analytics events, not only those that had a session in the last 30 days.").Default(false).Advanced(),
		service.NewBoolField("include_secrets").Description("Pass on secrets within records as they are, in place of [redacted].").Default(false).Advanced(),
		service.NewBoolField("drop_personal").Description("Leave out the fields about a person.").Default(false).Advanced(),
		service.NewAutoRetryNacksToggleField(),
	)
}

// input gives the pages of streams as batches.
type input struct {
	configuration *host.Configuration
	streams       []exchange.Stream
	interval      time.Duration
	cache, key    string
	resources     *service.Resources
	transport     *http.Transport

	pages   chan taken // of the connection at hand; closed at the end
	cancel  context.CancelFunc
	tracker *tracker
}

// taken is a page, or why there are no more.
type taken struct {
	page host.Taken
	err  error
}

func newInput(parsed *service.ParsedConfig, resources *service.Resources) (service.BatchInput, error) {
	i := &input{resources: resources, transport: connector.NewTransport()}
	names, err := parsed.FieldStringList("streams")
	if err != nil {
		return nil, err
	}
	if i.configuration, err = configurationOf(parsed, host.OfSource, sourceFields); err != nil {
		return nil, err
	}
	if i.streams, err = host.StreamsOf(names); err != nil {
		return nil, err
	}
	if i.interval, err = parsed.FieldDuration("interval"); err != nil {
		return nil, err
	}
	if i.cache, err = parsed.FieldString("cache"); err != nil {
		return nil, err
	}
	if i.key, err = parsed.FieldString("cache_key"); err != nil {
		return nil, err
	}
	if i.cache != "" && !resources.HasCache(i.cache) {
		return nil, errors.New("there is no cache resource of the name in the field cache")
	}
	return service.AutoRetryNacksBatchedToggled(parsed, i)
}

// Connect tests the credential, and begins to read ahead: one page.
func (i *input) Connect(ctx context.Context) error {
	if err := i.configuration.Works(ctx, i.transport); err != nil {
		return err
	}
	kept, err := i.kept(ctx)
	if err != nil {
		return err
	}
	from, err := host.ParsePlace(kept)
	if err != nil {
		return err
	}
	if err := i.keep(ctx, from); err != nil { // rather now than behind the first page
		return fmt.Errorf("the cache %s cannot keep the place: %w", i.cache, err)
	}
	i.disconnect()
	poll := &host.Poll{Source: i.configuration.Source(i.transport), Streams: i.streams, Interval: i.interval, From: from}
	reading, cancel := context.WithCancel(context.Background())
	pages := make(chan taken)
	i.pages, i.cancel, i.tracker = pages, cancel, &tracker{save: i.keep}
	go func() {
		defer close(pages)
		for page, err := range poll.Pages(reading) {
			select {
			case pages <- taken{page, err}:
			case <-reading.Done():
				return
			}
		}
	}()
	return nil
}

// disconnect ends what is read; what is acknowledged after it moves no place.
func (i *input) disconnect() {
	if i.cancel != nil {
		i.cancel()
		for range i.pages { // until nothing reads any longer
		}
		i.tracker.close()
	}
}

// ReadBatch gives a page.
func (i *input) ReadBatch(ctx context.Context) (service.MessageBatch, service.AckFunc, error) {
	if i.pages == nil {
		return nil, nil, service.ErrNotConnected
	}
	for {
		select {
		case t, more := <-i.pages:
			if !more {
				return nil, nil, service.ErrEndOfInput
			}
			for _, note := range t.page.Notes {
				i.resources.Logger().Warn(note)
			}
			if t.err != nil {
				i.resources.Logger().Error(host.Tell(t.err).Error())
				return nil, nil, service.ErrNotConnected
			}
			acked := i.tracker.add(t.page.After)
			if len(t.page.Records) == 0 {
				if err := acked(ctx); err != nil {
					return nil, nil, err
				}
				continue
			}
			return batchOf(t.page), func(ctx context.Context, err error) error {
				if err != nil {
					return nil // the place stays before it
				}
				return acked(ctx)
			}, nil
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		}
	}
}

func batchOf(page host.Taken) service.MessageBatch {
	batch := make(service.MessageBatch, len(page.Records))
	for n, record := range page.Records {
		batch[n] = service.NewMessage(record.Data)
		batch[n].MetaSetMut("stream", page.Stream.Name)
		batch[n].MetaSetMut("key", record.Key)
	}
	return batch
}

// kept is the place that the cache has; none at first.
func (i *input) kept(ctx context.Context) (text []byte, err error) {
	if i.cache == "" {
		return nil, nil
	}
	fault := i.resources.AccessCache(ctx, i.cache, func(c service.Cache) { text, err = c.Get(ctx, i.key) })
	if errors.Is(err, service.ErrKeyNotFound) {
		err = nil
	}
	return text, errors.Join(fault, err)
}

func (i *input) keep(ctx context.Context, place host.Place) (err error) {
	if i.cache == "" {
		return nil
	}
	fault := i.resources.AccessCache(ctx, i.cache, func(c service.Cache) { err = c.Set(ctx, i.key, place.Text(), nil) })
	return errors.Join(fault, err)
}

// Close ends the input.
func (i *input) Close(context.Context) error {
	i.disconnect()
	i.transport.CloseIdleConnections()
	return nil
}
