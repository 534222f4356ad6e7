package main

import (
	"encoding/json"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/connector/exchange"
)

func (c *command) actions() *cobra.Command {
	cmd := &cobra.Command{
		Use: "actions [--format text|json]", Short: "List the actions that connector write can carry out", Args: cobra.NoArgs,
	}
	format := choose(cmd, "format", "how to print the list", "text", "json")
	cmd.RunE = func(*cobra.Command, []string) error {
		if format.value == "json" {
			return cannotWrite(writeJSON(c.out, actionCatalog()))
		}
		w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "ACTION\tREPEATABLE\tNEEDS --yes\tWHAT A RECORD DOES")
		for _, a := range exchange.Actions() {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", a.Name, yesOrNo(a.Repeatable), yesOrNo(a.Danger != ""), a.Does)
		}
		return cannotWrite(w.Flush())
	}
	return cmd
}

func yesOrNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// actionEntry is an action as actions --format json prints it.
type actionEntry struct {
	Name       string          `json:"name"`
	Repeatable bool            `json:"repeatable"`
	NeedsYes   bool            `json:"needs_yes"`
	Schema     json.RawMessage `json:"schema"`
}

func actionCatalog() any {
	var list struct {
		Actions []actionEntry `json:"actions"`
	}
	for _, a := range exchange.Actions() {
		list.Actions = append(list.Actions, actionEntry{a.Name, a.Repeatable, a.Danger != "", a.Schema()})
	}
	return list
}

// actionNames are those of all actions, for completion and messages.
func actionNames() []string {
	var names []string
	for _, a := range exchange.Actions() {
		names = append(names, a.Name)
	}
	return names
}
