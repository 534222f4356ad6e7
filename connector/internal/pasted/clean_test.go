package pasted

import (
	"math/rand"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/100ms-connector/connector-go/fixtures"
)

func TestCleanRemovesWhatPastingAddsAndNothingElse(t *testing.T) {
	const token = "aaa.bbb.ccc"
	for _, c := range []struct {
		name, value, want string
		removed           []string
	}{
		{"nothing to clean", token, token, nil},
		{"nothing at all", "", "", nil},
		{"a space before and behind", " " + token + " ", token, []string{"white space"}},
		{"a tab", token + "\t", token, []string{"white space"}},
		{"a no-break space", "\u00a0" + token, token, []string{"white space"}},
		{"an ideographic space", token + "\u3000", token, []string{"white space"}},
		{"a line end", token + "\n", token, []string{"line breaks"}},
		{"a line end of Windows", token + "\r\n", token, []string{"line breaks"}},
		{"line breaks inside", "aaa.\nbbb\r\n.ccc", token, []string{"line breaks"}},
		{"a line separator", "aaa.\u2028bbb.ccc\u2029", token, []string{"line breaks"}},
		{"a wrapped token that was indented", "aaa.\n   bbb.ccc", token, []string{"line breaks", "white space"}},
		{"a zero-width space", "aaa.\u200bbbb.ccc", token, []string{"zero-width characters"}},
		{"a byte order mark", "\ufeff" + token, token, []string{"zero-width characters"}},
		{"a soft hyphen", "aaa.bb\u00adb.ccc", token, []string{"zero-width characters"}},
		{"a direction mark", "\u200e" + token + "\u202c", token, []string{"zero-width characters"}},
		{"a word joiner", token + "\u2060", token, []string{"zero-width characters"}},
		{"a bell", token + "\a", token, []string{"control characters"}},
		{"a NUL", token + "\x00", token, []string{"control characters"}},
		{"quotes", `"` + token + `"`, token, []string{"quotes"}},
		{"one quote", token + `"`, token, []string{"quotes"}},
		{"single quotes", "'" + token + "'", token, []string{"quotes"}},
		{"back quotes", "`" + token + "`", token, []string{"quotes"}},
		{"curly quotes", "“" + token + "”", token, []string{"quotes"}},
		{"guillemets", "«\u00a0" + token + "\u00a0»", token, []string{"white space", "quotes"}},
		{"quotes in quotes", `"'` + token + `'"`, token, []string{"quotes"}},
		{"Bearer", "Bearer " + token, token, []string{"a leading Bearer"}},
		{"bearer in another case", "bEARER " + token, token, []string{"a leading Bearer"}},
		{"Bearer and a tab", "Bearer\t" + token, token, []string{"a leading Bearer"}},
		{"Bearer and a no-break space", "Bearer\u00a0" + token, token, []string{"a leading Bearer"}},
		{"Bearer and a colon", "Bearer: " + token, token, []string{"a leading Bearer"}},
		{"Bearer twice", "Bearer Bearer " + token, token, []string{"a leading Bearer"}},
		{"Bearer in quotes", `"Bearer ` + token + `"`, token, []string{"a leading Bearer", "quotes"}},
		{"Bearer before quotes", `Bearer "` + token + `"`, token, []string{"a leading Bearer", "quotes"}},
		{"a whole header", "Authorization: Bearer " + token + "\r\n", token, []string{"a leading Bearer", "line breaks"}},
		{"a whole header without a space", "authorization:" + token, token, []string{"a leading Bearer"}},
		{"Bearer alone", "Bearer", "", []string{"a leading Bearer"}},
		{"quotes alone", `""`, "", []string{"quotes"}},
		{"white space alone", " \n\t", "", []string{"white space", "line breaks"}},
		{"a word that begins like Bearer", "bearertoken", "bearertoken", nil},
		{"a token that begins like Bearer", "bearer.bbb.ccc", "bearer.bbb.ccc", nil},
		{"a quote inside", `aaa."bbb.ccc`, `aaa."bbb.ccc`, nil},
		{"another script", "aaa.бbb.ccc", "aaa.бbb.ccc", nil},
		{"no text at all", "aaa\xff.bbb", "aaa\xff.bbb", nil},
		{"another scheme", "Basic:dXNlcg==", "Basic:dXNlcg==", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, removed := Clean(c.value)
			// The order of the names is promised to nobody.
			slices.Sort(removed)
			slices.Sort(c.removed)
			if slices.Contains(c.removed, "a leading Bearer") && !slices.Contains(c.removed, "white space") {
				// The space that ends the word may count as its part or not.
				removed = slices.DeleteFunc(removed, func(s string) bool { return s == "white space" })
			}
			if got != c.want || !slices.Equal(removed, c.removed) {
				t.Errorf("Clean(%q) = %q, %q; want %q, %q", c.value, got, removed, c.want, c.removed)
			}
		})
	}
}

