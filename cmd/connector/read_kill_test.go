//go:build linux || darwin

package main

import (
	"bufio"
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector/exchange/sink"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

// reads runs connector read in processes of its own, against an account of rooms.
type reads struct {
	command, credential, url string
	ids                      []string // of the rooms, sorted
}

func newReads(t testing.TB, rooms int, slow time.Duration) *reads {
	api := &sandbox.Sandbox{Account: &sandbox.Account{Rooms: rooms, Now: time.Now()}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(slow)
		api.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	dir := t.TempDir()
	if err := writeCredentials(dir); err != nil {
		t.Fatal(err)
	}
	p := &reads{command: build(t, "."), credential: filepath.Join(dir, "live.json"), url: server.URL + "/v2"}
	quick := *p
	fast := httptest.NewServer(api)
	defer fast.Close()
	quick.url = fast.URL + "/v2"
	out, err := quick.read().Output()
	if err != nil {
		t.Fatal(err)
	}
	p.ids = idsIn(t, out)
	if slices.Sort(p.ids); len(slices.Compact(p.ids)) != rooms {
		t.Fatalf("%d rooms, want %d", len(p.ids), rooms)
	}
	return p
}

func (p *reads) read(args ...string) *exec.Cmd {
	return exec.Command(p.command, append([]string{"read", "rooms", "--credential", p.credential, "--base-url", p.url}, args...)...)
}

func (p *reads) readTo(d destination) *exec.Cmd {
	cmd := p.read(d.args...)
	cmd.Env = append(os.Environ(), d.env...)
	return cmd
}

// idsIn are the ids of records in JSON Lines. A line that is no record ends the test.
func idsIn(t testing.TB, data []byte) (ids []string) {
	t.Helper()
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var record struct{ ID string }
		if json.Unmarshal(lines.Bytes(), &record) != nil || record.ID == "" {
			t.Fatalf("half a line: %.100q", lines.Text())
		}
		ids = append(ids, record.ID)
	}
	return ids
}

// destination is a place that a read can go on with.
type destination struct {
	args  []string
	env   []string
	check func(t *testing.T)          // what holds at any moment
	ids   func(t *testing.T) []string // of the records that it holds
}

func filesAt(t *testing.T, dir string) destination {
	state, file := filepath.Join(dir, "read.state"), filepath.Join(dir, "rooms.jsonl")
	return destination{
		args: []string{"--output", dir, "--state", state},
		check: func(t *testing.T) {
			c, err := sink.ReadCheckpoint(state)
			if err != nil {
				t.Fatal(err)
			}
			data, _ := os.ReadFile(file)
			if int64(len(data)) < c.Streams["rooms"].Length {
				t.Fatalf("the state says %d bytes, and the file has %d", c.Streams["rooms"].Length, len(data))
			}
			idsIn(t, data[:c.Streams["rooms"].Length])
		},
		ids: func(t *testing.T) []string {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			return idsIn(t, data)
		},
	}
}

func databaseAt(driver, source string, d destination) destination {
	d.check = func(*testing.T) {}
	d.ids = func(t *testing.T) (ids []string) {
		db, err := sql.Open(driver, source)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		rows, err := db.Query(`SELECT id FROM rooms WHERE name IS NOT NULL AND created_at IS NOT NULL`)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var id string
			if err := rows.Scan(&id); err != nil {
				t.Fatal(err)
			}
			ids = append(ids, id)
		}
		return ids
	}
	return d
}

func sqliteAt(_ *testing.T, dir string) destination {
	path := filepath.Join(dir, "data.db")
	return databaseAt("sqlite", path, destination{args: []string{"--to", "sqlite://" + path}})
}

// postgresAt is a schema of its own.
func postgresAt(t *testing.T, _ string) destination {
	server := os.Getenv("CONNECTOR_TEST_POSTGRES")
	if server == "" {
		t.Skip("CONNECTOR_TEST_POSTGRES is not set; .ci/postgres starts a server and prints its URL")
	}
	db, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("reads_%d_%d", os.Getpid(), rand.Int64())
	if _, err := db.Exec("CREATE SCHEMA " + name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		db.Exec("DROP SCHEMA " + name + " CASCADE")
		db.Close()
	})
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	u.RawQuery = url.Values{"search_path": {name}}.Encode()
	return databaseAt("pgx", u.String(), destination{env: []string{"CONNECTOR_TO=" + u.String()}})
}

// TestAReadKilledAtAnyMomentLosesNothing kills reads again and again until one comes to
// its end, and holds what it left against the account: each record once.
func TestAReadKilledAtAnyMomentLosesNothing(t *testing.T) {
	rooms, kills := 20_000, 100
	if testing.Short() {
		rooms, kills = 3000, 12
	}
	p := newReads(t, rooms, 0)
	for _, to := range []struct {
		name string
		at   func(*testing.T, string) destination
	}{{"files", filesAt}, {"SQLite", sqliteAt}, {"PostgreSQL", postgresAt}} {
		t.Run(to.name, func(t *testing.T) {
			killed, whole, longest := 0, 0, 400*time.Millisecond
			for killed < kills {
				d := to.at(t, t.TempDir())
				for done := false; !done; {
					cmd := p.readTo(d)
					var errw bytes.Buffer
					cmd.Stderr = &errw
					if err := cmd.Start(); err != nil {
						t.Fatal(err)
					}
					kill := time.AfterFunc(rand.N(longest), func() { cmd.Process.Kill() })
					if killed >= kills {
						kill.Stop()
					}
					err := cmd.Wait()
					kill.Stop()
					switch code := cmd.ProcessState.ExitCode(); {
					case err == nil:
						done = true
					case code == -1:
						if killed++; killed%10 == 0 {
							longest = longest * 5 / 4 // in case it makes no way
						}
					default:
						t.Fatalf("exit %d after %d kills: %s", code, killed, errw.String())
					}
					d.check(t)
				}
				whole++
				if ids := d.ids(t); !slices.Equal(slices.Sorted(slices.Values(ids)), p.ids) {
					t.Fatalf("after %d kills there are %d records, of %d", killed, len(ids), len(p.ids))
				}
			}
			t.Logf("%d kills, %d reads came to their end", killed, whole)
		})
	}
}

