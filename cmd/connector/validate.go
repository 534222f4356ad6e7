package main

import (
	"context"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/connector"
)

func (c *command) validate() *cobra.Command {
	var out output
	var judge judging
	var from sources
	cmd := &cobra.Command{
		Use:   "validate [flags] FILE|DIR|NAME|- ...",
		Short: "Check credential documents and the claims of their tokens, offline",
		Long: `validate checks credential documents against the JSON Schema and looks at the
claims of their tokens, without a call. Every problem is shown at once, with its
line and the next step.`,
		Example: `  connector validate credential.json
  connector validate --format github credentials/
  jq .credential config.json | connector validate -`,
		RunE: func(cmd *cobra.Command, args []string) error {
			defer from.close()
			found, err := from.find(cmd.Context(), args)
			if err != nil {
				return out.none(c.out, "validate", err)
			}
			results := c.validateAll(cmd.Context(), judge.validator(), found)
			out.begin(c.out, "validate")
			for _, r := range results {
				out.add(r)
			}
			return out.end(c.err, len(found))
		},
	}
	out.flags(cmd)
	judge.flags(cmd)
	from.flags(cmd)
	return cmd
}

// validateAll judges the inputs and returns the results in their order. An
// interrupted run returns those that it had begun.
func (c *command) validateAll(ctx context.Context, v *connector.Validator, found []input) []result {
	results := make([]result, len(found))
	done := parallel(ctx, len(found), func(i int, buf []byte) {
		results[i].source, results[i].path = found[i].source, found[i].path
		data, err := found[i].read(ctx, c.in, buf)
		if err != nil {
			results[i].err = err
			return
		}
		results[i].problems = v.Problems(data)
	})
	return results[:done]
}

// parallel calls do for 0 to n-1 on every processor, in order of beginning, and
// returns how many it called: n, or fewer if ctx ended. Each processor has a
// buffer of its own, for what do need not keep.
func parallel(ctx context.Context, n int, do func(i int, buf []byte)) int {
	if n > 100 {
		// A run is short and holds little: collecting less often makes thousands
		// of documents a quarter faster. To say so costs as much as a start.
		debug.SetGCPercent(800)
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
