//go:build linux || darwin

package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

const webhookKey = "s3cr3t-webhook-key-of-a-test"

// webhooks are a sandbox that pushes, and connector listen, which can be started again at
// the same address.
type webhooks struct {
	*sandbox.Pusher
	dir, address, to string
	api              string

	mu       sync.Mutex
	accepted map[string]bool // by id
}

func newWebhooks(t *testing.T, to string) *webhooks {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	free.Close()
	api := new(sandbox.Sandbox)
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	w := &webhooks{dir: t.TempDir(), address: address, to: to, api: server.URL, accepted: map[string]bool{}}
	if err := writeCredentials(w.dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.dir, "webhook.key"), []byte(webhookKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.Pusher = &sandbox.Pusher{
		Sandbox: api, URL: "http://" + address + "/", Header: "X-Webhook-Key", Value: webhookKey, Rate: 1000,
		Waits: []time.Duration{100 * time.Millisecond, 300 * time.Millisecond, time.Second}, ReplayRate: 1000,
		Answered: func(id string, status int) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.accepted[id] = w.accepted[id] || status == 200
		},
	}
	return w
}

// listener is a connector listen that runs.
type listener struct {
	*exec.Cmd
	out, err lockedBuffer
}

type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// listen starts connector listen, and waits until it receives.
func (w *webhooks) listen(t *testing.T, flags ...string) *listener {
	t.Helper()
	l := &listener{Cmd: exec.Command("connector", append([]string{
		"listen", "--listen", w.address, "--to", w.to, "--header", "X-Webhook-Key", "--header-file", filepath.Join(w.dir, "webhook.key"),
	}, flags...)...)}
	l.Stdout, l.Stderr = &l.out, &l.err
	if err := l.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = l.Process.Kill()
		_ = l.Wait()
		if text := l.out.String() + l.err.String(); strings.Contains(text, webhookKey) {
			t.Errorf("the header's value was printed: %s", text)
		}
	})
	l.says(t, "Ctrl-C ends it.")
	return l
}

