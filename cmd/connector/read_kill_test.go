//go:build linux || darwin

package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// timesKilled is how often a test kills a process: n times with KILLS=all, and a third of
// that otherwise, for a check must end in its time.
func timesKilled(n int) int {
	if os.Getenv("KILLS") == "all" {
		return n
	}
	return n / 3
}

// TestAReadKilledAtAnyMomentLosesNothing kills reads again and again until one comes to
// its end, and holds what it left against the account: each record once.
func TestAReadKilledAtAnyMomentLosesNothing(t *testing.T) {
	rooms, kills := 20_000, timesKilled(100)
	if testing.Short() || slowed {
		rooms, kills = 3000, 12
	}
	p := newReads(t, rooms, 0)
	for _, to := range []struct {
		name string
		at   func(*testing.T, string, int) destination
	}{{"files", filesAt}, {"SQLite", sqliteAt}, {"PostgreSQL", postgresAt}} {
		t.Run(to.name, func(t *testing.T) {
			killed, whole, longest := 0, 0, 200*time.Millisecond
			for killed < kills {
				d := to.at(t, t.TempDir(), rooms)
				for done := false; !done; {
					after := rand.N(longest)
					if killed == kills {
						after = time.Minute // it may come to its end
					}
					if done = endsBefore(t, p.readTo(d), after); !done {
						killed++
						longest += longest / 50 // in case it makes no way
						done = d.full != nil && d.full()
					}
					d.check(t)
				}
				whole++
				p.whole(t, d)
			}
			t.Logf("%d kills, %d reads came to their end", killed, whole)
		})
	}
}

// TestADownloadKilledAtAnyMomentLeavesNoHalfFile holds the folder against one of a run
// that nobody killed.
func TestADownloadKilledAtAnyMomentLeavesNoHalfFile(t *testing.T) {
	kills := 30
	if testing.Short() || slowed {
		kills = 8
	}
	p := newReads(t, 60, 0)
	dir := t.TempDir()
	download := func(folder string) *exec.Cmd {
		cmd := p.read("--download", filepath.Join(dir, folder), "--state", filepath.Join(dir, folder+".state"))
		cmd.Args[2] = assetStream
		return cmd
	}
	endsBefore(t, download("whole"), time.Minute)
	whole, err := os.ReadDir(filepath.Join(dir, "whole"))
	if err != nil || len(whole) < 100 {
		t.Fatalf("%d files, %v", len(whole), err)
	}
	for done, killed := false, 0; !done; killed++ {
		after := rand.N(200 * time.Millisecond)
		if killed == kills {
			after = time.Minute
		}
		done = endsBefore(t, download("killed"), after) && killed >= kills/2
		files, _ := filepath.Glob(filepath.Join(dir, "killed", "[^.]*"))
		for _, file := range files {
			got, _ := os.ReadFile(file)
			want, err := os.ReadFile(filepath.Join(dir, "whole", filepath.Base(file)))
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("after %d kills %s has %d bytes of %d", killed, file, len(got), len(want))
			}
		}
	}
	if files, _ := os.ReadDir(filepath.Join(dir, "killed")); len(files) != len(whole) {
		t.Errorf("%d files of %d", len(files), len(whole))
	}
}

// endsBefore runs a command, and kills it after a time.
func endsBefore(t *testing.T, cmd *exec.Cmd, after time.Duration) bool {
	t.Helper()
	var errw bytes.Buffer
	cmd.Stderr = &errw
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(after, func() { cmd.Process.Kill() })
	defer timer.Stop()
	err := cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code > 0 {
		t.Fatalf("exit %d: %s", code, errw.String())
	}
	return err == nil
}

// TestATerminatedReadKeepsItsState ends reads as an init system does.
func TestATerminatedReadKeepsItsState(t *testing.T) {
	p := newReads(t, 3000, 20*time.Millisecond)
	for name, at := range map[string]func(*testing.T, string, int) destination{"files": filesAt, "SQLite": sqliteAt, "PostgreSQL": postgresAt} {
		t.Run(name, func(t *testing.T) {
			d := at(t, t.TempDir(), 3000)
			cmd, before := p.readTo(d), asked.Load()
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			for asked.Load() < before+12 { // of 31: some pages are written by then, on a slow machine too
				time.Sleep(time.Millisecond)
			}
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
			p.whole(t, d)
		})
	}
}

// TestAFullDiskEndsAReadAndLosesNothing lets files grow to a limit, and a small file
// system fill up.
func TestAFullDiskEndsAReadAndLosesNothing(t *testing.T) {
	p := newReads(t, 5000, 0)
	for name, at := range map[string]func(*testing.T, string, int) destination{"files": filesAt, "SQLite": sqliteAt} {
		fill := func(t *testing.T, cmd *exec.Cmd, dir string, relieve func()) {
			d := at(t, dir, 5000)
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
			p.whole(t, d)
		}
		t.Run(name+", a limit on the size of files", func(t *testing.T) {
			cmd := p.read()
			cmd.Args = append([]string{"bash", "-c", `trap "" XFSZ; ulimit -f 700; exec "$@"`, "-"}, cmd.Args...)
			cmd.Path, cmd.Err = exec.LookPath("bash")
			fill(t, cmd, t.TempDir(), func() {})
		})
		t.Run(name+", a small file system", func(t *testing.T) {
			dir := t.TempDir()
			if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=700k", "tmpfs", dir).CombinedOutput(); err != nil {
				t.Skipf("no file system may be mounted here: %s", out)
			}
			defer exec.Command("umount", dir).Run()
			fill(t, p.read(), dir, func() {
				if out, err := exec.Command("mount", "-o", "remount,size=50m", dir).CombinedOutput(); err != nil {
					t.Fatalf("%v: %s", err, out)
				}
			})
		})
	}
}
