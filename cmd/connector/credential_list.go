package main

import (
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/cmd/connector/internal/output"
	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
)

func (c *command) credentialList() *cobra.Command {
	var from saved
	cmd := &cobra.Command{Use: "list", Short: "List the saved credentials", Args: noArguments}
	printAs := choose(cmd, "format", "how to print it", "text", "json")
	from.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		defer from.close()
		var failed error
		records := func(yield func(store.Record) bool) {
			for r, err := range from.records(cmd.Context()) {
				if err != nil {
					failed = err
					return
				}
				if !yield(r) {
					return
				}
			}
		}
		if printAs.value == "json" {
			return printRecordsJSON(c.out, records, &failed)
		}
		printRecords(c.out, records, &failed)
		return failed
	}
	return cmd
}

// printRecords prints the tile of each credential as a line of a table.
func printRecords(w io.Writer, records iter.Seq[store.Record], failed *error) {
	none := true
	for range records {
		none = false
		break
	}
	if none {
		if *failed == nil {
			fmt.Fprintln(w, "no credential is saved; save one with connector credential add NAME")
		}
		return
	}
	printTable(w, output.Columns(w), func(yield func([]string) bool) {
		if !yield([]string{"NAME", "KIND", "ACCESS KEY", "EXPIRES", "LAST TEST"}) {
			return
		}
		for r := range records {
			if !yield([]string{printable(r.Name), printable(string(r.Kind)), printable(orNone(r.AccessKey)), expiry(r), lastTest(r)}) {
				return
			}
		}
	})
}

func expiry(r store.Record) string {
	switch {
	case !r.ExpiresAt.IsZero():
		return connector.Remaining(time.Until(r.ExpiresAt))
	case r.ExpiryUnknown():
		return "unknown"
	}
	return "never"
}

func lastTest(r store.Record) string {
	if r.Damage != "" {
		return "damaged: " + printable(r.Damage)
	}
	if r.LastVerdict == "" {
		return "never tested"
	}
	return fmt.Sprintf("%s %s, %s", r.LastVerdict, r.LastCode, connector.Remaining(time.Until(r.LastTestedAt)))
}

// tile is a record as JSON.
type tile struct {
	Name         string            `json:"name"`
	Description  string            `json:"description"`
	Kind         connector.Kind    `json:"kind"`
	AccessKey    string            `json:"access_key"`
	IssuedAt     any               `json:"issued_at"`
	ExpiresAt    any               `json:"expires_at"`
	ExpiresIn    any               `json:"expires_in_seconds"`
	LastVerdict  connector.Verdict `json:"last_verdict"` // empty if it was never tested
	LastCode     connector.Code    `json:"last_code"`
	LastTestedAt any               `json:"last_tested_at"`
	CreatedAt    any               `json:"created_at"`
	UpdatedAt    any               `json:"updated_at"`
	Damage       string            `json:"damage"` // what of the record cannot be read; empty if it is intact
}

func newTile(r store.Record) tile {
	t := tile{r.Name, r.Description, r.Kind, r.AccessKey, timeOrNull(r.IssuedAt), timeOrNull(r.ExpiresAt), nil,
		r.LastVerdict, r.LastCode, timeOrNull(r.LastTestedAt), timeOrNull(r.CreatedAt), timeOrNull(r.UpdatedAt), r.Damage}
	if !r.ExpiresAt.IsZero() {
		t.ExpiresIn = int64(time.Until(r.ExpiresAt) / time.Second)
	}
	return t
}

func printRecordsJSON(w io.Writer, records iter.Seq[store.Record], failed *error) error {
	list := output.NewList(w, "credentials")
	for r := range records {
		if err := list.Add(newTile(r)); err != nil {
			return cannotWrite(err)
		}
	}
	if *failed != nil {
		return *failed
	}
	return cannotWrite(list.End("", nil))
}

func timeOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339)
}

func (c *command) credentialShow() *cobra.Command {
	var from saved
	cmd := &cobra.Command{
		Use: "show NAME", Short: "Show a saved credential, without its secret",
		Args: oneName, ValidArgsFunction: from.names,
	}
	printAs := choose(cmd, "format", "how to print it", "text", "json")
	from.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return from.use(cmd.Context(), func(db *store.Store) error {
			r, err := db.Show(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if printAs.value == "json" {
				writeJSON(c.out, struct {
					Version    int  `json:"schema_version"`
					Credential tile `json:"credential"`
				}{1, newTile(r)})
				return nil
			}
			c.printLines([][2]string{
				{"name", r.Name},
				{"description", orNone(r.Description)},
				{"value", connector.Secret("").String()},
				{"kind", string(r.Kind)},
				{"access key", orNone(r.AccessKey)},
				{"issued", stamp(r.IssuedAt)},
				{"expires", stamp(r.ExpiresAt) + ", " + expiry(r)},
				{"last test", lastTest(r)},
				{"created", stamp(r.CreatedAt)},
				{"updated", stamp(r.UpdatedAt)},
			})
			return nil
		})
	}
	return cmd
}

// printLines prints labels and values, one pair a line.
func (c *command) printLines(lines [][2]string) {
	for _, line := range lines {
		fmt.Fprintf(c.out, "%-12s %s\n", line[0], printable(line[1]))
	}
}
