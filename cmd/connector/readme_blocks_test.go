package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v4"
)

const modulePath = "github.com/100ms-connector/connector-go"

// TestREADMEBlocks holds every code block of every page to what it is about. A block
// that nothing executes, compiles or reads fails.
func TestREADMEBlocks(t *testing.T) {
	for _, p := range pages(t) {
		if n := len(anyFence.FindAll(p.text, -1)); n != 2*len(fences.FindAll(p.text, -1)) {
			t.Errorf("%s: a code block is not closed, or does not stand at the beginning of its line", p.name)
		}
		for _, block := range fences.FindAllSubmatch(p.text, -1) {
			if err := checkBlock(t, string(block[1]), string(block[2])); err != nil {
				t.Errorf("%s: %v\n%s", p.name, err, block[2])
			}
		}
		for _, code := range inlineCode.FindAllStringSubmatch(string(fences.ReplaceAll(p.text, nil)), -1) {
			if strings.HasPrefix(code[1], "connector ") || strings.HasPrefix(code[1], "--") {
				if err := checkCommand(code[1]); err != nil {
					t.Errorf("%s: `%s`: %v", p.name, code[1], err)
				}
			}
		}
	}
}

func TestREADMEBlocksThatNothingExecutesFail(t *testing.T) {
	for _, c := range []struct{ name, language, block, says string }{
		{"a language that nothing executes", "ruby", "puts\n", `nothing executes a block of "ruby"`},
		{"Python that does not parse", "python", "print(\n", "SyntaxError"},
		{"no language", "", "connector demo\n", `nothing executes a block of ""`},
		{"shell commands that are no part of the check", "sh", "go test ./...\nmake\n", "no part of the check: make"},
		{"what cannot be installed", "sh", "go install " + modulePath + "/cmd/nothing@latest\n", "cannot be installed"},
		{"a Go program that does not compile", "go", "connector.Nothing()\n", "undefined: connector.Nothing"},
		{"JSON with a comma too many", "json", `{"name": "x",}`, "invalid character"},
		{"a verb that is not there, in a job of CI", "yaml", "script:\n  - connector validat x\n", "there is no connector validat"},
		{"a flag that is not there, in a job of CI", "yaml", "script:\n  - connector validate --strict x\n", "connector validate has no flag --strict"},
		{"an input that the action has not", "yaml", "- uses: 100ms-connector/connector-go/.github/actions/validate@main\n  with: {strict: true}\n", "no input strict"},
		{"a hook that is not there", "yaml", "repo: https://" + modulePath + "\nhooks: [{id: connector-test}]\n", "no hook connector-test"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := checkBlock(t, c.language, c.block); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %q", err, c.says)
			}
		})
	}
}

var (
	inlineCode = regexp.MustCompile("`([^`\n]+)`")           // in a sentence
	anyFence   = regexp.MustCompile("(?m)^[ \t>]*(```|~~~)") // of a code block, also where fences does not see it
)

func checkBlock(t *testing.T, language, block string) error {
	switch language {
	case "console": // TestREADMESessions runs it
		return nil
	case "sh":
		return checkShell(t, block)
	case "go":
		return compile(t, block)
	case "python":
		return parsePython(t, block)
	case "json":
		var v any
		return json.Unmarshal([]byte(block), &v)
	case "yaml":
		var v any
		if err := yaml.Load([]byte(block), &v); err != nil {
			return err
		}
		return checkYAML(t, v)
	}
	return fmt.Errorf("nothing executes a block of %q", language)
}

// parsePython has Python read a program; the tests with real clients run one like it.
func parsePython(t *testing.T, program string) error {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not here")
	}
	read := exec.Command(python, "-c", "import ast, sys; ast.parse(sys.stdin.read())")
	read.Stdin = strings.NewReader(program)
	if out, err := read.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// checkShell takes commands that the project's own check runs, which it could not
// run within a test, and the installation of a command that there is.
func checkShell(t *testing.T, block string) error {
	var check []byte
	for _, name := range []string{".ci/run", ".github/workflows/check.yml"} {
		data, err := os.ReadFile(filepath.Join(projectRoot, name))
		if err != nil {
			t.Fatal(err)
		}
		check = append(check, data...)
	}
	for line := range strings.Lines(block) {
		command, _, _ := strings.Cut(line, " #")
		command = strings.TrimSpace(command)
		if name, ok := strings.CutPrefix(command, "go install "); ok {
			if err := checkInstall(name); err != nil {
				return err
			}
		} else if !regexp.MustCompile(`(?m)^(\s*- run: |\s*run: |)` + regexp.QuoteMeta(command) + `$`).Match(check) {
			return fmt.Errorf("no part of the check: %s", command)
		}
	}
	return nil
}

// checkInstall says whether a package of this module is a command. What is fetched
// by its name is what is here, once it is published.
func checkInstall(name string) error {
	name, _, _ = strings.Cut(name, "@")
	list := exec.Command("go", "list", "-f", "{{.Name}}", name)
	list.Dir = projectRoot
	if out, err := list.Output(); err != nil || strings.TrimSpace(string(out)) != "main" {
		return fmt.Errorf("%s cannot be installed: %s%v", name, out, err)
	}
	return nil
}

