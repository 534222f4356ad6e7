package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/100ms-connector/connector-go/connector/web"
)

// inShortCache makes a cache folder whose path a socket's name fits behind.
func inShortCache(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "c")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	for _, name := range []string{"XDG_CACHE_HOME", "HOME", "LocalAppData"} {
		t.Setenv(name, dir)
	}
	return dir
}

func TestANewLinkNeedsNoRestart(t *testing.T) {
	cache := inShortCache(t)
	dir := t.TempDir()
	out, in := io.Pipe()
	ctx, interrupt := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	defer func() { interrupt(); <-ended }()
	go func() {
		ended <- run(ctx, []string{"serve", "--listen", "127.0.0.1:0", "--store", "sqlite://" + filepath.Join(dir, "credentials.db"), "--store-key", filepath.Join(dir, "store.key")},
			strings.NewReader(""), in, os.Stderr)
		in.Close()
	}()
	first := make([]byte, 4096)
	n, err := out.Read(first)
	if err != nil {
		t.Fatal(err)
	}
	go io.Copy(io.Discard, out)
	address := regexp.MustCompile(`127\.0\.0\.1:\d+`).FindString(string(first[:n]))

	seen := map[string]bool{}
	for range 2 {
		var stdout bytes.Buffer
		if code := run(t.Context(), []string{"serve", "link", "--listen", address}, strings.NewReader(""), &stdout, os.Stderr); code != 0 {
			t.Fatalf("exit %d", code)
		}
		link := strings.TrimSpace(stdout.String())
		if seen[link] || !strings.HasPrefix(link, "http://"+address+"/signin/") {
			t.Errorf("%q", link)
		}
		seen[link] = true
		for _, status := range []int{http.StatusOK, http.StatusGone} { // it works once
			response, err := http.Get(link)
			if err != nil {
				t.Fatal(err)
			}
			page, _ := io.ReadAll(response.Body)
			response.Body.Close()
			if response.StatusCode != status {
				t.Errorf("%d, want %d", response.StatusCode, status)
			}
			if status == http.StatusGone && !strings.Contains(string(page), "run connector serve link --listen "+address) {
				t.Errorf("a used link leads nowhere: %s", page)
			}
		}
	}

	socket := filepath.Join(cache, "100ms-connector")
	if runtime.GOOS == "darwin" {
		socket = filepath.Join(cache, "Library", "Caches", "100ms-connector")
	}
	if runtime.GOOS != "windows" {
		if info, err := os.Stat(socket); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("others can enter the folder of the socket: %v %v", info.Mode(), err)
		}
	}
}

func TestNobodyGetsALinkForAFormThatAsksForAPasswordOrIsNotServed(t *testing.T) {
	inShortCache(t)
	var stderr strings.Builder
	code := run(t.Context(), []string{"serve", "link", "--listen", "127.0.0.1:1"}, strings.NewReader(""), io.Discard, &stderr)
	if code != exitUntested || !strings.Contains(stderr.String(), "no form of yours is served on 127.0.0.1:1, or it asks for a password") {
		t.Errorf("exit %d: %s", code, stderr.String())
	}
}

func TestASocketThatAKilledFormLeftIsInNobodysWay(t *testing.T) {
	inShortCache(t)
	path, err := doorPath("127.0.0.1:8100")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	left, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	left.(*net.UnixListener).SetUnlinkOnClose(false)
	left.Close()
	door, err := openDoor("127.0.0.1:8100", func(role web.Role) string { return fmt.Sprint("http://127.0.0.1:8100/signin/", int(role)) })
	if err != nil {
		t.Fatal(err)
	}
	defer door.Close()
	for role, wanted := range map[string]web.Role{"view": web.Viewer, "manage": web.Manager, "write": web.Writer} {
		if link, err := askForLink(t.Context(), "127.0.0.1:8100", role); err != nil || link != fmt.Sprint("http://127.0.0.1:8100/signin/", int(wanted)) {
			t.Errorf("%s: %q %v", role, link, err)
		}
	}
	if link, err := askForLink(t.Context(), "127.0.0.1:8100", "root"); err == nil {
		t.Errorf("a role that there is not gets %q", link)
	}
}

func TestEnterInTheTerminalPrintsANewLink(t *testing.T) {
	var out strings.Builder
	n := 0
	linkAtEnter(strings.NewReader("\n\n"), &out, func() string { n++; return strings.Repeat("x", n) })
	if out.String() != "new link  x\nnew link  xx\n" {
		t.Errorf("%q", out.String())
	}
}
