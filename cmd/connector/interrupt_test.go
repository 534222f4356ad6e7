package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

// TestAnInterruptedBatchPrintsWhatIsKnown ends a batch, as Ctrl-C does, once some
// of it is done and the rest hangs.
func TestAnInterruptedBatchPrintsWhatIsKnown(t *testing.T) {
	for _, format := range []string{"text", "json", "sarif", "junit"} {
		t.Run(format, func(t *testing.T) {
			dir := t.TempDir()
			if err := writeCredentials(dir); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			var calls atomic.Int64
			box := new(sandbox.Sandbox)
			api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if calls.Add(1) <= 3 {
					box.ServeHTTP(w, r)
					return
				}
				cancel()
				<-r.Context().Done() // until the client gives up
			}))
			defer api.Close()
			var out, errw strings.Builder
			began := time.Now()
			code := run(ctx, []string{"test", "--format", format, "--concurrency", "2", "--base-url", api.URL + "/v2", dir}, strings.NewReader(""), &out, &errw)
			if code != exitInterrupted {
				t.Errorf("exit %d, want %d", code, exitInterrupted)
			}
			if d := time.Since(began); d > 5*time.Second {
				t.Errorf("it took %s to end", d)
			}
			if !strings.Contains(errw.String(), "not reached") {
				t.Errorf("it does not say what is left: %q", errw.String())
			}
			if !strings.Contains(out.String(), ".json") {
				t.Errorf("what is known is not printed: %.200q", out.String())
			}
			if format == "json" && !json.Valid([]byte(out.String())) {
				t.Errorf("not JSON: %.200q", out.String())
			}
		})
	}
}

func TestAnInterruptEndsAReadThatNobodyFeeds(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	reader, writer := io.Pipe()
	defer writer.Close()
	time.AfterFunc(50*time.Millisecond, cancel)
	var out, errw strings.Builder
	if code := run(ctx, []string{"validate", "-"}, reader, &out, &errw); code != exitInterrupted {
		t.Errorf("exit %d, want %d", code, exitInterrupted)
	}
}
