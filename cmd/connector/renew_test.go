package main

import (
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/fixtures"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

// TestSeveralRenewalsAtOnceRenewEachCredentialOnce runs the same command many times
// at the same moment, as cron on several machines does.
func TestSeveralRenewalsAtOnceRenewEachCredentialOnce(t *testing.T) {
	const processes, credentials = 5, 4
	home := t.TempDir()
	for name, folder := range map[string]string{"XDG_DATA_HOME": "data", "XDG_CONFIG_HOME": "config", logEnv: "."} {
		t.Setenv(name, filepath.Join(home, folder))
	}
	api := httptest.NewServer(new(sandbox.Sandbox))
	defer api.Close()
	if err := writeKeyFiles(home); err != nil {
		t.Fatal(err)
	}
	value := filepath.Join(home, "value")
	if err := os.WriteFile(value, []byte(soonToExpire(t)), 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range credentials {
		if out, err := exec.Command("connector", "credential", "add", fmt.Sprint("c", i), "--no-test", "--value-file", value).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	var all strings.Builder
	var mu sync.Mutex
	var running sync.WaitGroup
	for range processes {
		running.Go(func() {
			out, err := exec.Command("connector", "renew", "--all", "--key-file", filepath.Join(home, "key.json"), "--base-url", api.URL+"/v2").CombinedOutput()
			if err != nil {
				t.Errorf("%v\n%s", err, out)
			}
			mu.Lock()
			defer mu.Unlock()
			all.Write(out)
		})
	}
	running.Wait()
	for i := range credentials {
		if n := strings.Count(all.String(), fmt.Sprintf("c%d: renewed: ", i)); n != 1 {
			t.Errorf("c%d was renewed %d times:\n%s", i, n, all.String())
		}
	}
}

// soonToExpire is a live token with five hours left of a week.
func soonToExpire(t *testing.T) string {
	for _, f := range fixtures.Cases(time.Now()) {
		if f.Name == "expires-soon" {
			return f.Value
		}
	}
	t.Fatal("there is none")
	return ""
}
