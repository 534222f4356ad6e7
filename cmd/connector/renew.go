package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
)

func (c *command) renew() *cobra.Command {
	var (
		from       saved
		call       calling
		key        keyFlag
		n          renewer
		everything bool
	)
	cmd := &cobra.Command{
		Use:   "renew NAME|--all [--within 2d] [--ttl 7d] [--key-file FILE]",
		Short: "Put fresh tokens in the place of saved ones that end soon",
		Long: `renew signs a new token for a saved credential that is due, with the signing key of
the same access key, tests it, and only then puts it in the place of the old one.
Whatever fails, the old token stays.

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
	durationFlag(cmd, &n.within, "within", 0, "renew what ends within this time, instead of what is due by its life")
	n.life.flags(cmd, 0, "how long the new token lives; as long as the old one if not given")
	from.flags(cmd)
	call.flags(cmd)
	key.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ctx := cmd.Context()
		if err := n.life.check(); err != nil {
			return err
		}
		signer, err := key.must(ctx, c, nil)
		if err != nil {
			return err
		}
		signer.AllowLong = n.life.long
		if n.tester, err = call.tester(cmd); err != nil {
			return err
		}
		n.signer, n.began, n.record = signer, time.Now(), c.recordTest
		done := []renewal{}
		err = from.use(ctx, func(db *store.Store) error {
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
				became := n.renew(ctx, db, r)
				done, worst = append(done, became), max(worst, became.status)
				if printAs.value == "text" {
					fmt.Fprintf(c.out, "%s: %s\n", printable(r.Name), became.text())
				}
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

// text is the renewal for people.
func (r renewal) text() string {
	begin := map[outcome]string{renewed: "renewed", notDue: "skipped", renewedByAnother: "renewed already", notRenewed: "not renewed"}
	text := begin[r.outcome] + ": " + printable(r.why)
	if r.note != "" {
		text += "\n    note: " + r.note
	}
	return text
}

func printRenewals(w io.Writer, done []renewal) {
	type line struct {
		Name      string         `json:"name"`
		Outcome   outcome        `json:"outcome"`
		Message   string         `json:"message"`
		Note      string         `json:"note"`
		Code      connector.Code `json:"code"`
		ExpiresAt any            `json:"expires_at"`
	}
	out := struct {
		Version int             `json:"schema_version"`
		Results []line          `json:"results"`
		Summary map[outcome]int `json:"summary"`
	}{1, []line{}, map[outcome]int{renewed: 0, notDue: 0, renewedByAnother: 0, notRenewed: 0}}
	for _, r := range done {
		out.Results = append(out.Results, line{r.name, r.outcome, r.why, r.note, r.code, timeOrNull(r.expires)})
		out.Summary[r.outcome]++
	}
	writeJSON(w, out)
}
