package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/100ms-connector/connector-go/fixtures"
)

// readYAML reads a YAML file of the repository's root.
func readYAML(t *testing.T, file string, into any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../..", file))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Load(data, into); err != nil {
		t.Fatal(err)
	}
}

// writeFiles writes files below a new directory, and returns it.
func writeFiles(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// credentialOf is the document of a credential of that kind.
func credentialOf(t *testing.T, kind string) string {
	t.Helper()
	for _, c := range fixtures.Cases(time.Now()) {
		if c.Name == kind {
			data, _ := json.Marshal(map[string]string{"name": kind, "api_key_value": c.Value})
			return string(data)
		}
	}
	t.Fatalf("there is no kind %q", kind)
	return ""
}

// TestPreCommitHook runs the hook as pre-commit does, with the names of all files of
// its types.
func TestPreCommitHook(t *testing.T) {
	var hooks []struct {
		ID, Entry, Language string
		Types               []string
	}
	readYAML(t, ".pre-commit-hooks.yaml", &hooks)
	if len(hooks) != 2 || hooks[1].Entry != ".github/actions/hook" || hooks[0].Language != "golang" || fmt.Sprint(hooks[0].Types) != "[json]" {
		t.Fatalf("%+v", hooks)
	}
	dir := writeFiles(t, map[string]string{
		"package.json":           `{"name": "app", "version": "1.0.0"}`,
		"100ms/package.json":     `{"name": "100ms", "version": "1.0.0"}`,
		"my-100ms.json":          `{"name": "mine", "api_key_value": "${HMS_TOKEN}"}`,
		"committed/my-live.json": credentialOf(t, "live"),
	})
	for _, c := range []struct {
		name  string
		files []string
		exit  int
		says  string
	}{
		{"a repository without a credential passes", []string{"package.json", "100ms/package.json"}, exitOK, "no credential found, 2 other files passed over"},
		{"variables pass", []string{"package.json", "100ms/package.json", "my-100ms.json"}, exitOK, "1 valid, 2 other files passed over"},
		{"a live token does not pass, whatever its file is called", []string{"package.json", "my-100ms.json", "committed/my-live.json"}, exitRejected, "1 valid, 1 invalid, 1 other file passed over"},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := strings.Fields(hooks[0].Entry)[1:]
			for _, file := range c.files {
				args = append(args, filepath.Join(dir, file))
			}
			var out, errw bytes.Buffer
			if code := run(t.Context(), args, strings.NewReader(""), &out, &errw); code != c.exit || !strings.Contains(errw.String(), c.says) {
				t.Errorf("exit %d\n%s%s", code, &out, &errw)
			}
		})
	}
}

// TestAction runs the script of the action with the inputs that GitHub would give.
func TestAction(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("there is no bash")
	}
	var action struct {
		Inputs map[string]struct{ Default string }
		Runs   struct {
			Steps []struct {
				Env map[string]string
				Run string
			}
		}
	}
	readYAML(t, ".github/actions/validate/action.yml", &action)
	step := action.Runs.Steps[len(action.Runs.Steps)-1]
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	temporary := t.TempDir()
	dir := writeFiles(t, map[string]string{
		"with blanks/my credential.json": credentialOf(t, "live"),
		"with blanks/expired.json":       credentialOf(t, "expired"),
		"others/package.json":            `{"name": "app"}`,
		"others/good.yaml":               "name: x\napi_key_value: ${TOKEN}\n",
	})
	for _, c := range []struct {
		name   string
		inputs map[string]string
		exit   int
		prints string // on either output
		writes string // a file
	}{
		{"a path with blanks is one path", map[string]string{"paths": "  with blanks/my credential.json  \n\n"}, exitOK, "1 valid", ""},
		{"each line is a path", map[string]string{"paths": "with blanks/my credential.json\r\nwith blanks/expired.json"}, exitRejected, "::error file=with blanks/expired.json,line=1", ""},
		{"outputs and patterns are one a line", map[string]string{"paths": "with blanks", "exclude": "expired.json\n*.txt", "outputs": "sarif=a result.sarif\njunit=b.xml"}, exitOK, "1 valid", "a result.sarif"},
		{"patterns reach other notations", map[string]string{"paths": "others", "include": "*.yaml", "format": "text"}, exitRejected, "good.yaml:2:16: ", ""},
		{"nothing of a path is run", map[string]string{"paths": "$(touch run)\n`touch run`;touch run"}, exitUntested, "$(touch run)", ""},
		{"a path is no flag", map[string]string{"paths": "--version"}, exitUntested, "--version", ""},
		{"no path is a usage error", map[string]string{"paths": "\n"}, exitUsage, "no input", ""},
		{"documents of others are passed over", map[string]string{"paths": "others/package.json", "only-credentials": "true"}, exitOK, "no credential found, 1 other file passed over", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := exec.Command(bash, "--noprofile", "--norc", "-eo", "pipefail", "-c", step.Run)
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "RUNNER_TEMP="+temporary, "GITHUB_STEP_SUMMARY=")
			for variable, expression := range step.Env {
				value := root
				if name, isInput := strings.CutPrefix(expression, "${{ inputs."); isInput {
					name = strings.TrimSuffix(name, " }}")
					input, declared := action.Inputs[name]
					if !declared {
						t.Fatalf("the input %s is not declared", name)
					}
					if value = input.Default; c.inputs[name] != "" {
						value = c.inputs[name]
					}
				}
				cmd.Env = append(cmd.Env, variable+"="+value)
			}
			out, _ := cmd.CombinedOutput()
			if code := cmd.ProcessState.ExitCode(); code != c.exit || !strings.Contains(string(out), c.prints) {
				t.Errorf("exit %d\n%s", code, out)
			}
			if _, err := os.Stat(filepath.Join(dir, c.writes)); err != nil {
				t.Error(err)
			}
			if _, err := os.Stat(filepath.Join(dir, "run")); err == nil {
				t.Error("a path was run as a command")
			}
		})
	}
}
