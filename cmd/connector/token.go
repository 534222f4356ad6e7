package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/connector"
)

func (c *command) token() *cobra.Command {
	return group("token", "Sign management tokens, and prove who signed one", c.tokenMint(), c.tokenVerify())
}

func (c *command) tokenMint() *cobra.Command {
	var key keyFlag
	var from saved // not needed, but scripts may give its flags to every verb
	var life lifetime
	cmd := &cobra.Command{
		Use:   "mint [--ttl 7d] [--key-file FILE]",
		Short: "Sign a management token and print it, alone",
		Long: `mint signs a management token with the App Secret of a workspace, which is what
100ms recommends for production, and prints the token alone.`,
		Example: `  connector token mint --key-file key.json >token
  connector token mint | connector credential add production --value-file -`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := life.check(); err != nil {
				return err
			}
			signer, err := key.must(cmd.Context(), c, args)
			if err != nil {
				return err
			}
			signer.AllowLong = life.long
			token, err := signer.Mint(life.ttl.Duration)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(c.out, token.Reveal())
			return err
		},
	}
	key.flags(cmd)
	from.flags(cmd)
	life.flags(cmd, connector.DefaultTTL, "how long the token lives")
	return cmd
}

func (c *command) tokenVerify() *cobra.Command {
	var key keyFlag
	var from saved
	cmd := &cobra.Command{
		Use:   "verify [--key-file FILE] FILE|NAME|-",
		Short: "Prove that a key signed a token: exit 0 if so, 1 if not",
		Args:  oneInput,
		RunE: func(cmd *cobra.Command, args []string) error {
			defer from.close()
			signer, err := key.must(cmd.Context(), c, args)
			if err != nil {
				return err
			}
			value, err := c.tokenAt(cmd.Context(), args[0], &from, new(connector.Validator))
			if err != nil {
				return err
			}
			switch err := signer.Verify(connector.Secret(value)); {
			case err == nil:
				fmt.Fprintf(c.out, "%s: proven: the key of %s signed this token; whether it still works, connector test says\n", printable(args[0]), signer.AccessKey)
				return nil
			case errors.Is(err, connector.SignatureRejected):
				fmt.Fprintf(c.out, "%s: not proven: the token names this access key, but the App Secret given did not sign it [signature_rejected]\n", printable(args[0]))
			default:
				fmt.Fprintf(c.out, "%s: not proven: %s\n", printable(args[0]), unprovable(err, value))
			}
			return exit(exitRejected)
		},
		ValidArgsFunction: from.names,
	}
	key.flags(cmd)
	from.flags(cmd)
	return cmd
}

// unprovable says why there is nothing to verify.
func unprovable(err error, value string) string {
	var code connector.Code
	if errors.As(err, &code) {
		return connector.Inspect(value).Why(code) + " [" + string(code) + "]"
	}
	return err.Error()
}

// tokenAt reads a token: from a document, a bare text or a saved credential.
func (c *command) tokenAt(ctx context.Context, arg string, from *saved, v *connector.Validator) (string, error) {
	found, err := inputs([]string{arg}, from, search{})
	if err != nil {
		return "", err
	}
	if len(found) != 1 {
		return "", errors.New("one credential is read here; name a file")
	}
	data, err := found[0].read(ctx, c.in, nil)
	var known *failure
	if errors.As(err, &known) {
		return "", err
	}
	if err != nil {
		return "", cannotRead(arg, err)
	}
	value, err := tokenIn(found[0].path, data, v)
	if err != nil {
		what, more, _ := strings.Cut(err.Error(), "\n")
		if n := strings.Count(more, "\n") + 1; more != "" {
			what += fmt.Sprintf(", and %s more", plural(n, "problem"))
		}
		return "", &failure{exitRejected, fmt.Errorf("%s: %s", arg, what), "see connector validate " + arg}
	}
	return value, nil
}
