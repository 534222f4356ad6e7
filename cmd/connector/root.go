package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

// root makes the command with all its verbs.
func (c *command) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "connector",
		Short: "Ask for, check and test credentials of the 100ms server-side API",
		Long: `connector tells what is wrong with a 100ms credential: an expired token, an app
token where a management token belongs, a pasted App Secret, a rotated secret, a
wrong clock, or not the credential at all but the network.

No account yet? Try: connector demo`,
		Args:          cobra.ArbitraryArgs,
		SilenceErrors: true,
		SilenceUsage:  true,

		DisableFlagsInUseLine: true,
	}
	version := root.Flags().Bool("version", false, "print the version")
	root.RunE = func(cmd *cobra.Command, args []string) error {
		if *version && len(args) == 0 {
			return c.printVersion("text")
		}
		return runGroup(cmd, args)
	}
	root.SetIn(c.in)
	root.SetOut(c.out)
	root.SetErr(c.err)
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(
		c.validate(), c.inspect(), c.test(), c.form(), c.streams(), c.read(), c.actions(), c.write(), c.listen(), c.airbyte(), c.singer(), c.token(), c.credential(), c.key(),
		c.renew(), c.watch(), c.storage(), c.serve(), c.sandbox(), c.demo(), c.version(),
	)
	// Cobra's own help and completion print help for what they do not know, and
	// call that a success.
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "help":
			cmd.Args = func(_ *cobra.Command, args []string) error {
				if found, rest, _ := root.Find(args); len(rest) > 0 {
					return unknownCommand(found, rest[0])
				}
				return nil
			}
		case "completion":
			cmd.Args, cmd.RunE = cobra.ArbitraryArgs, runGroup
			completeInPlainBash(cmd)
		}
	}
	return root
}

// group is a verb of verbs. A word that is none of them is a mistake, and not a
// call for help.
func group(name, short string, verbs ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: name, Short: short, Args: cobra.ArbitraryArgs, RunE: runGroup, DisableFlagsInUseLine: true}
	cmd.AddCommand(verbs...)
	return cmd
}

func runGroup(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	return unknownCommand(cmd, args[0])
}

// otherWords are the words of other commands for what ours call otherwise.
var otherWords = map[string][]string{
	"list": {"ls"}, "show": {"get", "view", "cat", "describe", "info"}, "remove": {"rm", "delete", "del", "forget"},
	"add": {"new", "create", "save", "set", "login"}, "edit": {"update", "change", "rename", "mv"},
	"import": {"load", "read"}, "export": {"dump", "write"}, "info": {"status", "show"}, "rotate-key": {"rotate", "rekey"},
	"mint": {"sign", "create", "new", "make", "generate", "issue"}, "verify": {"check", "prove"}, "serve": {"web", "ui"},
	"validate": {"lint"}, "inspect": {"decode"}, "test": {"try", "ping"}, "credential": {"credentials", "creds", "cred"},
}

// unknownCommand is the error about a word that is no verb of parent's.
func unknownCommand(parent *cobra.Command, name string) error {
	var verbs []string
	for _, verb := range parent.Commands() {
		if verb.IsAvailableCommand() {
			verbs = append(verbs, verb.Name())
		}
	}
	near := nearest(name, verbs)
	if near == "" {
		near = verbOf(name, verbs)
	}
	return errors.New(fmt.Sprintf("unknown command %q for %q", name, parent.CommandPath()) + didYouMean(near))
}