func TestCleanGivesTheTokenBackFromEveryPastedCase(t *testing.T) {
	live := caseOf(t, "live").Value
	for _, c := range fixtures.Cases(now) {
		got, removed := Clean(c.Value)
		damaged := slices.Contains(c.Warnings, "paste_damage")
		switch {
		case damaged && (got != live || len(removed) == 0):
			t.Errorf("%s: %.40q, removed %v", c.Name, got, removed)
		case !damaged && c.Name != "basic" && (got != c.Value || len(removed) > 0):
			t.Errorf("%s: %.40q, removed %v", c.Name, got, removed)
		}
	}
}

func TestWhatStandsAroundAWholeTokenIsTakenOffAndNamed(t *testing.T) {
	live := caseOf(t, "live").Value
	for _, c := range []struct{ name, before, after, removed string }{
		{"Bearer without a blank", "Bearer", "", "a leading Bearer"},
		{"Bearer with an underscore", "bearer_", "", "a leading Bearer"},
		{"Bearer out of a URL", "Bearer%20", "", "a leading Bearer"},
		{"Bearer out of a form", "Bearer+", "", "a leading Bearer"},
		{"a parameter of a URL", "https://x.example/meeting?auth_token=", "&role=host", "text around it"},
		{"a line end out of a URL", "", "%0A", "text around it"},
		{"angle brackets", "<", ">", "text around it"},
		{"an element", "<token>", "</token>", "text around it"},
		{"brackets", "[", "]", "text around it"},
		{"a full stop", "", ".", "text around it"},
		{"an ellipsis before it", "...", "", "text around it"},
		{"a bracket behind it", "", ")", "text around it"},
		{"an exclamation mark", "", "!", "text around it"},
		{"colours", "\x1b[32m", "\x1b[0m", "text around it"},
		{"curl's option for a header", `-H "Authorization: Bearer `, `"`, "a header's name, a leading Bearer"},
		{"a constant of JavaScript's", "const token = '", "';", "a sign behind it, a variable's name, quotes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, removed := Clean(c.before + live + c.after)
			slices.Sort(removed)
			if got != live || strings.Join(removed, ", ") != c.removed {
				t.Errorf("%.60q, removed %q; want %q", got, removed, c.removed)
			}
		})
	}
	// A word that ends in Bearer's letters or a code is part of something else.
	for _, before := range []string{"x", "forbear", "0", "%2"} {
		if got, _ := Clean(before + live); got != before+live {
			t.Errorf("%q before a token was taken off", before)
		}
	}
}

// Looking back from each beginning of a token to the start of the text took a minute.
func TestManyBeginningsTakeNoTimeOfTheirSquare(t *testing.T) {
	begin := time.Now()
	Clean(strings.Repeat("xeyJ ", 13000)) // 64 KiB; 0.07 s
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("took %v", took)
	}
}

