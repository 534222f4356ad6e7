package schema_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/100ms-connector/connector-go/schema"
)

var documents = map[string]string{
	schema.CredentialID: schema.Credential,
	schema.ReportID:     schema.Report,
	schema.ValidationID: schema.Validation,
	schema.InspectionID: schema.Inspection,

	schema.CredentialsID: schema.Credentials,
	schema.RenewalID:     schema.Renewal,
	schema.VersionID:     schema.Version,
	schema.KeysID:        schema.Keys,
}

// drafts are those in which the schemas are to mean the same.
var drafts = []string{"http://json-schema.org/draft-07/schema#", "https://json-schema.org/draft/2020-12/schema"}

func compile(t *testing.T, id, draft string) *jsonschema.Schema {
	t.Helper()
	compiled, err := jsonschema.CompileString(id, strings.Replace(documents[id], drafts[0], draft, 1))
	if err != nil {
		t.Fatalf("%s as %s: %v", id, draft, err)
	}
	return compiled
}

const report = `{"schema_version": 1, "summary": {"accepted": 1, "rejected": 0, "inconclusive": 0, "not_tested": 0}, "results": [{
	"source": "a.json", "name": "a", "verdict": "accepted", "code": "ok", "confirmed_by": "server", "also": [],
	"message": "m", "remedy": "", "warnings": [], "token": null, "problems": [], "looks_like": "", "retry_after_seconds": 0,
	"server": {"status": 200, "message": "", "request_id": "", "latency_ms": 1, "clock_offset_seconds": 0, "attempts": 1},
	"checks": [{"name": "document", "status": "pass", "detail": "d"}, {"name": "token_shape", "status": "pass", "detail": "d"},
		{"name": "token_type", "status": "pass", "detail": "d"}, {"name": "token_lifetime", "status": "pass", "detail": "d"},
		{"name": "reachable", "status": "pass", "detail": "d"}, {"name": "authenticated", "status": "pass", "detail": "d"},
		{"name": "permitted", "status": "pass", "detail": "d"}],
	"tested_at": "2026-11-01T10:00:00Z"}]}`

const validation = `{"schema_version": 1, "summary": {"valid": 0, "invalid": 1, "unreadable": 0}, "results": [{
	"source": "a.json", "valid": false, "problems": [{"pointer": "/name", "code": "blank", "severity": "error",
		"message": "m", "remedy": "", "line": 1, "column": 1}]}]}`

const inspection = `{"schema_version": 1, "source": "a.json", "verified": true, "looks_like": "", "findings": ["expires_soon"],
	"token": {"kind": "app", "access_key": "", "id": "", "algorithm": "HS256", "version": 2, "issued_at": null, "not_before": null,
		"expires_at": null, "expires_in_seconds": null, "lifetime_seconds": null}}`

const credentials = `{"schema_version": 1, "credentials": [{"name": "a", "description": "", "kind": "app", "access_key": "",
	"issued_at": null, "expires_at": null, "expires_in_seconds": null, "last_verdict": "", "last_code": "", "last_tested_at": null,
	"created_at": "2026-11-01T10:00:00Z", "updated_at": "2026-11-01T10:00:00Z", "damage": ""}]}`

const renewal = `{"schema_version": 1, "summary": {"renewed": 1, "not_due": 0, "renewed_by_another": 0, "not_renewed": 0}, "results": [{
	"name": "a", "outcome": "renewed", "message": "m", "note": "", "code": "ok", "expires_at": "2026-11-01T10:00:00Z"}]}`

const version = `{"schema_version": 1, "version": "v1.0.0", "go_version": "go1.26.0"}`

