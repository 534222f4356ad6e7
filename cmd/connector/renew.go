package main

import (
	"context"
	"errors"
	"fmt"
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
			return worst.exit()
		})
		if printAs.value == "json" {
			printRenewals(c.out, done)
		}
		return err
	}
	return cmd
}

// outcome is what became of one credential.
type outcome string

const (
	renewed          outcome = "renewed"
	notDue           outcome = "not_due"
	renewedByAnother outcome = "renewed_by_another"
	notRenewed       outcome = "not_renewed"
)

// renewal is what renew did about one credential, and why.
type renewal struct {
	name    string
	outcome outcome
	why     string
	note    string         // a line more
	code    connector.Code // of the test of the new token; empty without one
	expires time.Time      // of the token that is kept; zero if it does not say
	status  status
}

// renewer renews credentials, one at a time.
type renewer struct {
	tester *connector.Tester
	signer *connector.SigningKey
	within duration
	life   lifetime
	began  time.Time
	record func(context.Context, *store.Store, string, *connector.Report)
}

// renew renews the credential of a record if it is due. Several processes may do
// so at once: the store takes a new value only in the place of the one that was
// read, and who comes too late looks again.
func (n *renewer) renew(ctx context.Context, db *store.Store, listed store.Record) renewal {
	for range 10 {
		r, err := db.Show(ctx, listed.Name)
		if err != nil {
			return renewal{listed.Name, notRenewed, err.Error(), "", "", listed.ExpiresAt, unknown}
		}
		said := func(o outcome, s status, why string) renewal {
			return renewal{name: r.Name, outcome: o, why: why, expires: r.ExpiresAt, status: s}
		}
		now := time.Now()
		switch {
		case n.freshSince(r):
			return said(renewedByAnother, passed, "another process renewed it meanwhile; it expires "+remaining(r.ExpiresAt.Sub(now)))
		case !n.due(r, now) && r.ExpiresAt.IsZero():
			return said(notDue, passed, "its token never expires")
		case !n.due(r, now):
			return said(notDue, passed, "its token expires "+remaining(r.ExpiresAt.Sub(now)))
		case r.AccessKey == "":
			return said(notRenewed, failed, "it is due, but its value names no access key, so that no signing key is its own; save a token with connector credential edit")
		case r.AccessKey != n.signer.AccessKey:
			return said(notRenewed, failed, fmt.Sprintf("it is due, but the signing key is of another access key; give the key of %s", printable(r.AccessKey)))
		}
		old, err := db.Credential(ctx, r.Name)
		if err != nil {
			return said(notRenewed, unknown, err.Error())
		}
		token := connector.Inspect(old.APIKeyValue.Reveal())
		if !madeOf(r, token) { // it was replaced between the two readings
			continue
		}
		became, again := n.replace(ctx, db, old, token)
		if !again {
			return became
		}
	}
	return renewal{listed.Name, notRenewed, "others change it again and again", "", "", listed.ExpiresAt, unknown}
}

// replace signs, tests and keeps a new token. again says that the old one is not
// what was read any more.
func (n *renewer) replace(ctx context.Context, db *store.Store, old *connector.Credential, token connector.Token) (became renewal, again bool) {
	became = renewal{name: old.Name, outcome: notRenewed, expires: token.ExpiresAt, status: failed}
	ttl, note := n.lifeAfter(token)
	fresh := *old
	var err error
	if fresh.APIKeyValue, err = n.signer.Mint(ttl); err != nil {
		became.why = err.Error()
		return became, false
	}
	report := n.tester.Test(ctx, &fresh)
	became.code = report.Code
	if report.Verdict != connector.Accepted {
		if report.Verdict != connector.Rejected {
			became.status = unknown
		}
		became.why = fmt.Sprintf("the old token stays: the new one is %s: %s [%s]", report.Verdict, report.Message, report.Code)
		return became, false
	}
	err = db.Replace(ctx, old.Name, old.APIKeyValue, fresh.APIKeyValue)
	if errors.Is(err, store.ErrChanged) {
		return became, true
	}
	if err != nil {
		became.why, became.status = err.Error(), unknown
		return became, false
	}
	n.record(ctx, db, old.Name, report)
	left, _ := report.Token.ExpiresIn()
	became.outcome, became.status, became.note, became.expires = renewed, passed, note, report.Token.ExpiresAt
	became.why = "the API accepted the new token; it expires " + remaining(left)
	return became, false
}
