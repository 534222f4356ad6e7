package document

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/fixtures"
)

func valueOf(t testing.TB, kind string) string {
	for _, c := range fixtures.Cases(time.Now()) {
		if c.Name == kind {
			return c.Value
		}
	}
	t.Fatalf("there is no kind %q", kind)
	return ""
}

// places are the problems of a document, without their words.
func places(problems []connector.Problem) string {
	var found []string
	for _, p := range problems {
		found = append(found, fmt.Sprintf("%d:%d %s %s", p.Line, p.Column, p.Pointer, p.Code))
	}
	return strings.Join(found, "; ")
}

// TestProblemsStandWhereTheyAreInTheFile: the column counts characters, not bytes.
func TestProblemsStandWhereTheyAreInTheFile(t *testing.T) {
	live, expired := valueOf(t, "live"), valueOf(t, "expired")
	for _, c := range []struct{ name, file, text, want string }{
		{"a document without a fault", "a.yaml", "name: x\napi_key_value: " + live, ""},
		{"a quoted value", "a.yaml", "name: x\napi_key_value: \"" + expired + `"`, "2:16 /api_key_value expired_token"},
		{"a value on the next line", "a.yaml", "name: x\napi_key_value:\n    " + expired, "3:5 /api_key_value expired_token"},
		{"a flow mapping with characters of several bytes", "a.yml", "{name: 会议, description: 5, api_key_value: " + live + "}", "1:25 /description wrong_type"},
		{"a document after a mark and a comment", "a.YAML", "# é\n---\nname: 1\napi_key_value: " + live, "3:7 /name wrong_type"},
		{"lines that end as in Windows", "a.yaml", "name: x\r\napi_key_value: " + expired + "\r\n", "2:16 /api_key_value expired_token"},
		{"a byte order mark", "a.yaml", "\ufeffname: 1\napi_key_value: " + live, "1:7 /name wrong_type"},
		{"null, true and a number", "a.yaml", "name: ~\ndescription: true\napi_key_value: 0x1F", "1:7 /name wrong_type; 2:14 /description wrong_type; 3:16 /api_key_value wrong_type"},
		{"a date is text", "a.yaml", "name: 2026-01-01\napi_key_value: " + live, ""},
		{"an alias of a text stands where it is used", "a.yaml", "x: &t " + expired + "\nname: x\napi_key_value: *t", "1:1 /x unknown_field; 3:16 /api_key_value expired_token"},
		{"a missing field is missed where the document begins", "a.yaml", "\n\nname: x", "3:1 /api_key_value missing_field"},

		{"a .env file without a fault", ".env", "NAME=x\nAPI_KEY_VALUE=" + live, ""},
		{"a token behind export and blanks", "x.env", "NAME=x\n  export  API_KEY_VALUE = " + expired, "2:27 /api_key_value expired_token"},
		{"a quoted token", ".env.production", "NAME=x\nAPI_KEY_VALUE='" + expired + "' # old", "2:15 /api_key_value expired_token"},
		{"a field behind a value of three lines", ".env", "DESCRIPTION=\"a\nb\nc\"\nNAME=\nAPI_KEY_VALUE=" + live, "4:6 /name blank"},
		{"an escaped quote ends no value", ".env", `NAME="a\"b"` + "\nAPI_KEY_VALUE=" + live, ""},
		{"a near miss", ".env", "NAME=x\nAPI_KEY_VALUES=" + live, "1:1 /api_key_value missing_field; 2:1 /API_KEY_VALUES unknown_field"},
		{"a name twice", ".env", "NAME=x\nname=y\nAPI_KEY_VALUE=" + live, "2:1 /name duplicate_key"},
		{"a byte order mark before a .env file", ".env", "\ufeffNAME=\nAPI_KEY_VALUE=" + live, "1:6 /name blank"},
		{"settings of other programs", ".env", "PORT=1\nNAME=x\nDEBUG=\nAPI_KEY_VALUE=" + live + "\nPATH=/bin:${PATH}", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := places(Problems(new(connector.Validator), c.file, []byte(c.text))); got != c.want {
				t.Errorf("%s\nwant %s", got, c.want)
			}
			cred, err := Parse(new(connector.Validator), c.file, []byte(c.text))
			if c.want == "" && (err != nil || cred.APIKeyValue.Reveal() != live) {
				t.Errorf("it cannot be read: %v", err)
			}
		})
	}
}

