package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/cmd/connector/internal/output"
	"github.com/100ms-connector/connector-go/connector/store"
)

func (c *command) targetList() *cobra.Command {
	var from saved
	cmd := &cobra.Command{Use: "list", Short: "List where tokens are used, and whether they have arrived", Args: noArguments}
	printAs := choose(cmd, "format", "how to print it", "text", "json")
	from.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		defer from.close()
		db, err := from.lookup(cmd.Context())
		var kept []store.Target
		if err == nil {
			kept, err = db.Targets(cmd.Context())
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return explained(err)
		}
		if printAs.value == "json" {
			return cannotWrite(writeJSON(c.out, targetsAsJSON(kept)))
		}
		if len(kept) == 0 {
			fmt.Fprintln(c.err, "connector: no target is kept; connector credential target add keeps one")
			return nil
		}
		rows := [][]string{{"NAME", "HOST", "PLACE", "TOKEN"}}
		for _, t := range kept {
			rows = append(rows, []string{printable(t.Name), printable(t.Host), printable(t.Place), printable(targetState(t))})
		}
		printTable(c.out, output.Columns(c.out), rows)
		return nil
	}
	return cmd
}

// targetState is whether the token has arrived.
func targetState(t store.Target) string {
	switch {
	case t.Damage != "":
		return "damaged: " + t.Damage
	case t.Failure != "":
		return "not arrived: " + t.Failure
	case !t.Current:
		return "not handed over yet"
	}
	return "has it since " + stamp(t.PushedAt)
}

func targetsAsJSON(kept []store.Target) any {
	type line struct {
		Name     string `json:"name"`
		Host     string `json:"host"`
		Place    string `json:"place"`
		Current  bool   `json:"current"`
		PushedAt any    `json:"pushed_at"`
		Failure  string `json:"failure"`
		SavedAt  any    `json:"saved_at"`
		Damage   string `json:"damage"`
	}
	lines := []line{}
	for _, t := range kept {
		lines = append(lines, line{t.Name, t.Host, t.Place, t.Current, timeOrNull(t.PushedAt), t.Failure, timeOrNull(t.SavedAt), t.Damage})
	}
	return struct {
		Version int    `json:"schema_version"`
		Targets []line `json:"targets"`
	}{1, lines}
}
