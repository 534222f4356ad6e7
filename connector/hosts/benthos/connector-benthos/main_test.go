package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/fixtures"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

// asCommand has this program be the command.
const asCommand = "BENTHOS_TEST_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// command is the command in a folder, with a workspace's key in its environment.
func command(t *testing.T, folder, url string, arguments ...string) *exec.Cmd {
	t.Helper()
	key := fixtures.Workspace()
	c := exec.Command(os.Args[0], arguments...)
	c.Dir = folder
	c.Env = append(os.Environ(), asCommand+"=1", "HMS_APP_ACCESS_KEY="+key.AccessKey, "HMS_APP_SECRET="+key.AppSecret, "HMS_BASE_URL="+url)
	return c
}

func run(t *testing.T, c *exec.Cmd) (out string) {
	t.Helper()
	text, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if secret := fixtures.Workspace().AppSecret[:24]; strings.Contains(string(text), secret) {
		t.Error("the output holds the App Secret")
	}
	return string(text)
}

// example copies one of the examples into a folder, with other words in place of some.
func example(t *testing.T, folder, name string, replace ...string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "examples", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name), []byte(strings.NewReplacer(replace...).Replace(string(text))), 0o600); err != nil {
		t.Fatal(err)
	}
}

// folderOf is one with room for places.
func folderOf(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "places"), 0o700); err != nil {
		t.Fatal(err)
	}
	return folder
}

func serve(t *testing.T, prefix string, account *sandbox.Account) (url string, api *sandbox.Sandbox) {
	t.Helper()
	api = &sandbox.Sandbox{Account: account}
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	return server.URL + prefix + "/v2", api
}

// ids are those of the objects in a file, with how often each stands there.
func ids(t *testing.T, path string) map[string]int {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	for line := range bytes.Lines(text) {
		var record struct{ ID string }
		if err := json.Unmarshal(line, &record); err != nil || record.ID == "" {
			t.Fatalf("%q: %v", line, err)
		}
		found[record.ID]++
	}
	return found
}

func TestTheExamplesLint(t *testing.T) {
	for _, name := range []string{"files.yaml", "rooms.yaml", "credentials.yaml"} {
		path, err := filepath.Abs(filepath.Join("..", "examples", name))
		if err != nil {
			t.Fatal(err)
		}
		run(t, command(t, t.TempDir(), "http://127.0.0.1:1/v2", "lint", path))
	}
	folder := t.TempDir()
	example(t, folder, "files.yaml", "interval", "intervall")
	if text, err := command(t, folder, "http://127.0.0.1:1/v2", "lint", "files.yaml").CombinedOutput(); err == nil || !strings.Contains(string(text), "intervall") {
		t.Errorf("a field that there is not passes: %s", text)
	}
}

func TestAnAccountComesIntoFiles(t *testing.T) {
	url, _ := serve(t, "", &sandbox.Account{Rooms: 130, Sessions: 60, Peers: 9})
	folder := folderOf(t)
	example(t, folder, "files.yaml", "interval: 5m", "interval: 0s")
	run(t, command(t, folder, url, "run", "files.yaml"))
	if n := len(ids(t, filepath.Join(folder, "data", "rooms.jsonl"))); n != 130 {
		t.Errorf("%d rooms", n)
	}
	files, _ := filepath.Glob(filepath.Join(folder, "data", "*.jsonl"))
	if len(files) != 18 {
		t.Errorf("%d files", len(files))
	}
}

// TestTheConfigurationOfTheDocumentationRuns runs that of the page about hosts.
func TestTheConfigurationOfTheDocumentationRuns(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Benthos")
	_, block, _ := strings.Cut(section, "```yaml\n")
	block, _, found := strings.Cut(block, "```")
	if !found {
		t.Fatal("the page has no configuration of Benthos")
	}
	url, _ := serve(t, "", &sandbox.Account{Rooms: 30, Sessions: 10})
	folder := folderOf(t)
	block = strings.Replace(block, "interval: 5m", "interval: 0s\n    base_url: "+url, 1)
	if err := os.WriteFile(filepath.Join(folder, "page.yaml"), []byte(block), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, command(t, folder, url, "lint", "page.yaml"))
	run(t, command(t, folder, url, "run", "page.yaml"))
	if n := len(ids(t, filepath.Join(folder, "data", "rooms.jsonl"))); n != 30 {
		t.Errorf("%d rooms", n)
	}
}

