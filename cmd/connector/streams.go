package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/connector/exchange"
)

func (c *command) streams() *cobra.Command {
	cmd := &cobra.Command{
		Use: "streams [--format text|json]", Short: "List the streams that connector read can read", Args: cobra.NoArgs,
	}
	format := choose(cmd, "format", "how to print the list", "text", "json")
	cmd.RunE = func(*cobra.Command, []string) error {
		if format.value == "json" {
			return cannotWrite(writeJSON(c.out, catalog()))
		}
		w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "STREAM\tKEY\tINCREMENTAL BY\tCALLS")
		for _, s := range exchange.Streams() {
			cursor := s.Cursor
			if cursor == "" {
				cursor = "-"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", s.Name, strings.Join(s.Key, ", "), cursor, s.Calls)
		}
		return cannotWrite(w.Flush())
	}
	return cmd
}

// catalogued is a stream as streams --format json prints it.
type catalogued struct {
	Name     string   `json:"name"`
	Key      []string `json:"key"`
	Cursor   *string  `json:"cursor"`
	Modes    []string `json:"modes"`
	Secret   []string `json:"secret"`
	Personal []string `json:"personal"`
	Calls    string   `json:"calls"`
}

func catalog() any {
	var list struct {
		Streams []catalogued `json:"streams"`
	}
	for _, s := range exchange.Streams() {
		row := catalogued{s.Name, s.Key, nil, []string{"full_refresh"}, s.Secret(), s.Personal(), s.Calls}
		if s.Incremental() {
			row.Cursor, row.Modes = &s.Cursor, append(row.Modes, "incremental")
		}
		list.Streams = append(list.Streams, row)
	}
	return list
}

// streamNames are those of all streams, for completion and messages.
func streamNames() []string {
	var names []string
	for _, s := range exchange.Streams() {
		names = append(names, s.Name)
	}
	return names
}
