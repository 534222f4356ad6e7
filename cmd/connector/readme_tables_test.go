package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/schema"
)

// TestREADMECodesAreThoseOfTheTable keeps the table of codes equal to the
// package's. With UPDATE set, it writes the table into the page.
func TestREADMECodesAreThoseOfTheTable(t *testing.T) {
	var table strings.Builder
	for _, section := range []struct {
		class connector.Class
		title string
	}{
		{connector.ClassSuccess, "Nothing at fault (`accepted`, `not_tested`)"},
		{connector.ClassCredential, "The credential (`rejected`)"},
		{connector.ClassEnvironment, "The environment (`inconclusive`)"},
		{connector.ClassWarning, "Warnings, beside any verdict"},
		{connector.ClassDocument, "Problems of a credential document"},
	} {
		fmt.Fprintf(&table, "\n| %s | meaning | next step |\n|---|---|---|\n", section.title)
		for _, c := range connector.Codes() {
			if c.Class == section.class {
				fmt.Fprintf(&table, "| `%s` | %s | %s |\n", c.Code, c.Meaning, c.Remedy)
			}
		}
	}
	holdTable(t, "connector/README.md", "codes", table.String())
}

// TestREADMEStreamsAreThoseOfTheTable keeps the table of streams equal to the
// package's, likewise.
func TestREADMEStreamsAreThoseOfTheTable(t *testing.T) {
	var table strings.Builder
	table.WriteString("\n| stream | key | incremental by | calls | what it holds |\n|---|---|---|---|---|\n")
	for _, s := range exchange.Streams() {
		cursor := "whole each time"
		if s.Incremental() {
			cursor = "`" + s.Cursor + "`"
		}
		document, ok := schema.Stream(s.Name)
		if !ok {
			t.Fatalf("%s has no schema", s.Name)
		}
		var described struct{ Description string }
		if err := json.Unmarshal(document, &described); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&table, "| `%s` | `%s` | %s | %s | %s |\n", s.Name, strings.Join(s.Key, "`, `"), cursor, s.Calls, strings.ReplaceAll(described.Description, "\n", " "))
	}
	holdTable(t, "connector/exchange/README.md", "streams", table.String())
}

// TestREADMEActionsAreThoseOfTheTable keeps the table of actions, and that of the codes
// of acks, equal to the package's.
func TestREADMEActionsAreThoseOfTheTable(t *testing.T) {
	var table strings.Builder
	table.WriteString("\n| action | what a record does | fields | a second time | needs `--yes`, for |\n|---|---|---|---|---|\n")
	for _, a := range exchange.Actions() {
		var declared struct {
			Required   []string
			Properties map[string]any
		}
		if err := json.Unmarshal(a.Schema(), &declared); err != nil {
			t.Fatal(err)
		}
		var fields []string
		for name := range declared.Properties {
			if slices.Contains(declared.Required, name) {
				name = "**" + name + "**"
			}
			fields = append(fields, name)
		}
		slices.SortFunc(fields, func(a, b string) int { return strings.Compare(strings.Trim(a, "*"), strings.Trim(b, "*")) })
		again, danger := "does it again", a.Danger
		if a.Repeatable {
			again = "changes nothing"
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s | %s | %s |\n", a.Name, a.Does, strings.Join(fields, ", "), again, danger)
	}
	holdTable(t, "connector/exchange/README.md", "actions", table.String())
}

// holdTable holds a page's table of that name against what the code says. With UPDATE
// set, it writes it into the page.
func holdTable(t *testing.T, page, name, want string) {
	t.Helper()
	file := filepath.Join(projectRoot, page)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(text), "<!-- "+name+" -->\n")
	old, after, found := strings.Cut(rest, "\n<!-- /"+name+" -->")
	switch {
	case !found:
		t.Fatalf("%s has no place for the %s", page, name)
	case old == want:
	case os.Getenv("UPDATE") == "":
		t.Fatalf("the table of %s in %s is not that of the package; UPDATE=1 go test ./cmd/connector writes it", name, page)
	default:
		if err := os.WriteFile(file, []byte(before+"<!-- "+name+" -->\n"+want+"\n<!-- /"+name+" -->"+after), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestREADMEDependenciesAreThoseOfTheModule holds the README's table of
// dependencies and its version of Go against go.mod.
func TestREADMEDependenciesAreThoseOfTheModule(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join(projectRoot, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile(filepath.Join(projectRoot, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(readme), "\n## Dependencies\n")
	if !found {
		t.Fatal("the README has no section on dependencies")
	}
	table, _, _ = strings.Cut(table, "\n## ")

	direct := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^\t(\S+) v\S+$`).FindAllStringSubmatch(string(mod), -1) {
		direct[strings.TrimPrefix(m[1], "github.com/")] = true
	}
	for _, m := range regexp.MustCompile(`\[([^\]]+)\]\(https:`).FindAllStringSubmatch(table, -1) {
		if !direct[m[1]] {
			t.Errorf("the README gives a reason for %s, which the module does not require", m[1])
		}
		delete(direct, m[1])
	}
	for name := range direct {
		t.Errorf("the README gives no reason for %s", name)
	}
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindSubmatch(mod)[1]
	if want := fmt.Sprintf("Go %s or newer", version); !strings.Contains(string(readme), want) {
		t.Errorf("the README does not say %q", want)
	}
}
