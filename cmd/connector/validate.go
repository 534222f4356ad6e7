package main

import (
	"context"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/cmd/connector/internal/document"
	"github.com/100ms-connector/connector-go/connector"
)

func (c *command) validate() *cobra.Command {
	var out printer
	var judge judging
	var from sources
	var requireVariables bool
	cmd := &cobra.Command{
		Use:   "validate [flags] FILE|DIR|NAME|- ...",
		Short: "Check credential documents and the claims of their tokens, offline",
		Long: `validate checks credential documents against the JSON Schema and looks at the
claims of their tokens, without a call. Every problem is shown at once, with its
line and the next step.`,
		Example: `  connector validate credential.json
  connector validate --format github --output sarif=results.sarif credentials/
  connector validate --require-variables --only-credentials $(git ls-files)
  jq .credential config.json | connector validate -`,
		RunE: func(cmd *cobra.Command, args []string) error {
			defer from.close()
			found, err := from.find(cmd.Context(), args)
			if err != nil {
				return out.none(c, err)
			}
			if out.onlyCredentials { // a directory without any is nothing to speak of
				found = slices.DeleteFunc(found, isNoFile)
			}
			defer out.close()
			if err := out.begin(c, nil); err != nil {
				return err
			}
			validator := judge.validator()
			validator.RequireVariables = requireVariables
			for i, r := range c.validateAll(cmd.Context(), validator, found, out.onlyCredentials) {
				if err := out.take(found[i], r); err != nil {
					return err
				}
			}
			return out.end(c, len(found))
		},
	}
	out.flags(cmd)
	cmd.Flags().BoolVar(&requireVariables, "require-variables", false, "fail on a token or App Secret that stands in a document itself: it must be a variable, such as ${HMS_TOKEN}")
	cmd.Flags().BoolVar(&out.onlyCredentials, "only-credentials", false, "pass over documents that are no credentials, although they are named; none at all is no failure")
	judge.flags(cmd)
	from.flags(cmd)
	return cmd
}

// validateAll judges the inputs and returns the results in their order, nil for what
// is no credential. An interrupted run returns those that it had begun.
func (c *command) validateAll(ctx context.Context, v *connector.Validator, found []input, onlyCredentials bool) []*result {
	results := make([]*result, len(found))
	done := parallel(ctx, len(found), func(i int, buf []byte) {
		in := found[i]
		data, err := in.read(ctx, c.in, buf)
		switch {
		case err != nil:
			r := unreadableResult("validate", in, err)
			results[i] = &r
		case (onlyCredentials || in.dir != nil) && !document.IsCredential(data):
		default:
			results[i] = &result{Source: in.source, Path: in.path, Problems: document.Problems(v, in.path, data)}
		}
	})
	return results[:done]
}

// parallel calls do for 0 to n-1 on every processor, in order of beginning, and
// returns how many it called: n, or fewer if ctx ended. Each processor has a
// buffer of its own, for what do need not keep.
func parallel(ctx context.Context, n int, do func(i int, buf []byte)) int {
	if n > 100 {
		// A run is short and holds little: collecting less often makes thousands
		// of documents a quarter faster. To say so costs as much as a start. A long run
		// collects as often as it must to stay small.
		debug.SetGCPercent(800)
		debug.SetMemoryLimit(64 << 20)
	}
	var next atomic.Int64
	work := func() {
		buf := make([]byte, 4096)
		for ctx.Err() == nil {
			i := int(next.Add(1)) - 1
			if i >= n {
				return
			}
			do(i, buf)
		}
	}
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), n) - 1 {
		workers.Add(1)
		go func() {
			defer workers.Done()
			work()
		}()
	}
	work() // for one document, a thread more would cost as much as the document
	workers.Wait()
	return min(int(next.Load()), n)
}
