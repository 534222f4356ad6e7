package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/cmd/connector/internal/output"
	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/hosts"
	"github.com/100ms-connector/connector-go/connector/store"
)

func (c *command) credentialImport() *cobra.Command {
	var from saved
	var save saving
	cmd := &cobra.Command{
		Use:   "import FILE|DIR|- ...",
		Short: "Check, test and save the credentials of documents",
		Long: `import saves the credentials of documents, under the names that they have. Each is
checked and tested as connector credential add does: what the API rejects is not
saved, unless --no-test asks for no test.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("no input: name files or directories of credential documents, or - for standard input")
			}
			return nil
		},
	}
	from.flags(cmd)
	save.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		found, err := inputs(args, &from, search{})
		if err != nil {
			return err
		}
		tester, err := save.tester(cmd, c, args)
		if err != nil {
			return err
		}
		return from.use(cmd.Context(), func(db *store.Store) error {
			worst := passed
			for _, in := range found {
				if in.saved { // to test, a saved name is an input; here only documents are
					in = input{source: in.source, path: in.source}
				}
				worst = max(worst, c.importOne(cmd.Context(), db, tester, in))
				if cmd.Context().Err() != nil {
					break
				}
			}
			return exitWith(worst)
		})
	}
	return cmd
}

// importOne saves the credential of one document, and says what it did.
func (c *command) importOne(ctx context.Context, db *store.Store, tester *connector.Tester, in input) output.Status {
	if _, err := os.Stat(in.path); in.path != "" && errors.Is(err, fs.ErrNotExist) {
		hint := ""
		if _, err := db.Show(ctx, in.source); err == nil {
			hint = "a credential of this name is saved already; to copy it, write it to a file with connector credential export"
		}
		c.complain(fmt.Errorf("%s: there is no file of this name", in.source), hint)
		return unknown
	}
	cred, r := c.readCredential(ctx, in, new(connector.Validator), nil)
	if cred == nil {
		c.printResult(*r)
		return r.Status(false)
	}
	if cred.Name == "" {
		c.complain(fmt.Errorf("%s holds a bare token, which has no name", in.source), "save it with connector credential add NAME --value-file "+in.source)
		return failed
	}
	cred, report, err := c.judge(ctx, tester, in.source, cred)
	if err != nil {
		return failed
	}
	if err := db.Save(ctx, cred); err != nil {
		f, _ := errors.AsType[*failure](explained(err))
		c.complain(fmt.Errorf("%s: %s", in.source, store.Plain(err)), f.hint)
		if f.code == exitRejected {
			return failed
		}
		return unknown
	}
	c.sayTested(ctx, db, cred, report, in.source, fmt.Sprintf("saved as %q", printable(cred.Name)))
	return passed
}

func (c *command) credentialExport() *cobra.Command {
	var from saved
	var output string
	var yes bool
	cmd := &cobra.Command{
		Use:   "export NAME --as file|nexla-rest|nexla-agent|airbyte [--output FILE]",
		Short: "Write a saved credential, with its secret, as a host takes it",
		Args:  oneName, ValidArgsFunction: from.names,
	}
	var names []string
	for _, e := range hosts.Exports() {
		names = append(names, e.Name)
	}
	as := choose(cmd, "as", "for whom", names...)
	cmd.Flags().StringVar(&output, "output", "", "file to write, with mode 0600; it must not exist")
	cmd.Flags().BoolVar(&yes, "yes", false, "write the secret to a terminal without asking")
	from.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return from.use(cmd.Context(), func(db *store.Store) error {
			cred, err := db.Credential(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			var data bytes.Buffer
			for _, e := range hosts.Exports() {
				if e.Name == as.value {
					writeJSON(&data, e.Of(cred))
				}
			}
			if output != "" {
				if err := writeNew(output, data.Bytes()); err != nil {
					return err
				}
				fmt.Fprintf(c.err, "connector: %s holds the secret of %q\n", printable(output), printable(cred.Name))
				return nil
			}
			if isTerminal(c.out) && !yes {
				if err := c.confirm(cmd.Context(), "This writes the secret to the terminal. Go on?"); err != nil {
					return err
				}
			}
			_, err = c.out.Write(data.Bytes())
			return err
		})
	}
	return cmd
}

// writeNew writes a file that only its owner can read, whole or not at all, and
// never over another.
func writeNew(path string, data []byte) error {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s exists; name another file, or remove it first", path)
	}
	temp, err := os.CreateTemp(filepath.Dir(path), ".connector-*") // mode 0600
	if err != nil {
		return fmt.Errorf("%s cannot be written: %s", path, reason(err))
	}
	defer os.Remove(temp.Name())
	_, err = temp.Write(data)
	err = errors.Join(err, temp.Sync(), temp.Close())
	if err == nil {
		// Unlike a rename it fails if the name was taken meanwhile; but not every
		// file system has links.
		if err = os.Link(temp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
			err = os.Rename(temp.Name(), path)
		}
	}
	if err != nil {
		return fmt.Errorf("%s cannot be written: %s", path, reason(err))
	}
	return nil
}
