package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
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

// Programs that run others pass a signal on that the terminal sends to all: the second
// one must not cost what is known.
func TestASignalThatComesTwiceIsOneInterrupt(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot send Ctrl-C there")
	}
	t.Setenv(logEnv, t.TempDir())
	asked := make(chan struct{}, 64)
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	defer silent.Close()
	dir := t.TempDir()
	if err := writeCredentials(dir); err != nil {
		t.Fatal(err)
	}
	for range 20 { // the second signal does not always come in time to do harm
		cmd := exec.Command("connector", "test", "--base-url", silent.URL+"/v2", filepath.Join(dir, "live.json"))
		var out strings.Builder
		cmd.Stdout = &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		<-asked
		for range 100 {
			_ = cmd.Process.Signal(os.Interrupt)
			time.Sleep(100 * time.Microsecond)
		}
		_ = cmd.Wait()
		if code := cmd.ProcessState.ExitCode(); code != exitInterrupted || !strings.Contains(out.String(), "inconclusive, canceled") {
			t.Fatalf("exit %d: %q", code, out.String())
		}
	}
}

// TestSignalsEndARealProcess sends the signals themselves, wherever a verb waits.
func TestSignalsEndARealProcess(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot send Ctrl-C there")
	}
	t.Setenv(logEnv, t.TempDir())
	asked := make(chan struct{}, 64)
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	defer silent.Close()
	dir := t.TempDir()
	if err := writeCredentials(dir); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		args    []string
		signal  os.Signal
		waiting func(out *bufio.Reader)
	}{
		{"validate waits for its input", []string{"validate", "-"}, os.Interrupt,
			func(*bufio.Reader) { time.Sleep(time.Second) }},
		{"test waits for an answer", []string{"test", "--base-url", silent.URL + "/v2", dir}, os.Interrupt,
			func(*bufio.Reader) { <-asked }},
		{"the sandbox waits for calls", []string{"sandbox", "--listen", "127.0.0.1:0"}, syscall.SIGTERM,
			func(out *bufio.Reader) { out.ReadString('\n') }},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := exec.Command("connector", c.args...)
			stdin, err := cmd.StdinPipe() // never written to
			if err != nil {
				t.Fatal(err)
			}
			defer stdin.Close()
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			reader := bufio.NewReader(out)
			c.waiting(reader)
			if err := cmd.Process.Signal(c.signal); err != nil {
				t.Fatal(err)
			}
			guard := time.AfterFunc(20*time.Second, func() { cmd.Process.Kill() })
			defer guard.Stop()
			io.Copy(io.Discard, reader)
			cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != exitInterrupted {
				t.Errorf("exit %d, want %d", code, exitInterrupted)
			}
		})
	}
}
