package connector

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/100ms-connector/connector-go/fixtures"
)

// listed is what a validator says, as "line:column pointer code".
func listed(problems []Problem) []string {
	var all []string
	for _, p := range problems {
		all = append(all, fmt.Sprintf("%d:%d %s %s", p.Line, p.Column, p.Pointer, p.Code))
	}
	return all
}

func TestATokenInADocumentOfOthersIsNamedAsItsPlace(t *testing.T) {
	token := docCase(t, "live").Value
	encoded := base64.StdEncoding.EncodeToString([]byte(token))
	for _, c := range []struct {
		name, document string
		want           []string
		says, next     string // of the problem at the token
	}{
		{"another name for the field", `{"name": "a", "management_token": "` + token + `"}`,
			[]string{"1:1 /api_key_value missing_field", "1:15 /management_token unknown_field"}, `"management_token" holds the token`, `Rename the field to "api_key_value".`},
		{"the name is near", `{"name": "a", "apiKeyValue": "` + token + `"}`,
			[]string{"1:1 /api_key_value missing_field", "1:15 /apiKeyValue unknown_field"}, `"apiKeyValue" holds the token`, `Rename the field to "api_key_value".`},
		{"one level too deep", `{"name": "a", "auth": {"token": "Bearer ` + token + `"}}`,
			[]string{"1:1 /api_key_value missing_field", "1:33 /auth/token unknown_field"}, `"auth/token" holds the token`, `in a field "api_key_value" beside "name"`},
		{"an environment of Postman's", `{"id": "1", "name": "100ms", "values": [{"key": "base", "value": "x"}, {"key": "token", "value": "` + token + `", "enabled": true}]}`,
			[]string{"1:1 /api_key_value missing_field", "1:98 /values/1/value unknown_field"}, `"values/1/value" holds the token`, `beside "name"`},
		{"a Secret of Kubernetes'", `{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "hms"}, "data": {"token": "` + encoded + `"}}`,
			[]string{"1:1 /api_key_value missing_field", "1:1 /name missing_field", "1:87 /data/token unknown_field"}, "base64-encoded once more", "Decode it once"},
		{"beside a credential", `{"name": "a", "api_key_value": "` + token + `", "old": "` + token + `", "x": 1}`,
			[]string{fmt.Sprintf("1:%d /old unknown_field", 36+len(token)), fmt.Sprintf("1:%d /x unknown_field", 47+2*len(token))}, `"old" holds the token`, `"api_key_value"`},
		{"a key file", `{"access_key": "100a100a100a100a100a100a", "app_secret": "` + fixtures.Workspace().AppSecret + `"}`,
			[]string{"1:58 /app_secret signing_key"}, "a key file, not a credential", "connector token mint"},
		{"a key file of which the secret is short", `{"access_key": "100a100a100a100a100a100a", "app_secret": "s3cret"}`,
			[]string{"1:58 /app_secret signing_key"}, "a key file", "connector token mint"},
		{"an App Secret in a field that one made up", `{"name": "a", "api_key_value": "` + token + `", "notes": {"key": "` + fixtures.Workspace().AppSecret + `"}}`,
			[]string{fmt.Sprintf("1:%d /notes/key signing_key", 53+len(token))}, "an App Secret", "never give a host"},
	} {
		t.Run(c.name, func(t *testing.T) {
			problems := docValidator().Problems([]byte(c.document))
			if got := listed(problems); !slices.Equal(got, c.want) {
				t.Fatalf("got  %q\nwant %q", got, c.want)
			}
			at := slices.IndexFunc(problems, func(p Problem) bool { return p.Code == UnknownField || p.Code == HoldsSigningKey })
			if p := problems[at]; !strings.Contains(p.Message, c.says) || !strings.Contains(p.Remedy, c.next) || strings.Contains(p.Remedy, "Remove") {
				t.Errorf("%s\n%s", p.Message, p.Remedy)
			}
			for _, p := range problems {
				if strings.Contains(p.Message+p.Remedy+p.Pointer, token[:20]) || strings.Contains(p.Message+p.Remedy, fixtures.Workspace().AppSecret[:20]) {
					t.Errorf("%+v shows a secret", p)
				}
			}
		})
	}
}

