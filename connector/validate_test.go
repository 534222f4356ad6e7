package connector

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/100ms-connector/connector-go/connector/internal/pasted"
	"github.com/100ms-connector/connector-go/fixtures"
	"github.com/100ms-connector/connector-go/schema"
)

// docNow is a fixed clock, with a fraction that whole-second claims do not have.
var docNow = time.Date(2026, 11, 8, 9, 30, 0, 250e6, time.UTC)

func docValidator() *Validator { return &Validator{Now: func() time.Time { return docNow }} }

// docProblem is a problem as the fixtures declare it.
func docProblem(p Problem) fixtures.Problem {
	return fixtures.Problem{Line: p.Line, Column: p.Column, Pointer: p.Pointer, Code: string(p.Code), Warning: p.Severity == SeverityWarning}
}

func docProblems(found []Problem) []fixtures.Problem {
	var list []fixtures.Problem
	for _, p := range found {
		list = append(list, docProblem(p))
	}
	return list
}

func TestEveryDocumentHasExactlyItsDeclaredProblems(t *testing.T) {
	for _, d := range fixtures.Documents(docNow) {
		t.Run(d.Name, func(t *testing.T) {
			found := docValidator().Problems(d.Data)
			if got := docProblems(found); !slices.Equal(got, d.Problems) {
				t.Errorf("%s:\ngot  %v\nwant %v", d.Title, got, d.Problems)
			}
			for _, p := range found {
				t.Logf("%d:%d %s %s: %s\n\t%s", p.Line, p.Column, p.Pointer, p.Code, p.Message, p.Remedy)
			}
		})
	}
}

func TestAProblemNamesTheRuleAndTheNextStepAndNeverAValue(t *testing.T) {
	docs := fixtures.Documents(docNow)
	var secrets []string
	for _, c := range fixtures.Cases(docNow) {
		if len(c.Value) >= 12 {
			secrets = append(secrets, c.Value)
		}
	}
	key := fixtures.Workspace()
	secrets = append(secrets, key.AppSecret, key.AppSecret[:40], key.AccessKey)
	for _, d := range docs {
		values := slices.Concat(secrets, docValues(d.Data))
		found := docValidator().Problems(d.Data)
		texts := []string{(&ValidationError{found}).Error()}
		for _, p := range found {
			texts = append(texts, p.Pointer, p.Message, p.Remedy)
			info, known := byCode()[p.Code]
			switch {
			case !known:
				t.Errorf("%s: the code %q is not in the table", d.Name, p.Code)
			case info.Class != ClassDocument && info.Class != ClassCredential && p.Code != PasteDamage && p.Severity != SeverityWarning:
				t.Errorf("%s: %s is not about a document", d.Name, p.Code)
			case p.Remedy == "" || p.Message == "":
				t.Errorf("%s: %s does not say what to do", d.Name, p.Code)
			}
			if utf8.RuneCountInString(p.Message) > 300 || strings.ContainsAny(p.Message+p.Pointer, "\n\r\t\x1b\x07\u202e") {
				t.Errorf("%s: not a line of bounded length: %q", d.Name, p.Message)
			}
			if field := strings.TrimPrefix(p.Pointer, "/"); isField(field) && !strings.Contains(p.Message, field) {
				t.Errorf("%s: the message %q does not name its field", d.Name, p.Message)
			}
		}
		for _, text := range texts {
			for _, v := range values {
				if strings.Contains(text, v) {
					t.Errorf("%s: %q shows the value %.40q", d.Name, text, v)
				}
			}
		}
	}
}

// docValues are the strings in a document that are long enough not to occur in a
// message by chance.
func docValues(data []byte) []string {
	var object map[string]any
	if json.Unmarshal(data, &object) != nil {
		return nil
	}
	var list []string
	for _, v := range object {
		if s, ok := v.(string); ok && len(s) > 5 {
			list = append(list, s)
			if len(s) > 30 {
				list = append(list, s[:30], s[len(s)-30:])
			}
		}
	}
	return list
}

