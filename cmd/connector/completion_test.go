package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/fixtures"
)

// TestBashCompletesWithoutItsCompletionPackage sources the script in a bash that
// knows nothing else, as macOS and containers have it, and completes what a person
// has typed so far.
func TestBashCompletesWithoutItsCompletionPackage(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("its bash has paths of its own")
	}
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip(err)
	}
	home := t.TempDir()
	for name, folder := range map[string]string{"XDG_DATA_HOME": "data", "XDG_CONFIG_HOME": "config", logEnv: "."} {
		t.Setenv(name, filepath.Join(home, folder))
	}
	value := filepath.Join(home, "value")
	if err := os.WriteFile(value, []byte(fixtures.Cases(time.Now())[0].Value), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"production", "staging"} {
		if out, err := exec.Command("connector", "credential", "add", name, "--no-test", "--value-file", value).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	for _, c := range []struct {
		name  string
		words []string // as bash splits the line, at = and : too
		want  []string
	}{
		{"a verb", []string{"connector", "insp"}, []string{"inspect"}},
		{"the verb of a group", []string{"connector", "credential", "exp"}, []string{"export"}},
		{"a flag", []string{"connector", "test", "--time"}, []string{"--timeout"}},
		{"the value of a flag", []string{"connector", "validate", "--format", "sa"}, []string{"sarif"}},
		{"the value behind an equals sign", []string{"connector", "validate", "--format", "=", "sa"}, []string{"sarif"}},
		{"a value that is still empty", []string{"connector", "validate", "--format", "="}, []string{"text", "json", "github", "junit", "sarif"}},
		{"the name of a saved credential", []string{"connector", "test", "pro"}, []string{"production"}},
		{"every name", []string{"connector", "credential", "show", ""}, []string{"production", "staging"}},
		{"behind a URL", []string{"connector", "test", "--base-url", "http", ":", "//127.0.0.1", ":", "1/v2", "sta"}, []string{"staging"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			line := strings.NewReplacer(" = ", "=", " =", "=", " : ", ":").Replace(strings.Join(c.words, " "))
			script := `
complete -p connector >/dev/null 2>&1 && exit 9
declare -F _get_comp_words_by_ref && exit 9
source <(connector completion bash) || exit 8
complete -p connector >/dev/null || exit 7
compopt() { :; } # it wants to be called by the line editor
COMP_LINE="$1" COMP_POINT=${#1}
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
__start_connector
printf '%s\n' "${COMPREPLY[@]}"`
			cmd := exec.Command(bash, append([]string{"--noprofile", "--norc", "-c", script, "bash", line}, c.words...)...)
			var errs strings.Builder
			cmd.Stderr = &errs
			out, err := cmd.Output()
			if err != nil || errs.Len() > 0 {
				t.Fatalf("%v\n%s", err, errs.String())
			}
			got := strings.Fields(string(out))
			slices.Sort(got)
			slices.Sort(c.want)
			if !slices.Equal(got, c.want) {
				t.Errorf("%q completes to %q, want %q", line, got, c.want)
			}
		})
	}
}