// TestATerminatedReadKeepsItsState ends reads as an init system does.
func TestATerminatedReadKeepsItsState(t *testing.T) {
	p := newReads(t, 3000, 20*time.Millisecond)
	for name, at := range map[string]func(*testing.T, string) destination{"files": filesAt, "SQLite": sqliteAt, "PostgreSQL": postgresAt} {
		t.Run(name, func(t *testing.T) {
			d := at(t, t.TempDir())
			cmd := p.readTo(d)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(400 * time.Millisecond)
			cmd.Process.Signal(syscall.SIGTERM)
			began := time.Now()
			cmd.Wait()
			if took := time.Since(began); cmd.ProcessState.ExitCode() != exitInterrupted || took > 5*time.Second {
				t.Fatalf("exit %d after %s", cmd.ProcessState.ExitCode(), took)
			}
			d.check(t)
			first := d.ids(t)
			if len(first) == 0 || len(first) == 3000 {
				t.Fatalf("%d records when it was ended", len(first))
			}
			var errw bytes.Buffer
			cmd = p.readTo(d)
			cmd.Stderr = &errw
			if err := cmd.Run(); err != nil {
				t.Fatalf("%v: %s", err, errw.String())
			}
			if want := fmt.Sprintf("rooms: %d records", 3000-len(first)); !strings.HasPrefix(errw.String(), want) {
				t.Errorf("the state was not the last one: %s, want %s", errw.String(), want)
			}
			if ids := d.ids(t); !slices.Equal(slices.Sorted(slices.Values(ids)), p.ids) {
				t.Errorf("%d records", len(ids))
			}
		})
	}
}

// TestAFullDiskEndsAReadAndLosesNothing lets files grow to a limit, and a small file
// system fill up.
func TestAFullDiskEndsAReadAndLosesNothing(t *testing.T) {
	p := newReads(t, 5000, 0)
	for name, at := range map[string]func(*testing.T, string) destination{"files": filesAt, "SQLite": sqliteAt} {
		whole := func(t *testing.T, cmd *exec.Cmd, dir string, relieve func()) {
			d := at(t, dir)
			cmd.Args = append(cmd.Args, d.args...)
			out, _ := cmd.CombinedOutput()
			if code := cmd.ProcessState.ExitCode(); code != exitUntested {
				t.Fatalf("exit %d: %s", code, out)
			}
			t.Logf("%s", out)
			d.check(t)
			relieve()
			if out, err := p.readTo(d).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			if ids := d.ids(t); !slices.Equal(slices.Sorted(slices.Values(ids)), p.ids) {
				t.Errorf("%d records", len(ids))
			}
		}
		t.Run(name+", a limit on the size of files", func(t *testing.T) {
			cmd := p.read()
			cmd.Args = append([]string{"bash", "-c", `trap "" XFSZ; ulimit -f 700; exec "$@"`, "-"}, cmd.Args...)
			cmd.Path, cmd.Err = exec.LookPath("bash")
			whole(t, cmd, t.TempDir(), func() {})
		})
		t.Run(name+", a small file system", func(t *testing.T) {
			dir := t.TempDir()
			if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=700k", "tmpfs", dir).CombinedOutput(); err != nil {
				t.Skipf("no file system may be mounted here: %s", out)
			}
			defer exec.Command("umount", dir).Run()
			whole(t, p.read(), dir, func() {
				if out, err := exec.Command("mount", "-o", "remount,size=50m", dir).CombinedOutput(); err != nil {
					t.Fatalf("%v: %s", err, out)
				}
			})
		})
	}
}

// TestAClosedPipeEndsAReadAndItsStateIsTrue goes away as head does.
func TestAClosedPipeEndsAReadAndItsStateIsTrue(t *testing.T) {
	p := newReads(t, 3000, 0)
	state := filepath.Join(t.TempDir(), "read.state")
	cmd := p.read("--state", state)
	var errw bytes.Buffer
	cmd.Stderr = &errw
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout = w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	var taken bytes.Buffer
	for range 1000 {
		lines.Scan()
		fmt.Fprintln(&taken, lines.Text())
	}
	r.Close()
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != exitUntested || !strings.Contains(errw.String(), "cannot write") {
		t.Fatalf("exit %d: %s", code, errw.String())
	}
	rest, err := p.read("--state", state).Output()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, id := range append(idsIn(t, taken.Bytes()), idsIn(t, rest)...) {
		got[id] = true
	}
	// What the state covers was written to the pipe, which holds a part that nobody took.
	if lost := len(p.ids) - len(got); lost > (256<<10)/200 {
		t.Errorf("%d records are in neither run", lost)
	}
	if n := len(idsIn(t, rest)); n == 3000 {
		t.Error("the second run began anew")
	}
}
