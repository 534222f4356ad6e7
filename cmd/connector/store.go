package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/connector/store"
)

func (c *command) storage() *cobra.Command {
	return group("store", "Look after the store of saved credentials", c.storeInfo(), c.storeRotateKey())
}

func (c *command) storeInfo() *cobra.Command {
	var from saved
	cmd := &cobra.Command{
		Use: "info", Short: "Say where credentials are saved, and whether they can be opened", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return from.use(cmd.Context(), func(db *store.Store) error {
				info, err := db.Info(cmd.Context())
				if err != nil {
					return err
				}
				c.printLines([][2]string{
					{"location", info.Location},
					{"version", fmt.Sprint(info.SchemaVersion)},
					{"credentials", fmt.Sprint(info.Records)},
					{"key from", info.KeySource},
					{"key id", orNone(info.KeyID)},
				})
				if info.Rotating {
					c.printLines([][2]string{{"rotation", "begun and not completed; run connector store rotate-key again"}})
				}
				if info.Locked {
					c.printLines([][2]string{{"locked", info.LockedBecause}})
					return exit(exitUntested)
				}
				return nil
			})
		},
	}
	from.flags(cmd)
	return cmd
}

func (c *command) storeRotateKey() *cobra.Command {
	var from saved
	cmd := &cobra.Command{
		Use: "rotate-key", Short: "Make a new key and seal every credential with it", Args: noArguments,
		Long: `rotate-key makes a new key, seals every saved credential with it, and forgets the
old one. It can be interrupted at any moment; run again, it completes.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return from.use(cmd.Context(), func(db *store.Store) error {
				resealed := 0
				if err := db.RotateKey(cmd.Context(), func(done, _ int) { resealed = done }); err != nil {
					return err
				}
				info, err := db.Info(cmd.Context())
				if err != nil {
					return err
				}
				fmt.Fprintf(c.out, "%s sealed with the new key %s\n", plural(resealed, "credential"), info.KeyID)
				return nil
			})
		},
	}
	from.flags(cmd)
	return cmd
}
