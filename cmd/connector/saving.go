package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/cmd/connector/internal/output"
	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
)

// saving is what the verbs share that save a value: it is tested before.
type saving struct {
	call   calling
	key    keyFlag
	noTest bool
}

func (s *saving) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&s.noTest, "no-test", false, "save without asking the API")
	s.call.flags(cmd)
	s.key.flags(cmd)
}

// tester makes the Tester that the flags ask for. others are the arguments that
// read too, as for keyFlag.find.
func (s *saving) tester(cmd *cobra.Command, c *command, others []string) (*connector.Tester, error) {
	tester, err := s.call.tester(cmd)
	if err != nil {
		return nil, err
	}
	tester.Offline = s.noTest
	tester.Key, err = s.key.find(cmd.Context(), c, others)
	return tester, err
}

// judge validates a credential as a document would be, and tests it. What is
// rejected is an error, already printed under the name of its source. Offline only
// what is no token is refused: the report says what else is wrong with it.
func (c *command) judge(ctx context.Context, tester *connector.Tester, source string, given *connector.Credential) (*connector.Credential, *connector.Report, error) {
	problems := given.Problems()
	if slices.ContainsFunc(problems, func(p connector.Problem) bool {
		// Of a value that is blank the test says where to get one, as of any other that is no token.
		return p.Code.Info().Class == connector.ClassDocument && !(p.Code == connector.Blank && p.Pointer == "/api_key_value")
	}) {
		return nil, nil, c.refuse(source, connector.InvalidReport(&connector.ValidationError{Problems: problems}))
	}
	report := tester.Test(ctx, given)
	if report.Verdict == connector.VerdictRejected && (!tester.Offline || report.Code == connector.NotAToken) {
		return nil, nil, c.refuse(source, report)
	}
	return given, report, nil
}

// refuse prints why a credential is not saved.
func (c *command) refuse(source string, report *connector.Report) error {
	c.printResult(result{Source: source, Report: report})
	fmt.Fprintln(c.err, "connector: not saved")
	if report.Code != connector.NotAToken && report.Code != connector.InvalidCredential {
		fmt.Fprintln(c.err, "connector: hint: --no-test saves it all the same")
	}
	return exit(exitRejected)
}

// printResult prints one result of a test for people, without a summary.
func (c *command) printResult(r result) {
	_ = output.One(c.out, r) // what follows says what became of it
}

// sayTested records the test of a credential that was saved, and says what is
// saved: source and done are the beginning of the line.
func (c *command) sayTested(ctx context.Context, db *store.Store, cred *connector.Credential, report *connector.Report, source, done string) {
	warn := func(what string, code connector.Code, hint string) {
		fmt.Fprintf(c.err, "connector: warning: %s [%s]\n", printable(what), code)
		if hint != "" {
			fmt.Fprintf(c.err, "connector: hint: %s\n", hint)
		}
	}
	source = printable(source)
	switch {
	case report.Verdict == connector.VerdictAccepted:
		c.recordTest(ctx, db, cred, report)
		fmt.Fprintf(c.out, "%s: %s: %s\n", source, done, report.Message)
	case report.Verdict == connector.VerdictInconclusive:
		c.recordTest(ctx, db, cred, report)
		fmt.Fprintf(c.out, "%s: %s, not judged\n", source, done)
		warn(done+", but it could not be tested: "+report.Message, report.Code, report.Remedy)
	default: // offline
		fmt.Fprintf(c.out, "%s: %s, not tested\n", source, done)
		if report.Verdict == connector.VerdictRejected {
			warn(done+", although "+report.Message, report.Code, report.Remedy)
		}
	}
	for _, w := range report.Warnings {
		warn(w.Info().Meaning, w, "")
	}
}

// recordTest keeps what a test of a saved credential found. That it cannot be
// kept changes nothing about the result.
func (c *command) recordTest(ctx context.Context, db *store.Store, tested *connector.Credential, report *connector.Report) {
	if err := db.RecordTest(ctx, tested, report); err != nil && ctx.Err() == nil {
		fmt.Fprintf(c.err, "connector: warning: the result was not recorded: %s\n", printable(store.Plain(err)))
	}
}
