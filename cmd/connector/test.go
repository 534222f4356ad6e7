package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/connector"
)

// calling is what the verbs that call the API share.
type calling struct {
	baseURL     string
	timeout     time.Duration
	retries     int
	concurrency int
}

func (t *calling) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&t.baseURL, "base-url", connector.DefaultBaseURL, "the API's address, also HMS_BASE_URL; https, or http on a loopback address")
	f.DurationVar(&t.timeout, "timeout", connector.DefaultTimeout, "for the whole test of one credential, retries included")
	f.IntVar(&t.retries, "retries", 2, "attempts after the first, where that can help")
	f.IntVar(&t.concurrency, "concurrency", 8, "tests under way at once")
}

// tester makes the Tester that the flags ask for.
func (t *calling) tester(cmd *cobra.Command) (*connector.Tester, error) {
	if env := os.Getenv("HMS_BASE_URL"); env != "" && !cmd.Flags().Changed("base-url") {
		t.baseURL = env
	}
	if _, err := connector.ParseBaseURL(t.baseURL); err != nil {
		return nil, err
	}
	if t.timeout <= 0 {
		return nil, errors.New("--timeout must be longer than 0")
	}
	if t.retries < 0 || t.concurrency < 1 {
		return nil, errors.New("--retries must be 0 or more, and --concurrency 1 or more")
	}
	transport := connector.NewTransport()
	transport.Proxy = http.ProxyFromEnvironment
	transport.MaxConnsPerHost = t.concurrency
	retries := t.retries
	if retries == 0 {
		retries = -1 // the library's way to say none
	}
	return &connector.Tester{BaseURL: t.baseURL, Transport: transport, Timeout: t.timeout, Retries: retries, Concurrency: t.concurrency}, nil
}

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
told apart.`,
		Example: `  connector test credential.json
  connector test --format json credentials/
  connector test --offline credential.json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			defer from.close()
			found, err := from.find(cmd.Context(), args)
			if err != nil {
				return err
			}
			tester, err := call.tester(cmd)
			if err != nil {
				return err
			}
			tester.WarnWithin, tester.Offline = judge.within(), offline
			if tester.Key, err = key.find(c); err != nil {
				return err
			}
			out.begin(c.out, "test")
			bar := newProgress(c.err, len(found))
			for r := range c.testAll(cmd.Context(), tester, judge.validator(), found) {
				bar.hide()
				out.add(r)
				bar.step()
				if r.saved && !offline {
					if db, err := from.store(cmd.Context()); err == nil {
						c.recordTest(cmd.Context(), db, r.source, r.report)
					}
				}
			}
			bar.hide()
			if left := len(found) - out.n; left > 0 {
				fmt.Fprintf(c.err, "connector: interrupted: %d of %d not tested\n", left, len(found))
			}
			return out.end()
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
		parallel(ctx, len(found), func(i int, buf []byte) { all[i].cred, all[i].error = c.readCredential(ctx, found[i], v, buf) })

		creds := func(next func(*connector.Credential) bool) {
			for _, p := range all {
				if p.cred != nil && (ctx.Err() != nil || !next(p.cred)) {
					return
				}
			}
		}
		nextReport, stop := iter.Pull(tester.TestAll(ctx, creds))
		defer stop()
		for i, p := range all {
			r := p.error
			if p.cred != nil {
				report, ok := nextReport()
				if !ok {
					return
				}
				r = result{source: found[i].source, report: report, saved: found[i].saved}
			}
			if r.source != "" && !yield(r) {
				return
			}
		}
	}
}

// readCredential reads one credential, or the result that says why not.
func (c *command) readCredential(ctx context.Context, in input, v *connector.Validator, buf []byte) (*connector.Credential, result) {
	data, err := in.read(ctx, c.in, buf)
	if err != nil {
		return nil, result{source: in.source, err: err, report: connector.UnreadableReport(reason(err))}
	}
	cred, err := v.Parse(data)
	var invalid *connector.ValidationError
	if errors.As(err, &invalid) {
		return nil, result{source: in.source, report: connector.InvalidReport(invalid)}
	}
	return cred, result{}
}

// progress is a bar on a terminal, and nothing elsewhere.
type progress struct{ bar *progressbar.ProgressBar }

func newProgress(w io.Writer, n int) progress {
	if !isTerminal(w) || n < 2 {
		return progress{}
	}
	return progress{progressbar.NewOptions(n, progressbar.OptionSetWriter(w), progressbar.OptionSetDescription("testing"),
		progressbar.OptionShowCount(), progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(true))}
}

func (p progress) hide() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}

func (p progress) step() {
	if p.bar != nil {
		_ = p.bar.Add(1)
	}
}
