package main

import "testing"

func TestPatternsOfDirectories(t *testing.T) {
	for _, c := range []struct {
		pattern, inside string
		want            bool
	}{
		{"*.json", "a.json", true},
		{"*.json", "a/b/c.JSON", true},
		{"*.JSON", "a.json", true},
		{"*.json", "a.jsonl", false},
		{"a/*.json", "a/b.json", true},
		{"a/*.json", "x/a/b.json", false},
		{"a/*.json", "a/b/c.json", false},
		{"/a/*.json", "a/b.json", true},
		{"**/a.json", "a.json", true},
		{"**/a.json", "x/y/a.json", true},
		{"prod/**", "prod/x/y.json", true},
		{"prod/**", "production/x.json", false},
		{"**/test/**", "a/test/b/c.json", true},
		{"test/", "a/test", true},
		{".env*", "a/.env.local", true},
		{"[a-c]?.json", "b1.json", true},
	} {
		if got := matchesAny([]string{c.pattern}, c.inside); got != c.want {
			t.Errorf("%s fits %s: %t", c.pattern, c.inside, got)
		}
	}
}
