package hosts_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/fixtures"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

// clients runs real clients, which .ci/clients installs, against the connector and a
// sandbox.
type clients struct {
	t       *testing.T
	folder  string // of the environments
	scripts string
	work    string
	command string
	api     *sandbox.Sandbox
	url     string
}

func newClients(t *testing.T) *clients {
	folder := os.Getenv("CONNECTOR_TEST_CLIENTS")
	if folder == "" {
		t.Skip("CONNECTOR_TEST_CLIENTS is not set; .ci/clients installs PyAirbyte, Airbyte's standard tests and Meltano, and prints it")
	}
	c := &clients{t: t, folder: folder, work: t.TempDir(), api: &sandbox.Sandbox{Account: &sandbox.Account{Rooms: 60, Sessions: 130, Peers: 9, Now: time.Now()}}}
	var err error
	if c.scripts, err = filepath.Abs("testdata/clients"); err != nil {
		t.Fatal(err)
	}
	c.command = filepath.Join(c.work, "connector")
	if out, err := exec.Command("go", "build", "-o", c.command, "../../cmd/connector").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	server := httptest.NewServer(fitting(c.api))
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

// fitting answers as next does, but without integers above 2^63-1: the connector passes
// them on, and these clients' tables have no type for them.
func fitting(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(&fitter{w}, r) })
}

type fitter struct{ http.ResponseWriter }

func (f *fitter) Write(p []byte) (int, error) {
	return f.ResponseWriter.Write(bytes.ReplaceAll(p, []byte("18446744073709551615"), []byte(" 9223372036854775807")))
}

// file writes a file into the folder of the test.
func (c *clients) file(name, content string) string {
	path := filepath.Join(c.work, name)
	if err := os.WriteFile(path, []byte(content), 0o700); err != nil {
		c.t.Fatal(err)
	}
	return path
}

// configuration writes one of a token that lives for so long; one that is negative has
// expired.
func (c *clients) configuration(name string, life time.Duration) string {
	key := fixtures.Workspace()
	token := fixtures.Sign(key, fixtures.Management(key, time.Now().Add(min(0, 2*life)), max(life, -life)))
	return c.file(name, fmt.Sprintf(`{"name":"test","api_key_value":%q,"base_url":%q}`, token, c.url+"/v2"))
}

// verb writes a script that is a verb of the connector, for hosts that take no argument
// beside an executable.
func (c *clients) verb(verb string) string {
	return c.file(strings.ReplaceAll(verb, " ", "-"), fmt.Sprintf("#!/bin/sh\nexec '%s' %s \"$@\"\n", c.command, verb))
}

// run runs a program of an environment, and gives what it prints.
func (c *clients) run(program string, stdin []byte, env []string, args ...string) []byte {
	c.t.Helper()
	cmd := exec.Command(filepath.Join(c.folder, program), args...)
	cmd.Dir, cmd.Stdin = c.work, bytes.NewReader(stdin)
	cmd.Env = append(os.Environ(), append([]string{"HOME=" + c.work, "PYTHONDONTWRITEBYTECODE=1"}, env...)...)
	var out, errors bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errors
	err := cmd.Run()
	for _, secret := range append(slices.Clone(sandbox.SecretMarks), fixtures.Workspace().AppSecret[:24], "eyJ") {
		if strings.Contains(out.String()+errors.String(), secret) {
			c.t.Errorf("%s prints a secret", program)
		}
	}
	if err != nil {
		c.t.Fatalf("%s %s: %v\n%s\n%s", program, args, err, last(out.String()), last(errors.String()))
	}
	return out.Bytes()
}

func last(text string) string { return text[max(0, len(text)-4000):] }

// keys are how many keys each stream has.
func (c *clients) keys() map[string]int {
	counts := map[string]int{}
	for _, stream := range exchange.Streams() {
		keys := readPlain(c.url+"/v2", stream, "", -1).keys
		slices.Sort(keys)
		counts[stream.Name] = len(slices.Compact(keys))
	}
	return counts
}

func TestPyAirbyteReadsAllStreamsTwice(t *testing.T) {
	c := newClients(t)
	out := c.run("airbyte/bin/python", nil, nil, filepath.Join(c.scripts, "pyairbyte.py"), c.verb("airbyte"), c.configuration("config.json", time.Hour), c.work)
	var runs []struct {
		Records int
		Tables  map[string]int
	}
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	if err := json.Unmarshal(lines[len(lines)-1], &runs); err != nil || len(runs) != 2 {
		t.Fatalf("%v\n%s", err, out)
	}
	want := c.keys()
	if got := runs[1].Tables; !maps.Equal(got, want) {
		t.Errorf("the tables have %v, want %v", got, want)
	}
	if first, second := runs[0].Records, runs[1].Records; second >= first {
		t.Errorf("the first run gave %d records, the second %d", first, second)
	}
	t.Logf("%d records, then %d", runs[0].Records, runs[1].Records)
}

