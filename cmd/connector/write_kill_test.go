//go:build linux || darwin

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

// writes is a sandbox and a file of rooms to write into it.
type writes struct {
	*sandbox.Sandbox
	url, dir string
	rooms    int
}

func newWrites(t *testing.T, rooms int) *writes {
	t.Helper()
	w := &writes{Sandbox: new(sandbox.Sandbox), dir: t.TempDir(), rooms: rooms}
	server := httptest.NewServer(w.Sandbox)
	t.Cleanup(server.Close)
	w.url = server.URL
	if err := writeCredentials(w.dir); err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	for i := range rooms {
		fmt.Fprintf(&text, `{"name":"room-%d","size":%d}`+"\n", i, i%100)
	}
	if err := os.WriteFile(filepath.Join(w.dir, "rooms.jsonl"), text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *writes) write(prefix string) *exec.Cmd {
	return exec.Command("connector", "write", "rooms", filepath.Join(w.dir, "rooms.jsonl"), "--credential", filepath.Join(w.dir, "live.json"),
		"--base-url", w.url+prefix+"/v2", "--results", filepath.Join(w.dir, "results"))
}

// check holds the journal against what took place: each room once, each told.
func (w *writes) check(t *testing.T) {
	t.Helper()
	took := map[string]int{}
	for _, write := range w.Writes() {
		took[write.Key]++
	}
	for room, n := range took {
		if n != 1 {
			t.Errorf("%s was written %d times", room, n)
		}
	}
	data, err := os.ReadFile(filepath.Join(w.dir, "results"))
	if err != nil {
		t.Fatal(err)
	}
	acked := map[int]bool{}
	for line := range bytes.Lines(data) {
		var ack exchange.Ack
		if err := json.Unmarshal(line, &ack); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if ack.Status == "created" {
			acked[ack.Line] = true
		} else if ack.Status != "started" {
			t.Errorf("%s", line)
		}
	}
	if len(took) != w.rooms || len(acked) != w.rooms {
		t.Errorf("%d rooms were written, %d were told, of %d", len(took), len(acked), w.rooms)
	}
}

// TestAWriteKilledAtAnyMomentWritesNothingTwice kills writes again and again until one
// comes to its end, some of them while answers are lost.
func TestAWriteKilledAtAnyMomentWritesNothingTwice(t *testing.T) {
	rooms, kills := 2000, timesKilled(100)
	if testing.Short() || slowed {
		rooms, kills = 400, 12
	}
	killed, whole := 0, 0
	for killed < kills {
		w := newWrites(t, rooms)
		longest := 100 * time.Millisecond
		for done := false; !done; {
			prefix := []string{"", "", "/fault/lost-cut@3-5"}[killed%3]
			after := rand.N(longest)
			if killed == kills {
				after = time.Minute
			}
			if done = endsBefore(t, w.write(prefix), after); !done {
				killed++
				longest += longest / 50
			}
		}
		whole++
		w.check(t)
	}
	t.Logf("%d kills, %d writes of %d rooms came to their end", killed, whole, rooms)
}

// TestATerminatedWriteTellsWhatWasUnderWay ends a write as an init system does.
func TestATerminatedWriteTellsWhatWasUnderWay(t *testing.T) {
	w := newWrites(t, 400)
	cmd := w.write("/latency/20ms")
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(500 * time.Millisecond)
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	_ = cmd.Wait()
	if code, took := cmd.ProcessState.ExitCode(), time.Since(begun); code != exitInterrupted || took > 5*time.Second {
		t.Errorf("exit %d after %v", code, took)
	}
	if acks, made := bytes.Count(out.Bytes(), []byte(`"status":"created"`)), len(w.Writes()); acks != made || made == 0 {
		t.Errorf("%d acks of %d writes", acks, made)
	}
	if !endsBefore(t, w.write(""), time.Minute) {
		t.Fatal("the run that goes on was killed")
	}
	w.check(t)
}
