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

// build compiles a program and returns its path.
func build(b *testing.B, source string) string {
	b.Helper()
	binary := filepath.Join(b.TempDir(), "program")
	if out, err := exec.Command("go", "build", "-o", binary, source).CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return binary
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
// the whole process, and a bare net/http client that makes the same calls with the
// same concurrency; then with every tenth call failing.
func BenchmarkTestMany(b *testing.B) {
	const n, concurrency = 5000, 8
	dir, command, bare := documentsIn(b, n), build(b, "."), build(b, "testdata/bareclient/main.go")
	value := fixtures.Cases(time.Now())[0].Value
	for _, failing := range []bool{false, true} {
		var calls, conns atomic.Int64
		api := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if failing && calls.Add(1)%10 == 0 {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, `{"limit":10,"data":null,"last":""}`)
		}))
		api.Config.ConnState = func(_ net.Conn, s http.ConnState) {
			if s == http.StateNew {
				conns.Add(1)
			}
		}
		api.Start()
		defer api.Close()
		b.Run(fmt.Sprintf("connector/failing=%v", failing), func(b *testing.B) {
			for range b.N {
				conns.Store(0)
				test := exec.Command(command, "test", "--base-url", api.URL, "--concurrency", fmt.Sprint(concurrency), dir)
				_ = test.Run() // its exit code says more
				if code, want := test.ProcessState.ExitCode(), map[bool]int{false: exitOK, true: exitRejected}[failing]; code != want {
					b.Fatalf("exit %d, want %d", code, want)
				}
				if c := conns.Load(); c > concurrency {
					b.Fatalf("%d connections for a concurrency of %d", c, concurrency)
				}
			}
		})
		b.Run(fmt.Sprintf("floor=net-http/failing=%v", failing), func(b *testing.B) {
			for range b.N {
				client := exec.Command(bare, api.URL, fmt.Sprint(n), fmt.Sprint(concurrency))
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
func BenchmarkStart(b *testing.B) {
	command, nothing := build(b, "."), build(b, "testdata/threelibraries/main.go")
	one := filepath.Join(documentsIn(b, 1), "00000.json")
	for _, c := range []struct {
		name string
		args []string
	}{
		{"connector-version", []string{command, "version"}},
		{"connector-validate", []string{command, "validate", one}},
		{"floor=three-libraries", []string{nothing}},
	} {
		b.Run(c.name, func(b *testing.B) {
			for range b.N {
				if err := exec.Command(c.args[0], c.args[1:]...).Run(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkSandbox keeps the stand-in honest: its own cost is what the other
// benchmarks would measure if they used it.
func BenchmarkSandbox(b *testing.B) {
	api := httptest.NewServer(new(sandbox.Sandbox))
	defer api.Close()
	value := fixtures.Cases(time.Now())[0].Value
	for range b.N {
		req, _ := http.NewRequest(http.MethodGet, api.URL+"/v2/rooms?limit=10&name=none", nil)
		req.Header.Set("Authorization", "Bearer "+value)
		resp, err := api.Client().Do(req)
		if err != nil {
			b.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
}
