package main

import "testing"

func TestTheNearestWordIsTheOneThatWasMeant(t *testing.T) {
	for _, c := range []struct {
		name, typed, want string
		known             []string
	}{
		{"two letters swapped", "prodution", "production", []string{"staging", "production"}},
		{"a letter missing", "exprt", "export", []string{"import", "export"}},
		{"another case", "Production", "production", []string{"production"}},
		{"only its beginning", "prod", "production", []string{"staging", "production"}},
		{"the nearer of two", "tests", "test", []string{"best", "test"}},
		{"nothing alike", "frobnicate", "", []string{"production", "staging"}},
		{"a short word is not any other short word", "ab", "", []string{"cd", "ef"}},
		{"a long word has no more room for errors", "the weekly report of sales", "", []string{"the monthly report of rooms"}},
		{"nothing known", "x", "", nil},
		{"nothing typed", "", "", []string{"production"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := nearest(c.typed, c.known); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}
