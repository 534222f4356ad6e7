package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/100ms-connector/connector-go/fixtures"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
	"github.com/100ms-connector/connector-go/fixtures/standin"
	"github.com/100ms-connector/connector-go/schema"
)

// logEnv names the folder in which every run of the command leaves what it
// printed, so that all of it can be searched for secrets.
const logEnv = "CONNECTOR_TEST_LOG"

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"connector": loggedMain})
}

// loggedMain is main with its output copied to the log.
func loggedMain() {
	log, err := os.CreateTemp(os.Getenv(logEnv), "run-*")
	if err != nil {
		panic(err)
	}
	fmt.Fprintln(log, os.Args[1:])
	out, errw := io.Writer(os.Stdout), io.MultiWriter(os.Stderr, log)
	if !isTerminal(out) { // else what it shows depends on its being one
		out = io.MultiWriter(out, log)
	}
	os.Exit(run(interruptible(), os.Args[1:], os.Stdin, out, errw))
}

// TestScripts runs testdata/*.txtar. In a script, $API is the root of a running
// sandbox, and the folder kinds holds a credential file of every kind.
func TestScripts(t *testing.T) {
	scripts, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	runScripts(t, scripts, nil)
}

// TestScriptsOnPostgreSQL runs the scripts about saved credentials with a store in
// PostgreSQL, a database for each.
func TestScriptsOnPostgreSQL(t *testing.T) {
	server := os.Getenv("CONNECTOR_TEST_POSTGRES")
	if server == "" {
		t.Skip("CONNECTOR_TEST_POSTGRES is not set; .ci/postgres starts a server and prints its URL")
	}
	db, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	var databases atomic.Int64
	runScripts(t, []string{"testdata/credential.txtar", "testdata/renew.txtar", "testdata/token.txtar", "testdata/key.txtar"}, func(env *testscript.Env) error {
		name := fmt.Sprintf("credentials_%d_%d", os.Getpid(), databases.Add(1))
		if _, err := db.Exec("CREATE DATABASE " + name); err != nil {
			return err
		}
		env.Defer(func() { db.Exec("DROP DATABASE " + name + " WITH (FORCE)") })
		u, err := url.Parse(server)
		if err != nil {
			return err
		}
		u.Path = "/" + name
		env.Setenv("CONNECTOR_STORE", u.String())
		return nil
	})
}

func runScripts(t *testing.T, scripts []string, setup func(*testscript.Env) error) {
	logs := t.TempDir()
	cases := fixtures.Cases(time.Now())
	testscript.Run(t, testscript.Params{
		Files:               scripts,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       os.Getenv("UPDATE") != "",
		Setup: func(env *testscript.Env) error {
			api := httptest.NewServer(new(sandbox.Sandbox))
			env.Defer(api.Close)
			env.Setenv("API", api.URL)
			env.Setenv("API_ADDRESS", strings.TrimPrefix(api.URL, "http://"))
			for name, host := range map[string]*standin.Host{"NEXLA": standin.NewNexla(), "AIRBYTE": standin.NewAirbyte()} {
				env.Defer(host.Close)
				env.Setenv(name, host.URL)
			}
			env.Setenv("TZ", "UTC")
			env.Setenv(logEnv, logs)
			env.Setenv("XDG_DATA_HOME", filepath.Join(env.WorkDir, "data"))
			env.Setenv("XDG_CONFIG_HOME", filepath.Join(env.WorkDir, "config"))
			if err := writeKeyFiles(env.WorkDir); err != nil {
				return err
			}
			env.Setenv("BAD", filepath.Join(env.WorkDir, "\x1b[31mbad.json"))
			if setup != nil {
				if err := setup(env); err != nil {
					return err
				}
			}
			kinds := filepath.Join(env.WorkDir, "kinds")
			if err := os.Mkdir(kinds, 0o700); err != nil {
				return err
			}
			return writeCredentials(kinds)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"normal":     normalize,
			"rules":      withoutRules,
			"conforms":   conforms,
			"wellformed": wellFormed,
			"fill":       fill,
			"exits":      exits,
			"refuses":    refuses,
			"full":       full,
			"config":     config,
		},
	})
	t.Cleanup(func() { searchLogs(t, logs, cases) })
}

