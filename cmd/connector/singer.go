package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/connector/hosts/singer"
)

func (c *command) singer() *cobra.Command {
	var config, catalog, state string
	var discover bool
	cmd := &cobra.Command{
		Use: "singer --config FILE [--discover | --catalog FILE] [--state FILE]", Short: "Be a tap of Singer's, as for Meltano", Args: cobra.NoArgs,
		Example: `  connector singer --config config.json --discover > catalog.json
  connector singer --config config.json --catalog catalog.json | target-jsonl`,
	}
	f := cmd.Flags()
	f.StringVar(&config, "config", "", "file with the configuration")
	f.BoolVar(&discover, "discover", false, "print the catalog, without a call")
	f.StringVar(&catalog, "catalog", "", "file with the catalog, and in it what is selected; every stream without it")
	f.StringVar(&catalog, "properties", "", "the same, by its old name")
	f.StringVar(&state, "state", "", "file with the value of the last STATE; from the beginning without it")
	cmd.MarkFlagsMutuallyExclusive("discover", "catalog", "properties")
	_ = f.MarkHidden("properties")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		tap := &singer.Tap{Out: c.out, Logs: c.err, Transport: hostTransport()}
		if discover {
			return cannotWrite(tap.Discover())
		}
		if config == "" {
			return errors.New("no --config")
		}
		var files [3][]byte
		for i, file := range []struct{ flag, path string }{{"--config", config}, {"--catalog", catalog}, {"--state", state}} {
			data, err := hostFile(file.flag, file.path)
			if err != nil {
				return unreadable(err)
			}
			files[i] = data
		}
		return singerExit(tap.Sync(cmd.Context(), files[0], files[1], files[2]))
	}
	cmd.AddCommand(c.singerTarget())
	return cmd
}

func (c *command) singerTarget() *cobra.Command {
	var config string
	cmd := &cobra.Command{
		Use: "target --config FILE", Short: "Be a target of Singer's: write the records of standard input", Args: cobra.NoArgs,
		Example: `  tap-csv --config tap.json | connector singer target --config config.json`,
	}
	cmd.Flags().StringVar(&config, "config", "", "file with the configuration")
	_ = cmd.MarkFlagRequired("config")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		lingers.Store(true)
		configuration, err := hostFile("--config", config)
		if err != nil {
			return unreadable(err)
		}
		target := &singer.Target{In: c.in, Out: c.out, Logs: c.err, Transport: hostTransport()}
		err = target.Sync(cmd.Context(), configuration)
		fault, known := errors.AsType[*exchange.Error](err)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, singer.ErrConfiguration):
			return &failure{exitUsage, err, ""}
		case errors.Is(err, singer.ErrRejected) || errors.Is(err, exchange.ErrChangedMore) || known && fault.Rejected():
			return &failure{exitRejected, err, ""}
		case known:
			return &failure{exitUntested, err, fault.Remedy()}
		}
		return cannotWrite(err)
	}
	return cmd
}

// singerExit gives a failure the exit code that connector read has for it.
func singerExit(err error) error {
	fault, known := errors.AsType[*exchange.Error](err)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, singer.ErrConfiguration) || errors.Is(err, exchange.ErrState):
		return &failure{exitUsage, err, ""}
	case singer.Told(err) && known && fault.Rejected():
		return exit(exitRejected)
	case singer.Told(err):
		return exit(exitUntested)
	}
	return cannotWrite(err)
}
