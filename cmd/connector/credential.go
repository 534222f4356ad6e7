package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
)

func (c *command) credential() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "credential",
		Short: "Keep credentials: add, list, show, edit, remove, import, export",
	}
	cmd.AddCommand(c.credentialAdd(), c.credentialList(), c.credentialShow(), c.credentialEdit(),
		c.credentialRemove(), c.credentialImport(), c.credentialExport())
	return cmd
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
			defer from.close()
			ctx := cmd.Context()
			tester, err := call.tester(cmd)
			if err != nil {
				return err
			}
			if tester.Key, err = key.find(c); err != nil {
				return err
			}
			db, err := from.store(ctx)
			if err != nil {
				return err
			}
			// Asking for a token that cannot be saved would waste it.
			if _, err := db.Show(ctx, args[0]); err == nil {
				return explained(&store.RecordError{Name: args[0], Err: store.ErrExists})
			}
			value, err := c.readValue(ctx, valueFile)
			if err != nil {
				return err
			}
			cred := &connector.Credential{Name: args[0], Description: description, APIKeyValue: value}
			report, err := c.checked(ctx, tester, cred, noTest)
			if err != nil {
				return err
			}
			if err := db.Save(ctx, cred); err != nil {
				return explained(err)
			}
			return c.savedAs(ctx, db, cred.Name, report)
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

// checked validates a credential and tests it. The report is nil if no test was
// asked for; what may not be saved is an error, already printed.
func (c *command) checked(ctx context.Context, tester *connector.Tester, cred *connector.Credential, noTest bool) (*connector.Report, error) {
	parsed, err := connector.ParseCredential(document(cred))
	var invalid *connector.ValidationError
	if errors.As(err, &invalid) {
		return nil, c.refuse(cred.Name, connector.InvalidReport(invalid))
	}
	cred.APIKeyValue = parsed.APIKeyValue
	if noTest {
		if t := connector.Inspect(cred.APIKeyValue.Reveal()); t.Fault == connector.NotAToken {
			tester := connector.Tester{Offline: true}
			return nil, c.refuse(cred.Name, tester.Test(ctx, parsed))
		}
		return nil, nil
	}
	report := tester.Test(ctx, parsed)
	if report.Verdict == connector.Rejected {
		return nil, c.refuse(cred.Name, report)
	}
	return report, nil
}

// refuse prints why a credential is not saved.
func (c *command) refuse(name string, report *connector.Report) error {
	t := newText(c.out, "test", false).(*text)
	t.result(result{source: name, report: report})
	t.w.Flush()
	fmt.Fprintln(c.err, "connector: not saved: the test rejected it")
	return exit(exitRejected)
}

// savedAs says that a credential is saved, and records its test.
func (c *command) savedAs(ctx context.Context, db *store.Store, name string, report *connector.Report) error {
	if report == nil {
		fmt.Fprintf(c.out, "%s: saved, not tested\n", printable(name))
		return nil
	}
	if err := db.RecordTest(ctx, name, report); err != nil {
		fmt.Fprintf(c.err, "connector: warning: saved, but the result of the test was not recorded: %s\n", printable(err.Error()))
	}
	fmt.Fprintf(c.out, "%s: saved: %s\n", printable(name), report.Message)
	if report.Verdict != connector.Accepted {
		fmt.Fprintf(c.err, "connector: warning: saved, but it could not be tested: %s [%s]\nconnector: hint: %s\n", report.Message, report.Code, report.Remedy)
	}
	for _, w := range report.Warnings {
		fmt.Fprintf(c.err, "connector: warning: %s [%s]\n", w.Info().Meaning, w)
	}
	return nil
}

// readValue reads a token from a file, standard input, or a prompt that does not
// show it.
func (c *command) readValue(ctx context.Context, file string) (connector.Secret, error) {
	if file == "" {
		in, ok := c.in.(*os.File)
		if !ok || !term.IsTerminal(int(in.Fd())) {
			return "", errors.New("there is no terminal to ask at: give --value-file FILE, or --value-file - for standard input")
		}
		fmt.Fprint(c.err, "API Key Value (the management token; it is not shown): ")
		value, err := term.ReadPassword(int(in.Fd()))
		fmt.Fprintln(c.err)
		if err != nil {
			return "", unreadable(err)
		}
		return connector.Secret(value), nil
	}
	in := input{source: file, path: file}
	if file == "-" {
		in.path = ""
	}
	data, err := in.read(ctx, c.in, nil)
	if err != nil {
		return "", unreadable(fmt.Errorf("%s cannot be read: %s", file, reason(err)))
	}
	return connector.Secret(strings.TrimRight(string(data), "\r\n")), nil // its own line end is no damage
}

func (c *command) credentialList() *cobra.Command {
	var from saved
	cmd := &cobra.Command{Use: "list", Short: "List the saved credentials", Args: cobra.NoArgs}
	printAs := choose(cmd, "format", "how to print it", "text", "json")
	from.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		defer from.close()
		db, err := from.store(cmd.Context())
		if err != nil {
			return err
		}
		records, err := db.List(cmd.Context())
		if err != nil {
			return explained(err)
		}
		if printAs.value == "json" {
			printRecordsJSON(c.out, records)
		} else {
			printRecords(c.out, records)
		}
		return nil
	}
	return cmd
}

