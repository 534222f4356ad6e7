package connector_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/100ms-connector/connector-go/connector"
)

// TestADocumentHoldsTheWholeCredential: what a form gave is validated as a
// document is.
func TestADocumentHoldsTheWholeCredential(t *testing.T) {
	cred := &connector.Credential{Name: "a \"<name>\"", Description: "for\nwhat", APIKeyValue: connector.Secret(liveToken())}
	parsed, err := connector.ParseCredential(cred.Document())
	if err != nil || parsed.Name != cred.Name || parsed.Description != cred.Description || parsed.APIKeyValue != cred.APIKeyValue {
		t.Errorf("%v (%v)", parsed, err)
	}
	for want, bad := range map[connector.Code]*connector.Credential{
		connector.Blank:        {APIKeyValue: cred.APIKeyValue},
		connector.TooLong:      {Name: strings.Repeat("x", 256), APIKeyValue: cred.APIKeyValue},
		connector.ExpiredToken: {Name: "a", APIKeyValue: connector.Secret(expiredToken())},
	} {
		if err := connector.Validate(bad.Document()); !errors.Is(err, want) {
			t.Errorf("want %s, got %v", want, err)
		}
	}
	// Its JSON keys are the document's, and its own JSON holds no secret.
	var read connector.Credential
	if err := json.Unmarshal(cred.Document(), &read); err != nil || read != *cred {
		t.Errorf("%v (%v)", read, err)
	}
	shown, err := json.Marshal(cred)
	if err != nil || !strings.Contains(string(shown), `"api_key_value":"[redacted]"`) {
		t.Errorf("%s (%v)", shown, err)
	}
}

func TestTheReportOnAFormsValuesSendsNobodyToLookUpLines(t *testing.T) {
	for value, code := range map[connector.Secret]connector.Code{"${TOKEN}": connector.UnresolvedVariable, connector.Secret(strings.Repeat("a", 9000)): connector.TooLong} {
		problems := (&connector.Credential{Name: "a", APIKeyValue: value}).Problems()
		report := connector.InvalidReport(&connector.ValidationError{Problems: problems})
		if report.Remedy != code.Info().Remedy || report.Code != connector.InvalidCredential {
			t.Errorf("%s: %s", code, report.Remedy)
		}
	}
	document := connector.InvalidReport(connector.Validate([]byte(`{"name":"","api_key_value":"${TOKEN}"}`)).(*connector.ValidationError))
	if document.Remedy != connector.InvalidCredential.Info().Remedy {
		t.Errorf("a document: %s", document.Remedy)
	}
}