func TestAWrongKeyIsAnsweredWithTheFieldThatWasMeant(t *testing.T) {
	for key, want := range map[string]string{
		"api_key":                "api_key_value",
		"apiKey":                 "api_key_value",
		"apiKeyValue":            "api_key_value",
		"API Key Value":          "api_key_value",
		"api-key-value":          "api_key_value",
		"api_key_vlaue":          "api_key_value",
		"nmae":                   "name",
		"Name":                   "name",
		"names":                  "name",
		"descripton":             "description",
		"desc":                   "description",
		"token":                  "",
		"management_token":       "",
		"secret":                 "",
		"id":                     "",
		"a":                      "",
		"":                       "",
		strings.Repeat("x", 200): "",
	} {
		t.Run(fmt.Sprintf("%.20q", key), func(t *testing.T) {
			quoted, _ := json.Marshal(key)
			found := docValidator().Problems([]byte("{" + string(quoted) + ":1}"))
			i := slices.IndexFunc(found, func(p Problem) bool { return p.Code == UnknownField })
			if i < 0 {
				t.Fatalf("not unknown: %v", found)
			}
			_, hint, _ := strings.Cut(found[i].Message, "; did you mean ")
			if want != "" {
				want = fmt.Sprintf("%q?", want)
			}
			if hint != want {
				t.Errorf("the message ends in %q, want %q", hint, want)
			}
		})
	}
}

// A space at the end of a key is hard to see and no secret: hiding the key would
// hide the fault.
func TestAKeyWithASpaceAtItsEndIsShown(t *testing.T) {
	found := docValidator().Problems([]byte(`{"name ": "100ms", "name": "100ms", "api_key_value": ""}`))
	if found[0].Code != UnknownField || found[0].Pointer != "/name " || !strings.Contains(found[0].Message, `"name "`) || !strings.Contains(found[0].Message, "did you mean") {
		t.Errorf("%+v", found[0])
	}
}

func TestADocumentMayHave64KiBAndNotAByteMore(t *testing.T) {
	good := fixtures.InDocument(fixtures.Cases(docNow)[0].Value)
	padded := append(bytes.Repeat([]byte{' '}, MaxDocument-len(good)), good...)
	if found := docValidator().Problems(padded); len(found) > 0 {
		t.Errorf("64 KiB: %v", found)
	}
	found := docValidator().Problems(append(padded, ' '))
	if len(found) != 1 || found[0].Code != TooLarge {
		t.Errorf("64 KiB and a byte: %v", found)
	}
}