// TestARunThatIsKilledGoesOnWhereItWas kills the process at several moments.
func TestARunThatIsKilledGoesOnWhereItWas(t *testing.T) {
	url, _ := serve(t, "/latency/60ms", &sandbox.Account{Rooms: 3000, Sessions: 5})
	folder := folderOf(t)
	example(t, folder, "files.yaml", "interval: 5m", "streams: [rooms]\n    interval: 0s")
	kills := 0
	for span := 300 * time.Millisecond; ; span += 100 * time.Millisecond {
		ctx, cancel := context.WithTimeout(t.Context(), span) // and then it is killed
		c := command(t, folder, url, "run", "files.yaml")
		killed := exec.CommandContext(ctx, c.Path, c.Args[1:]...)
		killed.Dir, killed.Env = c.Dir, c.Env
		text, err := killed.CombinedOutput()
		cancel()
		if err == nil {
			break
		}
		if kills++; kills > 30 {
			t.Fatalf("it comes to no end: %s", text)
		}
	}
	text, err := os.ReadFile(filepath.Join(folder, "data", "rooms.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	whole, again := map[string]bool{}, 0
	for line := range bytes.Lines(text) { // a line may be cut by a kill: it comes again
		var record struct{ ID string }
		if json.Unmarshal(line, &record) != nil {
			continue
		}
		if whole[record.ID] {
			again++
		}
		whole[record.ID] = true
	}
	t.Logf("%d kills, %d rooms, %d lines came again", kills, len(whole), again)
	if len(whole) != 3000 || kills == 0 || again > kills*300 {
		t.Errorf("%d rooms after %d kills, %d lines came again", len(whole), kills, again)
	}
}

func TestACacheThatCannotKeepThePlaceIsSaidBeforeAnythingIsRead(t *testing.T) {
	url, _ := serve(t, "", nil)
	folder := t.TempDir() // without the cache's
	example(t, folder, "files.yaml")
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	c := command(t, folder, url, "run", "files.yaml")
	ended := exec.CommandContext(ctx, c.Path, c.Args[1:]...)
	ended.Dir, ended.Env = c.Dir, c.Env
	text, _ := ended.CombinedOutput()
	if _, err := os.Stat(filepath.Join(folder, "data")); err == nil || !strings.Contains(string(text), "the cache places cannot keep the place") {
		t.Errorf("%s", text)
	}
}

func TestRoomsOfAFileAreWrittenAndWhatIsRefusedIsKept(t *testing.T) {
	url, api := serve(t, "", nil)
	folder := t.TempDir()
	example(t, folder, "rooms.yaml")
	if err := os.WriteFile(filepath.Join(folder, "rooms.jsonl"), []byte(`{"name":"lesson-1"}`+"\n"+`{"name":"not a name!"}`+"\n"+`{"name":"lesson-2"}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, command(t, folder, url, "run", "rooms.yaml"))
	if n := len(api.Writes()); n != 2 {
		t.Errorf("%d rooms were made", n)
	}
	refused, err := os.ReadFile(filepath.Join(folder, "refused.jsonl"))
	if err != nil || strings.Count(string(refused), "\n") != 1 || !strings.Contains(string(refused), "not a name!") || !strings.Contains(string(refused), "schema") {
		t.Errorf("%s %v", refused, err)
	}
}

func TestCredentialsInFilesAreTested(t *testing.T) {
	url, _ := serve(t, "", nil)
	folder := t.TempDir()
	example(t, folder, "credentials.yaml")
	if err := os.Mkdir(filepath.Join(folder, "credentials"), 0o700); err != nil {
		t.Fatal(err)
	}
	var secrets []string
	for _, c := range fixtures.Cases(time.Now()) {
		if c.Name == "live" || c.Name == "expired" {
			d := connector.Credential{Name: c.Name, APIKeyValue: connector.Secret(c.Value)}
			if err := os.WriteFile(filepath.Join(folder, "credentials", c.Name+".json"), d.Document(), 0o600); err != nil {
				t.Fatal(err)
			}
			secrets = append(secrets, c.Value)
		}
	}
	out := run(t, command(t, folder, url, "run", "credentials.yaml"))
	for _, wanted := range []string{`"code":"ok"`, `"code":"expired_token"`} {
		if !strings.Contains(strings.ReplaceAll(out, ": ", ":"), wanted) {
			t.Errorf("no %s in %s", wanted, out)
		}
	}
	for _, secret := range secrets {
		if strings.Contains(out, secret) {
			t.Error("the output holds a token")
		}
	}
}