func TestADocumentThatIsKeptInTheOpenHoldsVariablesOnly(t *testing.T) {
	token, secret := docCase(t, "live").Value, fixtures.Workspace().AppSecret
	expired := docCase(t, "expired").Value
	for _, c := range []struct {
		name, document string
		want           []string
	}{
		{"a variable", `{"name": "a", "api_key_value": "${HMS_TOKEN}"}`, nil},
		{"a variable behind Bearer", `{"name": "a", "api_key_value": "Bearer $HMS_TOKEN"}`, nil},
		{"a secret of GitHub's", `{"name": "a", "api_key_value": "${{ secrets.HMS_TOKEN }}"}`, nil},
		{"a live token", `{"name": "a", "api_key_value": "` + token + `"}`, []string{"1:32 /api_key_value literal_secret"}},
		{"an expired token is one all the same", `{"name": "a", "api_key_value": "` + expired + `"}`, []string{"1:32 /api_key_value literal_secret"}},
		{"any other text", `{"name": "a", "api_key_value": "changeme"}`, []string{"1:32 /api_key_value literal_secret"}},
		{"a variable with a default", `{"name": "a", "api_key_value": "${HMS_TOKEN:-x}"}`, []string{"1:32 /api_key_value literal_secret"}},
		{"a variable within a text", `{"name": "a", "api_key_value": "x${HMS_TOKEN}"}`, []string{"1:32 /api_key_value literal_secret"}},
		{"nothing is no secret", `{"name": "a", "api_key_value": " "}`, []string{"1:32 /api_key_value blank"}},
		{"a token in the description", `{"name": "a", "description": "` + token + `", "api_key_value": "$T"}`,
			[]string{"1:30 /description literal_secret"}},
		{"an App Secret deep in a field that is not ours", `{"name": "a", "api_key_value": "$T", "x": [{"y": "` + secret + `"}]}`,
			[]string{"1:50 /x/0/y literal_secret"}},
		{"a key file of variables", `{"access_key": "100a100a100a100a100a100a", "app_secret": "$S"}`, nil},
		{"a key file", `{"access_key": "100a100a100a100a100a100a", "app_secret": "` + secret + `"}`, []string{"1:58 /app_secret literal_secret"}},
		{"a token alone", token, []string{"1:1  literal_secret"}},
		{"a variable alone", "${HMS_TOKEN}\n", nil},
		{"a form of a host's", `{"name": "a", "credentials_type": "rest", "credentials": {"api.key.auth.value": "Bearer ` + token + `"}}`,
			[]string{"1:81 /credentials/api.key.auth.value literal_secret"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := docValidator()
			v.RequireVariables = true
			if got := listed(v.Problems([]byte(c.document))); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	// With the variables replaced, the values are judged too.
	v := docValidator()
	v.RequireVariables = true
	v.Expand = func(string) (string, bool) { return expired, true }
	if got := listed(v.Problems([]byte(`{"name": "a", "api_key_value": "${HMS_TOKEN}"}`))); !slices.Equal(got, []string{"1:32 /api_key_value expired_token"}) {
		t.Errorf("%q", got)
	}
}

func TestWhatAPrintedCredentialHasInTheSecretsPlaceIsNoSecret(t *testing.T) {
	cred := &Credential{Name: "a", APIKeyValue: Secret(docCase(t, "live").Value)}
	document, err := json.Marshal(cred)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParseCredential(document); err == nil || !strings.Contains(err.Error(), `"[redacted]"`) {
		t.Errorf("%s: %v", document, err)
	}
}

func TestValuesOfAFormAreJudgedByField(t *testing.T) {
	for _, c := range []struct {
		name string
		cred Credential
		want []string
	}{
		{"good values", Credential{Name: "a", APIKeyValue: Secret(liveNow())}, nil},
		{"an empty form", Credential{}, []string{"0:0 /api_key_value blank", "0:0 /name blank"}},
		{"a blank name and an access key", Credential{Name: " ", APIKeyValue: "100a100a100a100a100a100a"}, []string{"0:0 /api_key_value not_a_token", "0:0 /name blank"}},
		{"a description that is too long", Credential{Name: "a", Description: strings.Repeat("x", 256), APIKeyValue: Secret(liveNow())}, []string{"0:0 /description too_long"}},
		{"a variable", Credential{Name: "a", APIKeyValue: "${HMS_TOKEN}"}, []string{"0:0 /api_key_value unresolved_variable"}},
		{"no text", Credential{Name: "a\xff", APIKeyValue: Secret(liveNow())}, []string{"0:0 /name not_utf8"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := listed(c.cred.Problems()); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestNoDataIsAnEmptyDocument(t *testing.T) {
	if got := listed(docValidator().Problems(nil)); !slices.Equal(got, []string{"1:1  empty_document"}) {
		t.Errorf("%q", got)
	}
}