// says waits for words on standard error.
func (l *listener) says(t *testing.T, words string) {
	t.Helper()
	for range 3000 {
		if strings.Contains(l.err.String(), words) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("it does not say %q: %s", words, l.err.String())
}

// ends waits until it has ended, and gives the exit code.
func (l *listener) ends(signal syscall.Signal) int {
	_ = l.Process.Signal(signal)
	_ = l.Wait()
	return l.ProcessState.ExitCode()
}

// storedEvents gives the ids of the events, and their bodies.
func storedEvents(t *testing.T, at string) (ids, bodies []string) {
	t.Helper()
	driver, name := "pgx", at
	if path, found := strings.CutPrefix(at, "sqlite://"); found {
		driver, name = "sqlite", path
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query("SELECT id, body FROM webhook_events")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, body string
		if err := rows.Scan(&id, &body); err != nil {
			t.Fatal(err)
		}
		ids, bodies = append(ids, id), append(bodies, body)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return ids, bodies
}

// check holds what is stored against what was answered 200.
func (w *webhooks) check(t *testing.T) (stored int) {
	t.Helper()
	ids, bodies := storedEvents(t, w.to)
	seen := map[string]int{}
	for _, id := range ids {
		seen[id]++
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for id, yes := range w.accepted {
		if n := seen[id]; yes && n != 1 {
			t.Errorf("%s was answered 200 and is stored %d times", id, n)
		}
	}
	if text := strings.Join(bodies, "\n"); strings.Contains(text, "s3cr3t") {
		t.Error("a secret is stored")
	}
	return len(ids)
}

// places are the databases that events can be stored in.
func places(t *testing.T, test func(*testing.T, string)) {
	t.Run("SQLite", func(t *testing.T) {
		test(t, "sqlite://"+filepath.Join(t.TempDir(), "events.db"))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		server := os.Getenv("CONNECTOR_TEST_POSTGRES")
		if server == "" {
			t.Skip("CONNECTOR_TEST_POSTGRES is not set; .ci/postgres starts a server and prints its URL")
		}
		db, err := sql.Open("pgx", server)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		name := fmt.Sprintf("events_%d_%d", os.Getpid(), rand.Int64())
		if _, err := db.Exec("CREATE DATABASE " + name); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Exec("DROP DATABASE " + name + " WITH (FORCE)") })
		u, err := url.Parse(server)
		if err != nil {
			t.Fatal(err)
		}
		u.Path = "/" + name
		test(t, u.String())
	})
}

// TestAListenerKilledDuringABurstHasStoredWhatItAccepted kills connector listen again and
// again while a thousand events a second come.
func TestAListenerKilledDuringABurstHasStoredWhatItAccepted(t *testing.T) {
	kills, count := 15, 6000
	if testing.Short() || slowed {
		kills, count = 4, 1500
	}
	places(t, func(t *testing.T, to string) {
		w := newWebhooks(t, to)
		w.Count = count
		done := make(chan struct{})
		go func() {
			defer close(done)
			w.Run(t.Context())
		}()
		killed := 0
		for ; killed < kills; killed++ {
			l := w.listen(t)
			time.Sleep(rand.N(400 * time.Millisecond))
			if code := l.ends(syscall.SIGKILL); code != -1 {
				t.Fatalf("it ended by itself with %d: %s", code, l.err.String())
			}
		}
		w.listen(t)
		<-done
		stored := w.check(t)
		accepted := 0
		w.mu.Lock()
		for _, yes := range w.accepted {
			if yes {
				accepted++
			}
		}
		w.mu.Unlock()
		t.Logf("%d kills, %d events, %d accepted, %d stored", killed, count, accepted, stored)
		if accepted < count/10 {
			t.Errorf("of %d events %d were accepted", count, accepted)
		}
	})
}

// TestAGapIsFilledByAReplay: what failed while nobody listened comes with --backfill, also
// if the first one is killed.
func TestAGapIsFilledByAReplay(t *testing.T) {
	t.Parallel() // it waits most of its time
	w := newWebhooks(t, "sqlite://"+filepath.Join(t.TempDir(), "events.db"))
	ctx, cancel := context.WithCancel(t.Context())
	var replaying sync.WaitGroup
	replaying.Go(func() { w.Replay(ctx) })
	defer replaying.Wait()
	defer cancel()

	l := w.listen(t)
	w.Count = 10
	w.Run(ctx)
	if code := l.ends(syscall.SIGTERM); code != 0 || !strings.Contains(l.err.String(), "stored: 10 new events; refused: 0 requests") {
		t.Fatalf("exit %d: %s", code, l.err.String())
	}
	w.Waits = []time.Duration{time.Millisecond, time.Millisecond, time.Millisecond}
	w.Count = len(sandbox.HookTypes())
	w.Run(ctx) // in vain
	missing := 0
	for _, kind := range sandbox.HookTypes() {
		if kind.Again {
			missing++
		}
	}

	login := []string{"--backfill", "--credential", filepath.Join(w.dir, "live.json")}
	l = w.listen(t, append(login, "--base-url", w.api+"/fault/hang/v2")...)
	l.ends(syscall.SIGKILL)
	l = w.listen(t)
	w.Count = 1
	w.Run(ctx) // which is newer than the gap
	l.ends(syscall.SIGTERM)
	l = w.listen(t, append(login, "--base-url", w.api+"/v2", "--print")...)
	l.says(t, fmt.Sprintf("created: %d of %d sent, 0 failed", missing, missing))
	if code := l.ends(syscall.SIGTERM); code != 0 {
		t.Errorf("exit %d: %s", code, l.err.String())
	}
	if stored := w.check(t); stored != 10+missing+1 {
		t.Errorf("%d are stored, want %d", stored, 10+missing+1)
	}
	printed := strings.Split(strings.TrimSpace(l.out.String()), "\n")
	for _, line := range printed {
		var event struct {
			Replay bool `json:"is_replay"`
		}
		if err := json.Unmarshal([]byte(line), &event); err != nil || !event.Replay {
			t.Errorf("%v: %s", err, line)
		}
	}
	if len(printed) != missing || !slices.Equal(printed, slices.Compact(printed)) {
		t.Errorf("%d lines, want %d", len(printed), missing)
	}
	l = w.listen(t, append(login, "--base-url", w.api+"/v2")...)
	l.says(t, "created: 0 of 0 sent, 0 failed") // the gap is closed
}

// TestAReaderOfEventsMayGoAway ends the command, and not the events that are stored.
func TestAReaderOfEventsMayGoAway(t *testing.T) {
	w := newWebhooks(t, "sqlite://"+filepath.Join(t.TempDir(), "events.db"))
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	l := &listener{Cmd: exec.Command("connector", "listen", "--listen", w.address, "--to", w.to, "--header", "X-Webhook-Key", "--header-file", filepath.Join(w.dir, "webhook.key"), "--print")}
	l.Stdout, l.Stderr = writer, &l.err
	if err := l.Start(); err != nil {
		t.Fatal(err)
	}
	writer.Close()
	reader.Close()
	l.says(t, "Ctrl-C ends it.")
	w.Count, w.Waits = 1, []time.Duration{}
	w.Run(t.Context())
	_ = l.Wait()
	if code := l.ProcessState.ExitCode(); code != exitUntested || !strings.Contains(l.err.String(), "cannot write: ") {
		t.Errorf("exit %d: %s", code, l.err.String())
	}
	if stored := w.check(t); stored != 1 {
		t.Errorf("%d are stored", stored)
	}
}
