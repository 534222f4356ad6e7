package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/connector/fleet"
	"github.com/100ms-connector/connector-go/connector/store"
)

func (c *command) credentialTarget() *cobra.Command {
	return group("target", "Say where else a token is used, so that renewed ones arrive there: add, list, push, remove",
		c.targetAdd(), c.targetList(), c.targetPush(), c.targetRemove())
}

// placeFlags name a place in another host.
type placeFlags struct {
	nexla   int
	airbyte string
}

func (p *placeFlags) flags(cmd *cobra.Command) {
	cmd.Flags().IntVar(&p.nexla, "nexla", 0, "id of a data credential of Nexla's")
	cmd.Flags().StringVar(&p.airbyte, "airbyte", "", "id of a source of Airbyte's, a UUID")
}

func (p *placeFlags) check() error {
	if (p.nexla > 0) == (p.airbyte != "") || p.nexla < 0 {
		return errors.New("give --nexla ID or --airbyte SOURCE_ID, one of the two")
	}
	return nil
}

// target is the place, reached at a URL, or the host's own, with what a private file holds.
func (p *placeFlags) target(url, keyFile string) (fleet.HostTarget, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	if keyFile == "" {
		return nil, errors.New("--host-key-file is missing: the file that holds the service key of Nexla, or the client id and the client secret of Airbyte, a line each")
	}
	const most = 2
	lines, err := secretLines("--host-key-file", keyFile, most)
	switch {
	case err != nil:
		return nil, err
	case p.airbyte != "" && len(lines) != 2:
		return nil, usage(errors.New(keyFile + " has one line: Airbyte takes the client id and the client secret, a line each"))
	case p.nexla > 0 && len(lines) != 1:
		return nil, usage(errors.New(keyFile + " has two lines: Nexla takes its service key alone"))
	case p.nexla > 0:
		return &fleet.NexlaTarget{BaseURL: orURL(url, "https://dataops.nexla.io/nexla-api"), ID: p.nexla, ServiceKey: lines[0]}, nil
	}
	return &fleet.AirbyteTarget{BaseURL: orURL(url, "https://api.airbyte.com/v1"), SourceID: p.airbyte, ClientID: lines[0].Reveal(), ClientSecret: lines[1]}, nil
}

func orURL(given, otherwise string) string {
	if given == "" {
		return otherwise
	}
	return strings.TrimRight(given, "/")
}

func (c *command) targetAdd() *cobra.Command {
	var (
		from         saved
		place        placeFlags
		url, keyFile string
		noPush       bool
	)
	cmd := &cobra.Command{
		Use:   "add NAME --nexla ID|--airbyte SOURCE_ID --host-key-file FILE",
		Short: "Put the token into Nexla or Airbyte, now and whenever it is renewed",
		Long: `add writes the token of a saved credential into a data credential of Nexla's or a source
of Airbyte's, and nothing else there, and keeps how that is done, sealed. From then on
watch, and renew, write each new token there. What cannot be written is not kept, unless
--no-push asks for no try.

The host's own key is read from a file that only you can read: the service key of Nexla,
or the client id and the client secret of Airbyte, a line each.`,
		Example: `  connector credential target add production --nexla 5023 --host-key-file nexla.key
  connector credential target add production --airbyte 0c31738c-0b2d-4887-b506-e2cd1c39cc35 --host-key-file airbyte.key --url https://airbyte.example/api/public/v1`,
		Args: oneName, ValidArgsFunction: from.names,
	}
	place.flags(cmd)
	cmd.Flags().StringVar(&keyFile, "host-key-file", "", "file with the host's own key")
	cmd.Flags().StringVar(&url, "url", "", "the host's API, if it is not https://dataops.nexla.io/nexla-api or https://api.airbyte.com/v1")
	cmd.Flags().BoolVar(&noPush, "no-push", false, "keep it without writing the token now")
	from.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ctx := cmd.Context()
		to, err := place.target(url, keyFile)
		if err != nil {
			return err
		}
		return from.use(ctx, func(db *store.Store) error {
			err := (&fleet.Hosts{Store: db}).Add(ctx, args[0], to, !noPush)
			if errors.Is(err, fleet.ErrHost) {
				return &failure{exitUntested, fmt.Errorf("not saved: %s", printable(err.Error())), "--no-push saves it all the same"}
			}
			if err != nil {
				return err
			}
			said := "has the token, and gets each new one"
			if noPush {
				said = "gets the token at the next push"
			}
			fmt.Fprintf(c.out, "%s: %s %s\n", printable(args[0]), place.String(), said)
			return nil
		})
	}
	return cmd
}

// String is the place, as it is shown.
func (p *placeFlags) String() string {
	host, id := p.hostAndPlace()
	return host + " " + printable(id)
}

func (p *placeFlags) hostAndPlace() (host, id string) {
	if p.nexla > 0 {
		return "nexla", fmt.Sprint(p.nexla)
	}
	return "airbyte", p.airbyte
}

func (c *command) targetPush() *cobra.Command {
	var from saved
	cmd := &cobra.Command{
		Use: "push", Short: "Put tokens where they have not arrived", Args: noArguments,
		Long: `push writes each saved token into those of its targets that do not have it, as watch and
renew do by themselves. A target that has just failed is left alone for a minute or more.
The exit code is 3 if a token has not arrived.`,
	}
	from.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return from.use(cmd.Context(), func(db *store.Store) error { return c.pushTargets(cmd.Context(), db) })
	}
	return cmd
}

// pushTargets writes each token into those targets that do not have it, and says so.
func (c *command) pushTargets(ctx context.Context, db *store.Store) error {
	told := make(chan fleet.Pushed)
	var err error
	go func() {
		defer close(told)
		err = (&fleet.Hosts{Store: db, Tell: func(p fleet.Pushed) { told <- p }}).Push(ctx)
	}()
	failed := false
	for p := range told {
		if p.Err != nil {
			failed = true
			fmt.Fprintf(c.err, "connector: %s: %s does not have the token: %s\n", printable(p.Name), printable(p.Target), printable(store.Plain(p.Err)))
			continue
		}
		fmt.Fprintf(c.err, "connector: %s: %s has the new token\n", printable(p.Name), printable(p.Target))
	}
	if err == nil && failed {
		return exit(exitUntested)
	}
	return err
}

func (c *command) targetRemove() *cobra.Command {
	var from saved
	var place placeFlags
	cmd := &cobra.Command{
		Use: "remove NAME --nexla ID|--airbyte SOURCE_ID", Short: "Write no more tokens there; the one that is there stays",
		Args: oneName, ValidArgsFunction: from.names,
	}
	place.flags(cmd)
	from.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := place.check(); err != nil {
			return err
		}
		return from.use(cmd.Context(), func(db *store.Store) error {
			host, id := place.hostAndPlace()
			if err := db.DeleteTarget(cmd.Context(), args[0], host, id); err != nil {
				return err
			}
			fmt.Fprintf(c.out, "%s: %s removed\n", printable(args[0]), place.String())
			return nil
		})
	}
	return cmd
}
