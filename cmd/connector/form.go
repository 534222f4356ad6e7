package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/cmd/connector/internal/output"
	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/hosts"
	"github.com/100ms-connector/connector-go/schema"
)

func (c *command) form() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "form [flags]",
		Short: "Print the credential's form as the hosts want it",
		Long: `form prints the form by which to ask for a credential: as text (* is required),
as this connector's own list of fields, as the JSON Schema itself, or in the form
that Nexla, Airbyte or react-jsonschema-form reads.

As nexla-source=STREAM it prints the sources by which Nexla reads a stream by itself,
for its agent API: a list of one, or of two for rooms and sessions. As nexla-sink=ACTION
it prints the sink by which Nexla carries out an action by itself, where that is safe.`,
		Example: `  connector form
  connector form --as airbyte
  connector form --as nexla-source=rooms
  connector form --as nexla-sink=room_codes`,
		Args: noArguments,
	}
	as := formFor{choice: choice{"text", []string{"text", "fields", "schema", "nexla", "airbyte", "rjsf", "nexla-source=STREAM", "nexla-sink=ACTION"}}}
	cmd.Flags().Var(&as, "as", "for whom")
	_ = cmd.RegisterFlagCompletionFunc("as", cobra.FixedCompletions(as.known[:len(as.known)-2], cobra.ShellCompDirectiveNoFileComp))
	cmd.RunE = func(*cobra.Command, []string) error {
		var err error
		switch as.value {
		case "text":
			err = printForm(c.out)
		case "fields":
			err = writeJSON(c.out, connector.Form())
		case "schema":
			err = writeJSON(c.out, json.RawMessage(schema.Credential))
		case "nexla":
			err = writeJSON(c.out, hosts.NexlaFields())
		case "airbyte":
			err = writeJSON(c.out, hosts.AirbyteSpecification())
		case "rjsf":
			err = writeJSON(c.out, hosts.RJSF())
		default:
			err = writeJSON(c.out, as.generated)
		}
		return cannotWrite(err)
	}
	return cmd
}

// formFor is a choice, or what is generated for a stream or an action.
type formFor struct {
	choice
	generated any
}

func (f *formFor) Set(s string) (err error) {
	if stream, ok := strings.CutPrefix(s, "nexla-source="); ok {
		f.value = s
		f.generated, err = hosts.NexlaSources(stream)
		return err
	}
	if action, ok := strings.CutPrefix(s, "nexla-sink="); ok {
		f.value = s
		f.generated, err = hosts.NexlaSinkOf(action)
		return err
	}
	return f.choice.Set(s)
}

func printForm(w io.Writer) error {
	var b strings.Builder
	p := output.NewPainter(w)
	for _, f := range connector.Form() {
		title := f.Title
		if f.Required {
			title += " *"
		}
		var notes []string
		if f.Secret {
			notes = append(notes, "secret")
		}
		notes = append(notes, fmt.Sprintf("up to %d characters", f.MaxLength))
		fmt.Fprintf(&b, "%s %s\n    %s\n", p.Paint(output.Bold, title), p.Paint(output.Faint, "("+f.Name+"; "+strings.Join(notes, ", ")+")"), f.Help)
		for _, e := range f.Examples {
			fmt.Fprintf(&b, "    for example: %s\n", e)
		}
	}
	b.WriteString("* required\n")
	_, err := io.WriteString(w, b.String())
	return err
}
