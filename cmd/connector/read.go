package main

import (
	"errors"
	"fmt"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/connector/exchange/sink"
)

// readFlags is what connector read is called with.
type readFlags struct {
	apiFlags
	everything bool
	output     string
	to         toFlags
	download   string
	format     *choice
	state      string
	stateLines bool
	since      moment
	every      duration
	source     exchange.Source
}

func (c *command) read() *cobra.Command {
	f := new(readFlags)
	cmd := &cobra.Command{
		Use:   "read [flags] STREAM ...|--all",
		Short: "Read the data of a 100ms account, as JSON Lines or CSV",
		Long: `read gives the records of streams (connector streams lists them): all of them, or,
with --state, those that are new since the last time. It can be interrupted at any
moment; run again with the same --state, it goes on where it was.

On standard output several streams come as {"stream":…,"record":{…}}, one as its
bare records. Secrets within records are [redacted] unless --include-secrets.`,
		Example: `  connector read rooms --credential credential.json
  connector read sessions session_peers --output data --state data/state.json
  connector read --all --key-file key.json --output data --format csv
  connector read rooms sessions --credential live --to sqlite://data.db
  connector read recording_assets --credential live --state assets.state --download files`,
		Args: cobra.ArbitraryArgs, ValidArgs: streamNames(),
		RunE: func(cmd *cobra.Command, args []string) error {
			// Else a reader that goes away ends the process before it can say what it wrote.
			signal.Ignore(syscall.SIGPIPE)
			defer f.login.close()
			streams, err := f.streams(args)
			if err != nil {
				return err
			}
			if err := f.complete(cmd, c); err != nil {
				return err
			}
			run := &readRun{c: c, flags: f, source: &f.source, progress: newReadProgress(c.err)}
			url, err := f.to.location(cmd, c)
			if err == nil && url != "" {
				run.base, err = openBase(cmd.Context(), url)
			}
			if err != nil {
				return err
			}
			if run.base != nil {
				defer run.base.close()
			}
			if f.download != "" {
				run.downloads = f.downloads()
			}
			return run.all(cmd.Context(), streams)
		},
	}
	f.apiFlags.flags(cmd, "rooms asked at once")
	fl := cmd.Flags()
	fl.BoolVar(&f.everything, "all", false, "every stream")
	fl.StringVar(&f.output, "output", "-", "folder for one file of each stream, or - for standard output")
	f.to.flags(cmd, "a database in the place of files, with a table for each stream and the state in it")
	fl.StringVar(&f.download, "download", "", "folder for the files of recording_assets: recordings, transcripts, chats")
	f.format = choose(cmd, "format", "how to write records", sink.Formats()...)
	fl.StringVar(&f.state, "state", "", "file that says where to go on: read if it exists, replaced as records are written")
	fl.BoolVar(&f.stateLines, "state-lines", false, `print {"state":…} between the records instead; its object is what --state reads`)
	fl.Var(&f.since, "since", "where an incremental stream without a state begins: a time, a date, or 7d for a time ago")
	fl.StringArrayVar(&f.source.Rooms, "room", nil, "only what is of this room, by its id; repeatable")
	fl.BoolVar(&f.source.AllRooms, "all-rooms", false, "analytics_events: ask every room, not only those with a session in 30 days")
	fl.IntVar(&f.source.Limit, "limit", 0, "how many records of each stream at most; 0 for all")
	fl.BoolVar(&f.source.FullRefresh, "full-refresh", false, "read everything anew, and replace the state")
	durationFlag(cmd, &f.every, "full-refresh-every", 0, "read everything anew if the last time is as long ago, as in 7d")
	fl.BoolVar(&f.source.IncludeSecrets, "include-secrets", false, "write secrets within records as they are")
	fl.BoolVar(&f.source.DropPersonal, "drop-personal", false, "leave out the fields about a person")
	return cmd
}

// streams finds what the arguments name.
func (f *readFlags) streams(names []string) ([]exchange.Stream, error) {
	switch {
	case f.everything && len(names) > 0:
		return nil, errors.New("--all stands for every stream; name none beside it")
	case f.everything:
		names = streamNames()
	case len(names) == 0:
		return nil, errors.New("no stream: name some, or give --all; connector streams lists them")
	}
	var found []exchange.Stream
	for i, name := range names {
		stream, ok := exchange.Find(name)
		if !ok {
			return nil, fmt.Errorf("there is no stream %q%s; there are %s", printable(name), didYouMean(nearest(name, streamNames())), strings.Join(streamNames(), ", "))
		}
		if slices.Contains(names[:i], name) {
			return nil, fmt.Errorf("the stream %s is named twice", name)
		}
		found = append(found, stream)
	}
	stdout := f.output == "-"
	switch {
	case stdout && f.format.value == "csv" && len(found) > 1:
		return nil, errors.New("CSV of several streams does not fit one output: give --output DIR, or read one stream")
	case f.stateLines && f.format.value == "csv":
		return nil, errors.New("--state-lines stand between lines of JSON, not of CSV")
	case f.download != "" && !slices.Contains(names, assetStream):
		return nil, errors.New("--download fetches the files of the stream " + assetStream + ": read it as well")
	case f.output == "":
		return nil, errors.New("--output is empty: is a variable not set?")
	}
	return found, nil
}

// complete makes the Source out of the flags.
func (f *readFlags) complete(cmd *cobra.Command, c *command) error {
	switch {
	case f.source.Limit < 0:
		return errors.New("--limit must be 0 or more")
	case slices.Contains(f.source.Rooms, ""):
		return errors.New("--room is empty: is a variable not set?")
	}
	client, err := f.client(cmd, c)
	if err != nil {
		return err
	}
	f.source.Client, f.source.Concurrency, f.source.MaxRate, f.source.Patience = client, f.concurrency, f.rate(cmd), f.wait()
	f.source.Since, f.source.FullRefreshEvery = f.since.Time, f.every.Duration
	return nil
}
