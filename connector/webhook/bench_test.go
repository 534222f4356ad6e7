package webhook_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/exchange/sink/tables"
	"github.com/100ms-connector/connector-go/connector/webhook"
)

// BenchmarkEventsOnSQLite is a burst of events from 64 senders, each stored durably before
// it is answered, and the same burst to a handler that reads the body and answers 200.
// peak-MiB is the memory of both sides together.
func BenchmarkEventsOnSQLite(b *testing.B) {
	const events, senders = 4000, 64
	stored, bare, peak := 0.0, 0.0, uint64(0)
	for range b.N {
		db := sqlite(b)
		table, err := webhook.Open(ctx, db, tables.SQLite)
		ok(b, err)
		handler := &webhook.Handler{Header: "X-Key", Values: []connector.Secret{key}, Store: table}
		rate, memory := burst(b, handler, events, senders)
		table.Close()
		var count int
		ok(b, db.QueryRow(`SELECT COUNT(*) FROM webhook_events`).Scan(&count))
		if count != events {
			b.Fatalf("%d of %d events are stored", count, events)
		}
		stored, peak = stored+rate, max(peak, memory)
		floor, _ := burst(b, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
		}), events, senders)
		bare += floor
	}
	n := float64(b.N)
	b.ReportMetric(stored/n, "events/s")
	b.ReportMetric(bare/n, "bare/s")
	b.ReportMetric(stored/bare, "events/bare")
	b.ReportMetric(float64(peak)/(1<<20), "peak-MiB")
}

// burst sends events, and gives how many a second were accepted.
func burst(b *testing.B, handler http.Handler, events, senders int) (rate float64, peak uint64) {
	server := httptest.NewServer(handler)
	defer server.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: senders}}
	defer client.CloseIdleConnections()
	var sent atomic.Int64
	var most atomic.Uint64
	var group sync.WaitGroup
	begun := time.Now()
	for range senders {
		group.Go(func() {
			for n := sent.Add(1); n <= int64(events); n = sent.Add(1) {
				body := fmt.Sprintf(`{"version":"2.0","id":"event-%d-%d","timestamp":"2026-11-01T10:00:00Z","type":"peer.join.success","data":{"room_id":"r1","session_id":"s1","filler":%q}}`, begun.UnixNano(), n, strings.Repeat("x", 500))
				r, _ := http.NewRequest("POST", server.URL+"/", strings.NewReader(body))
				r.Header.Set("X-Key", key)
				response, err := client.Do(r)
				if err != nil {
					b.Error(err)
					continue
				}
				_, _ = io.Copy(io.Discard, response.Body)
				response.Body.Close()
				if response.StatusCode != 200 {
					b.Errorf("%d", response.StatusCode)
				}
				if n%500 == 0 {
					var now runtime.MemStats
					runtime.ReadMemStats(&now)
					most.Store(max(most.Load(), now.HeapInuse))
				}
			}
		})
	}
	group.Wait()
	return float64(events) / time.Since(begun).Seconds(), most.Load()
}
