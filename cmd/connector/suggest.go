package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/100ms-connector/connector-go/cmd/connector/internal/spelling"
)

// nearest is the known word that was probably meant, or empty: one that is a third
// of its letters away at most, and three, or that begins with what was typed.
func nearest(typed string, known []string) string {
	best, fewest := "", min(len(typed)/3, 3)+1
	lower := strings.ToLower(typed)
	for _, word := range known {
		if d := spelling.Distance(lower, strings.ToLower(word)); d < fewest {
			best, fewest = word, d
		}
	}
	if best == "" && len(typed) >= 3 {
		if i := slices.IndexFunc(known, func(word string) bool { return strings.HasPrefix(strings.ToLower(word), lower) }); i >= 0 {
			return known[i]
		}
	}
	return best
}

// verbOf is the verb that goes by another word elsewhere, or empty.
func verbOf(word string, verbs []string) string {
	i := slices.IndexFunc(verbs, func(verb string) bool { return slices.Contains(otherWords[verb], word) })
	if i < 0 {
		return ""
	}
	return verbs[i]
}

// didYouMean is the end of a message; empty without a suggestion.
func didYouMean(near string) string {
	if near == "" {
		return ""
	}
	return "; did you mean " + near + "?"
}

// flagError says what is wrong with a flag, and what to write instead.
func flagError(cmd *cobra.Command, err error) error {
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	flag := func(name string) string {
		if name == "" {
			return ""
		}
		return "--" + name
	}
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok {
		// In -format the letters behind the first are not shorthands.
		if short := unknown.GetSpecifiedShortnames(); short != "" {
			return fmt.Errorf("unknown flag: -%s%s", short, didYouMean(flag(nearest(strings.TrimLeft(short, "-"), names))))
		}
		return fmt.Errorf("unknown flag: --%s%s", unknown.GetSpecifiedName(), didYouMean(flag(nearest(unknown.GetSpecifiedName(), names))))
	}
	if invalid, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		why := errors.Unwrap(invalid).Error()
		switch invalid.GetFlag().Value.Type() {
		case "int":
			why = "write a whole number, such as 2"
		case "bool":
			why = "write true or false, or the flag alone"
		}
		return fmt.Errorf("--%s %q: %s", invalid.GetFlag().Name, invalid.GetValue(), why)
	}
	if missing, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		return fmt.Errorf("--%s needs a value behind it", missing.GetSpecifiedName())
	}
	return err
}
