package connector

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// docVocabulary is the closed set, as the documentation has it: other programs
// depend on these words.
var docVocabulary = map[Class]string{
	ClassSuccess: "ok not_tested",
	ClassCredential: "not_a_token malformed_token unsupported_algorithm wrong_token_type expired_token token_not_yet_valid " +
		"signature_rejected token_refused permission_denied invalid_credential",
	ClassEnvironment: "rate_limited service_unavailable timeout dns_failure connection_refused network_failure tls_failure " +
		"proxy_failure redirected unexpected_response canceled",
	ClassWarning: "expires_soon no_expiry long_lived clock_skew paste_damage unexpected_token_type expired_but_accepted",
	ClassDocument: "empty_document syntax not_utf8 duplicate_key too_large missing_field unknown_field wrong_type blank too_long " +
		"unresolved_variable literal_secret signing_key",
}

func TestTheTableOfCodesIsCompleteAndClosed(t *testing.T) {
	got := map[Class][]string{}
	for _, info := range Codes() {
		got[info.Class] = append(got[info.Class], string(info.Code))
	}
	for class, words := range docVocabulary {
		if want := strings.Fields(words); !slices.Equal(got[class], want) {
			t.Errorf("%s:\ngot  %v\nwant %v", class, got[class], want)
		}
		delete(got, class)
	}
	if len(got) > 0 {
		t.Errorf("there are more classes: %v", got)
	}
}

func TestEveryCodeSaysWhatItMeansAndWhatToDo(t *testing.T) {
	seen := map[Code]bool{}
	for _, info := range Codes() {
		if seen[info.Code] {
			t.Errorf("%s stands in the table twice", info.Code)
		}
		seen[info.Code] = true
		if !regexp.MustCompile(`^[a-z0-9]+(_[a-z0-9]+)*$`).MatchString(string(info.Code)) {
			t.Errorf("%q is not a word", info.Code)
		}
		first, _ := utf8.DecodeRuneInString(info.Meaning)
		if info.Meaning == "" || unicode.IsUpper(first) || strings.HasSuffix(info.Meaning, ".") {
			t.Errorf("%s: the meaning is a fragment in lower case without a full stop, not %q", info.Code, info.Meaning)
		}
		switch first, _ := utf8.DecodeRuneInString(info.Remedy); {
		case info.Code == OK && info.Remedy == "":
		case info.Code == OK:
			t.Errorf("ok has a remedy: %q", info.Remedy)
		case !unicode.IsUpper(first) || !strings.HasSuffix(info.Remedy, "."):
			t.Errorf("%s: the remedy is a sentence, not %q", info.Code, info.Remedy)
		}
		for _, text := range []string{info.Meaning, info.Remedy} {
			if strings.Contains(text, "  ") || strings.Contains(text, "..") || strings.TrimSpace(text) != text || strings.Contains(text, "\n") {
				t.Errorf("%s: %q", info.Code, text)
			}
		}
		if got := info.Code.Info(); got != info {
			t.Errorf("%s: Info says %+v", info.Code, got)
		}
	}
}

func TestEveryCodeLeadsToTheVerdictOfItsClass(t *testing.T) {
	for _, info := range Codes() {
		want := VerdictRejected
		switch {
		case info.Code == OK:
			want = VerdictAccepted
		case info.Code == Untested:
			want = VerdictNotTested
		case info.Class == ClassEnvironment:
			want = VerdictInconclusive
		case info.Class != ClassCredential:
			continue // it stands beside a verdict, or in a document
		}
		if got := info.Code.verdict(); got != want {
			t.Errorf("%s: %s, want %s", info.Code, got, want)
		}
	}
}

func TestACodeIsAnErrorThatErrorsIsFinds(t *testing.T) {
	err := fmt.Errorf("prod.json: %w", ExpiredToken)
	if !errors.Is(err, ExpiredToken) || errors.Is(err, Timeout) || err.Error() != "prod.json: expired_token" {
		t.Errorf("%v", err)
	}
	var code Code
	if !errors.As(err, &code) || code != ExpiredToken {
		t.Errorf("errors.As gives %q", code)
	}
}

func TestACodeThatDoesNotExistExplainsNothing(t *testing.T) {
	if got := Code("made_up").Info(); got != (CodeInfo{Code: "made_up"}) {
		t.Errorf("%+v", got)
	}
}

func TestTheTableBelongsToNobodyWhoReadsIt(t *testing.T) {
	mine := Codes()
	want := mine[0]
	for i := range mine {
		mine[i] = CodeInfo{}
	}
	if got := Codes()[0]; got != want || OK.Info() != want {
		t.Errorf("the next reader sees %+v", got)
	}
}
