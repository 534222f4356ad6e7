package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/connector/exchange/sink"
)

// readRun is one run of connector read.
type readRun struct {
	c        *command
	flags    *readFlags
	source   *exchange.Source
	progress *readProgress

	checkpoint *sink.Checkpoint
	several    bool
	kept       time.Time // when the state was last replaced
	worst      int       // exit code
	over       bool      // what ended the last stream would end the next as well
}

// all reads the streams, one after the other. What ends one of them with a fault of its
// own does not keep the others from being read.
func (r *readRun) all(ctx context.Context, streams []exchange.Stream) error {
	r.several = len(streams) > 1
	if err := r.prepare(streams); err != nil {
		return err
	}
	for _, stream := range streams {
		if err := r.one(ctx, stream); err != nil {
			return err
		}
		if r.over || ctx.Err() != nil {
			break
		}
	}
	if r.worst != exitOK {
		return exit(r.worst)
	}
	return nil
}

// prepare judges states and files before anything is asked or written.
func (r *readRun) prepare(streams []exchange.Stream) (err error) {
	r.checkpoint = sink.NewCheckpoint()
	if r.flags.state != "" {
		r.checkpoint, err = sink.ReadCheckpoint(r.flags.state)
		switch {
		case errors.Is(err, exchange.ErrState) && r.source.FullRefresh:
			r.checkpoint = sink.NewCheckpoint()
		case err != nil:
			return r.refuse(r.flags.state, err)
		}
	}
	if r.toFiles() {
		if err := os.MkdirAll(r.flags.output, 0o700); err != nil {
			return unreadable(fmt.Errorf("cannot make the folder %s: %s", r.flags.output, reason(err)))
		}
	}
	for _, stream := range streams {
		entry, known := r.checkpoint.Streams[stream.Name]
		if err := r.source.Accepts(stream, entry.State); err != nil {
			return r.refuse(stream.Name, err)
		}
		if !r.appends(stream) {
			continue
		}
		path := r.path(stream)
		if info, err := os.Stat(path); err == nil && !known && info.Size() > 0 {
			return &failure{exitUsage, fmt.Errorf("%s is there, and the state does not know it", path), "name another folder, or move the file away"}
		}
		if err := sink.Check(path, r.encoder(stream), entry.Length); err != nil {
			return r.refuse(path, err)
		}
	}
	return nil
}

// refuse is the failure of a state or a file that cannot be gone on with, or not read.
func (r *readRun) refuse(what string, err error) error {
	if errors.Is(err, exchange.ErrState) || errors.Is(err, sink.ErrFile) {
		return &failure{exitUsage, fmt.Errorf("%s: %w", what, err), "nothing was read; --full-refresh begins anew"}
	}
	return unreadable(fmt.Errorf("cannot read %s: %s", what, reason(err)))
}

func (r *readRun) toFiles() bool { return r.flags.output != "-" }

// appends says whether the stream's file is gone on with. Else it is written anew.
func (r *readRun) appends(stream exchange.Stream) bool {
	return r.toFiles() && r.flags.state != "" && stream.Incremental() && !r.source.FullRefresh
}

func (r *readRun) path(stream exchange.Stream) string {
	return filepath.Join(r.flags.output, stream.Name+"."+r.flags.format.value)
}

func (r *readRun) encoder(stream exchange.Stream) sink.Encoder {
	if r.several && !r.toFiles() {
		return sink.Named(stream)
	}
	return sink.NewEncoder(r.flags.format.value, stream)
}

// written is where the records of one stream go.
type written interface{ Write([]exchange.Record) error }

// one reads one stream. The error is one of writing; what the API says is in the summary.
func (r *readRun) one(ctx context.Context, stream exchange.Stream) error {
	entry := r.checkpoint.Streams[stream.Name]
	var to written = &sink.Output{To: r.c.out, Encoder: r.encoder(stream)}
	var file *sink.File
	if r.toFiles() {
		var err error
		if file, err = r.open(stream, &entry); err != nil {
			return cannotWriteFile(r.path(stream), err)
		}
		defer file.Discard()
		to = file
	}
	if file != nil && !r.appends(stream) {
		entry.State = "" // the file is whole, or it is not there
	}
	before := r.source.Calls()
	summary := readSummary{stream: stream.Name, begun: time.Now()}
	var failed error
	for page, err := range r.source.Read(ctx, stream, entry.State) {
		summary.add(page)
		if failed = err; err != nil {
			break
		}
		if err := to.Write(page.Records); err != nil {
			if file != nil && r.appends(stream) {
				_ = r.keep(stream, entry, file) // as far as it came; the error to tell is the first
			}
			return r.cannotWrite(stream, err)
		}
		entry.State = page.State
		if file == nil || r.appends(stream) && (time.Since(r.kept) > time.Second) {
			if err := r.keep(stream, entry, file); err != nil {
				return err
			}
		}
		summary.calls = r.source.Calls() - before
		r.progress.show(summary)
	}
	summary.calls = r.source.Calls() - before
	r.progress.hide()
	if errors.Is(failed, exchange.ErrState) {
		return r.refuse(stream.Name, failed)
	}
	if err := r.finish(stream, entry, file, failed); err != nil {
		return err
	}
	r.report(ctx, &summary, failed)
	return nil
}

// passing are the causes that go away without anybody's doing.
var passing = []connector.Code{connector.RateLimited, connector.ServiceUnavailable, connector.Timeout, connector.NetworkFailure}

// report prints the summary of a stream and what ended it, and keeps its exit code.
func (r *readRun) report(ctx context.Context, s *readSummary, failed error) {
	fmt.Fprintln(r.c.err, s.String())
	if failed == nil || ctx.Err() != nil {
		return
	}
	code := exitUntested
	fault, known := errors.AsType[*exchange.Error](failed)
	hint := ""
	if known {
		hint = fault.Remedy()
		switch {
		case fault.Rejected():
			code = exitRejected
		case r.flags.state != "" && slices.Contains(passing, fault.Code):
			hint = "run it again later: the state is kept, and it goes on where it was"
		}
	}
	r.c.complain(fmt.Errorf("%s: %w", s.stream, failed), hint)
	if r.worst != exitRejected {
		r.worst = code
	}
	r.over = !known || fault.Code != connector.PermissionDenied && fault.Code != connector.UnexpectedResponse
}
