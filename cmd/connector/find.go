package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/cmd/connector/internal/output"
)

// search says which files of a directory are read.
type search struct {
	include, exclude []string
}

func (s *search) flags(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&s.include, "include", nil, "which files of a directory to read, such as '*.yaml' or 'prod/**', instead of *.json; repeatable")
	cmd.Flags().StringArrayVar(&s.exclude, "exclude", nil, "which files and folders of a directory to pass over; repeatable")
}

// check finds the patterns that are none.
func (s *search) check() error {
	for _, pattern := range slices.Concat(s.include, s.exclude) {
		for _, part := range strings.Split(pattern, "/") {
			if _, err := path.Match(part, ""); err != nil || pattern == "" {
				return fmt.Errorf("%q is no pattern: * stands for any characters, ? for one, [a-z] for one of these, ** for any folders", pattern)
			}
		}
	}
	return nil
}

// directory is one that was named, with what became of the files in it.
type directory struct {
	path    string
	results int // of files in it
	others  int // files that are no credentials
}

// empty is why there was nothing to judge in the directory.
func (d *directory) empty() error {
	return fmt.Errorf("no credential is in it: %s passed over", output.Plural(d.others, "other file"))
}

// neverEntered are folders that hold what others wrote.
var neverEntered = []string{"node_modules", "vendor"}

// below lists the files below a directory that the search is for, in the order of
// their names. Folders that begin with a dot, and those of package managers, are not
// entered. A directory without such a file is an error: a check of nothing must not
// pass.
func (s search) below(dir string) []input {
	include := s.include
	if include == nil {
		include = []string{"*.json"}
	}
	var found []input
	in := &directory{path: dir}
	root := strings.TrimRight(dir, string(filepath.Separator)) + string(filepath.Separator) // a link is followed to here
	_ = filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		inside, _ := filepath.Rel(root, file) // it is below
		inside = filepath.ToSlash(inside)
		switch {
		case err != nil:
			found = append(found, input{source: file, path: file, err: err, dir: in})
			if entry != nil && entry.IsDir() {
				return fs.SkipDir
			}
		case file == root:
		case entry.IsDir():
			if strings.HasPrefix(entry.Name(), ".") || slices.Contains(neverEntered, entry.Name()) || matchesAny(s.exclude, inside) {
				return fs.SkipDir
			}
		case matchesAny(include, inside) && !matchesAny(s.exclude, inside):
			found = append(found, input{source: file, path: file, plain: entry.Type().IsRegular(), dir: in})
		}
		return nil
	})
	if len(found) == 0 {
		found = append(found, input{source: dir, path: dir, err: errNoFile{strings.Join(include, ", ")}, dir: in})
	}
	found[len(found)-1].last = true
	return found
}

// errNoFile: no file of a directory has a name of those that were looked for.
type errNoFile struct{ names string }

func (e errNoFile) Error() string { return "there is no " + e.names + " file in it" }

// isNoFile says whether an input stands for a directory in which nothing was found.
func isNoFile(in input) bool {
	_, none := errors.AsType[errNoFile](in.err)
	return none
}

// matchesAny says whether a pattern fits a path below the directory, in letters of
// either case. One without a slash fits the last name of the path.
func matchesAny(patterns []string, inside string) bool {
	names := strings.Split(strings.ToLower(inside), "/")
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		pattern = strings.ToLower(strings.TrimSuffix(pattern, "/"))
		if !strings.Contains(pattern, "/") {
			return matches([]string{pattern}, names[len(names)-1:])
		}
		return matches(strings.Split(strings.TrimPrefix(pattern, "/"), "/"), names)
	})
}

// matches says whether a pattern fits a path, both cut at their slashes.
func matches(pattern, names []string) bool {
	switch {
	case len(pattern) == 0:
		return len(names) == 0
	case pattern[0] == "**":
		return matches(pattern[1:], names) || len(names) > 0 && matches(pattern, names[1:])
	case len(names) == 0:
		return false
	}
	fits, _ := path.Match(pattern[0], names[0])
	return fits && matches(pattern[1:], names[1:])
}
