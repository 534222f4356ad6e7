package main

import (
	"slices"
	"strings"
	"testing"
)

func TestATableIsCutToTheTerminal(t *testing.T) {
	long := strings.Repeat("a very long name ", 5)
	for _, c := range []struct {
		name  string
		width int
		rows  [][]string
		want  string
	}{
		{"no terminal, nothing is cut", 0, [][]string{{"NAME", "TEST"}, {long, "ok"}},
			"NAME" + strings.Repeat(" ", len(long)-2) + "TEST\n" + long + "  ok\n"},
		{"a long name is cut", 24, [][]string{{"NAME", "TEST"}, {long, "accepted"}, {"b", "ok"}},
			"NAME            TEST\na very long n…  accepted\nb               ok\n"},
		{"an emoji takes two columns", 16, [][]string{{"NAME", "T"}, {"🙂🙂🙂🙂🙂🙂🙂🙂", "x"}, {"名前", "y"}},
			"NAME           T\n🙂🙂🙂🙂🙂🙂…  x\n名前           y\n"},
		{"then the last column", 26, [][]string{{"NAME", "LAST TEST"}, {long, "rejected wrong_token_type"}},
			"NAME          LAST TEST\na very long…  rejected wr…\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out strings.Builder
			printTable(&out, c.width, slices.Values(c.rows))
			if out.String() != c.want {
				t.Errorf("printed\n%q, want\n%q", out.String(), c.want)
			}
		})
	}
}
