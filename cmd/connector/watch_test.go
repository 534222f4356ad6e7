//go:build linux || darwin

package main

import (
	"bytes"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
	"github.com/100ms-connector/connector-go/fixtures"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

// watched is a store whose credentials processes look after.
type watched struct {
	*store.Store
	location, key, api string

	mu   sync.Mutex
	logs []*lockedBuffer
}

func newWatched(t *testing.T, location string) *watched {
	t.Helper()
	w := &watched{location: location, key: filepath.Join(t.TempDir(), "store.key")}
	server := httptest.NewServer(new(sandbox.Sandbox))
	t.Cleanup(server.Close)
	w.api = server.URL + "/v2"
	db, err := store.Open(t.Context(), location, store.KeyFile(w.key))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	w.Store = db
	k := fixtures.Workspace()
	if err := db.SaveKey(t.Context(), &connector.SigningKey{AccessKey: k.AccessKey, AppSecret: connector.Secret(k.AppSecret)}); err != nil {
		t.Fatal(err)
	}
	return w
}

// start starts connector watch.
func (w *watched) start(t *testing.T) *exec.Cmd {
	t.Helper()
	log := new(lockedBuffer)
	cmd := exec.Command("connector", "watch", "--store", w.location, "--store-key", w.key, "--base-url", w.api, "--every", "2s")
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	w.logs = append(w.logs, log)
	return cmd
}

func (w *watched) said() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all strings.Builder
	for _, log := range w.logs {
		all.WriteString(log.String())
	}
	return all.String()
}

// postgresDatabase makes a database of its own for a test.
func postgresDatabase(t testing.TB) string {
	t.Helper()
	server := os.Getenv("CONNECTOR_TEST_POSTGRES")
	if server == "" {
		t.Skip("CONNECTOR_TEST_POSTGRES is not set; .ci/postgres starts a server and prints its URL")
	}
	db, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	name := fmt.Sprintf("watched_%d_%d", os.Getpid(), rand.Int64())
	if _, err := db.Exec("CREATE DATABASE " + name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Exec("DROP DATABASE " + name + " WITH (FORCE)") })
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

// TestThreeThatWatchMayBeKilledAtAnyTime kills processes that watch one PostgreSQL,
// while a client uses every credential. Each is renewed when it is due and not more often, and none is ever refused.
//
// What a killed process had is taken over after two minutes, so that only tokens that live
// for minutes show it: WATCH_LIFE=480 gives them eight, and the test takes ten. Without,
// they live for seconds, and it is shown that processes come and go.
func TestThreeThatWatchMayBeKilledAtAnyTime(t *testing.T) {
	t.Parallel()
	w := newWatched(t, postgresDatabase(t))
	const credentials = 20
	life := 12 * time.Second
	if n, err := strconv.Atoi(os.Getenv("WATCH_LIFE")); err == nil {
		life = time.Duration(n) * time.Second
	}
	for n := range credentials {
		claims := fixtures.Management(fixtures.Workspace(), time.Now().Add(-time.Duration(n%4)*life/12), life).With("jti", fmt.Sprint(n))
		if err := w.Save(t.Context(), &connector.Credential{Name: fmt.Sprint("c", n), APIKeyValue: connector.Secret(fixtures.Sign(fixtures.Workspace(), claims))}); err != nil {
			t.Fatal(err)
		}
	}
	processes := []*exec.Cmd{w.start(t), w.start(t), w.start(t)}
	killed, used := 0, 0
	tester := &connector.Tester{BaseURL: w.api}
	for end := time.Now().Add(life + life/4); time.Now().Before(end); {
		for c, err := range w.All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			report := tester.Test(t.Context(), c)
			if left, _ := report.Token.ExpiresIn(); report.Verdict != connector.VerdictAccepted || life > 5*time.Minute && left < 0 {
				t.Fatalf("%s is refused: %s\n%s", c.Name, report.Message, w.said())
			}
			used++
		}
		if time.Until(end) > 3*time.Second {
			n := rand.N(len(processes))
			_ = processes[n].Process.Kill()
			_ = processes[n].Wait()
			processes[n] = w.start(t)
			killed++
		}
		time.Sleep(rand.N(1500 * time.Millisecond))
	}
	for _, p := range processes {
		_ = p.Process.Signal(syscall.SIGTERM)
		if err := p.Wait(); err != nil {
			t.Errorf("SIGTERM: %v", err)
		}
	}
	text := w.said()
	for n := range credentials {
		// A new token says that it was made ten seconds ago, and is due after two thirds of its life.
		most := 1 + int((life+life/4)/(life*2/3))
		if times := strings.Count(text, fmt.Sprintf("msg=renewed name=c%d ", n)); times > most {
			t.Errorf("c%d was renewed %d times", n, times)
		}
	}
	w.holdsNoSecret(t)
	t.Logf("%d kills, %d uses, none refused", killed, used)
}

