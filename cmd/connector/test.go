package main

import (
	"context"
	"errors"
	"iter"
	"slices"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/cmd/connector/internal/document"
	"github.com/100ms-connector/connector-go/connector"
)

func (c *command) test() *cobra.Command {
	var (
		out     printer
		judge   judging
		call    calling
		key     keyFlag
		from    sources
		offline bool
	)
	cmd := &cobra.Command{
		Use:   "test [flags] FILE|DIR|NAME|- ...",
		Short: "Test whether credentials work, and say why if they do not",
		Long: `test makes one harmless call with each credential (it lists rooms, by a name
that no room has) and combines the answer with what the token says of itself, so
that an expired token, an app token, a rotated secret and a network fault are
told apart. A file may hold the bare token instead of a credential.`,
		Example: `  connector test credential.json
  pbpaste | connector test -
  connector test --format json credentials/
  connector test --offline credential.json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			defer from.close()
			found, err := from.find(cmd.Context(), args)
			if err != nil {
				return out.none(c, err)
			}
			tester, err := call.tester(cmd)
			if err != nil {
				return err
			}
			tester.WarnWithin, tester.Offline = judge.within(), offline
			if tester.Key, err = key.find(cmd.Context(), c, args); err != nil {
				return out.none(c, err)
			}
			tester.KeyFor = from.keyFor(cmd.Context())
			defer out.close()
			if err := out.begin(c, nil); err != nil {
				return err
			}
			bar := newProgress(c.err, len(found), "testing")
			for in, r := range c.testAll(cmd.Context(), tester, judge.validator(), found) {
				bar.hide()
				if err := out.take(in, r); err != nil {
					return err
				}
				bar.step()
				if r != nil && r.Saved && !offline {
					if db, err := from.store(cmd.Context()); err == nil {
						c.recordTest(cmd.Context(), db, r.Tested, r.Report)
					}
				}
			}
			bar.hide()
			return out.end(c, len(found))
		},
	}
	out.flags(cmd)
	judge.flags(cmd)
	call.flags(cmd)
	key.flags(cmd)
	from.flags(cmd)
	cmd.Flags().BoolVar(&offline, "offline", false, "make no call: judge by the claims alone, which never ends in accepted")
	return cmd
}

// readAhead is how many inputs are read before they are tested.
const readAhead = 1000

// testAll yields a result for each input, in their order, nil for what is no
// credential; an interrupted run yields those that were begun.
func (c *command) testAll(ctx context.Context, tester *connector.Tester, v *connector.Validator, found []input) iter.Seq2[input, *result] {
	return func(yield func(input, *result) bool) {
		for part := range slices.Chunk(found, readAhead) {
			if !c.testSome(ctx, tester, v, part, yield) {
				return
			}
		}
	}
}

// testSome is testAll for as many inputs as may be in memory at once. It says whether to
// go on.
func (c *command) testSome(ctx context.Context, tester *connector.Tester, v *connector.Validator, found []input, yield func(input, *result) bool) bool {
	type reading struct {
		cred *connector.Credential
		bad  *result // if there is no credential to test
	}
	all := make([]reading, len(found))
	begun := parallel(ctx, len(found), func(i int, buf []byte) { all[i].cred, all[i].bad = c.readCredential(ctx, found[i], v, buf) })

	creds := func(next func(*connector.Credential) bool) {
		for _, r := range all {
			if r.cred != nil && (ctx.Err() != nil || !next(r.cred)) {
				return
			}
		}
	}
	nextReport, stop := iter.Pull(tester.TestAll(ctx, creds))
	defer stop()
	for i, r := range all[:begun] {
		if r.cred != nil {
			report, ok := nextReport()
			if !ok {
				return false
			}
			r.bad = &result{Source: found[i].source, Path: found[i].path, Report: report, Saved: found[i].saved, Tested: r.cred}
		}
		if !yield(found[i], r.bad) {
			return false
		}
	}
	return begun == len(found)
}

// readCredential reads one credential, or the result that says why not. It returns
// neither of a file that was found in a directory and is no credential.
func (c *command) readCredential(ctx context.Context, in input, v *connector.Validator, buf []byte) (*connector.Credential, *result) {
	if in.saved && in.err == nil {
		cred, err := in.load(ctx)
		if err != nil {
			r := unreadableResult("test", in, err)
			return nil, &r
		}
		return cred, nil
	}
	data, err := in.read(ctx, c.in, buf)
	if err != nil {
		r := unreadableResult("test", in, err)
		return nil, &r
	}
	if in.dir != nil && !document.IsCredential(data) {
		return nil, nil
	}
	cred, err := document.Parse(v, in.path, data)
	if invalid, ok := errors.AsType[*connector.ValidationError](err); ok {
		return nil, &result{Source: in.source, Path: in.path, Report: connector.InvalidReport(invalid)}
	}
	return cred, nil
}

// unreadableResult is the result of an input that could not be read.
func unreadableResult(verb string, in input, err error) result {
	r := result{Source: in.source, Path: in.path, Err: errors.New(reason(err))}
	if verb == "test" {
		r.Report = connector.UnreadableReport(reason(err))
		if known, ok := errors.AsType[*failure](err); ok && known.hint != "" {
			r.Report.Remedy = known.hint
		}
	}
	return r
}
