package output

import (
	"errors"
	"io"
	"io/fs"
)

// Format prints results, one at a time, and then what is left to say. Nothing
// else knows what the output looks like. An error is one of the writer's.
type Format interface {
	Result(r Result) error
	End() error
}

// Options are what a format may want to know of the run.
type Options struct {
	Verb          string // validate or test
	Version       string // of this program
	FailOnWarning bool
	Failure       error        // why the run did not come to its inputs; nil if it does
	Notice        func(string) // takes what a person should know of the output itself; never nil
}

// formats are the formats by name. The first is the default.
var formats = []struct {
	name string
	make func(io.Writer, Options) Format
}{
	{"text", newText},
	{"json", newJSON},
	{"github", newGitHub},
	{"junit", newJUnit},
	{"sarif", newSARIF},
}

// Names are the names of the formats.
func Names() []string {
	names := make([]string, 0, len(formats))
	for _, f := range formats {
		names = append(names, f.name)
	}
	return names
}

// New makes a format by its name; nil if there is none of that name.
func New(name string, w io.Writer, o Options) Format {
	for _, f := range formats {
		if f.name == name {
			return f.make(w, o)
		}
	}
	return nil
}

// One prints one result of a test for people, without a summary.
func One(w io.Writer, r Result) error {
	t := newText(w, Options{Verb: "test"}).(*text)
	_ = t.Result(r) // Flush returns its error too
	return t.w.Flush()
}

// Reason is why a document could not be read, without its path, which the result
// names already.
func Reason(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}
