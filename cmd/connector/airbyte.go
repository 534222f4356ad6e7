package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/hosts/airbyte"
)

// maxHostFile is how much of a file of a host's is read, in bytes.
const maxHostFile = 64 << 20

// hostFile reads a file that a host gives. Without a path there is nothing to read.
func hostFile(flag, path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: cannot read %s: %s", flag, path, reason(err))
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxHostFile+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: cannot read %s: %s", flag, path, reason(err))
	case len(data) > maxHostFile:
		return nil, fmt.Errorf("%s: %s is larger than 64 MiB", flag, path)
	}
	return data, nil
}

// hostTransport is the way to the API of an executable that a host starts.
func hostTransport() http.RoundTripper {
	transport := connector.NewTransport()
	transport.Proxy = http.ProxyFromEnvironment
	return transport
}

func (c *command) airbyte() *cobra.Command {
	source := func() airbyteSide { return &airbyte.Source{Out: c.out, Transport: hostTransport()} }
	destination := func() airbyteSide { return &airbyte.Destination{In: c.in, Out: c.out, Transport: hostTransport()} }
	return group("airbyte", "Be a source of Airbyte's, or a destination",
		airbyteVerb(source, "spec", "Print what can be configured"),
		airbyteVerb(source, "check", "Say whether the credential works", "config"),
		airbyteVerb(source, "discover", "List the streams", "config"),
		airbyteVerb(source, "read", "Print records and states", "config", "catalog", "state"),
		group("destination", "Be a destination of Airbyte's",
			airbyteVerb(destination, "spec", "Print what can be configured"),
			airbyteVerb(destination, "check", "Say whether the credential works", "config"),
			airbyteVerb(destination, "write", "Write the records of standard input", "config", "catalog")))
}

// airbyteSide is what both sides do.
type airbyteSide interface {
	Spec() error
	Check(ctx context.Context, configuration []byte) error
	Fail(err error) error
}

// airbyteFiles say what the flags are.
var airbyteFiles = map[string]string{
	"config":  "file with the configuration",
	"catalog": "file with the configured catalog: which streams, and how",
	"state":   "file with the states that were kept; from the beginning without it",
}

func airbyteVerb(side func() airbyteSide, name, short string, flags ...string) *cobra.Command {
	paths := map[string]*string{}
	cmd := &cobra.Command{Use: name, Short: short, Args: cobra.NoArgs}
	for _, flag := range flags {
		paths[flag] = cmd.Flags().String(flag, "", airbyteFiles[flag])
		if flag != "state" {
			_ = cmd.MarkFlagRequired(flag)
		}
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		side := side()
		files := map[string][]byte{}
		for _, flag := range flags {
			data, err := hostFile("--"+flag, *paths[flag])
			if err != nil {
				return airbyteExit(side.Fail(err))
			}
			files[flag] = data
		}
		return airbyteExit(airbyteRun(cmd.Context(), side, name, files))
	}
	return cmd
}

func airbyteRun(ctx context.Context, side airbyteSide, name string, files map[string][]byte) error {
	switch side := side.(type) {
	case *airbyte.Source:
		switch name {
		case "discover":
			return side.Discover()
		case "read":
			return side.Read(ctx, files["config"], files["catalog"], files["state"])
		}
	case *airbyte.Destination:
		if name == "write" {
			lingers.Store(true)
			return side.Write(ctx, files["config"], files["catalog"])
		}
	}
	if name == "check" {
		return side.Check(ctx, files["config"])
	}
	return side.Spec()
}

func airbyteExit(err error) error {
	if errors.Is(err, airbyte.ErrFailed) {
		return exit(exitRejected) // Airbyte knows one code of failure
	}
	return cannotWrite(err)
}