func TestPyAirbyteWritesRoomsOnce(t *testing.T) {
	c := newClients(t)
	python := filepath.Join(c.folder, "airbyte/bin/python")
	source := c.file("source", fmt.Sprintf("#!/bin/sh\nexec '%s' '%s' \"$@\"\n", python, filepath.Join(c.scripts, "rooms_source.py")))
	config := c.configuration("config.json", time.Hour)
	data, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	config = c.file("destination.json", strings.TrimSuffix(string(data), "}")+`,"actions":[{"stream":"new_rooms","action":"rooms"}]}`)
	out := c.run("airbyte/bin/python", nil, nil, filepath.Join(c.scripts, "pyairbyte_write.py"), c.verb("airbyte destination"), config, source, c.work)
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	if got := string(lines[len(lines)-1]); got != "[120, 120]" {
		t.Errorf("%s", out)
	}
	written := map[string]int{}
	for _, w := range c.api.Writes() {
		written[w.Key]++
	}
	for n := range 120 {
		if name := fmt.Sprintf("py-room-%d", n); written[name] != 1 {
			t.Errorf("%s was written %d times", name, written[name])
		}
	}
}

func TestAirbytesStandardTestsPass(t *testing.T) {
	c := newClients(t)
	out := c.run("airbyte/bin/python", nil,
		[]string{"EXECUTABLE=" + c.verb("airbyte"), "CONFIG=" + c.configuration("config.json", time.Hour), "BAD_CONFIG=" + c.configuration("bad.json", -time.Hour)},
		"-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error::airbyte_cdk.test.standard_tests.DiscoveredCatalogWarning",
		"-k", "not docker", filepath.Join(c.scripts, "test_standard.py"))
	t.Logf("%s", out)
}

func TestMessagesAreThoseOfAirbytesModel(t *testing.T) {
	c := newClients(t)
	config, bad := c.configuration("config.json", time.Hour), c.configuration("bad.json", -time.Hour)
	var streams []string
	for _, stream := range exchange.Streams() {
		streams = append(streams, fmt.Sprintf(`{"stream":{"name":%q,"json_schema":{}},"sync_mode":"incremental","destination_sync_mode":"append"}`, stream.Name))
	}
	catalog := c.file("catalog.json", `{"streams":[`+strings.Join(streams, ",")+`]}`)
	var all bytes.Buffer
	written := c.file("written.json", `{"streams":[{"stream":{"name":"rooms","json_schema":{}},"sync_mode":"full_refresh","destination_sync_mode":"append"}]}`)
	for _, args := range [][]string{
		{"destination", "spec"}, {"destination", "check", "--config", config}, {"destination", "check", "--config", bad},
		{"destination", "write", "--config", config, "--catalog", written}, {"destination", "write", "--config", bad, "--catalog", written},
		{"spec"}, {"check", "--config", config}, {"check", "--config", bad}, {"discover", "--config", config},
		{"read", "--config", config, "--catalog", catalog}, {"read", "--config", bad, "--catalog", catalog},
	} {
		cmd := exec.Command(c.command, append([]string{"airbyte"}, args...)...)
		cmd.Stdout = &all
		cmd.Stdin = strings.NewReader(`{"type":"RECORD","record":{"stream":"rooms","data":{"name":"of-the-model"},"emitted_at":1}}
{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"rooms"},"stream_state":{}}}}
`)
		_ = cmd.Run() // one fails, as it has to
	}
	counts := map[string]int{}
	out := c.run("airbyte/bin/python", all.Bytes(), nil, filepath.Join(c.scripts, "messages.py"))
	if err := json.Unmarshal(out, &counts); err != nil || counts["RECORD"] == 0 || counts["STATE"] < len(streams) || counts["TRACE"] == 0 {
		t.Errorf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}

func TestMeltanoReadsTwice(t *testing.T) {
	c := newClients(t)
	project, err := os.ReadFile(filepath.Join(c.scripts, "meltano.yml"))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("$TAP", c.verb("singer"), "$TARGET", filepath.Join(c.folder, "target/bin/target-jsonl")).Replace(string(project))
	c.file("meltano.yml", text)
	if err := os.Mkdir(filepath.Join(c.work, "output"), 0o700); err != nil {
		t.Fatal(err)
	}
	var config struct {
		Token string `json:"api_key_value"`
	}
	data, _ := os.ReadFile(c.configuration("config.json", time.Hour))
	if err := json.Unmarshal(data, &config); err != nil {
		t.Fatal(err)
	}
	env := []string{"TAP_100MS_API_KEY_VALUE=" + config.Token, "TAP_100MS_BASE_URL=" + c.url + "/v2", "MELTANO_SEND_ANONYMOUS_USAGE_STATS=false", "NO_COLOR=1"}
	want := c.keys()
	var before map[string]int
	for run := range 2 {
		c.run("meltano/bin/meltano", nil, env, "run", "tap-100ms", "target-jsonl")
		lines, keys := map[string]int{}, map[string]int{}
		for _, stream := range exchange.Streams() {
			data, err := os.ReadFile(filepath.Join(c.work, "output", stream.Name+".jsonl"))
			if err != nil {
				t.Fatal(err)
			}
			seen := map[string]bool{}
			for line := range bytes.Lines(data) {
				lines[stream.Name]++
				seen[keyOf(stream, line)] = true
				if stream.Name == "rooms" && bytes.Contains(line, []byte(`"description"`)) {
					t.Fatalf("a field that is not selected came: %s", line)
				}
			}
			keys[stream.Name] = len(seen)
		}
		if !maps.Equal(keys, want) {
			t.Errorf("run %d: %v, want %v", run, keys, want)
		}
		if run == 1 && lines["recordings"] >= 2*before["recordings"] {
			t.Errorf("recordings had %d lines, and then %d: the state is not used", before["recordings"], lines["recordings"])
		}
		before = lines
	}
	t.Logf("%v", before)
}
