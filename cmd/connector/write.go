package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/connector/exchange/batch"
)

// writeFlags is what connector write is called with.
type writeFlags struct {
	apiFlags
	update, yes, dryRun, skipInvalid bool
	results                          string
}

func (c *command) write() *cobra.Command {
	f := new(writeFlags)
	cmd := &cobra.Command{
		Use:   "write [flags] ACTION FILE|-",
		Short: "Write records into a 100ms account: rooms, their codes, recordings and more",
		Long: `write carries out an action (connector actions lists them) for each record of a file of
JSON Lines, a JSON array, or CSV with a header. The whole file is judged first: if a
record breaks a rule, nothing is written, and each problem is told with its line.

A room is looked up by its name before it is made, for 100ms writes over the settings of
one that is there without a word. One that is there and differs is left as it is, unless
--update. What becomes of each record is printed as a line of JSON, in their order.

With --results a run that was interrupted, or killed, goes on without doing anything
twice: give it the same file again.`,
		Example: `  connector write rooms rooms.csv --credential live --dry-run
  connector write rooms rooms.csv --credential live --results rooms.results
  connector write room_status status.jsonl --key-file key.json
  connector write recordings stop.jsonl --credential live --yes`,
		Args: cobra.ArbitraryArgs,
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) == 0 {
				return actionNames(), cobra.ShellCompDirectiveNoFileComp
			}
			return nil, cobra.ShellCompDirectiveDefault
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			// Else a reader that goes away ends the process before it can say what it wrote.
			signal.Ignore(syscall.SIGPIPE)
			defer f.login.close()
			action, err := f.action(args)
			if err != nil {
				return err
			}
			file, err := f.file(c, args[1], action)
			if err != nil {
				return err
			}
			if len(file.Invalid) > 0 && !f.skipInvalid {
				return c.refuseBatch(file)
			}
			client, err := f.client(cmd, c)
			if err != nil {
				return err
			}
			run := &writeRun{c: c, file: file, action: action, to: &exchange.Destination{
				Client: client, Update: f.update, DryRun: f.dryRun, Consent: f.yes,
				Concurrency: f.concurrency, MaxRate: f.rate(cmd), Patience: f.wait(),
			}}
			return run.all(cmd.Context(), f.results)
		},
	}
	f.flags(cmd, "records written at once")
	fl := cmd.Flags()
	fl.BoolVar(&f.update, "update", false, "rooms: change those that are there and differ")
	fl.BoolVar(&f.yes, "yes", false, "carry out an action that acts on people in a call")
	fl.BoolVar(&f.dryRun, "dry-run", false, "only look, and say what would be done")
	fl.BoolVar(&f.skipInvalid, "skip-invalid", false, "write the records that break no rule, though others do")
	fl.StringVar(&f.results, "results", "", "file that keeps what became of each record; a run that finds one goes on where it was")
	return cmd
}

// action finds the action that the arguments name.
func (f *writeFlags) action(args []string) (exchange.Action, error) {
	if len(args) == 0 {
		return exchange.Action{}, errors.New("no action: name one; connector actions lists them")
	}
	action, ok := exchange.FindAction(args[0])
	switch {
	case !ok:
		return action, fmt.Errorf("there is no action %q%s; there are %s", printable(args[0]), didYouMean(nearest(args[0], actionNames())), strings.Join(actionNames(), ", "))
	case len(args) == 1:
		return action, errors.New("no file: name one, or - for standard input")
	case len(args) > 2:
		return action, errors.New("one file is written at a time")
	case f.dryRun && f.results != "":
		return action, errors.New("--dry-run does nothing that --results could keep; leave one of them out")
	case action.Danger != "" && !f.yes && !f.dryRun:
		return action, fmt.Errorf("%s needs --yes: %s", action.Name, action.Danger)
	}
	return action, nil
}

// file reads the records.
func (f *writeFlags) file(c *command, path string, action exchange.Action) (*batch.Batch, error) {
	from := c.in
	if path != "-" {
		file, err := os.Open(path)
		if err == nil {
			defer file.Close()
			from = file
			if info, failed := file.Stat(); failed == nil && info.IsDir() {
				err = errors.New("it is a folder")
			}
		}
		if err != nil {
			return nil, unreadable(fmt.Errorf("cannot read %s: %s", path, reason(err)))
		}
	} else if f.login.credential == "-" {
		return nil, errors.New("the records and the credential cannot both come from standard input")
	}
	file, err := batch.Read(from, action)
	switch {
	case errors.Is(err, batch.ErrFile):
		return nil, &failure{exitRejected, fmt.Errorf("%s: %w", named(path), err), "a file is JSON Lines, a JSON array, or CSV with a header; connector actions --format json shows the fields"}
	case err != nil:
		return nil, unreadable(fmt.Errorf("cannot read %s: %s", named(path), reason(err)))
	}
	return file, nil
}

func named(path string) string {
	if path == "-" {
		return "standard input"
	}
	return path
}
