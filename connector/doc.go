// Package connector asks for a 100ms credential, checks it, and tests whether it
// works, so that whatever is wrong with it can be told in one line.
//
// A REST call to 100ms carries a management token: a JWT signed with a
// workspace's App Secret. People paste other things in its place, tokens expire
// after a week, and the API answers 401 to all of it, mostly in the same words.
// This package combines what the token says of itself with what the server says
// of it: the server is the judge of whether a token works, the claims explain
// why it does not.
//
// # Which function for which need
//
//   - Show the form: [Form] lists the fields; package hosts writes it for Nexla,
//     Airbyte and react-jsonschema-form.
//   - Check a document in a test or in CI: [Validate], or a [Validator] for
//     warnings, variables and a clock.
//   - Check what a form gave: [Credential.Problems].
//   - Read a credential: [ParseCredential].
//   - See what a token is, without a call: [Inspect].
//   - Test the connection: [Tester.Test], and [Tester.TestAll] for many.
//   - Call the API: [Credential.Client] or a [Client] with a source of tokens; a
//     [Transport] for an http.Client of your own.
//   - Say why the API refused a call: [Explain], or the error of [Client.GetJSON].
//   - Sign tokens: [SigningKey.Mint], and [MintingSource] for tokens that renew
//     themselves.
//
// # The way of a document
//
// From the command's bytes to the report a document goes one way:
//
//  1. internal/jsontext cuts the bytes into members with their places;
//     [Validator] judges those and returns a [Credential].
//  2. internal/pasted cleans the value and cuts it into a token's parts;
//     [Inspect], over internal/claims, reads the claims: the token's facts.
//  3. internal/probe, over internal/wire, makes the one call of [Tester.Test];
//     internal/answer says what came back: the server's facts.
//  4. The decision table judges both, and internal/words says when and how long:
//     a [Report].
//  5. A printer of the command, the web form or a host shows the report.
//
// # Errors
//
// Every cause is a [Code]. [Codes] lists them with meaning and remedy, and a Code
// is an error, so that errors.Is(err, connector.ExpiredToken) works on the error
// of a [Report] and, for codes that need no server, on a [*ValidationError].
//
// The codes are the words that a host writes most, and stand bare: ExpiredToken. Every
// other constant begins with what it is: VerdictAccepted, ClassWarning, KindApp,
// SeverityError, CheckPermitted, StatusFail, LookalikeAccessKey, ConfirmedByServer.
//
// # Security
//
// A [Secret] prints as [redacted]; Reveal is the way out. The token goes to the
// API's origin and nowhere else. What the server says is quoted bounded, on one
// line and without the token. The package writes no log, reads no environment,
// follows no reference in a schema, and bounds every input before parsing it.
package connector