// writeKeyFiles writes the signing keys of both fake workspaces.
func writeKeyFiles(dir string) error {
	rotated := fixtures.Key{AccessKey: fixtures.Workspace().AccessKey, AppSecret: fixtures.OtherWorkspace().AppSecret}
	for name, key := range map[string]fixtures.Key{"key.json": fixtures.Workspace(), "other-key.json": fixtures.OtherWorkspace(), "bad.json": rotated} {
		data, _ := json.Marshal(map[string]string{"access_key": key.AccessKey, "app_secret": key.AppSecret})
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// searchLogs looks for secrets in everything that the scripts printed. Tokens
// are made anew by each script, so their pieces are told by shape: nothing that
// looks like a token's payload or signature may be printed at all.
func searchLogs(t *testing.T, dir string, cases []fixtures.Case) {
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("nothing was logged: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text := string(data)
		command, output, _ := strings.Cut(text, "\n")
		if strings.HasPrefix(command, "[sandbox") || strings.HasPrefix(command, "[token mint") || strings.HasPrefix(command, "[credential export") {
			continue // printing a secret is what they are for
		}
		for _, key := range []fixtures.Key{fixtures.Workspace(), fixtures.OtherWorkspace()} {
			if strings.Contains(output, key.AppSecret[:24]) {
				t.Errorf("an App Secret was printed by connector %s", command)
			}
		}
		if found := tokenShaped.FindString(output); found != "" {
			t.Errorf("something like a token was printed by connector %s: %.12s…", command, found)
		}
		for _, mark := range sandbox.SecretMarks {
			if strings.Contains(output, mark) && !strings.Contains(command, "--include-secrets") {
				t.Errorf("a secret of a record was printed by connector %s", command)
			}
		}
		if strings.Contains(output, "s3cr3t") { // of a stand-in for a host
			t.Errorf("the key of a host was printed by connector %s", command)
		}
		for _, c := range cases {
			if len(c.Value) > 12 && !strings.HasPrefix(c.Name, "access-key") && // which is no secret
				strings.Contains(output, c.Value) {
				t.Errorf("the value of %s was printed by connector %s", c.Name, command)
			}
		}
	}
	t.Logf("searched the output of %d runs", len(files))
}

// tokenShaped is a base64url JSON object, or an HS256 signature: 43 characters
// in one run that are not all letters.
var tokenShaped = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8}|\.[A-Za-z0-9_-]{43}\b`)

// normalize replaces in the last standard output what differs from run to run,
// and writes it to a file: normal FILE.
func normalize(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: normal FILE")
	}
	text := ts.ReadFile("stdout")
	for _, r := range []struct{ pattern, with string }{
		{regexp.QuoteMeta(ts.Getenv("WORK")), "$$WORK"},
		{regexp.QuoteMeta(ts.Getenv("API")), "$$API"},
		{`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC`, "DATE"},
		{`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`, "DATE"},
		{`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`, "UUID"},
		{`("(?:latency_ms|expires_in_seconds)": )-?\d+`, "${1}0"},
		{`answered in \d+ ms`, "answered in 0 ms"},
		{` time="\d+\.\d{3}"`, ` time="0.000"`},
		{`("version": )"[^"]*(devel|v0)[^"]*"`, `$1"VERSION"`},
		{`go1\.\S+`, "GO"},
	} {
		text = regexp.MustCompile(r.pattern).ReplaceAllString(text, r.with)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

// withoutRules takes the rules and their numbers out of a SARIF log, for they are
// those of every log: rules FILE.
func withoutRules(ts *testscript.TestScript, neg bool, args []string) {
	text := regexp.MustCompile(`(?s)"rules": \[.*?\n          \]`).ReplaceAllString(ts.ReadFile(args[0]), `"rules": []`)
	text = regexp.MustCompile(`"ruleIndex": \d+`).ReplaceAllString(text, `"ruleIndex": 0`)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

// printed is the file that the last argument names, or else the last standard
// output.
func printed(ts *testscript.TestScript, args []string) string {
	if len(args) == 0 {
		return ts.ReadFile("stdout")
	}
	return ts.ReadFile(args[0])
}

// conforms holds the last standard output, or a file, against one of this project's
// schemas: conforms report|validation|inspection|credentials|renewal|version [FILE].
func conforms(ts *testscript.TestScript, neg bool, args []string) {
	document, known := map[string]string{
		"report": schema.Report, "validation": schema.Validation, "inspection": schema.Inspection,
		"credentials": schema.Credentials, "renewal": schema.Renewal, "version": schema.Version, "keys": schema.Keys, "targets": schema.Targets,
	}[args[0]]
	if !known {
		ts.Fatalf("there is no schema %s", args[0])
	}
	compiled, err := jsonschema.CompileString(args[0], document)
	ts.Check(err)
	var v any
	ts.Check(json.Unmarshal([]byte(printed(ts, args[1:])), &v))
	if err := compiled.Validate(v); (err != nil) != neg {
		ts.Fatalf("conforms %s: %#v", args[0], err)
	}
}

// wellFormed reads the last standard output, or a file, as XML, to its end:
// wellformed [FILE].
func wellFormed(ts *testscript.TestScript, neg bool, args []string) {
	d := xml.NewDecoder(strings.NewReader(printed(ts, args)))
	for {
		switch _, err := d.Token(); {
		case err == io.EOF:
			return
		case err != nil:
			ts.Fatalf("not well-formed: %v", err)
		}
	}
}

// fill replaces {{kind}} in a file by the value of that kind of credential:
// fill FILE.
func fill(ts *testscript.TestScript, neg bool, args []string) {
	text := ts.ReadFile(args[0])
	for _, c := range fixtures.Cases(time.Now()) {
		text = strings.ReplaceAll(text, "{{"+c.Name+"}}", c.Value)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

// exits runs a command and demands its exit code: exits CODE COMMAND ARG...
func exits(ts *testscript.TestScript, neg bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		code = failed.ExitCode()
	}
	if fmt.Sprint(code) != args[0] {
		ts.Fatalf("%v exits %d, want %s", args[1:], code, args[0])
	}
}

// refuses demands a usage error that does not repeat the secret: refuses ARG...,
// in which {{kind}} is the value of that kind of credential.
func refuses(ts *testscript.TestScript, neg bool, args []string) {
	var secrets []string
	for i := range args {
		for _, c := range fixtures.Cases(time.Now()) {
			if strings.Contains(args[i], "{{"+c.Name+"}}") {
				args[i] = strings.ReplaceAll(args[i], "{{"+c.Name+"}}", c.Value)
				secrets = append(secrets, c.Value)
			}
		}
	}
	var out, errw strings.Builder
	code := run(context.Background(), args, strings.NewReader(""), &out, &errw)
	if code != exitUsage || !strings.Contains(errw.String(), "an argument is a token or an App Secret") {
		ts.Fatalf("exit %d, %q", code, errw.String())
	}
	for _, s := range secrets {
		if strings.Contains(out.String()+errw.String(), s[:16]) {
			ts.Fatalf("the secret is repeated")
		}
	}
}

// full runs a command whose standard output is a full disk: full ARG...
func full(ts *testscript.TestScript, neg bool, args []string) {
	disk, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	ts.Check(err)
	defer disk.Close()
	for i, a := range args {
		if strings.HasSuffix(a, ".json") {
			args[i] = ts.MkAbs(a)
		}
	}
	var errw strings.Builder
	if code := run(context.Background(), args, strings.NewReader(""), disk, &errw); code != exitUntested || !strings.Contains(errw.String(), "cannot write") {
		ts.Fatalf("exit %d, %q", code, errw.String())
	}
}

// config writes a configuration of the hosts, of a token or of a credential document, for
// the sandbox: config TOKEN FILE.
func config(ts *testscript.TestScript, neg bool, args []string) {
	document := map[string]any{"api_key_value": strings.TrimSpace(ts.ReadFile(args[0]))}
	if strings.HasSuffix(args[0], ".json") {
		ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &document))
	}
	document["base_url"] = ts.Getenv("API") + "/v2"
	data, err := json.Marshal(document)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), data, 0o600))
}
