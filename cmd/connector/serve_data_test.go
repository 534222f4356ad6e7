package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/fixtures"
)

// collected may be written and read by several goroutines.
type collected struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (c *collected) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.b.Write(p)
}

func (c *collected) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.b.String()
}

func TestServeShowsDataWhereItIsAllowedAndLogsWhoReadIt(t *testing.T) {
	inShortCache(t)
	dir := t.TempDir()
	url, _ := accountOf(t, 130, 0)
	key := fixtures.Workspace()
	token := fixtures.Sign(key, fixtures.Management(key, time.Now(), time.Hour))
	stored := []string{"--store", "sqlite://" + filepath.Join(dir, "credentials.db"), "--store-key", filepath.Join(dir, "store.key"), "--base-url", url}
	if code := run(t.Context(), append([]string{"credential", "add", "production", "--value-file", "-"}, stored...), strings.NewReader(token), io.Discard, os.Stderr); code != 0 {
		t.Fatalf("exit %d", code)
	}
	ctx, interrupt := context.WithCancel(t.Context())
	ended, out, log := make(chan int, 1), new(collected), new(collected)
	defer func() { interrupt(); <-ended }()
	go func() {
		ended <- run(ctx, append([]string{"serve", "--listen", "127.0.0.1:0", "--allow-data"}, stored...), strings.NewReader(""), out, log)
	}()
	address := ""
	for ; address == ""; time.Sleep(time.Millisecond) {
		address = regexp.MustCompile(`127\.0\.0\.1:\d+`).FindString(out.String())
	}

	// get is what somebody with a link of a role gets.
	signIn := func(role string) func(path string) (int, string) {
		var link bytes.Buffer
		if code := run(t.Context(), []string{"serve", "link", "--listen", address, "--role", role}, strings.NewReader(""), &link, io.Discard); code != 0 {
			t.Fatalf("exit %d", code)
		}
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		client := &http.Client{Jar: jar, Transport: &http.Transport{DisableKeepAlives: true}}
		get := func(address string) (int, string) {
			response, err := client.Get(address)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			page, err := io.ReadAll(response.Body)
			if err != nil {
				t.Fatal(err)
			}
			return response.StatusCode, string(page)
		}
		get(strings.TrimSpace(link.String()))
		return func(path string) (int, string) { return get("http://" + address + path) }
	}
	viewer := signIn("view")
	_, page := viewer("/")
	at := regexp.MustCompile(`/credentials/[0-9a-f]{24}/data`).FindString(page)
	if at == "" {
		t.Fatalf("the list does not lead to the data: %s", page)
	}
	if status, page := viewer(at + "/rooms"); status != http.StatusOK || !strings.Contains(page, "The first 25") {
		t.Errorf("%d", status)
	}
	for path, wanted := range map[string]int{"/credentials/new": http.StatusForbidden, strings.TrimSuffix(at, "/data") + "/write": http.StatusNotFound} {
		if status, _ := viewer(path); status != wanted {
			t.Errorf("%s: %d", path, status)
		}
	}
	if status, _ := signIn("manage")("/credentials/new"); status != http.StatusOK {
		t.Errorf("a manager cannot add: %d", status)
	}
	said := log.String()
	if !regexp.MustCompile(`msg=sampled who="session [0-9a-f]{8}" from=127\.0\.0\.1 credential=production of=rooms records=25 ended=whole personal=false`).MatchString(said) {
		t.Errorf("it is not logged: %s", said)
	}
	if strings.Contains(said+out.String(), token[:60]) {
		t.Error("the output holds the token")
	}
}
