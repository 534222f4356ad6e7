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
		newName, description, valueFile string
	)
	cmd := &cobra.Command{
		Use:   "edit NAME [--new-name N] [--description D] [--value-file FILE|-]",
		Short: "Change a saved credential; what is not given is left as it is",
		Args:  cobra.ExactArgs(1), ValidArgsFunction: from.names,
		RunE: func(cmd *cobra.Command, args []string) error {
			var changes store.Changes
			name := args[0]
			if cmd.Flags().Changed("new-name") {
				if err := nameable(newName); err != nil {
					return err
				}
				changes.Name, name = &newName, newName
			}
			if cmd.Flags().Changed("description") {
				changes.Description = &description
			}
			if valueFile != "" {
				value, err := c.readValue(cmd.Context(), valueFile)
				if err != nil {
					return err
				}
				cred, _, err := c.judge(cmd.Context(), nil, &connector.Credential{Name: name, Description: description, APIKeyValue: value})
				if err != nil {
					return err
				}
				changes.APIKeyValue = &cred.APIKeyValue
			}
			if changes == (store.Changes{}) {
				return errors.New("nothing to change: give --new-name, --description or --value-file")
			}
			return from.use(cmd.Context(), func(db *store.Store) error {
				if err := db.Edit(cmd.Context(), args[0], changes); err != nil {
					return err
				}
				fmt.Fprintf(c.out, "%s: changed\n", printable(name))
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&newName, "new-name", "", "its new name")
	cmd.Flags().StringVar(&description, "description", "", "its new description")
	cmd.Flags().StringVar(&valueFile, "value-file", "", "file that holds the new token, or - for standard input")
	from.flags(cmd)
	return cmd
}

func (c *command) credentialRemove() *cobra.Command {
	var from saved
	var yes bool
	cmd := &cobra.Command{
		Use: "remove NAME [--yes]", Short: "Forget a saved credential",
		Args: cobra.ExactArgs(1), ValidArgsFunction: from.names,
		RunE: func(cmd *cobra.Command, args []string) error {
			return from.use(cmd.Context(), func(db *store.Store) error {
				if _, err := db.Show(cmd.Context(), args[0]); err != nil {
					return err
				}
				if !yes {
					if err := c.confirm(fmt.Sprintf("Remove %q? Its token cannot be read again.", printable(args[0]))); err != nil {
						return usage(err)
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