// TestHostileDocumentsEndInAProblem: each within a moment, and without a quotation.
func TestHostileDocumentsEndInAProblem(t *testing.T) {
	bomb := "a: &a [x]\n"
	for c := 'b'; c < 'z'; c++ {
		bomb += fmt.Sprintf("%c: &%c [*%c, *%c, *%c]\n", c, c, c-1, c-1, c-1)
	}
	for _, c := range []struct{ name, file, text string }{
		{"100,000 brackets", "a.yaml", strings.Repeat("[", 60_000)},
		{"mappings in each other", "a.yaml", strings.Repeat("{a: ", 2_000) + strings.Repeat("}", 2_000)},
		{"an anchor bomb", "a.yaml", bomb},
		{"a mapping that holds itself", "a.yaml", "a: &a {b: *a}"},
		{"30,000 values", "a.yaml", "a: [" + strings.Repeat("x,", 30_000) + "]"},
		{"10 MB", "a.yaml", strings.Repeat("a: b\n", 2_000_000)},
		{"an unknown anchor that is a token", "a.yaml", "a: *" + strings.ReplaceAll(valueOf(t, "live"), ".", "")},
		{"another YAML version", "a.yaml", "%YAML 9.9\n---\na: b"},
		{"half a surrogate pair", "a.yaml", `a: "\ud800"`},
		{"bytes that are no text", "a.yaml", "a: \xff"},
		{"UTF-16", "a.yaml", "\xff\xfea\x00:\x00"},
		{"nothing", "a.yaml", ""},
		{"nothing but a mark", ".env", "\ufeff"},
		{"a tag of Python", "a.yaml", "!!python/object:os.system x: y"},
		{"a quote that nothing closes", ".env", "NAME=x\nAPI_KEY_VALUE=\"" + strings.Repeat("\n", 60_000)},
		{"NUL bytes", ".env", "NAME=x\nAPI_KEY_VALUE=\x00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			start := time.Now()
			problems := Problems(new(connector.Validator), c.file, []byte(c.text))
			if len(problems) == 0 {
				t.Fatal("it is valid")
			}
			for _, p := range problems {
				if p.Line < 1 || p.Column < 1 {
					t.Errorf("a problem at %d:%d", p.Line, p.Column)
				}
				if strings.Contains(p.Message+p.Remedy+p.Pointer, "eyJ") {
					t.Error("the document is quoted")
				}
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

func TestIsCredential(t *testing.T) {
	live, secret := valueOf(t, "live"), valueOf(t, "app-secret")
	for _, c := range []struct {
		name, text string
		want       bool
	}{
		{"the field", `{"name": "x", "api_key_value": "x"}`, true},
		{"the field with another type", `{"api_key_value": 1}`, true},
		{"the field of a broken document", `{"api_key_value" = 'x`, true},
		{"the field in YAML, empty", "api_key_value:\n", true},
		{"the field in a .env file", "export API_KEY_VALUE=\n", true},
		{"a near miss", `{"apiKeyValue": "${X}"}`, true},
		{"a near miss with a typing fault", `{"api_key_vlaue": "${X}"}`, true},
		{"a token in another field", `{"a": [{"b": "` + live + `"}]}`, true},
		{"an app token", `{"a": "Bearer ` + valueOf(t, "app") + `"}`, true},
		{"an App Secret", `{"app_secret": "` + secret + `"}`, true},
		{"a bare token", live, true},

		{"package.json", `{"name": "100ms", "version": "1.0.0"}`, false},
		{"api_key, which many documents have", `{"api_key": "x", "key_value": "y"}`, false},
		{"a schema of the field", `{"properties": {"api_key_value": {"type": "string"}}, "required": ["api_key_value"]}`, false},
		{"a checksum of a package", `{"integrity": "sha512-` + strings.TrimRight(secret, "=")[:86] + `=="}`, false},
		{"another service's token", `{"t": "` + jwtOfAnother + `"}`, false},
		{"nothing", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := IsCredential([]byte(c.text)); got != c.want {
				t.Errorf("it is %t", got)
			}
		})
	}
}

// jwtOfAnother has the claims {"role":"anon","iss":"supabase"}.
const jwtOfAnother = "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoiYW5vbiIsImlzcyI6InN1cGFiYXNlIn0.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

func TestNamed(t *testing.T) {
	for name, want := range map[string]bool{
		"a.json": true, "a.JSON": true, "b/a.yaml": true, "a.yml": true, ".env": true, "a.env": true, ".env.local": true,
		"production": false, "env": false, "a.txt": false, "json": false, "a.envy": false,
	} {
		if Named(name) != want {
			t.Errorf("%s is a document's name: %t", name, !want)
		}
	}
}

// FuzzTranslation: whatever a file holds, its problems have a place, and what is
// translated is JSON.
func FuzzTranslation(f *testing.F) {
	for _, seed := range []string{"name: x\n", "a: &a [*a]", "{a: [b, {c: d}]}", "NAME=x\nAPI_KEY_VALUE=\"a\\\"\n", "export A='b' # c", "\ufeff", "a: |\n  b\n", "<<: x", "? [a]\n: b", "--- a\n--- b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, name := range []string{"a.yaml", ".env"} {
			for _, p := range Problems(new(connector.Validator), name, []byte(text)) {
				if p.Line < 1 || p.Column < 1 {
					t.Errorf("%s: %s at %d:%d", name, p.Code, p.Line, p.Column)
				}
				if p.Code == connector.Syntax && strings.Contains(p.Message, "JSON") {
					if translation, err := translated(name, []byte(text)); err == nil && translation.places != nil {
						t.Errorf("%s: the translation is no JSON: %s", name, translation.json)
					}
				}
			}
		}
		IsCredential([]byte(text))
	})
}
