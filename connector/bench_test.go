package connector

import (
	"encoding/json"
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

// BenchmarkValidateRatio takes turns, so that the noise of a machine hits all alike,
// and divides the best rounds: what a document takes beside its token (aimed at is
// 1.3 of the floor), and the check of the token (1 of its floor).
func BenchmarkValidateRatio(b *testing.B) {
	document, floor, tokenCheck, tokenFloor := docWorks(b)
	works := []docWork{document, floor, tokenCheck, tokenFloor}
	best := make([]time.Duration, len(works))
	for b.Loop() {
		const times = 100
		for i, work := range works {
			begin := time.Now()
			for range times {
				work.do(b)
			}
			if took := time.Since(begin) / times; best[i] == 0 || took < best[i] {
				best[i] = took
			}
		}
	}
	b.ReportMetric(float64(best[0]-best[2])/float64(best[1]), "document/floor")
	b.ReportMetric(float64(best[2])/float64(best[3]), "token/floor")
}