// printRecords prints a tile of each credential as a line of a table.
func printRecords(w io.Writer, records []store.Record) {
	if len(records) == 0 {
		fmt.Fprintln(w, "no credential is saved; save one with connector credential add NAME")
		return
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tKIND\tACCESS KEY\tEXPIRES\tLAST TEST")
	for _, r := range records {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", printable(r.Name), r.Kind, orNone(r.AccessKey), expiry(r.ExpiresAt), lastTest(r))
	}
	table.Flush()
}

func expiry(at time.Time) string {
	if at.IsZero() {
		return "never"
	}
	return from(time.Until(at))
}

func lastTest(r store.Record) string {
	if r.LastVerdict == "" {
		return "never tested"
	}
	return fmt.Sprintf("%s %s, %s", r.LastVerdict, r.LastCode, from(time.Until(r.LastTestedAt)))
}

func printRecordsJSON(w io.Writer, records []store.Record) {
	type tile struct {
		Name         string            `json:"name"`
		Description  string            `json:"description"`
		Kind         connector.Kind    `json:"kind"`
		AccessKey    string            `json:"access_key"`
		IssuedAt     any               `json:"issued_at"`
		ExpiresAt    any               `json:"expires_at"`
		ExpiresIn    any               `json:"expires_in_seconds"`
		LastVerdict  connector.Verdict `json:"last_verdict"` // empty if it was never tested
		LastCode     connector.Code    `json:"last_code"`
		LastTestedAt any               `json:"last_tested_at"`
		CreatedAt    any               `json:"created_at"`
		UpdatedAt    any               `json:"updated_at"`
	}
	out := struct {
		Version     int    `json:"schema_version"`
		Credentials []tile `json:"credentials"`
	}{1, []tile{}}
	for _, r := range records {
		t := tile{r.Name, r.Description, r.Kind, r.AccessKey, timeOrNull(r.IssuedAt), timeOrNull(r.ExpiresAt), nil,
			r.LastVerdict, r.LastCode, timeOrNull(r.LastTestedAt), timeOrNull(r.CreatedAt), timeOrNull(r.UpdatedAt)}
		if !r.ExpiresAt.IsZero() {
			t.ExpiresIn = int64(time.Until(r.ExpiresAt) / time.Second)
		}
		out.Credentials = append(out.Credentials, t)
	}
	writeJSON(w, out)
}

func timeOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339)
}

func (c *command) credentialShow() *cobra.Command {
	var from saved
	cmd := &cobra.Command{
		Use: "show NAME", Short: "Show a saved credential, without its secret",
		Args: cobra.ExactArgs(1), ValidArgsFunction: from.names,
	}
	from.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		defer from.close()
		db, err := from.store(cmd.Context())
		if err != nil {
			return err
		}
		r, err := db.Show(cmd.Context(), args[0])
		if err != nil {
			return explained(err)
		}
		line := func(label, value string) { fmt.Fprintf(c.out, "%-12s %s\n", label, printable(value)) }
		line("name", r.Name)
		line("description", orNone(r.Description))
		line("value", connector.Secret("").String())
		line("kind", string(r.Kind))
		line("access key", orNone(r.AccessKey))
		line("issued", stamp(r.IssuedAt))
		line("expires", stamp(r.ExpiresAt)+", "+expiry(r.ExpiresAt))
		line("last test", lastTest(r))
		line("created", stamp(r.CreatedAt))
		line("updated", stamp(r.UpdatedAt))
		return nil
	}
	return cmd
}

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
			defer from.close()
			var changes store.Changes
			if cmd.Flags().Changed("new-name") {
				changes.Name = &newName
			}
			if cmd.Flags().Changed("description") {
				changes.Description = &description
			}
			if changes == (store.Changes{}) && valueFile == "" {
				return errors.New("nothing to change: give --new-name, --description or --value-file")
			}
			if valueFile != "" {
				value, err := c.readValue(cmd.Context(), valueFile)
				if err != nil {
					return err
				}
				cred := &connector.Credential{Name: args[0], APIKeyValue: value}
				if _, err := c.checked(cmd.Context(), nil, cred, true); err != nil {
					return err
				}
				changes.APIKeyValue = &value
			}
			db, err := from.store(cmd.Context())
			if err != nil {
				return err
			}
			if err := db.Edit(cmd.Context(), args[0], changes); err != nil {
				return explained(err)
			}
			name := args[0]
			if changes.Name != nil {
				name = newName
			}
			fmt.Fprintf(c.out, "%s: changed\n", printable(name))
			return nil
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
			defer from.close()
			db, err := from.store(cmd.Context())
			if err != nil {
				return err
			}
			if _, err := db.Show(cmd.Context(), args[0]); err != nil {
				return explained(err)
			}
			if !yes {
				if err := c.confirm(fmt.Sprintf("Remove %q? Its token cannot be read again.", printable(args[0]))); err != nil {
					return err
				}
			}
			if err := db.Delete(cmd.Context(), args[0]); err != nil {
				return explained(err)
			}
			fmt.Fprintf(c.out, "%s: removed\n", printable(args[0]))
			return nil
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	from.flags(cmd)
	return cmd
}

// confirm asks at the terminal; without one, or without a yes, it is an error.
func (c *command) confirm(question string) error {
	in, ok := c.in.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
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
