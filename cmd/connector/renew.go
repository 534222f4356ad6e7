package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/cmd/connector/internal/output"
	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
)

func (c *command) renew() *cobra.Command {
	var (
		from        saved
		call        calling
		key         keyFlag
		everything  bool
		within, ttl time.Duration
	)
	cmd := &cobra.Command{
		Use:   "renew NAME|--all [--within 48h] [--ttl 24h] [--key-file FILE]",
		Short: "Put fresh tokens in the place of saved ones that end soon",
		Long: `renew signs a new token for a saved credential whose token ends soon, or was
rejected by its last test, with the signing key of the same access key, tests it,
and only then puts it in the place of the old one. Whatever fails, the old token
stays.`,
		Example: `  connector renew --all --within 48h --key-file key.json`,
		Args:    cobra.MaximumNArgs(1), ValidArgsFunction: from.names,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			if everything == (len(args) == 1) {
				return errors.New("name one credential, or give --all")
			}
			signer, err := key.must(cmd.Context(), c, nil)
			if err != nil {
				return err
			}
			tester, err := call.tester(cmd)
			if err != nil {
				return err
			}
			return from.use(ctx, func(db *store.Store) error {
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
					return errors.New("no credential is saved")
				}
				worst := passed
				for _, r := range records {
					if ctx.Err() != nil {
						break
					}
					said, st := c.renewOne(ctx, db, tester, *signer, r, !everything, within, orNever(ttl))
					worst = max(worst, st)
					fmt.Fprintf(c.out, "%s: %s\n", printable(r.Name), said)
				}
				return exitWith(worst)
			})
		},
	}
	cmd.Flags().BoolVar(&everything, "all", false, "every saved credential")
	cmd.Flags().DurationVar(&within, "within", 48*time.Hour, "renew what ends within this time")
	cmd.Flags().DurationVar(&ttl, "ttl", connector.DefaultTTL, "how long the new token lives")
	from.flags(cmd)
	call.flags(cmd)
	key.flags(cmd)
	return cmd
}

// renewOne renews one credential if it is time, and says what it did. One that was
// named is meant; of all, those of other workspaces are passed over.
func (c *command) renewOne(ctx context.Context, db *store.Store, tester *connector.Tester, signer connector.SigningKey, r store.Record, named bool, within, ttl time.Duration) (string, output.Status) {
	// What the API rejected is mended by a new token, unless it was refused for
	// something else: how long the old one would live says nothing then.
	broken := r.LastVerdict == connector.Rejected && r.LastCode != connector.PermissionDenied || r.AccessKey != "" && r.Kind != connector.Management
	switch {
	case r.Damage != "":
		return "not renewed: the record is damaged: " + r.Damage + "; save its value anew with connector credential edit", unknown
	case r.AccessKey == "":
		return "skipped: its value names no access key, so that no signing key is its own; save a token with connector credential edit", passed
	case r.AccessKey != signer.AccessKey && named:
		return "not renewed: the signing key is of another access key", unknown
	case r.AccessKey != signer.AccessKey:
		return "skipped: the signing key is of another access key", passed
	case broken:
	case r.ExpiresAt.IsZero():
		return "skipped: its token never expires", passed
	case time.Until(r.ExpiresAt) > within:
		return "skipped: its token expires " + remaining(time.Until(r.ExpiresAt)), passed
	}
	old, err := db.Credential(ctx, r.Name)
	if err != nil {
		return "not renewed: " + store.Plain(err), unknown
	}
	fresh := *old
	if fresh.APIKeyValue, err = signer.Mint(ttl); err != nil {
		return "not renewed: " + err.Error(), failed
	}
	report := tester.Test(ctx, &fresh)
	if report.Verdict != connector.Accepted {
		st := unknown
		if report.Verdict == connector.Rejected {
			st = failed
		}
		return fmt.Sprintf("not renewed, the old token stays: the new one is %s: %s [%s]", report.Verdict, report.Message, report.Code), st
	}
	now, err := db.Replace(ctx, old, fresh.APIKeyValue)
	switch {
	case errors.Is(err, store.ErrChanged) && !now.DueWithin(time.Now(), within):
		return "renewed meanwhile by another", passed
	case err != nil:
		return "not renewed: " + store.Plain(err), unknown
	}
	c.recordTest(ctx, db, &fresh, report)
	left, _ := report.Token.ExpiresIn()
	return "renewed: the API accepted the new token; it expires " + remaining(left), passed
}