func TestCleanTwiceIsCleanOnce(t *testing.T) {
	rng := rand.New(rand.NewSource(100))
	parts := []string{
		"Bearer", "bear", "er", "Authorization", "authorization:", ":", " ", "\n", "\t", "\u200b", "\ufeff", "\u00a0", "\x00", "\x7f",
		`"`, "'", "`", "“", "”", "«", "aaa.bbb.ccc", "a", ".", "é", "\xff", "\xc3", "\u202e", "ı", "\u0130", "ſ",
	}
	for range 50_000 {
		var b strings.Builder
		for range 1 + rng.Intn(7) {
			b.WriteString(parts[rng.Intn(len(parts))])
		}
		cleanHolds(t, b.String())
		if t.Failed() {
			return // one counterexample is enough to read
		}
	}
}

// cleanHolds asserts what is true of Clean for every value.
func cleanHolds(t *testing.T, value string) {
	t.Helper()
	clean, removed := Clean(value)
	if again, more := Clean(clean); again != clean || len(more) > 0 {
		t.Errorf("Clean(%q) = %q, and cleaned again %q without %q", value, clean, again, more)
	}
	if (len(removed) == 0) != (clean == value) {
		t.Errorf("Clean(%q) = %q, removed %q", value, clean, removed)
	}
	if len(clean) > len(value) {
		t.Errorf("Clean(%q) = %q is longer", value, clean)
	}
	for i, what := range removed {
		if what == "" || slices.Contains(removed[:i], what) {
			t.Errorf("Clean(%q) removed %q", value, removed)
		}
	}
}

func TestCleanReturnsAnIntactValueWithoutAllocating(t *testing.T) {
	for _, value := range []string{caseOf(t, "live").Value, caseOf(t, "app-secret").Value, "changeme", ""} {
		var clean string
		if n := testing.AllocsPerRun(100, func() { clean, _ = Clean(value) }); n != 0 {
			t.Errorf("%.20q: %v allocations", value, n)
		}
		if clean != value {
			t.Errorf("%.20q became %.20q", value, clean)
		}
	}
}

// now is a fixed clock.
var now = time.Date(2026, 11, 8, 9, 30, 0, 0, time.UTC)

func caseOf(t *testing.T, name string) fixtures.Case {
	t.Helper()
	for _, c := range fixtures.Cases(now) {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("there is no case %q", name)
	return fixtures.Case{}
}

func FuzzClean(f *testing.F) {
	for _, c := range fixtures.Cases(now) {
		f.Add(c.Value)
	}
	for _, value := range []string{
		"Bear er", "Bear er:x", `"Bearer`, "Bearer:", "Bearer::", "bearer\u00a0x", "authorization:bearer", "Authorization: Authorization: x", "Autho rization:x",
		"\"'`“”‘’«»", "\xff", "\xe2\x80", " \xff ", "Be\u200barer x", "b'eyJ9.eyJ9.x'", "A=eyJhIjoxfQ.eyJhIjoxfQ.x;", "-H \"Authorization: Bearer eyJhIjoxfQ.eyJhIjoxfQ.x\"", "eyJhIjoxfQ.eyJhIjoxfQ.x,eyJhIjoxfQ.eyJhIjoxfQ.y", "bearer\xffx", "\u0130", "ſ", "Bearer\x7fx",
	} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		begin := time.Now()
		cleanHolds(t, value)
		if took := time.Since(begin); took > time.Second {
			t.Errorf("%d bytes took %v", len(value), took)
		}
		// Nothing is added, and only what stands around one whole token is lost.
		clean, _ := Clean(value)
		at := 0
		for i := 0; i < len(clean); i++ {
			for at < len(value) && value[at] != clean[i] {
				at++
			}
			if at == len(value) {
				t.Fatalf("Clean(%q) = %q is not a part of it", value, clean)
			}
			at++
		}
		if stripped, removed := strip(value); utf8.ValidString(value) && clean != stripped && !isWhole(clean) {
			t.Errorf("Clean(%q) = %q, neither what stripping gives (%q, without %q) nor a whole token", value, clean, stripped, removed)
		}
	})
}
