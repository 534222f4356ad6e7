package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// nearest is the known word that was probably meant, or empty: one that is a third
// of its letters away at most, and three, or that begins with what was typed.
func nearest(typed string, known []string) string {
	best, fewest := "", min(len(typed)/3, 3)+1
	lower := strings.ToLower(typed)
	for _, word := range known {
		if d := editDistance(lower, strings.ToLower(word)); d < fewest {
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

// editDistance counts the letters to insert, drop, change or swap with their
// neighbour, by bytes (optimal string alignment).
func editDistance(a, b string) int {
	var before, last []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, row = last, row, make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := last[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			row[j] = min(last[j]+1, row[j-1]+1, change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
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
