package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
)

func (c *command) credential() *cobra.Command {
	return group("credential", "Keep credentials: add, list, show, edit, remove, import, export, target",
		c.credentialAdd(), c.credentialList(), c.credentialShow(), c.credentialEdit(),
		c.credentialRemove(), c.credentialImport(), c.credentialExport(), c.credentialTarget())
}

func (c *command) credentialAdd() *cobra.Command {
	var (
		from                   saved
		save                   saving
		description, valueFile string
	)
	cmd := &cobra.Command{
		Use:   "add NAME [--description D] [--no-test] [--value-file FILE|-]",
		Short: "Check, test and save a credential",
		Long: `add reads a management token from a hidden prompt, a file or standard input,
cleans it, checks it, tests it against the API, and saves it sealed. What the API
rejects is not saved, unless --no-test asks for no test. If the test could not be
made, the credential is saved, with a warning.`,
		Example: `  connector credential add production
  connector token mint | connector credential add production --value-file -`,
		Args: oneName,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := nameable(args[0]); err != nil {
				return err
			}
			tester, err := save.tester(cmd, c, []string{valueFile})
			if err != nil {
				return err
			}
			ctx := cmd.Context()
			return from.use(ctx, func(db *store.Store) error {
				// Asking for a token that cannot be saved would waste it.
				if _, err := db.Show(ctx, args[0]); err == nil {
					return &store.RecordError{Name: args[0], Err: store.ErrExists}
				}
				value, err := c.readValue(ctx, valueFile)
				if err != nil {
					return err
				}
				cred, report, err := c.judge(ctx, tester, args[0], &connector.Credential{Name: args[0], Description: description, APIKeyValue: value})
				if err != nil {
					return err
				}
				if err := db.Save(ctx, cred); err != nil {
					return err
				}
				c.sayTested(ctx, db, cred, report, cred.Name, "saved")
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&description, "description", "", "what it is for and who looks after it")
	cmd.Flags().StringVar(&valueFile, "value-file", "", "file that holds the token, or - for standard input; a hidden prompt if empty")
	from.flags(cmd)
	save.flags(cmd)
	return cmd
}

// nameable refuses a name that every command would take for a file.
func nameable(name string) error {
	if strings.TrimSpace(name) == "" {
		return errors.New("a credential's name must not be blank")
	}
	if isPath(name) {
		return fmt.Errorf("%q cannot be a credential's name here: commands take it for a file", name)
	}
	return nil
}

// readValue reads a token from a file, standard input, or a prompt that does not
// show it.
func (c *command) readValue(ctx context.Context, file string) (connector.Secret, error) {
	if file == "" {
		in, ok := c.terminal()
		if !ok {
			return "", usage(errors.New("there is no terminal to ask at: give --value-file FILE, or --value-file - for standard input"))
		}
		value, err := c.readHidden(ctx, in, "API Key Value (the management token; it is not shown): ")
		return connector.Secret(strings.TrimRight(value.Reveal(), "\r\n")), err
	}
	in := input{source: file, path: file}
	if file == "-" {
		in.path = ""
	}
	data, err := in.read(ctx, c.in, nil)
	if err != nil {
		return "", cannotRead(file, err)
	}
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		return "", usage(fmt.Errorf("%s holds a credential document, not a token; save it with connector credential import", file))
	}
	return connector.Secret(strings.TrimRight(string(data), "\r\n")), nil // its own line end is no damage
}