// checkCommand says whether the verb and the flags of a command line are there.
// validate|test stands for each of the two. Flags alone may be any verb's.
func checkCommand(line string) error {
	root := (&command{in: strings.NewReader(""), out: io.Discard, err: io.Discard}).root()
	verbs := []*cobra.Command{root}
	words := strings.Fields(line)
	if words[0] == "connector" {
		words = words[1:]
		for len(words) > 0 && verbs[0].HasSubCommands() && !strings.HasPrefix(words[0], "-") {
			parent := verbs[0]
			verbs = nil
			for name := range strings.SplitSeq(words[0], "|") {
				i := slices.IndexFunc(parent.Commands(), func(c *cobra.Command) bool { return c.Name() == name })
				if i < 0 {
					return fmt.Errorf("there is no %s %s", parent.CommandPath(), name)
				}
				verbs = append(verbs, parent.Commands()[i])
			}
			words = words[1:]
		}
	} else {
		verbs = allVerbs(root)
	}
	for _, word := range words {
		name, _, _ := strings.Cut(strings.Trim(word, "[]"), "=")
		name, isFlag := strings.CutPrefix(name, "--")
		has := func(c *cobra.Command) bool {
			c.InitDefaultHelpFlag()
			return c.Flags().Lookup(name) != nil
		}
		if isFlag && name != "" && !slices.ContainsFunc(verbs, has) {
			return fmt.Errorf("%s has no flag --%s", verbs[0].CommandPath(), name)
		}
	}
	return nil
}

func allVerbs(c *cobra.Command) []*cobra.Command {
	verbs := []*cobra.Command{c}
	for _, sub := range c.Commands() {
		verbs = append(verbs, allVerbs(sub)...)
	}
	return verbs
}

// checkYAML looks for what a job of CI takes of this project: commands, the action
// with its inputs, and hooks.
func checkYAML(t *testing.T, v any) error {
	switch v := v.(type) {
	case string:
		if name, ok := strings.CutPrefix(v, "go install "); ok {
			return checkInstall(name)
		}
		if strings.HasPrefix(v, "connector ") {
			return checkCommand(v)
		}
	case []any:
		for _, item := range v {
			if err := checkYAML(t, item); err != nil {
				return err
			}
		}
	case map[string]any:
		if v["repo"] == "https://"+modulePath {
			var there []struct{ ID string }
			readYAML(t, ".pre-commit-hooks.yaml", &there)
			for _, hook := range v["hooks"].([]any) {
				id := hook.(map[string]any)["id"]
				if !slices.ContainsFunc(there, func(h struct{ ID string }) bool { return h.ID == id }) {
					return fmt.Errorf("there is no hook %v", id)
				}
			}
		}
		uses, _ := v["uses"].(string)
		if action, ours := strings.CutPrefix(uses, strings.TrimPrefix(modulePath, "github.com/")+"/"); ours {
			action, _, _ = strings.Cut(action, "@")
			var there struct{ Inputs map[string]any }
			readYAML(t, path.Join(action, "action.yml"), &there)
			inputs, _ := v["with"].(map[string]any)
			for name := range inputs {
				if _, ok := there.Inputs[name]; !ok {
					return fmt.Errorf("the action has no input %s", name)
				}
			}
		}
		for _, item := range v {
			if err := checkYAML(t, item); err != nil {
				return err
			}
		}
	}
	return nil
}

// compile wraps a piece of a Go program in a function, and vets it.
func compile(t *testing.T, block string) error {
	var imports strings.Builder
	for _, name := range []string{
		"database/sql", "errors", "fmt", "log", "net/http", "net/url", "os", "time", modulePath + "/connector",
		modulePath + "/connector/exchange/sink/tables", modulePath + "/connector/fleet", modulePath + "/connector/hosts", modulePath + "/connector/store",
		modulePath + "/connector/web", modulePath + "/connector/webhook",
	} {
		if regexp.MustCompile(`\b` + path.Base(name) + `\.`).MatchString(block) {
			fmt.Fprintf(&imports, "\t%q\n", name)
		}
	}
	program := "package main\n\nimport (\n\t\"context\"\n" + imports.String() + ")\n\n" +
		"func main() { _ = snippet(context.Background(), nil) }\n\n" +
		"func snippet(ctx context.Context, document []byte) error {\n" + block + "\nreturn nil\n}\n"
	file := filepath.Join(t.TempDir(), "snippet.go")
	if err := os.WriteFile(file, []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "vet", file).CombinedOutput(); err != nil {
		return fmt.Errorf("%v\n%s", err, out)
	}
	return nil
}

// TestREADMELinks follows the links of every page to files and headings.
func TestREADMELinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	for _, p := range pages(t) {
		for _, m := range link.FindAllStringSubmatch(string(fences.ReplaceAll(p.text, nil)), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			file, heading, _ := strings.Cut(m[1], "#")
			target := p.path()
			if file != "" {
				target = filepath.Join(filepath.Dir(p.path()), file)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: %s is not there", p.name, m[1])
			} else if heading != "" && !slices.Contains(headings(t, target), heading) {
				t.Errorf("%s: %s has no heading of that name", p.name, m[1])
			}
		}
	}
}

// headings are those of a page, as GitHub names them in links.
func headings(t *testing.T, file string) []string {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllSubmatch(fences.ReplaceAll(text, nil), -1) {
		name := regexp.MustCompile(`[^\pL\pN _-]`).ReplaceAllString(strings.ToLower(string(m[1])), "")
		names = append(names, strings.ReplaceAll(name, " ", "-"))
	}
	return names
}
