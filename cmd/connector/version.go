package main

import (
	"cmp"
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func (c *command) version() *cobra.Command {
	cmd := &cobra.Command{Use: "version", Short: "Print the version", Args: noArguments}
	printAs := choose(cmd, "format", "how to print it", "text", "json")
	cmd.RunE = func(*cobra.Command, []string) error { return c.printVersion(printAs.value) }
	return cmd
}

func (c *command) printVersion(format string) error {
	version, goVersion := builtFrom()
	if format == "json" {
		return writeJSON(c.out, struct {
			Schema  int    `json:"schema_version"`
			Version string `json:"version"`
			Go      string `json:"go_version"`
		}{1, version, goVersion})
	}
	_, err := fmt.Fprintf(c.out, "connector %s %s\n", version, goVersion)
	return err
}

// release is the version of a release: its build sets it. Without it Go says what was built.
var release string

// builtFrom is the version of this program and of the Go that built it.
func builtFrom() (version, goVersion string) {
	if info, ok := debug.ReadBuildInfo(); ok {
		return cmp.Or(release, info.Main.Version), info.GoVersion
	}
	return "(unknown)", ""
}
