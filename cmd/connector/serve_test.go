package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestServePrintsALinkThatOpensTheFormAndStopsWhenInterrupted(t *testing.T) {
	dir := t.TempDir()
	ctx, interrupt := context.WithCancel(context.Background())
	defer interrupt()
	out, in := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"serve", "--listen", "127.0.0.1:0", "--store", "sqlite://" + filepath.Join(dir, "credentials.db"), "--store-key", filepath.Join(dir, "store.key")},
			strings.NewReader(""), in, os.Stderr)
		in.Close()
	}()
	printed := bufio.NewReader(out)
	line, err := printed.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	go io.Copy(io.Discard, printed)
	link := regexp.MustCompile(`http://127\.0\.0\.1:\d+/signin/\S+`).FindString(line)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := http.Client{Jar: jar, Timeout: 10 * time.Second}
	for _, c := range []struct {
		path   string
		status int
	}{{link, http.StatusOK}, {link[:strings.Index(link, "/signin/")] + "/", http.StatusOK}} {
		response, err := browser.Get(c.path)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != c.status {
			t.Errorf("%s: %d", c.path, response.StatusCode)
		}
	}
	browser.CloseIdleConnections()
	interrupt()
	select {
	case code := <-ended:
		if code != exitInterrupted {
			t.Errorf("exit %d", code)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it goes on")
	}
}

func TestServeSaysWhatToDoAboutAPortThatIsTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	dir := t.TempDir()
	var stderr strings.Builder
	code := run(t.Context(), []string{"serve", "--listen", taken.Addr().String(), "--store", "sqlite://" + filepath.Join(dir, "credentials.db"), "--store-key", filepath.Join(dir, "store.key")},
		strings.NewReader(""), io.Discard, &stderr)
	wanted := "cannot serve on " + taken.Addr().String() + ": address already in use\nconnector: hint: another program may be using it: --listen 127.0.0.1:0 takes a free port"
	if code != exitUntested || !strings.Contains(stderr.String(), wanted) {
		t.Errorf("exit %d: %s", code, stderr.String())
	}
}
