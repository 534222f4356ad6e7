package main

import (
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
	return group("airbyte", "Be a source of Airbyte's",
		c.airbyteVerb("spec", "Print what can be configured"),
		c.airbyteVerb("check", "Say whether the credential works", "config"),
		c.airbyteVerb("discover", "List the streams", "config"),
		c.airbyteVerb("read", "Print records and states", "config", "catalog", "state"))
}

// airbyteFiles say what the flags are.
var airbyteFiles = map[string]string{
	"config":  "file with the configuration",
	"catalog": "file with the configured catalog: which streams, and how",
	"state":   "file with the states that were kept; from the beginning without it",
}

func (c *command) airbyteVerb(name, short string, flags ...string) *cobra.Command {
	paths := map[string]*string{}
	cmd := &cobra.Command{Use: name, Short: short, Args: cobra.NoArgs}
	for _, flag := range flags {
		paths[flag] = cmd.Flags().String(flag, "", airbyteFiles[flag])
		if flag != "state" {
			_ = cmd.MarkFlagRequired(flag)
		}
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		source := &airbyte.Source{Out: c.out, Transport: hostTransport()}
		files := map[string][]byte{}
		for _, flag := range flags {
			data, err := hostFile("--"+flag, *paths[flag])
			if err != nil {
				return airbyteExit(source.Fail(err))
			}
			files[flag] = data
		}
		switch name {
		case "spec":
			return airbyteExit(source.Spec())
		case "check":
			return airbyteExit(source.Check(cmd.Context(), files["config"]))
		case "discover":
			return airbyteExit(source.Discover())
		}
		return airbyteExit(source.Read(cmd.Context(), files["config"], files["catalog"], files["state"]))
	}
	return cmd
}

func airbyteExit(err error) error {
	if errors.Is(err, airbyte.ErrFailed) {
		return exit(exitRejected) // Airbyte knows one code of failure
	}
	return cannotWrite(err)
}
