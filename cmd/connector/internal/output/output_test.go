package output

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/fixtures"
)

// render prints results in a format and returns the text.
func render(t *testing.T, format string, o Options, results ...Result) string {
	t.Helper()
	var b strings.Builder
	f := New(format, &b, o)
	for _, r := range results {
		if err := f.Result(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.End(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestWhatDoesNotChangeDoesNotChangeTheOutput judges every kind of credential at two
// moments. Where the same problems hold, SARIF and JUnit are the same to the byte.
func TestWhatDoesNotChangeDoesNotChangeTheOutput(t *testing.T) {
	made := time.Now()
	compared := map[connector.Code]bool{}
	for _, c := range fixtures.Cases(made) {
		document, err := json.Marshal(map[string]string{"name": c.Name, "api_key_value": c.Value})
		if err != nil {
			t.Fatal(err)
		}
		at := func(now time.Time) Result {
			v := connector.Validator{Now: func() time.Time { return now }}
			return Result{Source: c.Name, Path: c.Name + ".json", Problems: v.Problems(document)}
		}
		before, after := at(made.Add(time.Minute)), at(made.Add(71*time.Minute))
		codes := func(r Result) (found []connector.Code) {
			for _, p := range r.Problems {
				found = append(found, p.Code)
			}
			return found
		}
		if !slices.Equal(codes(before), codes(after)) {
			continue // it has changed
		}
		for _, p := range before.Problems {
			compared[p.Code] = true
		}
		for _, format := range []string{"sarif", "junit"} {
			first, second := render(t, format, Options{Verb: "validate"}, before), render(t, format, Options{Verb: "validate"}, after)
			if first != second {
				t.Errorf("%s of %s changed with the clock:\n%s\n%s", format, c.Name, first, second)
			}
		}
	}
	for _, code := range []connector.Code{connector.ExpiredToken, connector.ExpiresSoon, connector.TokenNotYetValid, connector.LongLived} {
		if !compared[code] {
			t.Errorf("no credential was compared that has the problem %s", code)
		}
	}
}

func TestTimelessMessages(t *testing.T) {
	for _, c := range []struct{ message, want string }{
		{"the token expired 24 hours ago, at 2026-11-25 04:45:12 UTC", "the token expired at 2026-11-25 04:45:12 UTC"},
		{"the API accepted the token; it expires in 7 days, at 2026-12-01 00:00:00 UTC", "the API accepted the token; it expires at 2026-12-01 00:00:00 UTC"},
		{"the token becomes valid in 1 second, at X", "the token becomes valid at X"},
		{"the token expired over 290 years ago, at X", "the token expired at X"},
		{"the token lives for 76 days yet; the dashboard gives 14 days at most", "the token lives for more than 14 days yet; the dashboard gives 14 days at most"},
		{"the token was made for 90 days", "the token was made for 90 days"},
	} {
		if got := timeless(c.message); got != c.want {
			t.Errorf("%q becomes %q", c.message, got)
		}
	}
}

// TestSARIFHoldsNoMoreThanGitHubTakes also shows that the run says so.
func TestSARIFHoldsNoMoreThanGitHubTakes(t *testing.T) {
	for _, c := range []struct {
		found, held int
		notice      string
	}{
		{25_000, 25_000, ""},
		{25_001, 25_000, "SARIF holds the first 25000 of 25001 findings, for GitHub takes no more in one run"},
	} {
		notice := ""
		problems := make([]connector.Problem, c.found)
		for i := range problems {
			problems[i] = connector.Problem{Code: connector.UnknownField, Severity: connector.SeverityError, Line: i + 1, Column: 1}
		}
		text := render(t, "sarif", Options{Notice: func(s string) { notice += s }}, Result{Path: "x.json", Problems: problems})
		var log struct {
			Runs []struct {
				Invocations []struct {
					Notifications []struct{ Message struct{ Text string } } `json:"toolExecutionNotifications"`
				}
				Results []any
			}
		}
		if err := json.Unmarshal([]byte(text), &log); err != nil {
			t.Fatal(err)
		}
		said := ""
		for _, n := range log.Runs[0].Invocations[0].Notifications {
			said += n.Message.Text
		}
		if len(log.Runs[0].Results) != c.held || notice != c.notice || said != c.notice {
			t.Errorf("of %d findings SARIF holds %d, and says %q and %q", c.found, len(log.Runs[0].Results), notice, said)
		}
	}
}

// TestFingerprintsOutliveALine: a finding is the same one wherever its line moves to,
// and another in another file, at another field or of another code.
func TestFingerprintsOutliveALine(t *testing.T) {
	base := finding{code: connector.WrongType, pointer: "/name", line: 1}
	moved, field, code := base, base, base
	moved.line, field.pointer, code.code = 7, "/description", connector.Blank
	file := Result{Path: "a.json"}
	if fingerprint(file, base) != fingerprint(file, moved) {
		t.Error("a finding that moved is another one")
	}
	for name, other := range map[string]string{
		"field": fingerprint(file, field), "code": fingerprint(file, code), "file": fingerprint(Result{Path: "b.json"}, base),
	} {
		if other == fingerprint(file, base) {
			t.Errorf("another %s has the same fingerprint", name)
		}
	}
}

type brokenWriter struct{}

var errBroken = errors.New("the disk is full")

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestEveryFormatReturnsTheErrorOfItsWriter(t *testing.T) {
	for _, name := range Names() {
		f := New(name, brokenWriter{}, Options{Verb: "validate"})
		err := f.Result(Result{Source: "x", Problems: []connector.Problem{{Code: connector.Blank, Severity: connector.SeverityError}}})
		if err == nil {
			err = f.End()
		}
		if !errors.Is(err, errBroken) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := One(brokenWriter{}, Result{}); !errors.Is(err, errBroken) {
		t.Errorf("one result: %v", err)
	}
}

func TestSentencesEndOnce(t *testing.T) {
	for _, c := range []struct{ message, remedy, want string }{
		{"it is blank", "Give it a value.", "it is blank. Give it a value."},
		{"did you mean name?", "Rename it.", "did you mean name? Rename it."},
		{"The API said no.", "Ask it again.", "The API said no. Ask it again."},
		{"it is blank", "", "it is blank"},
	} {
		if got := sentences(c.message, c.remedy); got != c.want {
			t.Errorf("%q", got)
		}
	}
}

func ExampleSummary() {
	s := Summary{Verb: "validate", Others: 2}
	s.Add(Result{})
	s.Add(Result{Err: errBroken})
	fmt.Println(s.String())
	// Output: 1 valid, 1 unreadable, 2 other files passed over
}
