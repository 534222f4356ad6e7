package jsontext

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/100ms-connector/connector-go/fixtures"
)

func TestAPositionIsCountedInLinesAndCharacters(t *testing.T) {
	const text = "ab\ncé🚀d\r\n\n日本\t語"
	for _, c := range []struct{ before, at string }{
		{"", "1:1"}, {"a", "1:2"}, {"ab", "1:3"}, {"ab\n", "2:1"}, {"ab\nc", "2:2"}, {"ab\ncé", "2:3"}, {"ab\ncé🚀", "2:4"},
		{"ab\ncé🚀d\r", "2:6"}, {"ab\ncé🚀d\r\n", "3:1"}, {"ab\ncé🚀d\r\n\n", "4:1"}, {"ab\ncé🚀d\r\n\n日本", "4:3"}, {text, "4:5"},
	} {
		if !strings.HasPrefix(text, c.before) {
			t.Fatalf("%q does not begin the text", c.before)
		}
		line, column := Position([]byte(text), len(c.before))
		if got := fmt.Sprintf("%d:%d", line, column); got != c.at {
			t.Errorf("behind %q: %s, want %s", c.before, got, c.at)
		}
	}
	if line, column := Position([]byte("ab"), 99); line != 1 || column != 3 {
		t.Errorf("behind the end: %d:%d", line, column)
	}
	if line, column := Position(nil, 0); line != 1 || column != 1 {
		t.Errorf("in nothing: %d:%d", line, column)
	}
}

func TestAPositionLeadsBackToItsOffset(t *testing.T) {
	rng := rand.New(rand.NewSource(100))
	for range 500 {
		data := []byte(fixtures.RandomObject(rng))
		offset := rng.Intn(len(data) + 1)
		for offset < len(data) && !utf8.RuneStart(data[offset]) {
			offset--
		}
		line, column := Position(data, offset)
		lines := strings.SplitAfter(string(data), "\n")
		at := len(strings.Join(lines[:line-1], "")) + len(string([]rune(lines[line-1])[:column-1]))
		if at != offset {
			t.Fatalf("%q: offset %d is at %d:%d, which is %d", data, offset, line, column, at)
		}
	}
}

func TestHalfOfASurrogatePairIsFoundWhereEncodingJSONReplacesIt(t *testing.T) {
	for raw, lone := range map[string]bool{
		`""`:                               false,
		`"a"`:                              false,
		`"\u00e9"`:                         false,
		`"\ud83d\ude80"`:                   false,
		`"\uD83D\uDE80"`:                   false,
		`"\ud83d\ude80\ud83d\ude80"`:       false,
		`"\ud83d"`:                         true,
		`"\ude80"`:                         true,
		`"\ude80\ud83d"`:                   true,
		`"\ud83d\ud83d\ude80"`:             true,
		`"\ud83d\ude80\ude80"`:             true,
		`"\ud83d \ude80"`:                  true,
		`"\ud83d\n\ude80"`:                 true,
		`"\ud83d\\ude80"`:                  true,
		`"\\ud83d"`:                        false,
		`"\\\ud83d"`:                       true,
		`"\ud83d\u0041"`:                   true,
		`"\ud7ff\ue000"`:                   false,
		`"\udbff\udfff"`:                   false,
		`"\ufffd"`:                         false,
		`"` + "\ufffd" + `"`:               false,
		`"` + "\ufffd" + `\ud800"`:         true,
		`"a\"\ud800"`:                      true,
		`"\/\b\f\n\r\t\u0064\u0038\ud83c"`: true,
	} {
		if !json.Valid([]byte(raw)) {
			t.Fatalf("%s is not JSON", raw)
		}
		if got := LoneSurrogate([]byte(raw)); got != lone {
			t.Errorf("%s: %v, want %v", raw, got, lone)
		}
	}
}
