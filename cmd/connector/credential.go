package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/100ms-connector/connector-go/cmd/connector/internal/output"
	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
)

func (c *command) credential() *cobra.Command {
	return group("credential", "Keep credentials: add, list, show, edit, remove, import, export",
		c.credentialAdd(), c.credentialList(), c.credentialShow(), c.credentialEdit(),
		c.credentialRemove(), c.credentialImport(), c.credentialExport())
}

func (c *command) credentialAdd() *cobra.Command {
	var (
		from                   saved
		call                   calling
		key                    keyFlag
		description, valueFile string
		noTest                 bool
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
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := nameable(args[0]); err != nil {
				return err
			}
			tester, err := call.tester(cmd)
			if err != nil {
				return err
			}
			if tester.Key, err = key.find(cmd.Context(), c, []string{valueFile}); err != nil {
				return err
			}
			if noTest {
				tester = nil
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
				cred, report, err := c.judge(ctx, tester, &connector.Credential{Name: args[0], Description: description, APIKeyValue: value})
				if err != nil {
					return err
				}
				if err := db.Save(ctx, cred); err != nil {
					return err
				}
				c.sayTested(ctx, db, cred, report)
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&description, "description", "", "what it is for and who looks after it")
	cmd.Flags().StringVar(&valueFile, "value-file", "", "file that holds the token, or - for standard input; a hidden prompt if empty")
	cmd.Flags().BoolVar(&noTest, "no-test", false, "save without asking the API")
	from.flags(cmd)
	call.flags(cmd)
	key.flags(cmd)
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

// judge validates a credential as a document would be, and tests it. Without a
// tester it refuses only what is no token, and the report is nil. What is
// rejected is an error, already printed.
func (c *command) judge(ctx context.Context, tester *connector.Tester, given *connector.Credential) (*connector.Credential, *connector.Report, error) {
	cred, err := connector.ParseCredential(given.Document())
	var invalid *connector.ValidationError
	if errors.As(err, &invalid) {
		return nil, nil, c.refuse(given.Name, connector.InvalidReport(invalid))
	}
	offline := tester == nil
	if offline {
		tester = &connector.Tester{Offline: true}
	}
	report := tester.Test(ctx, cred)
	switch {
	case report.Verdict == connector.Rejected && (!offline || report.Code == connector.NotAToken):
		return nil, nil, c.refuse(given.Name, report)
	case offline:
		return cred, nil, nil
	}
	return cred, report, nil
}

// refuse prints why a credential is not saved.
func (c *command) refuse(name string, report *connector.Report) error {
	c.printResult(result{Source: name, Report: report})
	fmt.Fprintln(c.err, "connector: not saved")
	return exit(exitRejected)
}

// printResult prints one result of a test for people, without a summary.
func (c *command) printResult(r result) {
	_ = output.One(c.out, r) // what follows says what became of it
}

// sayTested records the test of a credential that was saved, and says both.
func (c *command) sayTested(ctx context.Context, db *store.Store, cred *connector.Credential, report *connector.Report) {
	name := cred.Name
	if report == nil {
		fmt.Fprintf(c.out, "%s: saved, not tested\n", printable(name))
		return
	}
	c.recordTest(ctx, db, cred, report)
	if report.Verdict == connector.Accepted {
		fmt.Fprintf(c.out, "%s: saved: %s\n", printable(name), report.Message)
	} else {
		fmt.Fprintf(c.out, "%s: saved, not judged\n", printable(name))
		fmt.Fprintf(c.err, "connector: warning: saved, but it could not be tested: %s [%s]\nconnector: hint: %s\n", report.Message, report.Code, report.Remedy)
	}
	for _, w := range report.Warnings {
		fmt.Fprintf(c.err, "connector: warning: %s [%s]\n", w.Info().Meaning, w)
	}
}

// recordTest keeps what a test of a saved credential found. That it cannot be
// kept changes nothing about the result.
func (c *command) recordTest(ctx context.Context, db *store.Store, tested *connector.Credential, report *connector.Report) {
	if err := db.RecordTest(ctx, tested, report); err != nil && ctx.Err() == nil {
		fmt.Fprintf(c.err, "connector: warning: the result was not recorded: %s\n", printable(store.Plain(err)))
	}
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
		return "", unreadable(fmt.Errorf("%s cannot be read: %s", file, reason(err)))
	}
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		return "", usage(fmt.Errorf("%s holds a credential document, not a token; save it with connector credential import", file))
	}
	return connector.Secret(strings.TrimRight(string(data), "\r\n")), nil // its own line end is no damage
}

// confirm asks at the terminal; without one, or without a yes, it is an error.
func (c *command) confirm(question string) error {
	in, ok := c.terminal()
	if !ok {
		return errors.New("there is no terminal to ask at: give --yes")
	}
	fmt.Fprintf(c.err, "%s [y/N] ", question)
	answer, _ := bufio.NewReader(in).ReadString('\n')
	if a := strings.ToLower(strings.TrimSpace(answer)); a != "y" && a != "yes" {
		fmt.Fprintln(c.err, "connector: nothing was done")
		return exit(exitRejected)
	}
	return nil
}

// terminal is standard input, if a person sits there.
func (c *command) terminal() (*os.File, bool) {
	in, ok := c.in.(*os.File)
	return in, ok && term.IsTerminal(int(in.Fd()))
}
