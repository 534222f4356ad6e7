package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

// asked counts the calls that were made to accounts.
var asked atomic.Int64

// accountOf serves an account with so many rooms, each answer after a delay.
func accountOf(t *testing.T, rooms int, delay time.Duration) (url, credential string) {
	t.Helper()
	inner := &sandbox.Sandbox{Account: &sandbox.Account{Rooms: rooms, Now: time.Now()}}
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		time.Sleep(delay)
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(api.Close)
	dir := t.TempDir()
	if err := writeCredentials(dir); err != nil {
		t.Fatal(err)
	}
	t.Setenv(logEnv, t.TempDir())
	return api.URL + "/v2", filepath.Join(dir, "live.json")
}

// idsIn are the ids of the rooms in lines of JSON, with how often each occurs. A line
// that is no record fails the test.
func idsIn(t *testing.T, text []byte) map[string]int {
	t.Helper()
	ids := map[string]int{}
	for line := range bytes.Lines(text) {
		var record struct{ ID string }
		if err := json.Unmarshal(line, &record); err != nil || record.ID == "" || !bytes.HasSuffix(line, []byte("\n")) {
			t.Fatalf("a line is no record: %.100q", line)
		}
		ids[record.ID]++
	}
	return ids
}

// TestNothingThatAReadLeavesHoldsASecret reads every stream into every kind of output,
// and searches the folder: for secrets of records, and for what the reader signed in with.
func TestNothingThatAReadLeavesHoldsASecret(t *testing.T) {
	url, credential := accountOf(t, 60, 0)
	token, err := os.ReadFile(credential)
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Value string `json:"api_key_value"`
	}
	if err := json.Unmarshal(token, &document); err != nil {
		t.Fatal(err)
	}
	secrets := append(slices.Clone(sandbox.SecretMarks), document.Value, "X-Amz-Signature")
	dir := t.TempDir()
	for _, args := range [][]string{
		{"--output", "lines", "--state", "lines/state.json"}, {"--output", "csv", "--format", "csv"}, {"--to", "sqlite://data.db", "--download", "files"},
	} {
		cmd := exec.Command("connector", append([]string{"read", "--all", "--credential", credential, "--base-url", url}, args...)...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	searched := 0
	err = filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		for _, secret := range secrets {
			if bytes.Contains(data, []byte(secret)) {
				t.Errorf("%s holds a secret", path)
			}
		}
		searched++
		return err
	})
	if err != nil || searched < 40 {
		t.Errorf("%d files were searched, %v", searched, err)
	}
}

// TestAnInterruptedReadWritesItsStateAndGoesOn sends SIGTERM in the middle.
func TestAnInterruptedReadWritesItsStateAndGoesOn(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot send signals there")
	}
	url, credential := accountOf(t, 1000, 50*time.Millisecond)
	args := []string{"read", "rooms", "--credential", credential, "--base-url", url, "--state", filepath.Join(t.TempDir(), "state")}
	cmd := exec.Command("connector", args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	reader := bufio.NewReader(out)
	for range 300 {
		line, err := reader.ReadBytes('\n')
		if err != nil {
			t.Fatal(err)
		}
		text.Write(line)
	}
	at := time.Now()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	text.ReadFrom(reader)
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != exitInterrupted || time.Since(at) > 5*time.Second {
		t.Errorf("exit %d after %v", code, time.Since(at))
	}
	rest, err := exec.Command("connector", args...).Output()
	if err != nil {
		t.Fatal(err)
	}
	first := len(idsIn(t, text.Bytes()))
	text.Write(rest)
	ids := idsIn(t, text.Bytes())
	if len(ids) != 1000 || first == 1000 {
		t.Errorf("%d of 1000 rooms, %d before the signal", len(ids), first)
	}
}

// TestNoStateCoversWhatAPipeDidNotTake closes standard output in the middle.
func TestNoStateCoversWhatAPipeDidNotTake(t *testing.T) {
	url, credential := accountOf(t, 2000, time.Millisecond)
	state := filepath.Join(t.TempDir(), "state")
	args := []string{"read", "rooms", "--credential", credential, "--base-url", url, "--state", state}
	cmd := exec.Command("connector", args...)
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	var errw bytes.Buffer
	cmd.Stdout, cmd.Stderr = writer, &errw
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	writer.Close()
	lines := bufio.NewReader(reader)
	for range 250 {
		if _, err := lines.ReadBytes('\n'); err != nil {
			t.Fatal(err)
		}
	}
	reader.Close()
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != exitUntested || !bytes.Contains(errw.Bytes(), []byte("connector: error: cannot write")) {
		t.Errorf("exit %d: %s", code, errw.Bytes())
	}
	rest, err := exec.Command("connector", args...).Output()
	if err != nil {
		t.Fatal(err)
	}
	// What the pipe took may be lost with its reader: that is what "written" means there.
	if n := len(idsIn(t, rest)); n < 2000-1000 || n == 2000 {
		t.Errorf("afterwards %d of 2000 rooms", n)
	}
}

// TestKilledAtAnyMomentAFileHasEachRecordOnce kills the process at random moments, until
// a run comes to its end.
func TestKilledAtAnyMomentAFileHasEachRecordOnce(t *testing.T) {
	for _, format := range []string{"jsonl", "csv"} {
		t.Run(format, func(t *testing.T) {
			url, credential := accountOf(t, 6000, 8*time.Millisecond)
			dir := t.TempDir()
			args := []string{"read", "rooms", "templates", "--format", format, "--credential", credential, "--base-url", url, "--output", dir, "--state", filepath.Join(dir, "state.json")}
			kills, ended := 0, false
			for {
				cmd := exec.Command("connector", args...)
				var errw bytes.Buffer
				cmd.Stderr = &errw
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				killed := make(chan bool)
				timer := time.AfterFunc(time.Duration(20+rand.IntN(400+40*kills))*time.Millisecond, func() { cmd.Process.Kill() })
				go func() { cmd.Wait(); killed <- !timer.Stop() }()
				if !<-killed || cmd.ProcessState.ExitCode() == 0 {
					if code := cmd.ProcessState.ExitCode(); code != 0 {
						t.Fatalf("exit %d: %s", code, errw.String())
					}
					ended = true
					break
				}
				kills++
				// Killed behind its last record it is complete: another run would give the
				// newest rooms again, which may have changed.
				if text, _ := os.ReadFile(filepath.Join(dir, "rooms."+format)); len(roomLine.FindAll(text, -1)) >= 6000 {
					break
				}
			}
			t.Logf("killed %d times", kills)
			text, err := os.ReadFile(filepath.Join(dir, "rooms."+format))
			if err != nil {
				t.Fatal(err)
			}
			ids := map[string]int{}
			if format == "jsonl" {
				ids = idsIn(t, text)
			} else {
				rows := readTable(t, text)
				for _, row := range rows[1:] {
					ids[row[0]]++
				}
			}
			for id, n := range ids {
				if n > 1 {
					t.Errorf("%s is there %d times", id, n)
				}
			}
			if len(ids) != 6000 {
				t.Errorf("%d of 6000 rooms after %d kills", len(ids), kills)
			}
			// What a kill leaves of a file the next run removes.
			if left, _ := filepath.Glob(filepath.Join(dir, ".*.partial")); ended && len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// roomLine is the beginning of a room, in either format.
var roomLine = regexp.MustCompile(`(?m)^(\{"id":")?[0-9a-f]{24}\b`)

func readTable(t *testing.T, text []byte) [][]string {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil || len(rows) == 0 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	return rows
}
