package exchange_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector/exchange"
)

// BenchmarkWriteRooms writes new rooms through an API that takes 100 ms for each answer,
// and holds the calls a second against a bare client that makes as many calls with the
// same concurrency and looks at nothing. ideal is what the latency allows.
func BenchmarkWriteRooms(b *testing.B) {
	const concurrency, rooms = 8, 80
	w := newWorkspace(b)
	action, _ := exchange.FindAction("rooms")
	written, bare := 0.0, 0.0
	for n := range b.N {
		d := w.at("/latency/100ms")
		d.Concurrency, d.MaxRate = concurrency, -1
		begun := time.Now()
		acks := 0
		for ack, err := range d.Write(b.Context(), action, func(yield func(json.RawMessage) bool) {
			for i := range rooms {
				if !yield(json.RawMessage(fmt.Sprintf(`{"name":"room-%d-%d","size":5}`, n, i))) {
					return
				}
			}
		}) {
			if err != nil || ack.Status != exchange.Created {
				b.Fatal(ack, err)
			}
			acks++
		}
		calls := d.Calls()
		if acks != rooms || calls > 3*rooms {
			b.Fatalf("%d rooms in %d calls", acks, calls)
		}
		written += float64(calls) / time.Since(begun).Seconds()
		bare += barePosts(b, w, int(calls), concurrency)
	}
	written, bare = written/float64(b.N), bare/float64(b.N)
	b.ReportMetric(written, "calls/s")
	b.ReportMetric(written/bare, "calls/bare")
	b.ReportMetric(written/(concurrency*10), "calls/ideal")
}

// barePosts makes calls with net/http alone, and gives how many a second.
func barePosts(b *testing.B, w *workspace, calls, concurrency int) float64 {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: concurrency}}
	defer client.CloseIdleConnections()
	numbers := make(chan int)
	var workers sync.WaitGroup
	begun := time.Now()
	for range concurrency {
		workers.Go(func() {
			for n := range numbers {
				r, _ := http.NewRequest("POST", w.url+"/latency/100ms/v2/rooms", bytes.NewReader(fmt.Appendf(nil, `{"name":"bare-%d-%d"}`, begun.UnixNano(), n)))
				r.Header.Set("Authorization", "Bearer "+w.token.Reveal())
				response, err := client.Do(r)
				if err != nil {
					b.Error(err)
					continue
				}
				_, _ = io.Copy(io.Discard, response.Body)
				response.Body.Close()
			}
		})
	}
	for n := range calls {
		numbers <- n
	}
	close(numbers)
	workers.Wait()
	return float64(calls) / time.Since(begun).Seconds()
}
