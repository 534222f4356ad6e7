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

func (c *command) key() *cobra.Command {
	return group("key", "Keep signing keys, so that tokens renew themselves: add, list, remove", c.keyAdd(), c.keyList(), c.keyRemove())
}

func (c *command) keyAdd() *cobra.Command {
	var (
		from      saved
		call      calling
		key       keyFlag
		accessKey string
		noTest    bool
	)
	cmd := &cobra.Command{
		Use:   "add [--key-file FILE|-] [--access-key KEY]",
		Short: "Test and save the signing key of a workspace",
		Long: `add keeps the access key and the App Secret of a workspace, sealed as credentials are,
one for each access key. Whoever has them can sign tokens for the whole workspace: with
them renew, read and write keep going without a person, and test proves signatures.

The key comes from --key-file, from HMS_APP_ACCESS_KEY and HMS_APP_SECRET, or from
--access-key and a hidden prompt for the App Secret. A token is signed with it and tested
before it is saved.`,
		Example: `  connector key add --key-file key.json
  connector key add --access-key 5f9edc6bd238215aec7700df`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			signing, err := c.signingKey(ctx, &key, accessKey)
			if err != nil {
				return err
			}
			tester, err := call.tester(cmd)
			if err != nil {
				return err
			}
			return from.use(ctx, func(db *store.Store) error {
				said := "not tested"
				if !noTest {
					if said, err = c.proves(ctx, tester, signing); err != nil {
						return err
					}
				}
				if err := db.SaveKey(ctx, signing); err != nil {
					return err
				}
				fmt.Fprintf(c.out, "%s: saved: %s\n", printable(signing.AccessKey), said)
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&accessKey, "access-key", "", "the access key; the App Secret is asked for, and not shown")
	cmd.Flags().BoolVar(&noTest, "no-test", false, "save without asking the API")
	from.flags(cmd)
	call.flags(cmd)
	key.flags(cmd)
	return cmd
}

// signingKey reads a signing key from where the flags say, or asks for its secret.
func (c *command) signingKey(ctx context.Context, from *keyFlag, accessKey string) (*connector.SigningKey, error) {
	if accessKey == "" {
		return from.must(ctx, c, nil)
	}
	if from.file != "" {
		return nil, errors.New("give --key-file or --access-key, not both: the file names its access key")
	}
	in, ok := c.terminal()
	if !ok {
		return nil, usage(errors.New("there is no terminal to ask for the App Secret at: give --key-file FILE, or --key-file - for standard input"))
	}
	secret, err := c.readHidden(ctx, in, "App Secret (it is not shown): ")
	if err != nil {
		return nil, err
	}
	clean, _ := connector.Clean(secret.Reveal())
	key := &connector.SigningKey{AccessKey: accessKey, AppSecret: connector.Secret(clean)}
	return key, checkKey("--access-key", key)
}

// proves signs a token and tests it: a wrong App Secret is found out at once.
func (c *command) proves(ctx context.Context, tester *connector.Tester, key *connector.SigningKey) (string, error) {
	token, err := key.Mint(time.Minute)
	if err != nil {
		return "", err
	}
	report := tester.Test(ctx, &connector.Credential{Name: "a token signed with it", APIKeyValue: token})
	switch report.Verdict {
	case connector.VerdictAccepted:
		return "the API accepts tokens that it signs", nil
	case connector.VerdictRejected:
		return "", &failure{exitRejected, fmt.Errorf("not saved: the API refuses a token signed with it: %s [%s]", report.Message, report.Code), report.Remedy}
	}
	return "", &failure{exitUntested, fmt.Errorf("not saved: it could not be tested: %s [%s]", report.Message, report.Code), "--no-test saves it all the same"}
}

func (c *command) keyList() *cobra.Command {
	var from saved
	cmd := &cobra.Command{Use: "list", Short: "List the signing keys that are kept, without their App Secrets", Args: noArguments}
	printAs := choose(cmd, "format", "how to print it", "text", "json")
	from.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		defer from.close()
		db, err := from.lookup(cmd.Context())
		var kept []store.KeyRecord
		if err == nil {
			kept, err = db.Keys(cmd.Context())
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return explained(err)
		}
		if printAs.value == "json" {
			return cannotWrite(writeJSON(c.out, keysAsJSON(kept)))
		}
		for _, k := range kept {
			line := fmt.Sprintf("%s  saved %s", printable(k.AccessKey), stamp(k.SavedAt))
			if k.Damage != "" {
				line += "  damaged: " + k.Damage
			}
			fmt.Fprintln(c.out, line)
		}
		if len(kept) == 0 {
			fmt.Fprintln(c.err, "connector: no signing key is kept; connector key add keeps one")
		}
		return nil
	}
	return cmd
}

func keysAsJSON(kept []store.KeyRecord) any {
	type line struct {
		AccessKey string `json:"access_key"`
		SavedAt   any    `json:"saved_at"`
		Damage    string `json:"damage"`
	}
	lines := []line{}
	for _, k := range kept {
		lines = append(lines, line{k.AccessKey, timeOrNull(k.SavedAt), k.Damage})
	}
	return struct {
		Version int    `json:"schema_version"`
		Keys    []line `json:"keys"`
	}{1, lines}
}

func (c *command) keyRemove() *cobra.Command {
	var from saved
	var yes bool
	cmd := &cobra.Command{
		Use: "remove ACCESS_KEY", Short: "Forget a signing key", Args: oneName,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return from.use(ctx, func(db *store.Store) error {
				if !yes {
					if err := c.confirm(ctx, fmt.Sprintf("Forget the signing key of %s? Its credentials are then renewed no more.", printable(args[0]))); err != nil {
						return err
					}
				}
				if err := db.DeleteKey(ctx, args[0]); err != nil {
					return err
				}
				fmt.Fprintf(c.out, "%s: removed\n", printable(args[0]))
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	from.flags(cmd)
	return cmd
}
