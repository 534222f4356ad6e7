package store

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestEverySentinelSaysWhoseItIs: a host logs errors of many packages.
func TestEverySentinelSaysWhoseItIs(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	sentinel := regexp.MustCompile(`(?m)^(?:var|\t)\s*(Err\w+)\s*=\s*errors\.New\("([^"]*)`)
	n := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range sentinel.FindAllStringSubmatch(string(text), -1) {
			if n++; !strings.HasPrefix(found[2], "store: ") {
				t.Errorf("%s says %q, which does not begin with store:", found[1], found[2])
			}
		}
	}
	if n < 13 {
		t.Errorf("%d sentinels were found", n)
	}
}
