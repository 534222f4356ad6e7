package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/fleet"
	"github.com/100ms-connector/connector-go/connector/store"
)

func (c *command) renew() *cobra.Command {
	var (
		from       saved
		call       calling
		key        keyFlag
		within     duration
		life       lifetime
		everything bool
	)
	cmd := &cobra.Command{
		Use:   "renew NAME|--all [--within 2d] [--ttl 7d] [--key-file FILE]",
		Short: "Put fresh tokens in the place of saved ones that end soon",
		Long: `renew signs a new token for a saved credential that is due, with the signing key of
the same access key, tests it, and only then puts it in the place of the old one.
Whatever fails, the old token stays.

A new token is written into the targets of its credential at once.

Due is a token of whose life less than a third is left (72 hours at most), or one
that is rejected for what a new token mends. The new token lives as long as the old
one was made for. The exit code is 0 if nothing that is due is left undone.`,
		Example: `  connector renew --all --key-file key.json
  connector renew production --within 2d --ttl 7d --key-file key.json`,
		Args: func(_ *cobra.Command, args []string) error {
			if everything == (len(args) == 1) || len(args) > 1 {
				return errors.New("name one credential, or give --all")
			}
			return nil
		},
		ValidArgsFunction: from.names,
	}
	printAs := choose(cmd, "format", "how to print it", "text", "json")
	cmd.Flags().BoolVar(&everything, "all", false, "every saved credential")
	durationFlag(cmd, &within, "within", 0, "renew what ends within this time, instead of what is due by its life")
	life.flags(cmd, 0, "how long the new token lives; as long as the old one if not given")
	from.flags(cmd)
	call.flags(cmd)
	key.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ctx := cmd.Context()
		if err := life.check(); err != nil {
			return err
		}
		given, err := key.find(ctx, c, nil)
		if err != nil {
			return err
		}
		n := &fleet.Renewer{TTL: life.ttl.Duration, AllowLong: life.long, Began: time.Now()}
		if within.given {
			n.Due = func(r store.Record, now time.Time) bool { return r.DueWithin(now, within.Duration) }
		}
		if n.Tester, err = call.tester(cmd); err != nil {
			return err
		}
		done := []fleet.Renewal{}
		err = from.use(ctx, func(db *store.Store) error {
			n.Key = keys{given, db}.of
			records, err := db.List(ctx)
			if !everything {
				var r store.Record
				r, err = db.Show(ctx, args[0])
				records = []store.Record{r}
			}
			if err != nil {
				return err
			}
			if len(records) == 0 {
				return errNothingSaved
			}
			worst := passed
			for _, r := range records {
				if ctx.Err() != nil {
					break
				}
				became := n.Renew(ctx, db, r)
				if became.Outcome == fleet.Renewed {
					c.recordTest(ctx, db, became.Fresh, became.Report)
				}
				done, worst = append(done, became), max(worst, statusOf(became))
				if printAs.value == "text" {
					fmt.Fprintf(c.out, "%s: %s\n", printable(r.Name), textOf(became))
				}
			}
			if pushed := c.pushTargets(ctx, db); pushed != nil && worst != failed {
				return pushed
			}
			return exitWith(worst)
		})
		if printAs.value == "json" {
			printRenewals(c.out, done)
		}
		return err
	}
	return cmd
}

// textOf is a renewal for people.
func textOf(r fleet.Renewal) string {
	begin := map[fleet.Outcome]string{fleet.Renewed: "renewed", fleet.NotDue: "skipped", fleet.RenewedByAnother: "renewed already", fleet.NotRenewed: "not renewed"}
	text := begin[r.Outcome] + ": " + printable(r.Why)
	if r.Note != "" {
		text += "\n    note: " + r.Note
	}
	return text
}

func printRenewals(w io.Writer, done []fleet.Renewal) {
	type line struct {
		Name      string         `json:"name"`
		Outcome   fleet.Outcome  `json:"outcome"`
		Message   string         `json:"message"`
		Note      string         `json:"note"`
		Code      connector.Code `json:"code"`
		ExpiresAt any            `json:"expires_at"`
	}
	out := struct {
		Version int                   `json:"schema_version"`
		Results []line                `json:"results"`
		Summary map[fleet.Outcome]int `json:"summary"`
	}{1, []line{}, map[fleet.Outcome]int{fleet.Renewed: 0, fleet.NotDue: 0, fleet.RenewedByAnother: 0, fleet.NotRenewed: 0}}
	for _, r := range done {
		out.Results = append(out.Results, line{r.Name, r.Outcome, r.Why, r.Note, r.Code, timeOrNull(r.ExpiresAt)})
		out.Summary[r.Outcome]++
	}
	writeJSON(w, out)
}
