//go:build unix

package fleet

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
	"github.com/100ms-connector/connector-go/fixtures"
)

func write(t *testing.T, path, text string, mode os.FileMode) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func content(path string) string {
	data, _ := os.ReadFile(path)
	return string(data)
}

// targets reads a file of targets, and notes what is told.
func targets(t *testing.T, text string) (*Targets, *[]string) {
	t.Helper()
	got, err := ReadTargets(write(t, filepath.Join(t.TempDir(), "targets.yaml"), text, 0o600))
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	got.Tell = func(p Pushed) { told = append(told, fmt.Sprint(p.Name, " ", p.Target, " ", p.Err)) }
	return got, &told
}

func TestTokensArriveInFilesAndCommands(t *testing.T) {
	h := newHouse(t)
	h.keep(t, fixtures.Workspace())
	h.save(t, "prod", 6*day, day)
	dir := t.TempDir()
	old := write(t, filepath.Join(dir, "old"), "what was there", 0o640)
	link := filepath.Join(dir, "link")
	if err := os.Symlink(old, link); err != nil {
		t.Fatal(err)
	}
	fresh := filepath.Join(dir, "fresh")
	script := write(t, filepath.Join(dir, "put"), "#!/bin/sh\ncat > \"$1\"\nenv > \"$1.env\"\necho a line that is dropped\n", 0o700)
	said, told := targets(t, fmt.Sprintf("prod:\n  - file: %s\n  - file: %s\n  - command: [%s, %s/put.out]\nother:\n  - file: %s/never\n", link, fresh, script, dir, dir))
	push := func(want int) {
		t.Helper()
		*told = nil
		if err := said.Push(t.Context(), h.Store); err != nil {
			t.Fatal(err)
		}
		if len(*told) != want {
			t.Errorf("%d are told, want %d: %q", len(*told), want, *told)
		}
		c, err := h.Credential(t.Context(), "prod")
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{old, fresh, filepath.Join(dir, "put.out")} {
			if content(path) != c.APIKeyValue.Reveal() {
				t.Errorf("%s has another text", path)
			}
		}
	}
	push(4) // one of them that there is no such credential
	push(1)
	if _, err := h.watcher().Once(t.Context()); err != nil { // which renews it
		t.Fatal(err)
	}
	push(4)
	again, err := ReadTargets(said.path)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Push(t.Context(), h.Store); err != nil || len(again.done) != 1 {
		t.Errorf("another process hands it over again: %v, %v", err, again.done)
	}
	write(t, fresh, "somebody wrote here", 0o600)
	push(2)
	for path, want := range map[string]os.FileMode{old: 0o640, fresh: 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Error("the link is a link no more")
	}
	if env := content(filepath.Join(dir, "put.out.env")); strings.Contains(env, "HOME=") || strings.Contains(env, "PATH=/root") {
		t.Errorf("the command has an environment: %s", env)
	}
	for _, text := range append(*told, content(said.donePath())) {
		if strings.Contains(text, "eyJ") {
			t.Errorf("a token is told: %s", text)
		}
	}
	leftovers, _ := filepath.Glob(filepath.Join(dir, ".100ms-token-*"))
	if len(leftovers) > 0 {
		t.Errorf("%v", leftovers)
	}
}

func TestATargetThatFailsKeepsNoOtherFromItsToken(t *testing.T) {
	h := newHouse(t)
	h.save(t, "prod", 0, 7*day)
	dir := t.TempDir()
	for name, c := range map[string]struct{ target, says string }{
		"a program that is not there": {"command: [/no/such/program]", "no such file or directory"},
		"one that fails":              {"command: [/bin/false]", "it ended with exit status 1"},
		"one that needs no token":     {"command: [/bin/true]", "<nil>"},
		"a folder in a file's place":  {"file: " + dir, "it is no regular file"},
		"a folder that is not there":  {"file: " + dir + "/none/token", "no such file or directory"},
		"a device":                    {"file: /dev/null", "it is no regular file"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "token")
			said, told := targets(t, "prod:\n  - "+c.target+"\n  - file: "+file+"\n")
			if err := said.Push(t.Context(), h.Store); err != nil {
				t.Fatal(err)
			}
			if all := strings.Join(*told, "\n"); !strings.Contains(all, c.says) || !strings.Contains(content(file), "eyJ") {
				t.Errorf("%s", all)
			}
		})
	}
}

func TestAFileOfTargetsIsRefusedForWhatItIs(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		text string
		mode os.FileMode
		want error
		says string
	}{
		"others can read it":      {"a: [{file: /x}]", 0o644, store.ErrFile, "0644"},
		"it is no YAML":           {"a: [", 0o600, ErrTargets, "is not of the form"},
		"a field is unknown":      {"a: [{files: /x}]", 0o600, ErrTargets, "is not of the form"},
		"a relative path":         {"a: [{file: x}]", 0o600, ErrTargets, `target 1 of "a": "x" is not an absolute path`},
		"a relative program":      {"a: [{command: [put]}]", 0o600, ErrTargets, `"put" is not an absolute path`},
		"both":                    {"a: [{file: /x, command: [/y]}]", 0o600, ErrTargets, "a file or a command, one of the two"},
		"neither":                 {"a: [{}]", 0o600, ErrTargets, "a file or a command, one of the two"},
		"a secret in an argument": {"a: [{command: [/y, " + fixtures.Workspace().AppSecret + "]}]", 0o600, ErrTargets, "a secret among its arguments"},
	} {
		t.Run(name, func(t *testing.T) {
			path := write(t, filepath.Join(dir, strings.ReplaceAll(name, " ", "-")), c.text, c.mode)
			_, err := ReadTargets(path)
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), fixtures.Workspace().AppSecret[:20]) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestACommandThatDoesNotEndIsEnded(t *testing.T) {
	defer func(d time.Duration) { commandTime = d }(commandTime)
	commandTime = time.Second
	began := time.Now()
	err := runWith(t.Context(), []string{"/bin/sh", "-c", "sleep 100 & wait"}, connector.Secret("x"))
	if err == nil || !strings.Contains(err.Error(), "it took longer than 1 second") || time.Since(began) > 5*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}
