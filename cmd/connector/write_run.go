package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/connector/exchange/batch"
)

// writeRun is one run of connector write.
type writeRun struct {
	c      *command
	file   *batch.Batch
	action exchange.Action
	to     *exchange.Destination
}

// refuseBatch prints what is wrong with a file of which nothing is written.
func (c *command) refuseBatch(file *batch.Batch) error {
	lines := map[int]bool{}
	for _, ack := range file.Invalid {
		lines[ack.Line] = true
		if err := c.printAck(ack); err != nil {
			return err
		}
	}
	fmt.Fprintf(c.err, "%s in %s; nothing was written\n", plural(len(file.Invalid), "problem"), plural(len(lines), "record"))
	fmt.Fprintln(c.err, "connector: hint: mend them, or write the others with --skip-invalid")
	return exit(exitRejected)
}

func (c *command) printAck(ack exchange.Ack) error {
	line, err := json.Marshal(ack)
	if err == nil {
		_, err = c.out.Write(append(line, '\n'))
	}
	return cannotWrite(err)
}

// statuses are the outcomes in the order in which the summary has them.
var statuses = []exchange.Status{
	exchange.Created, exchange.Updated, exchange.Unchanged, exchange.Exists, exchange.Planned, exchange.Invalid, exchange.Failed, exchange.Uncertain,
}

// all writes the records. The error is about what ended the run, an exit code if all was
// said.
func (r *writeRun) all(ctx context.Context, results string) (err error) {
	lingers.Store(true)
	var journal *batch.Journal
	if results != "" {
		if journal, err = batch.OpenJournal(results, r.file); err != nil {
			if errors.Is(err, batch.ErrJournal) {
				return &failure{exitUsage, fmt.Errorf("%s: %w", results, err), "nothing was written; name another file with --results for other records"}
			}
			return unreadable(fmt.Errorf("cannot use %s: %s", results, reason(err)))
		}
		r.to.Journal = journal
		defer func() {
			if failed := journal.Close(); failed != nil && err == nil {
				err = cannotWriteFile(results, failed)
			}
		}()
	}
	counts := map[exchange.Status]int{}
	invalid := r.file.Invalid
	skipped, tried := 0, 0
	tell := func(ack exchange.Ack) error {
		counts[ack.Status]++
		return r.c.printAck(ack)
	}
	invalidBefore := func(line int) error { // those that stand before a line
		for ; len(invalid) > 0 && invalid[0].Line < line; invalid = invalid[1:] {
			if err := tell(invalid[0]); err != nil {
				return err
			}
		}
		return nil
	}
	bar := newProgress(r.c.err, len(r.file.Records), "writing")
	var failed error
	for ack, ended := range r.to.Write(ctx, r.action, r.file.Data()) {
		if ended != nil {
			failed = ended
			break
		}
		tried++
		bar.step()
		acked := journal != nil && journal.Acked(ack.Line)
		ack.Line = r.file.Records[ack.Line-1].Line
		if acked {
			skipped++
			continue
		}
		if err := invalidBefore(ack.Line); err != nil {
			return err
		}
		if err := tell(ack); err != nil {
			return err
		}
	}
	bar.hide()
	if failed == nil {
		if err := invalidBefore(math.MaxInt); err != nil {
			return err
		}
	}
	r.summarize(counts, skipped, len(r.file.Records)-tried)
	return r.ends(ctx, failed, counts)
}

func (r *writeRun) summarize(counts map[exchange.Status]int, skipped, untried int) {
	var said []string
	for _, status := range statuses {
		if n := counts[status]; n > 0 {
			said = append(said, fmt.Sprintf("%d %s", n, status))
		}
	}
	if skipped > 0 {
		said = append(said, fmt.Sprintf("%d told by an earlier run", skipped))
	}
	if untried > 0 {
		said = append(said, fmt.Sprintf("%d not tried", untried))
	}
	if len(said) == 0 {
		said = append(said, "no records")
	}
	fmt.Fprintf(r.c.err, "%s: %s; %s\n", r.action.Name, strings.Join(said, ", "), plural(int(r.to.Calls()), "call"))
}

// ends gives the exit code.
func (r *writeRun) ends(ctx context.Context, failed error, counts map[exchange.Status]int) error {
	bad := counts[exchange.Invalid]+counts[exchange.Failed]+counts[exchange.Uncertain] > 0
	if ctx.Err() != nil {
		return exit(exitInterrupted)
	}
	fault, known := errors.AsType[*exchange.Error](failed)
	switch {
	case failed == nil && bad:
		return exit(exitRejected)
	case failed == nil:
		return nil
	case errors.Is(failed, exchange.ErrChangedMore):
		return &failure{exitRejected, failed, "the ack with changed_more names what changed; compare the room with what it was"}
	case known && fault.Rejected():
		return &failure{exitRejected, failed, fault.Remedy()}
	case known && r.to.Journal != nil:
		return &failure{exitUntested, failed, "run it again later with the same --results: it goes on where it was"}
	case known:
		return &failure{exitUntested, failed, fault.Remedy()}
	}
	return cannotWriteFile("the results", failed)
}
