package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
)

// isSecret says whether an argument has a secret in it. It is asked before
// anything can quote the argument. The name of a file that exists is none.
func isSecret(arg string) bool { return connector.HoldsSecret(arg) && !isFile(arg) }

// isFile says whether an argument, or the value of a flag, names a file.
func isFile(arg string) bool {
	_, value, _ := strings.Cut(arg, "=")
	_, err := os.Lstat(arg)
	_, valueErr := os.Lstat(value)
	return err == nil || valueErr == nil
}

// hasStorePassword says whether the arguments give --store a URL with a password.
func hasStorePassword(args []string) bool {
	for i, arg := range args {
		url, given := strings.CutPrefix(arg, "--store=")
		if arg == "--store" && i+1 < len(args) {
			url, given = args[i+1], true
		}
		if given && strings.HasPrefix(url, "postgres") && store.PasswordInURL(url) {
			return true
		}
	}
	return false
}

// noArguments is cobra.NoArgs in words that fit verbs without verbs.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%s takes no argument, and %q was given", cmd.CommandPath(), args[0])
	}
	return nil
}

// oneName wants the name of one saved credential.
func oneName(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return errors.New("no name: say which credential; connector credential list shows the names")
	case len(args) > 1:
		return fmt.Errorf("%s takes one name, and %d were given: run it once for each, and put a name that has blanks into quotes", cmd.CommandPath(), len(args))
	}
	if args[0] == "" {
		return errors.New("the name is empty: is a variable not set?")
	}
	return nil
}

// oneInput wants one document, bare token or saved credential.
func oneInput(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return errors.New("no input: name a file or a saved credential, or - for standard input")
	case len(args) > 1:
		return fmt.Errorf("%s reads one input, and %d were given: run it once for each", cmd.CommandPath(), len(args))
	}
	return nil
}
