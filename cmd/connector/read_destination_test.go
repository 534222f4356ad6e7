//go:build linux || darwin

package main

import (
	"bytes"
	"database/sql"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector/exchange/sink"
)

// reads runs connector read in processes of its own, against an account of rooms.
type reads struct {
	credential, url string
	ids             map[string]int // of the rooms, each once
}

func newReads(t *testing.T, rooms int, delay time.Duration) *reads {
	p := new(reads)
	p.url, p.credential = accountOf(t, rooms, delay)
	out, err := p.read().Output()
	if err != nil {
		t.Fatal(err)
	}
	if p.ids = idsIn(t, out); len(p.ids) != rooms {
		t.Fatalf("%d rooms, want %d", len(p.ids), rooms)
	}
	return p
}

func (p *reads) read(args ...string) *exec.Cmd {
	return exec.Command("connector", append([]string{"read", "rooms", "--credential", p.credential, "--base-url", p.url}, args...)...)
}

func (p *reads) readTo(d destination) *exec.Cmd {
	cmd := p.read(d.args...)
	cmd.Env = append(os.Environ(), d.env...)
	return cmd
}

// whole holds a destination against the account.
func (p *reads) whole(t *testing.T, d destination) {
	t.Helper()
	if ids := d.ids(t); !maps.Equal(ids, p.ids) {
		records := 0
		for _, times := range ids {
			records += times
		}
		t.Fatalf("%d records with %d keys, of %d", records, len(ids), len(p.ids))
	}
}

// destination is a place that a read can go on with.
type destination struct {
	args  []string
	env   []string
	check func(t *testing.T)                // what holds at any moment
	full  func() bool                       // it has all records, and a further read may append some again; nil if it never does
	ids   func(t *testing.T) map[string]int // of the records that it holds, with how often each is there
}

func filesAt(_ *testing.T, dir string, rooms int) destination {
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
		full: func() bool {
			data, _ := os.ReadFile(file)
			return bytes.Count(data, []byte("\n")) >= rooms
		},
		ids: func(t *testing.T) map[string]int {
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
	d.ids = func(t *testing.T) map[string]int {
		ids := map[string]int{}
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
			ids[id]++
		}
		return ids
	}
	return d
}

func sqliteAt(_ *testing.T, dir string, _ int) destination {
	path := filepath.Join(dir, "data.db")
	return databaseAt("sqlite", path, destination{args: []string{"--to", "sqlite://" + path}})
}

// postgresAt is a schema of its own.
func postgresAt(t *testing.T, _ string, _ int) destination {
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
