package main

import (
	"context"
	"errors"
	"iter"
	"strings"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/connector"
)

func (c *command) test() *cobra.Command {
	var (
		out     output
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
				return out.none(c.out, "test", err)
			}
			tester, err := call.tester(cmd)
			if err != nil {
				return err
			}
			tester.WarnWithin, tester.Offline = judge.within(), offline
			if tester.Key, err = key.find(cmd.Context(), c, args); err != nil {
				return out.none(c.out, "test", err)
			}
			out.begin(c.out, "test")
			bar := newProgress(c.err, len(found))
			for r := range c.testAll(cmd.Context(), tester, judge.validator(), found) {
				bar.hide()
				out.add(r)
				bar.step()
				if r.saved && !offline {
					if db, err := from.store(cmd.Context()); err == nil {
						c.recordTest(cmd.Context(), db, r.tested, r.report)
					}
				}
			}
			bar.hide()
			return out.end(c.err, len(found))
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

// testAll yields a result for each input, in their order; an interrupted run
// yields those that were begun.
func (c *command) testAll(ctx context.Context, tester *connector.Tester, v *connector.Validator, found []input) iter.Seq[result] {
	type parsed struct {
		cred  *connector.Credential
		error result // if cred is nil
	}
	return func(yield func(result) bool) {
		all := make([]parsed, len(found))
		begun := parallel(ctx, len(found), func(i int, buf []byte) { all[i].cred, all[i].error = c.readCredential(ctx, found[i], v, buf) })

		creds := func(next func(*connector.Credential) bool) {
			for _, p := range all {
				if p.cred != nil && (ctx.Err() != nil || !next(p.cred)) {
					return
				}
			}
		}
		nextReport, stop := iter.Pull(tester.TestAll(ctx, creds))
		defer stop()
		for i, p := range all[:begun] {
			r := p.error
			if p.cred != nil {
				report, ok := nextReport()
				if !ok {
					return
				}
				r = result{source: found[i].source, path: found[i].path, report: report, saved: found[i].saved, tested: p.cred}
			}
			if !yield(r) {
				return
			}
		}
	}
}

// readCredential reads one credential, or the result that says why not.
func (c *command) readCredential(ctx context.Context, in input, v *connector.Validator, buf []byte) (*connector.Credential, result) {
	data, err := in.read(ctx, c.in, buf)
	if err != nil {
		report := connector.UnreadableReport(reason(err))
		var known *failure
		if errors.As(err, &known) && known.hint != "" {
			report.Remedy = known.hint
		}
		return nil, result{source: in.source, path: in.path, err: err, report: report}
	}
	if isBareToken(data) && connector.Inspect(string(data)).Readable() { // as inspect takes it
		return &connector.Credential{APIKeyValue: connector.Secret(strings.TrimRight(string(data), "\r\n"))}, result{}
	}
	cred, err := v.Parse(data)
	var invalid *connector.ValidationError
	if errors.As(err, &invalid) {
		return nil, result{source: in.source, path: in.path, report: connector.InvalidReport(invalid)}
	}
	return cred, result{}
}