// TestASchemaRefusesWhatContradictsItself changes one thing in an output that the
// schema allows. The outputs of the command are held against the schemas by its
// own tests.
func TestASchemaRefusesWhatContradictsItself(t *testing.T) {
	for _, c := range []struct {
		name, id, good string
		from, to       string
	}{
		{"accepted, with a fault", schema.ReportID, report, `"code": "ok"`, `"code": "expired_token"`},
		{"accepted by the claims alone", schema.ReportID, report, `"confirmed_by": "server"`, `"confirmed_by": "claims"`},
		{"accepted without an answer", schema.ReportID, report, `"server": {"status": 200, "message": "", "request_id": "", "latency_ms": 1, "clock_offset_seconds": 0, "attempts": 1}`, `"server": null`},
		{"rejected for the network", schema.ReportID, report, `"verdict": "accepted", "code": "ok"`, `"verdict": "rejected", "code": "timeout"`},
		{"inconclusive for the credential", schema.ReportID, report, `"verdict": "accepted", "code": "ok", "confirmed_by": "server"`, `"verdict": "inconclusive", "code": "expired_token", "confirmed_by": ""`},
		{"not tested, yet confirmed", schema.ReportID, report, `"verdict": "accepted", "code": "ok"`, `"verdict": "not_tested", "code": "not_tested"`},
		{"an unknown verdict", schema.ReportID, report, `"accepted", "code"`, `"fine", "code"`},
		{"a code twice", schema.ReportID, report, `"also": []`, `"also": ["timeout", "timeout"]`},
		{"a likeness of a good token", schema.ReportID, report, `"looks_like": ""`, `"looks_like": "room_code"`},
		{"no status", schema.ReportID, report, `"status": 200`, `"status": -5`},
		{"a check twice and one left out", schema.ReportID, report, `"name": "permitted"`, `"name": "reachable"`},
		{"an unknown check", schema.ReportID, report, `"name": "permitted"`, `"name": "paid"`},
		{"a further key", schema.ReportID, report, `"source"`, `"extra": 1, "source"`},
		{"valid, with an error", schema.ValidationID, validation, `"valid": false`, `"valid": true`},
		{"invalid, with a warning alone", schema.ValidationID, validation, `"severity": "error"`, `"severity": "warning"`},
		{"valid, and unreadable", schema.ValidationID, validation, `"valid": false, "problems": [{"pointer": "/name", "code": "blank", "severity": "error",
		"message": "m", "remedy": "", "line": 1, "column": 1}]`, `"valid": true, "problems": [], "error": "e"`},
		{"no JSON pointer", schema.ValidationID, validation, `"/name"`, `"/~2"`},
		{"a line before the first", schema.ValidationID, validation, `"line": 1`, `"line": 0`},
		{"verified, and unreadable", schema.InspectionID, inspection, `"source"`, `"error": "e", "source"`},
		{"a finding twice", schema.InspectionID, inspection, `["expires_soon"]`, `["expires_soon", "expires_soon"]`},
		{"a list and one credential", schema.CredentialsID, credentials, `"schema_version": 1`, `"schema_version": 1, "credential": {}`},
		{"never tested, with a code", schema.CredentialsID, credentials, `"last_code": ""`, `"last_code": "ok"`},
		{"a value beside the rest", schema.CredentialsID, credentials, `"name": "a"`, `"name": "a", "value": "x"`},
		{"renewed, and refused", schema.RenewalID, renewal, `"code": "ok"`, `"code": "token_refused"`},
		{"not due, and accepted", schema.RenewalID, renewal, `"outcome": "renewed"`, `"outcome": "not_due"`},
		{"an unknown outcome", schema.RenewalID, renewal, `"outcome": "renewed"`, `"outcome": "mended"`},
		{"no version", schema.VersionID, version, `"v1.0.0"`, `""`},
		{"a finding that only a server has", schema.InspectionID, inspection, `["expires_soon"]`, `["token_refused"]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			bad := strings.Replace(c.good, c.from, c.to, 1)
			if bad == c.good {
				t.Fatal("nothing was changed")
			}
			for _, draft := range drafts {
				compiled := compile(t, c.id, draft)
				if err := compiled.Validate(decode(t, c.good)); err != nil {
					t.Errorf("%s refuses what is right: %#v", draft, err)
				}
				if compiled.Validate(decode(t, bad)) == nil {
					t.Errorf("%s allows it", draft)
				}
			}
		})
	}
}

func TestEverySchemaIsNamedAsItNamesItself(t *testing.T) {
	for id, document := range documents {
		if !strings.Contains(document, fmt.Sprintf("%q: %q", "$id", id)) {
			t.Errorf("%s names itself otherwise", id)
		}
		for _, draft := range drafts {
			compile(t, id, draft)
		}
	}
}

func decode(t *testing.T, text string) (v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}