// TestTheDatabaseMayBeKilledAndStartedAgain kills a PostgreSQL of its own under three that
// watch, twice. They go on. What was under way when it died is taken over after two minutes,
// in which a token dies here that lives for seconds: with WATCH_LIFE=480 none may, and
// without, few.
func TestTheDatabaseMayBeKilledAndStartedAgain(t *testing.T) {
	if os.Getenv("CONNECTOR_TEST_POSTGRES") == "" {
		t.Skip("CONNECTOR_TEST_POSTGRES is not set; .ci/postgres starts a server and prints its URL")
	}
	if testing.Short() {
		t.Skip("it takes its time")
	}
	dir, err := os.MkdirTemp("", "postgres") // not TempDir, which the server's user cannot enter
	if err == nil {
		err = os.Chmod(dir, 0o711)
	}
	if err != nil {
		t.Fatal(err)
	}
	server := func(verb string) string {
		t.Helper()
		cmd := exec.Command(filepath.Join(projectRoot, ".ci", "postgres"), verb)
		cmd.Env = append(os.Environ(), "TMPDIR="+dir)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("postgres %s: %v", verb, err)
		}
		return strings.TrimSpace(string(out))
	}
	t.Cleanup(func() {
		server("stop")
		os.RemoveAll(dir)
	})
	t.Parallel()
	w := newWatched(t, server("start"))
	const credentials = 10
	life := 30 * time.Second
	if n, err := strconv.Atoi(os.Getenv("WATCH_LIFE")); err == nil {
		life = time.Duration(n) * time.Second
	}
	dead := map[string]bool{}
	for n := range credentials {
		age := time.Duration(n) * life / (2 * credentials)
		claims := fixtures.Management(fixtures.Workspace(), time.Now().Add(-age), life).With("jti", fmt.Sprint(n))
		if err := w.Save(t.Context(), &connector.Credential{Name: fmt.Sprint("c", n), APIKeyValue: connector.Secret(fixtures.Sign(fixtures.Workspace(), claims))}); err != nil {
			t.Fatal(err)
		}
	}
	processes := []*exec.Cmd{w.start(t), w.start(t), w.start(t)}
	tester := &connector.Tester{BaseURL: w.api}
	began, used, killed := time.Now(), 0, 0
	for time.Since(began) < life*5/6 {
		if since := time.Since(began); since > time.Duration(killed+1)*life/5 && killed < 2 {
			killed++
			server("kill")
			time.Sleep(time.Second)
			server("again")
		}
		for c, err := range w.All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			report := tester.Test(t.Context(), c)
			if left, _ := report.Token.ExpiresIn(); report.Verdict != connector.VerdictAccepted || left < 0 {
				dead[c.Name] = true
			}
			used++
		}
		time.Sleep(300 * time.Millisecond)
	}
	for _, p := range processes {
		_ = p.Process.Signal(syscall.SIGTERM)
		if err := p.Wait(); err != nil {
			t.Errorf("a process has not gone on: %v\n%s", err, w.said())
		}
	}
	if most := credentials / 3; len(dead) > most || life > 5*time.Minute && len(dead) > 0 {
		t.Errorf("%d of %d died\n%s", len(dead), credentials, w.said())
	}
	if renewed := strings.Count(w.said(), "msg=renewed name="); renewed < credentials-len(dead) {
		t.Errorf("%d renewals of %d credentials", renewed, credentials)
	}
	w.holdsNoSecret(t)
	t.Logf("%d kills of the database, %d uses, %d tokens died", killed, used, len(dead))
}

// holdsNoSecret searches the logs.
func (w *watched) holdsNoSecret(t *testing.T) {
	t.Helper()
	for _, secret := range []string{fixtures.Workspace().AppSecret[:24], "eyJ"} {
		if strings.Contains(w.said(), secret) {
			t.Error("the log has a secret")
		}
	}
}

// TestASecondWatchOfAFileIsToldSo: one is enough.
func TestASecondWatchOfAFileIsToldSo(t *testing.T) {
	w := newWatched(t, "sqlite://"+filepath.Join(t.TempDir(), "store.db"))
	first := w.start(t)
	for n := 0; !strings.Contains(w.said(), "msg=watching"); n++ {
		if n == 500 {
			t.Fatal(w.said())
		}
		time.Sleep(10 * time.Millisecond)
	}
	second := exec.Command("connector", "watch", "--store", w.location, "--store-key", w.key, "--base-url", w.api)
	var said bytes.Buffer
	second.Stderr = &said
	_ = second.Run()
	if code := second.ProcessState.ExitCode(); code != exitUntested || !strings.Contains(said.String(), "another connector watch looks after this store") {
		t.Errorf("exit %d: %s", code, said.String())
	}
	began := time.Now()
	_ = first.Process.Signal(syscall.SIGTERM)
	if err := first.Wait(); err != nil || time.Since(began) > 5*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}
