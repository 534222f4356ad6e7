package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// releases serves a release whose program prints its arguments.
func releases(t *testing.T, version, sum string) (url string) {
	t.Helper()
	version = strings.NewReplacer(";", "", " ", "", "/", "").Replace(version) // as a pattern's path
	program := "#!/bin/sh\necho released \"$@\"\n"
	var archive bytes.Buffer
	z := gzip.NewWriter(&archive)
	w := tar.NewWriter(z)
	if err := w.WriteHeader(&tar.Header{Name: "connector", Mode: 0o755, Size: int64(len(program))}); err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write([]byte(program))
	_ = w.Close()
	_ = z.Close()
	name := fmt.Sprintf("connector_%s_%s_%s.tar.gz", version[1:], runtime.GOOS, runtime.GOARCH)
	if sum == "" {
		sum = fmt.Sprintf("%x", sha256.Sum256(archive.Bytes()))
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/"+version+"/"+name, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(archive.Bytes()) })
	mux.HandleFunc("/"+version+"/checksums.txt", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "%s  connector_other.tar.gz\n%s  %s\n", strings.Repeat("0", 64), sum, name)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

func needs(t *testing.T, programs ...string) {
	t.Helper()
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("there is no %s", program)
		}
	}
}

func TestAProgramOfAReleaseIsTakenWhereItsChecksumIsRight(t *testing.T) {
	needs(t, "bash", "curl", "tar")
	for _, c := range []struct {
		name, version, sum string
		found              bool
	}{
		{"a release", "v1.2.3", "", true},
		{"one before another", "v1.2.3-rc.1", "", true},
		{"another file than was released", "v1.2.3", strings.Repeat("a", 64), false},
		{"a branch", "main", "", false},
		{"a version that is a command", "v1.2.3;touch run", "", false},
		{"a version that leads elsewhere", "v1.2.3/../../v9", "", false},
		{"none", "", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			into := t.TempDir()
			cmd := exec.Command("bash", filepath.Join(projectRoot, ".github/actions/released"), c.version, into)
			cmd.Env = append(os.Environ(), "CONNECTOR_RELEASES="+releases(t, "v1.2.3"+strings.TrimPrefix(c.version, "v1.2.3"), c.sum))
			text, err := cmd.CombinedOutput()
			_, fault := os.Stat(filepath.Join(into, "connector"))
			if (err == nil) != c.found || (fault == nil) != c.found {
				t.Errorf("%v %v: %s", err, fault, text)
			}
		})
	}
	cmd := exec.Command("bash", filepath.Join(projectRoot, ".github/actions/released"), "v1.2.3", t.TempDir())
	cmd.Env = append(os.Environ(), "CONNECTOR_RELEASES=http://127.0.0.1:1")
	if err := cmd.Run(); err == nil {
		t.Error("a release that cannot be had is there")
	}
}

func TestTheHookCompilesWhatIsNoRelease(t *testing.T) {
	needs(t, "bash", "git", "go")
	dir := writeFiles(t, map[string]string{"variable.json": `{"name":"x","api_key_value":"${HMS_TOKEN}"}`, "token.json": credentialOf(t, "live")})
	cache := t.TempDir()
	compiled, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	path, err := filepath.Abs(filepath.Join(projectRoot, ".github/actions/hook"))
	if err != nil {
		t.Fatal(err)
	}
	hook := func(file string) (string, error) {
		cmd := exec.Command("bash", path, file)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+cache, "GOCACHE="+strings.TrimSpace(string(compiled)), "CONNECTOR_RELEASES=http://127.0.0.1:1")
		text, err := cmd.CombinedOutput()
		return string(text), err
	}
	if text, err := hook("variable.json"); err != nil {
		t.Errorf("%v: %s", err, text)
	}
	if text, err := hook("token.json"); err == nil || !strings.Contains(text, "literal_secret") {
		t.Errorf("a token in a file passes: %s", text)
	}
}
