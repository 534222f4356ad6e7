//go:build linux

package main

import (
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/fixtures"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

// BenchmarkReadRooms is `connector read rooms` over 100,000 rooms on loopback, the whole
// process, and a bare client in a process of its own that asks for the same pages,
// decodes each record and encodes it again. The two take turns; the ratio is of their
// medians. Beside standard output, the files and the database are measured.
func BenchmarkReadRooms(b *testing.B) {
	const rooms = 100_000
	api := &sandbox.Sandbox{Account: &sandbox.Account{Rooms: rooms, Now: time.Now()}}
	server := httptest.NewUnstartedServer(api)
	server.Config.ConnState = api.ConnState
	server.Start()
	defer server.Close()
	dir := b.TempDir()
	if err := writeCredentials(dir); err != nil {
		b.Fatal(err)
	}
	command, bare := build(b, "."), build(b, "testdata/bareread/main.go")
	read := []string{command, "read", "rooms", "--credential", filepath.Join(dir, "live.json"), "--base-url", server.URL + "/v2"}
	value := fixtures.Cases(time.Now())[0].Value
	ways := []struct {
		name string
		args func() []string
	}{
		{"bare", func() []string { return []string{bare, server.URL + "/v2"} }},
		{"stdout", func() []string { return read }},
		{"files", func() []string {
			folder := b.TempDir()
			return append(slices.Clip(read), "--output", folder, "--state", filepath.Join(folder, "state"))
		}},
		{"sqlite", func() []string {
			return append(slices.Clip(read), "--to", "sqlite://"+filepath.Join(b.TempDir(), "data.db"))
		}},
	}
	cpu, memory := make([][]time.Duration, len(ways)), make([]int, len(ways))
	for range b.N {
		for i, way := range ways {
			before := api.Connections()
			took, peak := measured(b, way.args(), value)
			cpu[i], memory[i] = append(cpu[i], took), max(memory[i], peak)
			if n := api.Connections() - before; n > 4 {
				b.Errorf("%s: %d connections", way.name, n)
			}
		}
	}
	median := func(i int) float64 {
		slices.Sort(cpu[i])
		return cpu[i][len(cpu[i])/2].Seconds()
	}
	for i, way := range ways {
		b.ReportMetric(median(i), way.name+"-cpu-s")
		b.ReportMetric(float64(memory[i])/1024, way.name+"-MiB")
		if i > 0 {
			b.ReportMetric(median(i)/median(0), way.name+"/bare")
		}
	}
}

// measured runs a command, and returns its processor time and its peak memory in KiB.
func measured(b *testing.B, args []string, stdin string) (cpu time.Duration, peak int) {
	b.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	var errw strings.Builder
	cmd.Stderr = &errw
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		io.Copy(io.Discard, out)
	}()
	// The peak of a process that ended is gone, and what wait4 says of it includes the
	// memory of the process that started it.
	for tick := time.NewTicker(5 * time.Millisecond); ; {
		if status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid)); err == nil {
			if found := highWater.FindSubmatch(status); found != nil {
				kib, _ := strconv.Atoi(string(found[1]))
				peak = max(peak, kib)
			}
		}
		select {
		case <-tick.C:
			continue
		case <-ended:
			tick.Stop()
		}
		break
	}
	if err := cmd.Wait(); err != nil {
		b.Fatalf("%v: %s", err, errw.String())
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), peak
}

var highWater = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)
