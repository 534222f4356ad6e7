package connector_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/fixtures"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

// token is a management token that lives for a week from now. A customer copies
// one from the dashboard.
func token() string {
	key := fixtures.Workspace()
	return fixtures.Sign(key, fixtures.Management(key, time.Now(), 7*24*time.Hour))
}

// A host that embeds the connector shows its form, validates what came back,
// tests the connection, and then calls the API with the credential.
func Example() {
	api := httptest.NewServer(new(sandbox.Sandbox)) // in production nothing: the default is the 100ms API
	defer api.Close()
	ctx := context.Background()

	for _, f := range connector.Form() {
		mark := ""
		if f.Required {
			mark = "*"
		}
		fmt.Printf("%s%s: secret %t\n", f.Title, mark, f.Secret)
	}

	document := fmt.Sprintf(`{"name": "100ms production", "api_key_value": %q}`, token())
	cred, err := connector.ParseCredential([]byte(document))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("saved:", cred.Name, cred.APIKeyValue)

	tester := connector.Tester{BaseURL: api.URL + "/v2", Transport: api.Client().Transport}
	report := tester.Test(ctx, cred)
	fmt.Println("tested:", report.Verdict, report.Code)
	for _, check := range report.Checks {
		fmt.Println(" ", check.Name, check.Status)
	}

	base, _ := connector.ParseBaseURL(tester.BaseURL)
	resp, err := cred.Client(base).Get(ctx, "/rooms", url.Values{"limit": {"10"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()
	fmt.Println("called:", resp.Status)
	// Output:
	// Credential Name*: secret false
	// Credential Description: secret false
	// API Key Value*: secret true
	// saved: 100ms production [redacted]
	// tested: accepted ok
	//   document pass
	//   token_shape pass
	//   token_type pass
	//   token_lifetime pass
	//   reachable pass
	//   authenticated pass
	//   permitted pass
	// called: 200 OK
}

func ExampleParseCredential() {
	cred, err := connector.ParseCredential([]byte(`{
  "name": "100ms production",
  "description": "Rooms for the weekly report",
  "api_key_value": "` + token() + `"
}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(cred.Name)
	fmt.Println(cred.Description)
	fmt.Println(cred.APIKeyValue)
	fmt.Println(strings.HasPrefix(cred.APIKeyValue.Reveal(), "eyJ"))
	// Output:
	// 100ms production
	// Rooms for the weekly report
	// [redacted]
	// true
}

// Every problem is listed at once, with its place.
func ExampleParseCredential_invalid() {
	_, err := connector.ParseCredential([]byte(`{
  "nmae": "100ms production",
  "api_key_value": 42
}`))
	var invalid *connector.ValidationError
	if errors.As(err, &invalid) {
		for _, p := range invalid.Problems {
			fmt.Printf("%d:%d %s %s\n  %s\n  %s\n", p.Line, p.Column, p.Pointer, p.Code, p.Message, p.Remedy)
		}
	}
	// Output:
	// 1:1 /name missing_field
	//   the field "name" (Credential Name) is required and missing
	//   Add the field.
	// 2:3 /nmae unknown_field
	//   the field "nmae" is not one of a credential; did you mean "name"?
	//   Remove the field; a credential has name, description and api_key_value.
	// 3:20 /api_key_value wrong_type
	//   the field "api_key_value" must be a string, not a number
	//   Give the value as a JSON string.
}

// In a Go test of one's own it is one line for each document:
//
//	if err := connector.Validate(data); err != nil {
//		t.Errorf("%s:\n%v", name, err)
//	}
func ExampleValidate() {
	key := fixtures.Workspace()
	expired := fixtures.Sign(key, fixtures.Management(key, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Hour))

	fmt.Println(connector.Validate([]byte(`{"name": "100ms production", "api_key_value": "` + token() + `"}`)))

	err := connector.Validate([]byte(`{"name": "100ms production", "api_key_value": "` + expired + `"}`))
	fmt.Println(errors.Is(err, connector.ExpiredToken))

	err = connector.Validate([]byte(`{"name": "", "api_key_value": "` + key.AppSecret + `"}`))
	fmt.Println(err)
	// Output:
	// <nil>
	// true
	// 1:10: the field "name" must not be blank [blank]
	// 1:31: the field "api_key_value": this is an App Secret, the key that signs tokens, not a management token [not_a_token]
}

// A Validator replaces variables by the means of its caller, and judges by the
// caller's clock.
func ExampleValidator() {
	issued := time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)
	key := fixtures.Workspace()
	env := map[string]string{"HMS_TOKEN": fixtures.Sign(key, fixtures.Management(key, issued, 7*24*time.Hour))}

	validator := connector.Validator{
		Expand:     func(name string) (string, bool) { value, ok := env[name]; return value, ok },
		WarnWithin: 48 * time.Hour,
		Now:        func() time.Time { return issued.Add(6 * 24 * time.Hour) },
	}
	for _, p := range validator.Problems([]byte(`{"name": "100ms production", "api_key_value": "${HMS_TOKEN}"}`)) {
		fmt.Println(p.Severity, p.Code, p.Message)
	}
	// Output:
	// warning expires_soon the field "api_key_value": the token expires in 24 hours, at 2026-11-08 10:00:00 UTC
}

// What a token says of itself is not verified: anyone can write such claims.
func ExampleInspect() {
	key := fixtures.Workspace()
	issued := time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)
	t := connector.Inspect("Bearer " + fixtures.Sign(key, fixtures.App(key, issued, 24*time.Hour)))
	t.AsOf = time.Date(2026, 11, 8, 10, 0, 0, 0, time.UTC)

	life, _ := t.Lifetime()
	fmt.Println(t.Kind, t.Algorithm, t.AccessKey)
	fmt.Println(t.IssuedAt.Format(time.RFC3339), life)
	for _, code := range t.Findings(0) {
		fmt.Printf("%s: %s\n", code, t.Why(code))
	}
	// Output:
	// app HS256 100a100a100a100a100a100a
	// 2026-11-01T10:00:00Z 24h0m0s
	// wrong_token_type: this is an app token, for clients that join a room, not a management token
	// expired_token: the token expired 6 days ago, at 2026-11-02 10:00:00 UTC
	// paste_damage: the value was damaged when it was pasted
}

func ExampleInspect_notAToken() {
	t := connector.Inspect("abc-defg-hij")
	fmt.Println(t.Fault, t.LooksLike)
	fmt.Println(t.Why(t.Fault))
	// Output:
	// not_a_token room_code
	// this is a room code, not a management token
}

func ExampleClean() {
	clean, removed := connector.Clean(" Bearer aaaa.bb\nbb.cccc\u200b")
	slices.Sort(removed)
	fmt.Println(clean)
	fmt.Printf("%q\n", removed)
	// Output:
	// aaaa.bbbb.cccc
	// ["a leading Bearer" "line breaks" "white space" "zero-width characters"]
}

func ExampleForm() {
	for _, f := range connector.Form() {
		fmt.Printf("%s (%s), required %t, secret %t, at most %d characters\n", f.Title, f.Name, f.Required, f.Secret, f.MaxLength)
	}
	// Output:
	// Credential Name (name), required true, secret false, at most 255 characters
	// Credential Description (description), required false, secret false, at most 255 characters
	// API Key Value (api_key_value), required true, secret true, at most 8192 characters
}

func ExampleTester_Test() {
	api := httptest.NewServer(new(sandbox.Sandbox))
	defer api.Close()
	key := fixtures.Workspace()
	app := fixtures.Sign(key, fixtures.App(key, time.Now(), time.Hour))

	tester := connector.Tester{BaseURL: api.URL + "/v2", Transport: api.Client().Transport}
	for _, value := range []string{token(), app, key.AppSecret} {
		report := tester.Test(context.Background(), &connector.Credential{Name: "100ms production", APIKeyValue: connector.Secret(value)})
		fmt.Println(report.Verdict, report.Code, report.ConfirmedBy)
	}
	// Output:
	// accepted ok server
	// rejected wrong_token_type both
	// rejected not_a_token claims
}

// A fault of the environment is never called a bad credential.
func ExampleTester_Test_inconclusive() {
	api := httptest.NewServer(new(sandbox.Sandbox))
	defer api.Close()

	tester := connector.Tester{BaseURL: api.URL + "/fault/503/v2", Transport: api.Client().Transport, Retries: -1}
	report := tester.Test(context.Background(), &connector.Credential{Name: "100ms production", APIKeyValue: connector.Secret(token())})
	fmt.Println(report.Verdict, report.Code)
	fmt.Println(report.Remedy)
	// Output:
	// inconclusive service_unavailable
	// Test again later; see the status page of 100ms. The credential was not judged.
}

func ExampleTester_TestAll() {
	api := httptest.NewServer(new(sandbox.Sandbox))
	defer api.Close()

	creds := func(yield func(*connector.Credential) bool) {
		for _, c := range fixtures.Cases(time.Now())[:3] {
			if !yield(&connector.Credential{Name: c.Title, APIKeyValue: connector.Secret(c.Value)}) {
				return
			}
		}
	}
	tester := connector.Tester{BaseURL: api.URL + "/v2", Transport: api.Client().Transport, Concurrency: 3}
	for report := range tester.TestAll(context.Background(), creds) { // in the order of the credentials
		fmt.Println(report.Name, "-", report.Code, report.Warnings)
	}
	// Output:
	// a live management token - ok []
	// a live management token with five hours left - ok [expires_soon]
	// a management token without exp - ok [no_expiry]
}

func ExampleReport_Err() {
	api := httptest.NewServer(new(sandbox.Sandbox))
	defer api.Close()
	key := fixtures.Workspace()
	old := fixtures.Sign(key, fixtures.Management(key, time.Now().Add(-48*time.Hour), time.Hour))

	tester := connector.Tester{BaseURL: api.URL + "/v2", Transport: api.Client().Transport}
	err := tester.Test(context.Background(), &connector.Credential{APIKeyValue: connector.Secret(old)}).Err()
	switch {
	case err == nil:
		fmt.Println("it works")
	case errors.Is(err, connector.ExpiredToken):
		fmt.Println("ask for a new token")
	}
	var failed *connector.TestError
	if errors.As(err, &failed) {
		fmt.Println(failed.Report.Verdict, failed.Report.Server.Status)
	}
	// Output:
	// ask for a new token
	// rejected 401
}

// A path of the API is all that a call needs. The token goes to the API's origin,
// and nowhere else.
func ExampleCredential_Client() {
	api := httptest.NewServer(new(sandbox.Sandbox))
	defer api.Close()
	base, _ := connector.ParseBaseURL(api.URL + "/v2") // nil for the 100ms API

	cred := &connector.Credential{Name: "100ms production", APIKeyValue: connector.Secret(token())}
	client := cred.Client(base)
	var page struct {
		Data []struct{ Name string }
		Last string // the start of the next page
	}
	for query := (url.Values{"limit": {"100"}}); ; query.Set("start", page.Last) {
		if err := client.GetJSON(context.Background(), "/rooms", query, &page); err != nil {
			fmt.Println(err)
			return
		}
		if len(page.Data) == 0 {
			break
		}
		fmt.Println(len(page.Data), "rooms")
	}
	_, err := client.Get(context.Background(), "https://example.com/rooms", nil)
	fmt.Println(err)
	// Output:
	// 100 rooms
	// 24 rooms
	// the path "https://example.com/rooms" must begin with a slash and have no query: it is taken from the base URL
}

// A refusal in use is explained as a test would explain it.
func ExampleExplain() {
	api := httptest.NewServer(new(sandbox.Sandbox))
	defer api.Close()
	base, _ := connector.ParseBaseURL(api.URL + "/v2")
	key := fixtures.Workspace()
	app := connector.Secret(fixtures.Sign(key, fixtures.App(key, time.Now(), time.Hour)))

	client := connector.Client{Source: app, BaseURL: base}
	resp, err := client.Get(context.Background(), "/sessions", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	if resp.StatusCode != http.StatusOK {
		report := connector.Explain(resp, app) // closes the body
		fmt.Println(report.Verdict, report.Code)
		fmt.Println(report.Message)
	}
	// Output:
	// rejected wrong_token_type
	// this is an app token, for clients that join a room, not a management token; the API answered 401 "Token validation error; not found"
}

func ExampleTransport() {
	api := httptest.NewServer(new(sandbox.Sandbox))
	defer api.Close()
	origin, _ := url.Parse(api.URL)

	client := &http.Client{Transport: &connector.Transport{
		Source: connector.Secret(token()), // or anything that gives a token, and renews it
		Base:   api.Client().Transport,
		Origin: origin,
	}}
	resp, err := client.Get(api.URL + "/v2/rooms?limit=10")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.StatusCode, resp.Request.Header.Get("Authorization") == "")
	// Output:
	// 200 true
}

func ExampleSigningKey_MintAt() {
	workspace := fixtures.Workspace()
	key := connector.SigningKey{AccessKey: workspace.AccessKey, AppSecret: connector.Secret(workspace.AppSecret)}
	token, err := key.MintAt(time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC), 7*24*time.Hour)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(token, connector.Inspect(token.Reveal()).ExpiresAt.Format(time.DateOnly), key.Verify(token))
	// Output:
	// [redacted] 2026-11-08 <nil>
}

// A source that signs tokens and renews them, for a program that runs for long.
func ExampleMintingSource() {
	workspace := fixtures.Workspace()
	source := &connector.MintingSource{
		Key: connector.SigningKey{AccessKey: workspace.AccessKey, AppSecret: connector.Secret(workspace.AppSecret)},
		Renewed: func(_ connector.Secret, expiresAt time.Time) {
			fmt.Println("a new token, for", time.Until(expiresAt).Round(time.Minute))
		},
	}
	for range 2 {
		if _, err := source.Token(context.Background()); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// a new token, for 24h0m0s
}

func ExampleCodes() {
	for _, c := range connector.Codes() {
		if c.Class == connector.ClassWarning {
			fmt.Printf("%s: %s\n", c.Code, c.Meaning)
		}
	}
	// Output:
	// expires_soon: the token expires soon
	// no_expiry: the token has no exp claim and never expires
	// long_lived: the token lives longer than 14 days, the dashboard's maximum
	// clock_skew: this machine's clock and the API's differ
	// paste_damage: the value was damaged when it was pasted
	// unexpected_token_type: the API accepted a token whose claims are not a management token's
	// expired_but_accepted: the token has expired, yet the API still accepts it
}
