package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/hosts"
	"github.com/100ms-connector/connector-go/connector/store"
)

func (c *command) credentialImport() *cobra.Command {
	var from saved
	cmd := &cobra.Command{
		Use:   "import FILE...",
		Short: "Save the credentials of documents, without testing them",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			found, err := inputs(args, &from, search{})
			if err != nil {
				return err
			}
			return from.use(cmd.Context(), func(db *store.Store) error {
				worst := passed
				for _, in := range found {
					if in.saved {
						return usage(fmt.Errorf("%q is the name of a saved credential; for a file write ./%s", in.source, in.source))
					}
					cred, r := c.readCredential(cmd.Context(), in, new(connector.Validator), nil)
					if cred == nil {
						worst = max(worst, r.Status(false))
						c.printResult(*r)
						continue
					}
					if cred, _, err = c.judge(cmd.Context(), nil, cred); err != nil {
						worst = failed
						continue
					}
					if err := db.Save(cmd.Context(), cred); err != nil {
						worst = failed
						c.complain(fmt.Errorf("%s: %s", in.source, store.Plain(err)), "")
						continue
					}
					fmt.Fprintf(c.out, "%s: saved as %q\n", printable(in.source), printable(cred.Name))
				}
				return exitWith(worst)
			})
		},
	}
	from.flags(cmd)
	return cmd
}

// exports are the forms in which a credential is written for a host.
var exports = []struct {
	name string
	form func(*connector.Credential) any
}{
	{"file", func(c *connector.Credential) any { return json.RawMessage(c.Document()) }},
	{"nexla-rest", func(c *connector.Credential) any { return hosts.NexlaREST(c) }},
	{"nexla-agent", func(c *connector.Credential) any { return hosts.NexlaAgent(c) }},
	{"airbyte", func(c *connector.Credential) any { return hosts.AirbyteConfiguration(c) }},
}

func (c *command) credentialExport() *cobra.Command {
	var from saved
	var output string
	var yes bool
	cmd := &cobra.Command{
		Use:   "export NAME --as file|nexla-rest|nexla-agent|airbyte [--output FILE]",
		Short: "Write a saved credential, with its secret, as a host takes it",
		Args:  cobra.ExactArgs(1), ValidArgsFunction: from.names,
	}
	var names []string
	for _, e := range exports {
		names = append(names, e.name)
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
			for _, e := range exports {
				if e.name == as.value {
					err = writeJSON(&data, e.form(cred))
				}
			}
			if err != nil {
				return err
			}
			if output != "" {
				if err := writeNew(output, data.Bytes()); err != nil {
					return err
				}
				fmt.Fprintf(c.err, "connector: %s holds the secret of %q\n", printable(output), printable(cred.Name))
				return nil
			}
			if isTerminal(c.out) && !yes {
				if err := c.confirm("This writes the secret to the terminal. Go on?"); err != nil {
					return usage(err)
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
