//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
	"github.com/100ms-connector/connector-go/fixtures"
)

// BenchmarkWatch has `connector watch` test every credential of a store in PostgreSQL
// once, against an API that takes 100 ms. Its floor is what the latency allows: workers ÷
// latency. Beside it stand the memory of the process, and how many jobs a second River
// does that have nothing to do. WATCH_CREDENTIALS says how many there are; 600 if it is
// not set, and 100,000 for the figures of the README.
func BenchmarkWatch(b *testing.B) {
	const latency, workers = 100 * time.Millisecond, 50
	credentials := 600
	if n, err := strconv.Atoi(os.Getenv("WATCH_CREDENTIALS")); err == nil {
		credentials = n
	}
	var asked atomic.Int64
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(latency)
		asked.Add(1)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"limit":10,"data":[],"last":""}`)
	}))
	defer api.Close()
	command := build(b, ".")
	key := filepath.Join(b.TempDir(), "store.key")
	for range b.N {
		location := postgresDatabase(b)
		saveMany(b, location, key, credentials)
		asked.Store(0)
		cmd := exec.Command(command, "watch", "--store", location, "--store-key", key, "--base-url", api.URL+"/v2", "--workers", fmt.Sprint(workers))
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		// The first tenth is the start, the last one the end of the queue.
		from := reached(b, &asked, credentials/10)
		to := reached(b, &asked, credentials*9/10)
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
		if err != nil {
			b.Fatal(err)
		}
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
		rate := float64(credentials*9/10-credentials/10) / to.Sub(from).Seconds()
		kb, _ := strconv.Atoi(highWater.FindStringSubmatch(string(status))[1])
		b.ReportMetric(rate, "tests/s")
		b.ReportMetric(rate/(workers/latency.Seconds()), "of-floor")
		b.ReportMetric(float64(kb)/1024, "MiB")
		b.ReportMetric(emptyJobs(b, location, 5000), "empty-jobs/s")
	}
}

// reached waits until so many calls were made, and gives the time.
func reached(b *testing.B, asked *atomic.Int64, n int) time.Time {
	b.Helper()
	for began := time.Now(); asked.Load() < int64(n); time.Sleep(time.Millisecond) {
		if time.Since(began) > 20*time.Minute {
			b.Fatalf("%d of %d calls", asked.Load(), n)
		}
	}
	return time.Now()
}

// saveMany saves credentials that are live for a week.
func saveMany(b *testing.B, location, key string, n int) {
	b.Helper()
	db, err := store.Open(b.Context(), location, store.KeyFile(key))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	k := fixtures.Workspace()
	names := make(chan int)
	var saving sync.WaitGroup
	for range 8 {
		saving.Go(func() {
			for i := range names {
				claims := fixtures.Management(k, time.Now(), 7*24*time.Hour).With("jti", fmt.Sprint(i))
				if err := db.Save(b.Context(), &connector.Credential{Name: fmt.Sprintf("credential %06d", i), APIKeyValue: connector.Secret(fixtures.Sign(k, claims))}); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for i := range n {
		names <- i
	}
	close(names)
	saving.Wait()
}

type emptyArgs struct {
	N int `json:"n"`
}

func (emptyArgs) Kind() string { return "empty" }

// emptyJobs is how many jobs a second River does that have nothing to do.
func emptyJobs(b *testing.B, location string, n int) float64 {
	b.Helper()
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, location)
	if err != nil {
		b.Fatal(err)
	}
	defer pool.Close()
	driver := riverpgxv5.New(pool)
	if migrator, err := rivermigrate.New(driver, nil); err != nil {
		b.Fatal(err)
	} else if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		b.Fatal(err)
	}
	var done atomic.Int64
	workers := river.NewWorkers()
	river.AddWorker(workers, river.WorkFunc(func(context.Context, *river.Job[emptyArgs]) error {
		done.Add(1)
		return nil
	}))
	client, err := river.NewClient(driver, &river.Config{
		Workers: workers, Queues: map[string]river.QueueConfig{"empty": {MaxWorkers: 1000}}, FetchCooldown: time.Millisecond, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		b.Fatal(err)
	}
	var jobs []river.InsertManyParams
	for i := range n {
		jobs = append(jobs, river.InsertManyParams{Args: emptyArgs{i}, InsertOpts: &river.InsertOpts{Queue: "empty"}})
	}
	if _, err := client.InsertManyFast(ctx, jobs); err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	if err := client.Start(ctx); err != nil {
		b.Fatal(err)
	}
	took := reached(b, &done, n).Sub(began)
	_ = client.Stop(ctx)
	return float64(n) / took.Seconds()
}
