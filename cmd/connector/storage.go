package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func (c *command) storage() *cobra.Command {
	cmd := &cobra.Command{Use: "store", Short: "Look after the store of saved credentials"}
	cmd.AddCommand(c.storeInfo(), c.storeRotateKey())
	return cmd
}

func (c *command) storeInfo() *cobra.Command {
	var from saved
	cmd := &cobra.Command{
		Use: "info", Short: "Say where credentials are saved, and whether they can be opened", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			defer from.close()
			db, err := from.store(cmd.Context())
			if err != nil {
				return err
			}
			info, err := db.Info(cmd.Context())
			if err != nil {
				return explained(err)
			}
			line := func(label, value string) { fmt.Fprintf(c.out, "%-12s %s\n", label, printable(value)) }
			line("location", info.Location)
			line("version", fmt.Sprint(info.SchemaVersion))
			line("credentials", fmt.Sprint(info.Records))
			line("key from", info.KeySource)
			line("key id", orNone(info.KeyID))
			if info.Rotating {
				line("rotation", "begun and not completed; run connector store rotate-key again")
			}
			if info.Locked {
				line("locked", info.LockedBecause)
				return exit(exitUntested)
			}
			return nil
		},
	}
	from.flags(cmd)
	return cmd
}

func (c *command) storeRotateKey() *cobra.Command {
	var from saved
	cmd := &cobra.Command{
		Use: "rotate-key", Short: "Make a new key and seal every credential with it", Args: cobra.NoArgs,
		Long: `rotate-key makes a new key, seals every saved credential with it, and forgets the
old one. It can be interrupted at any moment; run again, it completes.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			defer from.close()
			db, err := from.store(cmd.Context())
			if err != nil {
				return err
			}
			resealed := 0
			err = db.RotateKey(cmd.Context(), func(done, _ int) { resealed = done })
			if err != nil {
				return explained(err)
			}
			info, err := db.Info(cmd.Context())
			if err != nil {
				return explained(err)
			}
			fmt.Fprintf(c.out, "%s sealed with the new key %s\n", plural(resealed, "credential"), info.KeyID)
			return nil
		},
	}
	from.flags(cmd)
	return cmd
}
