package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/cmd/connector/internal/output"
)

// printer is what the verbs that print results share: standard output in one format,
// and files in others.
type printer struct {
	verb            string
	format          *choice
	files           outputFiles
	failOnWarning   bool
	onlyCredentials bool // finding none is no failure

	formats []output.Format
	opened  []*output.File
	summary output.Summary
	worst   output.Status
	reached int // inputs so far
}

func (p *printer) flags(cmd *cobra.Command) {
	p.verb = cmd.Name()
	p.format = choose(cmd, "format", "how to print the results", output.Names()...)
	cmd.Flags().Var(&p.files, "output", "a file to write the results to as well, in a format of its own, such as sarif=results.sarif; repeatable")
	cmd.Flags().BoolVar(&p.failOnWarning, "fail-on-warning", false, "exit 1 on a warning too")
}

// begin makes the formats. Files are opened now, so that one that cannot be written
// is known before the first call.
func (p *printer) begin(c *command, failure error) error {
	version, _ := builtFrom()
	options := output.Options{Verb: p.verb, Version: version, FailOnWarning: p.failOnWarning, Failure: failure, Notice: func(text string) {
		fmt.Fprintf(c.err, "connector: warning: %s\n", text)
	}}
	p.summary.Verb = p.verb
	p.formats = []output.Format{output.New(p.format.value, c.out, options)}
	for _, f := range p.files {
		file, err := output.Create(f.path)
		if err != nil {
			p.close()
			return cannotWriteFile(f.path, err)
		}
		p.opened = append(p.opened, file)
		p.formats = append(p.formats, output.New(f.format, file, options))
	}
	return nil
}

// close gives up the files that are not complete.
func (p *printer) close() {
	for _, f := range p.opened {
		f.Discard()
	}
}

// take prints the result of an input; nil stands for a document that is no
// credential, which is counted alone.
func (p *printer) take(in input, r *result) error {
	p.reached++
	if r == nil {
		p.summary.Others++
	} else if err := p.add(*r); err != nil {
		return err
	}
	if in.dir == nil {
		return nil
	}
	if r == nil {
		in.dir.others++
	} else {
		in.dir.results++
	}
	if in.last && in.dir.results == 0 && !p.onlyCredentials {
		return p.add(unreadableResult(p.verb, input{source: in.dir.path, path: in.dir.path}, in.dir.empty()))
	}
	return nil
}

func (p *printer) add(r result) error {
	p.worst = max(p.worst, r.Status(p.failOnWarning))
	p.summary.Add(r)
	for _, f := range p.formats {
		if err := f.Result(r); err != nil {
			return cannotWrite(err)
		}
	}
	return nil
}

// none prints, for the formats of machines, the document of a run that did not
// come to its inputs because something else could not be read.
func (p *printer) none(c *command, because error) error {
	f, known := errors.AsType[*failure](because)
	if !known || f.code != exitUntested || p.format.value == "text" && len(p.files) == 0 {
		return because
	}
	defer p.close()
	err := p.begin(c, because)
	if err == nil {
		err = p.complete()
	}
	return cmp.Or(err, because)
}

// complete ends what every format has to say, and puts the files in their places.
func (p *printer) complete() error {
	for _, f := range p.formats {
		if err := f.End(); err != nil {
			return cannotWrite(err)
		}
	}
	for i, f := range p.opened {
		if err := f.Commit(); err != nil {
			return cannotWriteFile(p.files[i].path, err)
		}
	}
	return nil
}

// end completes the output, says the summary, and returns the exit code as an error.
// An interrupted run says how many of all inputs it did not come to.
func (p *printer) end(c *command, all int) error {
	if err := p.complete(); err != nil {
		return err
	}
	if all == 0 && !p.onlyCredentials {
		return errNothingSaved
	}
	fmt.Fprintln(c.err, p.summary.String())
	if left := all - p.reached; left > 0 {
		fmt.Fprintf(c.err, "connector: interrupted: %d of %d not reached\n", left, all)
	}
	if file := os.Getenv("GITHUB_STEP_SUMMARY"); file != "" && p.format.value == "github" {
		if err := output.AppendSummary(file, p.summary); err != nil {
			return cannotWriteFile(file, err)
		}
	}
	return exitWith(p.worst)
}

// cannotWriteFile is the failure to write a file that the call names.
func cannotWriteFile(path string, err error) error {
	return unreadable(fmt.Errorf("cannot write %s: %s", path, reason(err)))
}

// outputFiles is the value of --output.
type outputFiles []struct{ format, path string }

func (o *outputFiles) String() string { return "" }
func (o *outputFiles) Type() string   { return "FORMAT=FILE" }
func (o *outputFiles) Set(s string) error {
	format, path, given := strings.Cut(s, "=")
	switch {
	case !given || path == "":
		return errors.New("give a format and a file, such as sarif=results.sarif")
	case !slices.Contains(output.Names(), format):
		return fmt.Errorf("known formats are %s", strings.Join(output.Names(), ", "))
	case path == "-":
		return errors.New("it names a file; how to print to standard output says --format")
	}
	for _, other := range *o {
		if filepath.Clean(other.path) == filepath.Clean(path) {
			return errors.New("the file is named twice")
		}
	}
	*o = append(*o, struct{ format, path string }{format, path})
	return nil
}
