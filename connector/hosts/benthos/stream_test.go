package benthos_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

// TestAStreamWhoseBatchesEndInAnyOrderAndAreRefusedLosesNothing runs a whole stream: of
// four batches at once the first takes longest, and every third is refused at first.
func TestAStreamWhoseBatchesEndInAnyOrderAndAreRefusedLosesNothing(t *testing.T) {
	url := serve(t, &sandbox.Account{Rooms: 950, Sessions: 5})
	places := t.TempDir()
	var mu sync.Mutex
	given, refused, batches := map[string]int{}, map[string]bool{}, 0
	consume := func(ctx context.Context, batch service.MessageBatch) error {
		first, _ := batch[0].MetaGet("key")
		mu.Lock()
		batches++
		n, again := batches, refused[first]
		refused[first] = true
		mu.Unlock()
		select {
		case <-time.After(time.Duration(4-n%4) * 20 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
		if n%3 == 0 && !again {
			return errors.New("not now")
		}
		mu.Lock()
		defer mu.Unlock()
		for _, m := range batch {
			key, _ := m.MetaGet("key")
			given[key]++
		}
		return nil
	}
	stream := func() {
		builder := environment(t).NewStreamBuilder()
		// Part by part: a whole configuration would have an output beside the consumer.
		builder.SetThreads(4)
		if err := errors.Join(
			builder.AddInputYAML(fmt.Sprintf("hundred_ms: {token: %q, base_url: %q, streams: [rooms], cache: places}", token(), url)),
			builder.AddCacheYAML(fmt.Sprintf("{label: places, file: {directory: %q}}", places)),
			builder.SetLoggerYAML(`level: "off"`),
		); err != nil {
			t.Fatal(err)
		}
		if err := builder.AddBatchConsumerFunc(consume); err != nil {
			t.Fatal(err)
		}
		s, err := builder.Build()
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := s.Run(ctx); err != nil {
			t.Fatal(err)
		}
	}
	stream()
	if len(given) != 950 {
		t.Errorf("%d rooms of 950", len(given))
	}
	if batches <= len(refused) {
		t.Error("nothing was refused")
	}
	if text, err := os.ReadFile(filepath.Join(places, "100ms")); err != nil || len(text) == 0 {
		t.Errorf("no place was kept: %v", err)
	}
	before := batches
	stream() // what is behind the place is the overlap alone
	if batches-before > 2 {
		t.Errorf("%d batches came again", batches-before)
	}
}
