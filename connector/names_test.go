package connector_test

import (
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"path/filepath"
	"strings"
	"testing"
)

// TestConstantsOfATypeBeginWithOneWord reads the package: who types Verdict is shown all
// verdicts. Codes are the package's vocabulary, and stand without one.
func TestConstantsOfATypeBeginWithOneWord(t *testing.T) {
	words := map[string]string{
		"Verdict": "Verdict", "CheckName": "Check", "CheckStatus": "Status", "Class": "Class", "Confirmation": "Confirmed",
		"Kind": "Kind", "Lookalike": "Lookalike", "Severity": "Severity",
	}
	found := map[string]int{}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(gotoken.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			of, typed := spec.Type.(*ast.Ident)
			for _, name := range spec.Names {
				if !typed || name.Obj == nil || name.Obj.Kind != ast.Con || !name.IsExported() || of.Name == "Code" {
					continue
				}
				found[of.Name]++
				if word, known := words[of.Name]; !known || !strings.HasPrefix(name.Name, word) {
					t.Errorf("%s is a %s, whose constants begin with %q", name.Name, of.Name, word)
				}
			}
			return true
		})
	}
	for name := range words {
		if found[name] < 2 {
			t.Errorf("%s has %d constants: is the table old?", name, found[name])
		}
	}
}