func TestEveryKindOfCredentialIsJudgedInADocumentAsItIsAlone(t *testing.T) {
	for _, c := range fixtures.Cases(docNow) {
		t.Run(c.Name, func(t *testing.T) {
			var want []string
			switch {
			case c.LooksLike == "empty":
				want = []string{"blank"}
			case c.Name == "variable": // one fault, one problem
				want = []string{"unresolved_variable"}
			case c.Offline != "not_tested":
				want = append(want, c.Offline)
			}
			want = slices.Concat(want, c.Also, c.Warnings)
			slices.Sort(want)
			var got []string
			for _, p := range docValidator().Problems(fixtures.InDocument(c.Value)) {
				got = append(got, string(p.Code))
				warning := slices.Contains(c.Warnings, string(p.Code)) && p.Code != PasteDamage
				if (p.Severity == SeverityWarning) != warning {
					t.Errorf("%s is of severity %s", p.Code, p.Severity)
				}
				if p.Pointer != "/api_key_value" || p.Line != 3 || p.Column != 20 {
					t.Errorf("%s stands at %d:%d %s", p.Code, p.Line, p.Column, p.Pointer)
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("problems %v, want %v", got, want)
			}
		})
	}
}

func TestValidateIsNilForWhatOnlyHasWarnings(t *testing.T) {
	now := time.Now() // Validate has no other clock
	for _, d := range fixtures.Documents(now) {
		err := Validate(d.Data)
		if (err == nil) != d.Valid() {
			t.Errorf("%s: %v, want valid: %v", d.Name, err, d.Valid())
		}
		var invalid *ValidationError
		if err == nil {
			continue
		}
		if !errors.As(err, &invalid) {
			t.Fatalf("%s: the error is a %T", d.Name, err)
		}
		if got := docProblems(invalid.Problems); !slices.Equal(got, d.Problems) {
			t.Errorf("%s: the error has %v, want %v", d.Name, got, d.Problems)
		}
		for _, p := range d.Problems {
			if !errors.Is(err, Code(p.Code)) {
				t.Errorf("%s: errors.Is does not find %s", d.Name, p.Code)
			}
		}
		if errors.Is(err, OK) || errors.Is(err, errors.New("blank")) {
			t.Errorf("%s: errors.Is finds what is not there", d.Name)
		}
		if lines := strings.Count(err.Error(), "\n") + 1; lines != len(d.Problems) {
			t.Errorf("%s: %d problems on %d lines", d.Name, len(d.Problems), lines)
		}
	}
}

func TestAnErrorNamesPlaceRuleAndCode(t *testing.T) {
	err := Validate([]byte(`{"name": "", "nmae": "100ms", "api_key_value": 7}`))
	const want = `1:10: the field "name" must not be blank [blank]
1:14: the field "nmae" is not one of a credential; did you mean "name"? [unknown_field]
1:48: the field "api_key_value" must be a string, not a number [wrong_type]`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestVariablesAreReplacedOnlyByTheCallersOwnMeans(t *testing.T) {
	t.Setenv("HMS_TOKEN", "the library must not read this")
	values := map[string]string{}
	for _, c := range fixtures.Cases(docNow) {
		values[strings.ReplaceAll(c.Name, "-", "_")] = c.Value
	}
	values["SPACE"], values["LONG"], values["NESTED"], values["HUGE"] = " ", strings.Repeat("x", 256), "${live}", strings.Repeat("x", 10<<20)
	expand := func(name string) (string, bool) { v, ok := values[name]; return v, ok }
	doc := func(name, description, token string) string {
		return fmt.Sprintf(`{"name":%q,"description":%q,"api_key_value":%q}`, name, description, token)
	}
	for _, c := range []struct {
		name   string
		expand func(string) (string, bool)
		doc    string
		want   []string
	}{
		{"no means", nil, doc("100ms", "", "${HMS_TOKEN}"), []string{"/api_key_value unresolved_variable"}},
		{"set", expand, doc("100ms", "", "${live}"), nil},
		{"not set", expand, doc("100ms", "", "${HMS_TOKEN}"), []string{"/api_key_value unresolved_variable"}},
		{"an expired token", expand, doc("100ms", "", "${expired}"), []string{"/api_key_value expired_token"}},
		{"an app token that has expired", expand, doc("100ms", "", "${app_expired}"), []string{"/api_key_value expired_token", "/api_key_value wrong_token_type"}},
		{"a token behind Bearer", expand, doc("100ms", "", "${pasted_with_bearer}"), []string{"/api_key_value paste_damage"}},
		{"a token with a warning", expand, doc("100ms", "", "${long_lived}"), []string{"/api_key_value long_lived"}},
		{"an App Secret", expand, doc("100ms", "", "${app_secret}"), []string{"/api_key_value not_a_token"}},
		{"nothing", expand, doc("100ms", "", "${empty}"), []string{"/api_key_value blank"}},
		{"every field", expand, doc("${SPACE}", "${LONG}", "${live}"), []string{"/name blank", "/description too_long"}},
		{"something huge", expand, doc("100ms", "${HUGE}", "${HUGE}"), []string{"/description too_long", "/api_key_value too_long"}},
		{"a variable in a variable", expand, doc("100ms", "", "${NESTED}"), []string{"/api_key_value not_a_token"}},
		{"a variable within a text", expand, doc("100ms ${SPACE}", "", "x${live}"), []string{"/api_key_value not_a_token"}},
		{"a name that is none", expand, doc("${}", "$ {a}", "${live}x"), []string{"/api_key_value not_a_token"}},
		{"a variable in an unknown field", expand, `{"x":"${live}","name":"100ms","api_key_value":"${live}"}`, []string{"/x unknown_field"}},
		{"the first of two does not count", expand, `{"name":"100ms","api_key_value":"${live}","api_key_value":7}`,
			[]string{"/api_key_value duplicate_key", "/api_key_value wrong_type"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := docValidator()
			v.Expand = c.expand
			var got []string
			for _, p := range v.Problems([]byte(c.doc)) {
				got = append(got, p.Pointer+" "+string(p.Code))
				for _, value := range values {
					if len(value) > 20 && strings.Contains(p.Message+p.Remedy, value) {
						t.Errorf("%q shows the value of a variable", p.Message)
					}
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestParseReadsWhatTheVariablesStandFor(t *testing.T) {
	v := docValidator()
	v.Expand = func(name string) (string, bool) { return "value of " + name, true }
	cred, err := v.Parse([]byte(`{"name":"${A}","description":"${B}","api_key_value":"${C}"}`))
	if err != nil {
		t.Fatal(err)
	}
	if cred.Name != "value of A" || cred.Description != "value of B" || cred.APIKeyValue.Reveal() != "value of C" {
		t.Errorf("%q %q %q", cred.Name, cred.Description, cred.APIKeyValue.Reveal())
	}
}

func TestWarnWithinMovesTheWarning(t *testing.T) {
	doc := fixtures.InDocument(docCase(t, "expires-soon").Value) // in five hours
	for _, c := range []struct {
		within time.Duration
		warned bool
	}{{0, true}, {72 * time.Hour, true}, {5 * time.Hour, true}, {4 * time.Hour, false}, {-1, false}} {
		v := docValidator()
		v.WarnWithin = c.within
		if found := v.Problems(doc); (len(found) == 1 && found[0].Code == ExpiresSoon) != c.warned || !c.warned && len(found) > 0 {
			t.Errorf("within %v: %v", c.within, found)
		}
	}
}

func TestNowIsTheClockByWhichClaimsAreJudged(t *testing.T) {
	doc := fixtures.InDocument(docCase(t, "live").Value) // from docNow, for seven days
	for _, c := range []struct {
		at   time.Duration
		want []string
	}{
		{-24 * time.Hour, []string{"token_not_yet_valid"}},
		{-40 * time.Second, []string{"token_not_yet_valid"}},
		{-20 * time.Second, nil}, // within the leeway
		{0, nil},
		{3 * 24 * time.Hour, nil},
		{5 * 24 * time.Hour, []string{"expires_soon"}},
		{7*24*time.Hour - time.Second, []string{"expires_soon"}},
		{7 * 24 * time.Hour, []string{"expired_token"}},
	} {
		v := &Validator{Now: func() time.Time { return docNow.Add(c.at) }}
		var got []string
		for _, p := range v.Problems(doc) {
			got = append(got, string(p.Code))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("at %v: %v, want %v", c.at, got, c.want)
		}
	}
}

// docCase is the case of that name.
func docCase(t testing.TB, name string) fixtures.Case {
	t.Helper()
	for _, c := range fixtures.Cases(docNow) {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("there is no case %q", name)
	panic("unreachable")
}

func TestParseTakesTheFieldsAndLeavesTheTokenToOthers(t *testing.T) {
	for _, c := range fixtures.Cases(docNow) {
		cred, err := ParseCredential(fixtures.InDocument(c.Value))
		switch {
		case c.Name == "variable":
			if !errors.Is(err, UnresolvedVariable) {
				t.Errorf("%s: %v", c.Name, err)
			}
		case err != nil:
			t.Errorf("%s: %v", c.Name, err)
		case cred.Name != "100ms production" || cred.Description != "" || cred.APIKeyValue.Reveal() != c.Value:
			t.Errorf("%s: %+v", c.Name, cred)
		}
	}
	cred, err := ParseCredential([]byte("{\"description\": \"weekly\",\n\"api_key_value\": \"x\", \"$schema\": \"s\", \"n\\u0061me\": \"\\ud83d\\ude80\"}"))
	if err != nil || cred.Name != "🚀" || cred.Description != "weekly" || cred.APIKeyValue.Reveal() != "x" {
		t.Errorf("%+v, %v", cred, err)
	}
}

// A report on a blank value says so by itself: the document was in order.
func TestParseLeavesABlankValueToTheTester(t *testing.T) {
	for _, blank := range []string{"", "  ", "\u200b\n", "Bearer"} {
		cred, err := ParseCredential(fixtures.InDocument(blank))
		if err != nil {
			t.Errorf("%q: %v", blank, err)
			continue
		}
		report := (&Tester{Offline: true}).Test(context.Background(), cred)
		if report.Code != NotAToken || report.LooksLike != LookalikeEmpty {
			t.Errorf("%q: %s, looks like %q", blank, report.Code, report.LooksLike)
		}
	}
}

func TestParseRefusesADocumentThatBreaksItsSchemaAndThenNamesTheTokensFaultsToo(t *testing.T) {
	for _, d := range fixtures.Documents(docNow) {
		// What is wrong with the token alone is for Inspect and Tester to say.
		ofDocument := slices.ContainsFunc(d.Problems, func(p fixtures.Problem) bool {
			class := Code(p.Code).Info().Class
			return !p.Warning && class == ClassDocument && !(p.Code == "blank" && p.Pointer == "/api_key_value")
		})
		cred, err := docValidator().Parse(d.Data)
		if (err != nil) != ofDocument || (cred == nil) != ofDocument {
			t.Errorf("%s: %v, %v", d.Name, cred, err)
		}
		var invalid *ValidationError
		if errors.As(err, &invalid) && !slices.Equal(docProblems(invalid.Problems), d.Problems) {
			t.Errorf("%s: the error has %v, want %v", d.Name, docProblems(invalid.Problems), d.Problems)
		}
	}
}

func TestAValidatorIsSafeForConcurrentUse(t *testing.T) {
	v := docValidator()
	docs := fixtures.Documents(docNow)
	done := make(chan bool)
	for range 4 {
		go func() {
			for _, d := range docs {
				if len(d.Data) <= MaxDocument && !slices.Equal(docProblems(v.Problems(d.Data)), d.Problems) {
					done <- false
					return
				}
			}
			done <- true
		}()
	}
	for range 4 {
		if !<-done {
			t.Error("a document was judged otherwise beside others")
		}
	}
}

// The problems are the caller's: a program that fills in its own words must not
// change what the next one is told.
func TestProblemsAreFreshEachTime(t *testing.T) {
	doc := []byte(`{"name":""}`)
	first := docValidator().Problems(doc)
	before := slices.Clone(first)
	for i := range first {
		first[i] = Problem{}
	}
	if again := docValidator().Problems(doc); !slices.Equal(again, before) {
		t.Errorf("%v, then %v", before, again)
	}
}

// --- the schema, for validators that know nothing of this package

// docSchema compiles the credential schema as another program would: whole, its
// token pattern included, and under the draft named by $schema.
func docSchema(t testing.TB, draft string) *jsonschema.Schema {
	t.Helper()
	const declared = "http://json-schema.org/draft-07/schema#"
	if !strings.Contains(schema.Credential, declared) {
		t.Fatalf("the schema does not declare %s", declared)
	}
	const url = "mem:///credential.schema.json" // not its $id: nothing may depend on that
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(url, strings.NewReader(strings.Replace(schema.Credential, declared, draft, 1))); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile(url) // and holds it against its meta-schema
	if err != nil {
		t.Fatal(err)
	}
	if compiled.Draft == nil || compiled.Properties[tokenField].Pattern == nil {
		t.Fatal("the schema was not compiled whole")
	}
	return compiled
}

const (
	docDraft7    = "http://json-schema.org/draft-07/schema#"
	docDraft2020 = "https://json-schema.org/draft/2020-12/schema"
)

// docAccepts says whether a schema accepts a text; ok is false if it is not JSON
// that an ordinary program reads.
func docAccepts(s *jsonschema.Schema, data []byte) (accepted, ok bool) {
	var v any
	if json.Unmarshal(data, &v) != nil {
		return false, false
	}
	return s.Validate(v) == nil, true
}

// docOwn are the codes that say what a JSON Schema cannot.
var docOwn = []Code{
	TooLarge, NotUTF8, DuplicateKey, UnresolvedVariable,
	MalformedToken, WrongTokenType, ExpiredToken, TokenNotYetValid,
}

func TestTheSchemaGivesTheSameVerdictsUnderDraft7And2020(t *testing.T) {
	old, recent := docSchema(t, docDraft7), docSchema(t, docDraft2020)
	judged := 0
	for _, d := range fixtures.Documents(docNow) {
		if len(d.Data) > MaxDocument {
			continue
		}
		a, ok := docAccepts(old, d.Data)
		if b, _ := docAccepts(recent, d.Data); a != b {
			t.Errorf("%s: draft-07 says %v, 2020-12 says %v", d.Name, a, b)
		}
		if !ok {
			if d.Valid() && d.Name != "token-alone" {
				t.Errorf("%s is declared to be valid and is not JSON", d.Name)
			}
			continue
		}
		judged++
		docCompare(t, d.Name, d.Data, a)
	}
	if judged < 90 {
		t.Errorf("only %d documents were JSON", judged)
	}
}

// docCompare holds the schema's verdict on a JSON text against the validator's:
// they differ only where the schema cannot say it, never in the other direction.
func docCompare(t testing.TB, name string, data []byte, accepted bool) {
	t.Helper()
	found := docValidator().Problems(data)
	valid := invalid(found) == nil
	if valid && !accepted {
		t.Errorf("%s: the schema refuses what has no problem: %q", name, data)
	}
	if !accepted || valid {
		return
	}
	for _, p := range found {
		beyond := slices.Contains(docOwn, p.Code) || p.Severity == SeverityWarning ||
			p.Code == UnsupportedAlgorithm // the pattern sees no header
		if !beyond {
			t.Errorf("%s: the schema accepts what is %s at %q: %q", name, p.Code, p.Pointer, data)
		}
	}
}

func TestTheTokensPatternRefusesNothingThatInspectFindsIntact(t *testing.T) {
	pattern := docSchema(t, docDraft7).Properties[tokenField].Pattern
	var values []string
	for _, c := range fixtures.Cases(docNow) {
		values = append(values, c.Value)
	}
	rng := rand.New(rand.NewSource(100))
	const salt = "Aa0-_.=+/ \n\t\r\"'“\u200b\ufeff\u00a0:;,é\x00\x7f\\{}"
	grains := []rune(salt)
	for _, v := range slices.Clone(values) {
		for range 60 {
			r := []rune(v)
			for range 1 + rng.Intn(3) {
				at := rng.Intn(len(r) + 1)
				switch rng.Intn(5) {
				case 0: // insert
					r = slices.Insert(r, at, grains[rng.Intn(len(grains))])
				case 1: // drop
					if at < len(r) {
						r = slices.Delete(r, at, at+1)
					}
				case 2: // cut
					r = r[:at]
				case 3: // change
					if at < len(r) {
						r[at] = grains[rng.Intn(len(grains))]
					}
				case 4: // double
					r = append(r, r[at:]...)
				}
			}
			values = append(values, string(r))
		}
	}
	refused, intact := 0, 0
	for _, v := range values {
		token := Inspect(v)
		damaged := token.Fault != "" || len(token.Removed) > 0
		if !pattern.MatchString(v) {
			refused++
			if !damaged {
				t.Errorf("the pattern refuses %q, and Inspect finds nothing", v)
			}
		} else if token.Fault == NotAToken && len(v) <= pasted.MaxToken || len(token.Removed) > 0 && !strings.HasPrefix(strings.ToLower(v), "bearer") {
			t.Errorf("the pattern accepts %q, and Inspect calls it %s, removed %v", v, token.Fault, token.Removed)
		}
		if !damaged {
			intact++
		}
	}
	if refused < 500 || intact < 20 {
		t.Errorf("of %d values the pattern refused %d, and %d were intact: that shows nothing", len(values), refused, intact)
	}
}

func TestPatternsStandInTheCommonSubsetOfRE2AndECMAScript(t *testing.T) {
	var doc struct {
		Properties map[string]struct{ Pattern string }
	}
	if err := json.Unmarshal([]byte(schema.Credential), &doc); err != nil {
		t.Fatal(err)
	}
	patterns := 0
	for name, p := range doc.Properties {
		if p.Pattern == "" {
			continue
		}
		patterns++
		if _, err := regexp.Compile(p.Pattern); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		// ECMA-262 lacks these, RE2 lacks the look-arounds and back-references,
		// and the two read \s, \w, \d and \b differently.
		for _, syntax := range []string{"(?", `\p`, `\P`, `\z`, `\A`, `\Z`, `\Q`, `\C`, "[[:", `\x{`, `\u`, `\k`, `\1`, `\s`, `\S`, `\w`, `\W`, `\d`, `\D`, `\b`, `\B`} {
			if strings.Contains(p.Pattern, syntax) {
				t.Errorf("%s: the pattern has %s", name, syntax)
			}
		}
		for _, c := range p.Pattern {
			if c > 0xffff {
				t.Errorf("%s: %U is two units to a pattern without the u flag", name, c)
			}
		}
	}
	if patterns < 2 {
		t.Errorf("only %d patterns were found", patterns)
	}
}

// What a validator and a form do not read alike is not used at all.
func TestTheSchemaUsesOnlyKeywordsThatMeanTheSameEverywhere(t *testing.T) {
	allowed := []string{
		"$schema", "$id", "title", "description", "type", "required", "additionalProperties", "properties",
		"examples", "minLength", "maxLength", "pattern", "writeOnly", "format", "order",
	}
	var doc map[string]any
	if err := json.Unmarshal([]byte(schema.Credential), &doc); err != nil {
		t.Fatal(err)
	}
	check := func(at string, object map[string]any) {
		for keyword := range object {
			if !slices.Contains(allowed, keyword) {
				t.Errorf("%s has the keyword %s", at, keyword)
			}
		}
	}
	check("the document", doc)
	for name, p := range doc["properties"].(map[string]any) {
		check(name, p.(map[string]any))
		if p.(map[string]any)["type"] != "string" {
			t.Errorf("%s is not a string: hostile numbers would reach the validator", name)
		}
	}
	if doc["$id"] != schema.CredentialID {
		t.Errorf("$id is %v, want %s", doc["$id"], schema.CredentialID)
	}
}

// Places are counted and keys compared for every problem: neither may grow with
// the square of a hostile document.
func TestAThousandProblemsTakeNoLongerThanAThousandTimesOne(t *testing.T) {
	const whole, quarter = MaxDocument - 100, MaxDocument / 4
	for name, member := range map[string]func(i int) string{
		"distinct unknown keys": func(i int) string { return fmt.Sprintf(`"%x":0,`, i) },
		"one unknown key":       func(int) string { return `"":0,` },
		"one field":             func(int) string { return `"name":"\ud800",` },
	} {
		document := func(size int) []byte {
			var members strings.Builder
			for i := 0; members.Len() < size; i++ {
				members.WriteString(member(i))
			}
			return []byte("{" + members.String() + `"description":""}`)
		}
		parts := [][]byte{document(quarter), document(whole)}
		best, n := make([]time.Duration, 2), 0
		for range 7 { // in turns, and the best of each, for a machine may be busy
			for i, part := range parts {
				began := time.Now()
				n = len(docValidator().Problems(part))
				if d := time.Since(began); best[i] == 0 || d < best[i] {
					best[i] = d
				}
			}
		}
		small, large := best[0], best[1]
		t.Logf("%s: %d problems in %v, a quarter of the text in %v", name, n, large, small)
		if ratio := float64(large) / float64(small); ratio > 10 { // 4 if it is linear, 16 if quadratic
			t.Errorf("%s: four times the text takes %.1f times as long", name, ratio)
		}
		if n < 1000 {
			t.Errorf("%s: %d problems", name, n)
		}
	}
}

// One value, one diagnosis: a text that is no document is judged as the value alone,
// with the same codes and in the same words as in the field of a document.
func TestAValueAloneIsJudgedAsInADocument(t *testing.T) {
	for _, c := range fixtures.Cases(docNow) {
		if c.LooksLike == "empty" || c.Name == "variable" || c.Name == "pasted-spaces" {
			continue // an empty document; a variable in a document; a line end of the file
		}
		t.Run(c.Name, func(t *testing.T) {
			alone, field := docValidator().Problems([]byte(c.Value+"\n")), docValidator().Problems(fixtures.InDocument(c.Value))
			said := func(problems []Problem, subject string) (all []string) {
				for _, p := range problems {
					all = append(all, fmt.Sprintln(p.Code, p.Severity, strings.TrimPrefix(p.Message, subject), p.Remedy))
				}
				return all
			}
			if a, b := said(alone, "the value"), said(field, `the field "api_key_value"`); !slices.Equal(a, b) {
				t.Errorf("alone: %q\nin a document: %q", a, b)
			}
			for _, p := range alone {
				if p.Pointer != "" || p.Line != 1 {
					t.Errorf("%+v", p)
				}
			}
			cred, err := docValidator().Parse([]byte(c.Value + "\n"))
			if err != nil || cred.APIKeyValue.Reveal() != strings.TrimRight(c.Value, "\r\n") {
				t.Errorf("%v, %v", cred, err)
			}
		})
	}
}

func TestWhatIsNoTokenIsNamedWhereItIsAValueAlone(t *testing.T) {
	k := fixtures.Workspace()
	live := docCase(t, "live").Value
	for _, c := range []struct {
		name, text string
		code       Code
		says       string
	}{
		{"an access key", k.AccessKey, NotAToken, "an access key"},
		{"an access key with a line end of Windows", k.AccessKey + "\r\n", NotAToken, "an access key"},
		{"an access key that lost a digit", k.AccessKey[1:], NotAToken, "23 hexadecimal digits"},
		{"an App Secret", k.AppSecret, NotAToken, "an App Secret"},
		{"a line of an .env file with the App Secret", "HMS_APP_SECRET=" + k.AppSecret, NotAToken, "an App Secret"},
		{"a room code", "abc-defg-hij", NotAToken, "a room code"},
		{"a link to a room", "https://acme.app.100ms.live/meeting/abc-defg-hij", NotAToken, "a room code"},
		{"a variable of a shell", "$HMS_TOKEN", NotAToken, "a placeholder"},
		{"a variable of a template", "{{ token }}", NotAToken, "a placeholder"},
		{"what JavaScript prints for nothing", "undefined", NotAToken, "a placeholder"},
		{"what stands where the token goes", "<your-management-token>", NotAToken, "a placeholder"},
		{"what a log shows of an object", "[object Object]", NotAToken, "a placeholder"},
		{"a token that was shortened where it was shown", live[:30] + "...", NotAToken, "shortened"},
		{"base64 of a text", "eyB0aGlzIGlzIG5vIHNlY3JldCBhdCBhbGwgfQ==", NotAToken, "a text in base64"},
		{"a word", "hello world", NotAToken, "1 segment"},
		{"a whole .env file", "HMS_BASE_URL=x\nHMS_TOKEN=" + live + "\nDEBUG=1\n", PasteDamage, "a variable's name"},
		{"a curl command", `curl -H "Authorization: Bearer ` + live + `" https://api.100ms.live/v2/rooms`, PasteDamage, "a header's name"},
		{"a line of Python", "token = b'" + live + "'", PasteDamage, "a byte string"},
		{"a token of which a shell showed the missing line end", live + "%", PasteDamage, "a sign behind it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			problems := docValidator().Problems([]byte(c.text))
			if len(problems) != 1 || problems[0].Code != c.code || !strings.Contains(problems[0].Message, c.says) {
				t.Errorf("%+v, want %s with %q", problems, c.code, c.says)
			}
			if inspected := docInspect(c.text); c.code == NotAToken && (inspected.Fault != c.code || !strings.Contains(inspected.Why(c.code), c.says)) {
				t.Errorf("inspected: %s", inspected.Why(c.code))
			}
		})
	}
}

// What is no attempt at a document is a value; what is one keeps its syntax fault.
func TestAnAttemptAtADocumentIsNoValue(t *testing.T) {
	for _, text := range []string{`{"name": "x" "api_key_value": "y"}`, "{'name': 'x'}", "[1, 2", "// mine\n{\"name\": 1}", "# mine\n{}", "{ name: x }"} {
		problems := docValidator().Problems([]byte(text))
		if len(problems) == 0 || problems[0].Code != Syntax {
			t.Errorf("%q: %+v", text, problems)
		}
	}
	problems := docValidator().Problems([]byte("{\u00a0\"name\": \"x\"}"))
	if len(problems) != 1 || problems[0].Column != 2 || !strings.Contains(problems[0].Message, "no-break") {
		t.Errorf("a no-break space: %+v", problems)
	}
}

func TestTheWarningsOfAnInvalidDocumentAreAmongTheReports(t *testing.T) {
	v := Validator{Now: func() time.Time { return docNow }, WarnWithin: 30 * 24 * time.Hour}
	_, err := v.Parse([]byte(fmt.Sprintf(`{"name": "", "api_key_value": %q}`, docSigned("jti", "x"))))
	var invalid *ValidationError
	if !errors.As(err, &invalid) {
		t.Fatal(err)
	}
	if r := InvalidReport(invalid); !slices.Equal(r.Warnings, []Code{ExpiresSoon}) {
		t.Errorf("%v", r.Warnings)
	}
}
