package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/fixtures"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

// Each benchmark has its floor beside it, measured in the same run: absolute
// times are noise, ratios count.

const documents = 10_000

// documentsIn writes n live credentials to a directory.
func documentsIn(b *testing.B, n int) string {
	b.Helper()
	dir := b.TempDir()
	value := fixtures.Cases(time.Now())[0].Value
	for i := range n {
		doc := fmt.Sprintf("{\n  \"name\": \"credential %d\",\n  \"api_key_value\": %q\n}\n", i, value)
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%05d.json", i)), []byte(doc), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	return dir
}

// BenchmarkValidateDirectory is `connector validate DIR` over 10,000 files, the
// whole process, and the reading of those files on two goroutines.
func BenchmarkValidateDirectory(b *testing.B) {
	dir, command := documentsIn(b, documents), build(b, ".")
	b.Run("connector", func(b *testing.B) {
		for range b.N {
			if err := exec.Command(command, "validate", dir).Run(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("floor=read", func(b *testing.B) {
		for range b.N {
			files, _ := filepath.Glob(filepath.Join(dir, "*.json"))
			inTwo(len(files), func(i int) {
				if _, err := os.ReadFile(files[i]); err != nil {
					b.Error(err)
				}
			})
		}
	})
}

// build compiles a program and returns its path. It is a copy, as an installed
// program is: what the linker has just written lies in the page cache in small
// pieces, which costs the larger program more.
func build(b *testing.B, source string) string {
	b.Helper()
	linked, installed := filepath.Join(b.TempDir(), "linked"), filepath.Join(b.TempDir(), "installed")
	if out, err := exec.Command("go", "build", "-o", linked, source).CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	program, err := os.ReadFile(linked)
	if err == nil {
		err = os.WriteFile(installed, program, 0o700)
	}
	if err != nil {
		b.Fatal(err)
	}
	return installed
}

func inTwo(n int, do func(i int)) {
	var workers sync.WaitGroup
	for w := range 2 {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for i := w; i < n; i += 2 {
				do(i)
			}
		}()
	}
	workers.Wait()
}

// BenchmarkTestMany is `connector test DIR` over 5,000 credentials on loopback,
// the whole process, and a bare net/http program that makes the same calls with
// the same concurrency: against the sandbox, which verifies tokens as the API
// does; with every tenth call failing; and, the hardest measure, against a server
// that does nothing at all.
func BenchmarkTestMany(b *testing.B) {
	const n, concurrency = 5000, 8
	dir, command, bare := documentsIn(b, n), build(b, "."), build(b, "testdata/bareclient/main.go")
	value := fixtures.Cases(time.Now())[0].Value
	var calls atomic.Int64
	api := http.StripPrefix("/api", new(sandbox.Sandbox))
	for _, server := range []struct {
		name    string
		exit    int
		handler http.HandlerFunc
	}{
		{"sandbox", exitOK, api.ServeHTTP},
		{"sandbox-failing", exitRejected, func(w http.ResponseWriter, r *http.Request) {
			if calls.Add(1)%10 == 0 {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			api.ServeHTTP(w, r)
		}},
		{"nothing", exitOK, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, `{"limit":10,"data":null,"last":""}`)
		}},
	} {
		var conns atomic.Int64
		listener := httptest.NewUnstartedServer(server.handler)
		listener.Config.ConnState = func(_ net.Conn, s http.ConnState) {
			if s == http.StateNew {
				conns.Add(1)
			}
		}
		listener.Start()
		defer listener.Close()
		base := listener.URL + "/api/v2"
		b.Run(server.name+"/connector", func(b *testing.B) {
			for range b.N {
				conns.Store(0)
				test := exec.Command(command, "test", "--base-url", base, "--concurrency", fmt.Sprint(concurrency), dir)
				_ = test.Run() // its exit code says more
				if code := test.ProcessState.ExitCode(); code != server.exit {
					b.Fatalf("exit %d, want %d", code, server.exit)
				}
			}
			// One each, as a rule: net/http replaces a connection now and then
			// when the machine is busy.
			b.ReportMetric(float64(conns.Load()), "conns")
			if c := conns.Load(); c > 2*concurrency {
				b.Fatalf("%d connections for a concurrency of %d", c, concurrency)
			}
		})
		b.Run(server.name+"/floor=net-http", func(b *testing.B) {
			for range b.N {
				client := exec.Command(bare, base, fmt.Sprint(n), fmt.Sprint(concurrency))
				client.Stdin = strings.NewReader(value)
				if out, err := client.CombinedOutput(); err != nil {
					b.Fatalf("%v\n%s", err, out)
				}
			}
		})
	}
}

// BenchmarkStart is the whole process: `connector version` and `connector
// validate ONE`, and a program that imports the three libraries and does nothing.
// The three take turns, so that what else the machine does falls on each alike;
// the ratios are of their medians.
func BenchmarkStart(b *testing.B) {
	command, nothing := build(b, "."), build(b, "testdata/threelibraries/main.go")
	one := filepath.Join(documentsIn(b, 1), "00000.json")
	starts := [][]string{{nothing}, {command, "version"}, {command, "validate", one}}
	took := make([][]time.Duration, len(starts))
	b.ResetTimer()
	for range b.N {
		for i, args := range starts {
			began := time.Now()
			if err := exec.Command(args[0], args[1:]...).Run(); err != nil {
				b.Fatal(err)
			}
			took[i] = append(took[i], time.Since(began))
		}
	}
	median := func(i int) float64 {
		slices.Sort(took[i])
		return float64(took[i][b.N/2])
	}
	b.ReportMetric(median(0), "floor-ns")
	b.ReportMetric(median(1)/median(0), "version/floor")
	b.ReportMetric(median(2)/median(0), "validate/floor")
}
