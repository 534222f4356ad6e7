package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
)

func (c *command) credentialEdit() *cobra.Command {
	var (
		from                            saved
		save                            saving
		newName, description, valueFile string
	)
	cmd := &cobra.Command{
		Use:   "edit NAME [--new-name N] [--description D] [--value-file FILE|-]",
		Short: "Change a saved credential; what is not given is left as it is",
		Long: `edit changes the name, the description or the token of a saved credential. A new
token is checked and tested as connector credential add does: what the API rejects
does not take the old one's place, unless --no-test asks for no test.`,
		Args: oneName, ValidArgsFunction: from.names,
	}
	cmd.Flags().StringVar(&newName, "new-name", "", "its new name")
	cmd.Flags().StringVar(&description, "description", "", "its new description")
	cmd.Flags().StringVar(&valueFile, "value-file", "", "file that holds the new token, or - for standard input")
	from.flags(cmd)
	save.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ctx, name := cmd.Context(), args[0]
		var changes store.Changes
		if cmd.Flags().Changed("new-name") {
			if err := nameable(newName); err != nil {
				return err
			}
			changes.Name, name = &newName, newName
		}
		if cmd.Flags().Changed("description") {
			changes.Description = &description
		}
		if changes == (store.Changes{}) && valueFile == "" {
			return errors.New("nothing to change: give --new-name, --description or --value-file")
		}
		tester, err := save.tester(cmd, c, []string{valueFile})
		if err != nil {
			return err
		}
		return from.use(ctx, func(db *store.Store) error {
			if _, err := db.Show(ctx, args[0]); err != nil {
				return err
			}
			cred, report := &connector.Credential{Name: name, Description: description}, (*connector.Report)(nil)
			if valueFile != "" {
				if cred.APIKeyValue, err = c.readValue(ctx, valueFile); err != nil {
					return err
				}
				if cred, report, err = c.judge(ctx, tester, name, cred); err != nil {
					return err
				}
				changes.APIKeyValue = &cred.APIKeyValue
			}
			if err := db.Edit(ctx, args[0], changes); err != nil {
				return err
			}
			if report == nil {
				fmt.Fprintf(c.out, "%s: changed\n", printable(name))
				return nil
			}
			c.sayTested(ctx, db, cred, report, name, "changed")
			return nil
		})
	}
	return cmd
}

func (c *command) credentialRemove() *cobra.Command {
	var from saved
	var yes bool
	cmd := &cobra.Command{
		Use: "remove NAME [--yes]", Short: "Forget a saved credential",
		Args: oneName, ValidArgsFunction: from.names,
		RunE: func(cmd *cobra.Command, args []string) error {
			return from.use(cmd.Context(), func(db *store.Store) error {
				if _, err := db.Show(cmd.Context(), args[0]); err != nil {
					return err
				}
				if !yes {
					if err := c.confirm(cmd.Context(), fmt.Sprintf("Remove %q? Its token cannot be read again.", printable(args[0]))); err != nil {
						return err
					}
				}
				if err := db.Delete(cmd.Context(), args[0]); err != nil {
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
