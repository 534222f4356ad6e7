package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/cmd/connector/internal/document"
	"github.com/100ms-connector/connector-go/cmd/connector/internal/output"
	"github.com/100ms-connector/connector-go/connector"
)

func (c *command) inspect() *cobra.Command {
	var judge judging
	cmd := &cobra.Command{
		Use:   "inspect [flags] FILE|NAME|-",
		Short: "Show what a token says of itself, without verifying it",
		Long: `inspect reads the claims of a token, from a credential document or from a file
that holds the bare token. Anyone can write such claims: nothing is verified, and
whether the token works only connector test can tell.`,
		Example: `  connector inspect credential.json
  pbpaste | connector inspect -`,
		Args: oneInput,
	}
	var key keyFlag
	var from saved
	printAs := choose(cmd, "format", "how to print it", "text", "json")
	judge.flags(cmd)
	key.flags(cmd)
	from.flags(cmd)
	cmd.ValidArgsFunction = from.names
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		defer from.close()
		signer, err := key.find(cmd.Context(), c, args)
		var value string
		if err == nil {
			value, err = c.tokenAt(cmd.Context(), args[0], &from, judge.validator())
		}
		if err != nil {
			if printAs.value == "json" {
				printUnreadable(c.out, args[0], err)
			}
			return err
		}
		token := connector.Inspect(value)
		findings := token.Findings(judge.within())
		proof := error(errUnproven)
		if signer != nil {
			if proof = signer.Verify(connector.Secret(value)); proof == connector.SignatureRejected {
				findings = append([]connector.Code{connector.SignatureRejected}, findings...)
			}
		}
		if printAs.value == "json" {
			printInspection(c.out, sourceName(args[0]), token, findings, proof)
		} else {
			printToken(c.out, token, findings, proof)
		}
		for _, code := range findings {
			if code.Info().Class == connector.ClassCredential {
				return exit(exitRejected)
			}
		}
		return nil
	}
	return cmd
}

// errUnproven: no signing key was given.
var errUnproven = errors.New("no signing key was given")

// tokenIn finds the token in a credential document, or takes the text as it is.
func tokenIn(name string, data []byte, v *connector.Validator) (string, error) {
	cred, err := document.Parse(v, name, data)
	if err != nil {
		return "", err
	}
	return cred.APIKeyValue.Reveal(), nil
}

// printUnreadable is the JSON document of an input that holds no token.
func printUnreadable(w io.Writer, source string, err error) {
	writeJSON(w, struct {
		Version   int              `json:"schema_version"`
		Source    string           `json:"source"`
		Verified  bool             `json:"verified"`
		Token     *connector.Token `json:"token"`
		LooksLike string           `json:"looks_like"`
		Findings  []connector.Code `json:"findings"`
		Error     string           `json:"error"`
	}{Version: 1, Source: sourceName(source), Findings: []connector.Code{}, Error: reason(err)})
}

func printInspection(w io.Writer, source string, t connector.Token, findings []connector.Code, proof error) {
	out := struct {
		Version   int                 `json:"schema_version"`
		Source    string              `json:"source"`
		Verified  bool                `json:"verified"`
		Token     *connector.Token    `json:"token"`
		LooksLike connector.Lookalike `json:"looks_like"`
		Findings  []connector.Code    `json:"findings"`
	}{Version: 1, Source: source, Verified: proof == nil, LooksLike: t.LooksLike, Findings: findings}
	if t.Readable() {
		out.Token = &t
	}
	if out.Findings == nil {
		out.Findings = []connector.Code{}
	}
	writeJSON(w, out)
}

func printToken(w io.Writer, t connector.Token, findings []connector.Code, proof error) {
	p := output.NewPainter(w)
	line := func(label, value string) { fmt.Fprintf(w, "%-12s %s\n", label, value) }
	if t.Readable() {
		line("kind", string(t.Kind))
		line("access key", orNone(t.AccessKey))
		line("id", orNone(t.ID))
		line("algorithm", orNone(t.Algorithm))
		line("version", fmt.Sprint(t.Version))
		line("issued", stamp(t.IssuedAt))
		line("valid from", stamp(t.NotBefore))
		expires := stamp(t.ExpiresAt)
		if left, ok := t.ExpiresIn(); ok {
			expires += ", " + connector.Remaining(left)
		}
		line("expires", expires)
		if life, ok := t.Lifetime(); ok {
			line("made for", connector.Span(life))
		}
	}
	for _, code := range findings {
		label, c := "fault", output.Red
		if code.Info().Class != connector.ClassCredential {
			label, c = "warning", output.Yellow
		}
		line(label, t.Why(code)+" "+p.Paint(c, "["+string(code)+"]"))
		if remedy := t.Remedy(code); remedy != "" {
			line("", "next: "+remedy)
		}
	}
	if odd := t.Oddity(); odd != "" {
		line("note", odd)
	}
	switch {
	case proof == nil:
		fmt.Fprintln(w, p.Paint(output.Faint, "The App Secret given signed these claims. Whether the token works, connector test asks the API."))
		return
	case t.Readable() && !errors.Is(proof, errUnproven) && !errors.Is(proof, connector.SignatureRejected):
		line("note", "the signing key given proves nothing: "+proof.Error())
	}
	fmt.Fprintln(w, p.Paint(output.Faint, "Nothing here is verified: anyone can write such claims. connector test asks the API."))
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
