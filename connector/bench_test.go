package connector

import (
	"encoding/json"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/100ms-connector/connector-go/fixtures"
	"github.com/100ms-connector/connector-go/schema"
)

// docWork is one piece of work to compare with others. It must succeed.
type docWork struct {
	name string
	do   func(testing.TB)
}

// docWorks are, in pairs, what the package does and the least that the libraries
// need for the same: to decode a document and validate it against the same
// schema, without the pattern of the token; and to read the token unverified.
func docWorks(t testing.TB) (document, floor, tokenCheck, tokenFloor docWork) {
	t.Helper()
	value := docCase(t, "live").Value
	data := fixtures.InDocument(value)

	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(schema.CredentialID, strings.NewReader(docWithoutTokenPattern(t))); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile(schema.CredentialID)
	if err != nil {
		t.Fatal(err)
	}
	if compiled.Properties[tokenField].Pattern != nil || compiled.Properties["name"].Pattern == nil {
		t.Fatal("the floor has not the schema that it should")
	}
	parser := jwt.NewParser()
	validator := docValidator()

	return docWork{"document", func(t testing.TB) {
			if found := validator.Problems(data); len(found) > 0 {
				t.Fatal(found)
			}
		}}, docWork{"floor", func(t testing.TB) {
			var v any
			if err := json.Unmarshal(data, &v); err != nil {
				t.Fatal(err)
			}
			if err := compiled.Validate(v); err != nil {
				t.Fatal(err)
			}
		}}, docWork{"token-check", func(t testing.TB) {
			if token := Inspect(value); token.Fault != "" {
				t.Fatal(token.Fault)
			}
		}}, docWork{"token-floor", func(t testing.TB) {
			if _, _, err := parser.ParseUnverified(value, jwt.MapClaims{}); err != nil {
				t.Fatal(err)
			}
		}}
}

// docWithoutTokenPattern is the credential schema but for the one keyword.
func docWithoutTokenPattern(t testing.TB) string {
	var doc map[string]any
	if err := json.Unmarshal([]byte(schema.Credential), &doc); err != nil {
		t.Fatal(err)
	}
	delete(doc["properties"].(map[string]any)[tokenField].(map[string]any), "pattern")
	data, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// BenchmarkValidate measures a good document, from bytes to verdict, beside the
// least that the libraries need for it. Ratios count: what the document takes
// without the check of its token is to stay below 1.3 of the floor, and the check
// of the token below the token's floor.
func BenchmarkValidate(b *testing.B) {
	document, floor, tokenCheck, tokenFloor := docWorks(b)
	for _, work := range []docWork{document, floor, tokenCheck, tokenFloor} {
		b.Run(work.name, func(b *testing.B) {
			work.do(b) // compiles what is compiled on first use
			b.ReportAllocs()
			b.ResetTimer()
			for i := 0; i < b.N; i++ {
				work.do(b)
			}
		})
	}
}

// The margins are wider than the aims, for machines are noisy; the works take
// turns, and the best round of each counts, so that the noise hits all alike.
func TestValidationStaysNearTheFloorOfItsLibraries(t *testing.T) {
	if testing.Short() || docInstrumented() {
		t.Skip("needs an undisturbed machine")
	}
	document, floor, tokenCheck, tokenFloor := docWorks(t)
	works := []docWork{document, floor, tokenCheck, tokenFloor}
	best := make([]time.Duration, len(works))
	measure := func() (documentRatio, tokenRatio float64) {
		const times = 300
		for range 60 {
			for i, work := range works {
				begin := time.Now()
				for range times {
					work.do(t)
				}
				if took := time.Since(begin) / times; best[i] == 0 || took < best[i] {
					best[i] = took
				}
			}
		}
		return float64(best[0]-best[2]) / float64(best[1]), float64(best[2]) / float64(best[3])
	}
	var a, b float64
	for range 3 { // a machine that was busy gets another chance
		if a, b = measure(); a <= 1.6 && b <= 1.25 {
			break
		}
	}
	t.Logf("document %v, floor %v, token check %v, token floor %v", best[0], best[1], best[2], best[3])
	t.Logf("(document - token check) / floor = %.2f; token check / token floor = %.2f", a, b)
	if a > 1.6 {
		t.Errorf("a document takes %.2f times the floor beside its token, aimed at is 1.3", a)
	}
	if b > 1.25 {
		t.Errorf("the check of a token takes %.2f times its floor, aimed at is 1", b)
	}
}

// docInstrumented says whether the race detector or a coverage count slows
// everything down, and not everything alike.
func docInstrumented() bool {
	if testing.CoverMode() != "" {
		return true
	}
	info, ok := debug.ReadBuildInfo()
	return ok && slices.ContainsFunc(info.Settings, func(s debug.BuildSetting) bool {
		return s.Key == "-race" && s.Value == "true" || s.Key == "-msan" || s.Key == "-asan"
	})
}
