package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/hosts"
)

func (c *command) credentialImport() *cobra.Command {
	var from saved
	cmd := &cobra.Command{
		Use:   "import FILE...",
		Short: "Save the credentials of documents, without testing them",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			defer from.close()
			found, err := inputs(args, &from)
			if err != nil {
				return err
			}
			db, err := from.store(cmd.Context())
			if err != nil {
				return err
			}
			worst := passed
			for _, in := range found {
				if in.saved {
					return fmt.Errorf("%q is the name of a saved credential; for a file write ./%s", in.source, in.source)
				}
				cred, r := c.readCredential(cmd.Context(), in, new(connector.Validator), nil)
				if cred == nil {
					worst = max(worst, r.status(false))
					t := newText(c.out, "test", false).(*text)
					t.result(r)
					t.w.Flush()
					continue
				}
				if err := db.Save(cmd.Context(), cred); err != nil {
					worst = failed
					c.complain(fmt.Errorf("%s: %w", in.source, err), "")
					continue
				}
				fmt.Fprintf(c.out, "%s: saved as %q\n", printable(in.source), printable(cred.Name))
			}
			switch worst {
			case failed:
				return exit(exitRejected)
			case unknown:
				return exit(exitUntested)
			}
			return nil
		},
	}
	from.flags(cmd)
	return cmd
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
	as := choose(cmd, "as", "for whom", "file", "nexla-rest", "nexla-agent", "airbyte")
	cmd.Flags().StringVar(&output, "output", "", "file to write, with mode 0600; it must not exist")
	cmd.Flags().BoolVar(&yes, "yes", false, "write the secret to a terminal without asking")
	from.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		defer from.close()
		db, err := from.store(cmd.Context())
		if err != nil {
			return err
		}
		cred, err := db.Credential(cmd.Context(), args[0])
		if err != nil {
			return explained(err)
		}
		var form any
		switch as.value {
		case "file":
			form = json.RawMessage(document(cred))
		case "nexla-rest":
			form = hosts.NexlaREST(cred)
		case "nexla-agent":
			form = hosts.NexlaAgent(cred)
		case "airbyte":
			form = hosts.AirbyteConfiguration(cred)
		}
		var data bytes.Buffer
		writeJSON(&data, form)
		if output != "" {
			if err := writeNew(output, data.Bytes()); err != nil {
				return unreadable(err)
			}
			fmt.Fprintf(c.err, "connector: %s holds the secret of %q\n", printable(output), printable(cred.Name))
			return nil
		}
		if isTerminal(c.out) && !yes {
			if err := c.confirm("This writes the secret to the terminal. Go on?"); err != nil {
				return err
			}
		}
		_, err = c.out.Write(data.Bytes())
		return err
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
		err = os.Link(temp.Name(), path) // unlike a rename it fails if the name was taken meanwhile
	}
	if err != nil {
		return fmt.Errorf("%s cannot be written: %s", path, reason(err))
	}
	return nil
}
