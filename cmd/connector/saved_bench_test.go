//go:build linux

package main

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

// BenchmarkManySaved lists and tests all credentials of a store, and gives the peak memory
// of both, which must not grow with their number. SAVED_CREDENTIALS says how many there
// are; 1,000 if it is not set, and 100,000 for the figures of the README.
func BenchmarkManySaved(b *testing.B) {
	credentials := 1000
	if n, err := strconv.Atoi(os.Getenv("SAVED_CREDENTIALS")); err == nil {
		credentials = n
	}
	api := httptest.NewServer(new(sandbox.Sandbox))
	defer api.Close()
	dir := b.TempDir()
	location, key := "sqlite://"+filepath.Join(dir, "store.db"), filepath.Join(dir, "store.key")
	saveMany(b, location, key, credentials)
	command := build(b, ".")
	for range b.N {
		for name, args := range map[string][]string{
			"list": {"credential", "list"},
			"json": {"credential", "list", "--format", "json"},
			"test": {"test", "--all", "--base-url", api.URL + "/v2"},
		} {
			_, peak := measured(b, append(append([]string{command}, args...), "--store", location, "--store-key", key), "")
			b.ReportMetric(float64(peak)/1024, fmt.Sprint(name, "-MiB"))
		}
	}
}
