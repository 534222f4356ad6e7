// Package schema holds what the connector declares: the credential's JSON
// Schema, from which the form is read, and the schemas of the JSON that the
// commands print. It imports nothing of this module, so that a host that only
// wants the documents pays for nothing else.
//
// The credential schema uses only keywords that mean the same in draft-07 and
// in 2020-12, and patterns in the common subset of RE2 and ECMA-262, so that a
// form library in a browser and a validator in a build read it alike.
package schema

import _ "embed" // for the documents

// Credential is the JSON Schema of a credential document. Its titles,
// descriptions, order, writeOnly and examples are also the credential's form.
//
//go:embed credential.schema.json
var Credential string

// Report is the JSON Schema of what `connector test --format json` prints.
//
//go:embed report.schema.json
var Report string

// Validation is the JSON Schema of what `connector validate --format json` prints.
//
//go:embed validation.schema.json
var Validation string

// Inspection is the JSON Schema of what `connector inspect --format json` prints.
//
//go:embed inspection.schema.json
var Inspection string

// Credentials is the JSON Schema of what `connector credential list` and
// `connector credential show` print with --format json.
//
//go:embed credentials.schema.json
var Credentials string

// Renewal is the JSON Schema of what `connector renew --format json` prints.
//
//go:embed renewal.schema.json
var Renewal string

// Version is the JSON Schema of what `connector version --format json` prints.
//
//go:embed version.schema.json
var Version string

// Keys is the JSON Schema of what `connector key list --format json` prints.
//
//go:embed keys.schema.json
var Keys string

// Targets is the JSON Schema of what `connector credential target list --format json` prints.
//
//go:embed targets.schema.json
var Targets string

// Event is the JSON Schema of a webhook of 100ms, with the marks of Stream.
//
//go:embed event.schema.json
var Event string

// The identifiers under which the documents refer to themselves. They name,
// they do not locate: nothing here is ever fetched.
const (
	CredentialID = "https://github.com/100ms-connector/connector-go/schema/credential.schema.json"
	ReportID     = "https://github.com/100ms-connector/connector-go/schema/report.schema.json"
	ValidationID = "https://github.com/100ms-connector/connector-go/schema/validation.schema.json"
	InspectionID = "https://github.com/100ms-connector/connector-go/schema/inspection.schema.json"

	CredentialsID = "https://github.com/100ms-connector/connector-go/schema/credentials.schema.json"
	RenewalID     = "https://github.com/100ms-connector/connector-go/schema/renewal.schema.json"
	KeysID        = "https://github.com/100ms-connector/connector-go/schema/keys.schema.json"
	TargetsID     = "https://github.com/100ms-connector/connector-go/schema/targets.schema.json"
	VersionID     = "https://github.com/100ms-connector/connector-go/schema/version.schema.json"
)
