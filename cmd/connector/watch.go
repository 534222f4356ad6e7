package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/connector/fleet"
	"github.com/100ms-connector/connector-go/connector/store"
)

func (c *command) watch() *cobra.Command {
	var (
		from    saved
		call    calling
		key     keyFlag
		every   duration
		workers int
		once    bool
		serving metricsFlags
		targets string
		notices noticeFlags
	)
	cmd := &cobra.Command{
		Use:   "watch [--once] [--every 1h]",
		Short: "Keep saved credentials alive: test each, and renew what ends soon",
		Long: `watch tests every saved credential, and puts a fresh token in the place of one that
ends soon or is refused, as connector renew does: signed with the signing key of its
workspace, which connector key add keeps, and tested before it replaces anything. Each
credential has its own time; --every is the longest one between two tests.

It goes on until Ctrl-C or SIGTERM, and then finishes what is under way. With --once it
looks after what is due now and ends, for cron, with the exit codes of connector test.
A store in a file is looked after by one process; one in PostgreSQL by any number, on any
machines: each credential is a job that one of them takes.`,
		Example: `  connector watch
  connector watch --once
  connector watch --every 15m --log-format json`,
		Args: noArguments,
	}
	logAs := choose(cmd, "log-format", "how to write the log, to standard error", "text", "json")
	durationFlag(cmd, &every, "every", time.Hour, "the longest time between two tests of a credential")
	cmd.Flags().IntVar(&workers, "workers", 50, "credentials at once")
	cmd.Flags().BoolVar(&once, "once", false, "look after what is due now, and end")
	serving.flags(cmd)
	cmd.Flags().StringVar(&targets, "targets", "", "file that says which files and commands of this machine get the tokens, see the page of connector/fleet")
	notices.flags(cmd)
	from.flags(cmd)
	call.flags(cmd)
	key.flags(cmd)
	_ = cmd.Flags().MarkHidden("concurrency") // --workers is the one that counts
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		ctx := cmd.Context()
		switch {
		case every.Duration < time.Second:
			return errors.New("--every must be a second or more")
		case workers < 1 || workers > 1000:
			return errors.New("--workers must be 1 to 1000")
		}
		call.concurrency = workers
		tester, err := call.tester(cmd)
		if err != nil {
			return err
		}
		given, err := key.find(ctx, c, nil)
		if err != nil {
			return err
		}
		if err := serving.check(); err != nil {
			return err
		}
		lingers.Store(true)
		return from.use(ctx, func(db *store.Store) error {
			w := &fleet.Watcher{
				Store: db, Every: every.Duration, Workers: workers,
				Renewer: &fleet.Renewer{Tester: tester, Key: keys{given, db}.of},
			}
			log := c.log(logAs.value)
			metrics := fleet.NewMetrics(db)
			metrics.PerCredential, metrics.Token = serving.each(), serving.token
			people, err := notices.notifier(db, log)
			if err != nil {
				return err
			}
			w.Tell = func(e fleet.Event) {
				logEvent(log, e)
				metrics.Tell(e)
				people.note(ctx, e)
			}
			places, err := readTargets(targets, db, func(p fleet.Pushed) {
				logPushed(log, p)
				metrics.TellPushed(p)
				people.notePushed(ctx, p)
			})
			if err != nil {
				return err
			}
			if once {
				return errors.Join(c.watchOnce(ctx, w), places.once(ctx), people.once(ctx))
			}
			var pushing sync.WaitGroup
			defer pushing.Wait()
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			pushing.Go(func() { places.run(ctx) })
			pushing.Go(func() { people.run(ctx) })
			stop, err := serving.serve(metrics, log)
			if err != nil {
				return err
			}
			defer stop()
			return c.watchOn(ctx, w, metrics, log)
		})
	}
	return cmd
}

// watchOnce looks after what is due, and says how all credentials are.
func (c *command) watchOnce(ctx context.Context, w *fleet.Watcher) error {
	all, err := w.Once(ctx)
	if err != nil && len(all) == 0 {
		return err
	}
	if len(all) == 0 {
		return errNothingSaved
	}
	worst, counts := passed, map[string]int{}
	for _, e := range all {
		switch {
		case e.Well():
			counts["well"]++
		case e.Rejected():
			counts["rejected"]++
			worst = max(worst, failed)
		default:
			counts["not judged"]++
			worst = max(worst, unknown)
		}
		if e.Renewal != nil && e.Renewal.Outcome == fleet.Renewed {
			counts["renewed"]++
		}
	}
	line := ""
	for _, what := range []string{"well", "renewed", "rejected", "not judged"} {
		if n := counts[what]; n > 0 {
			line += fmt.Sprintf(", %d %s", n, what)
		}
	}
	fmt.Fprintf(c.out, "%d credentials%s\n", len(all), line)
	return errors.Join(err, exitWith(worst))
}

// watchOn looks after the credentials until ctx ends: alone in a file, with others in
// PostgreSQL.
func (c *command) watchOn(ctx context.Context, w *fleet.Watcher, metrics *fleet.Metrics, log *slog.Logger) error {
	db := w.Store
	run := func() error { return w.RunQueue(ctx, c.queueLog(log), metrics) }
	if db.IsFile() {
		release, err := db.Exclusive("watch")
		if errors.Is(err, store.ErrTaken) {
			return &failure{exitUntested, errors.New("another connector watch looks after this store"), "one is enough; on several machines keep the credentials in PostgreSQL"}
		}
		if err != nil {
			return err
		}
		defer release()
		run = func() error { return w.Run(ctx) }
	}
	log.Info("watching", "store", fmt.Sprint(db), "every", w.Every.String(), "workers", w.Workers)
	if err := run(); err != nil && ctx.Err() == nil {
		return unreadable(err)
	}
	log.Info("ended")
	return exit(exitOK)
}
