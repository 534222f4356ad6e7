package main

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/connector/exchange/sink"
)

// readRun is one run of connector read.
type readRun struct {
	c        *command
	flags    *readFlags
	source   *exchange.Source
	progress *readProgress

	base      *base           // in the place of files
	downloads *sink.Downloads // nil if none are asked for

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
		one := r.one
		if r.base != nil {
			one = r.intoTable
		}
		if err := one(ctx, stream); err != nil {
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

func (r *readRun) toFiles() bool { return r.base == nil && r.flags.output != "-" }

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

// keepEvery is how often the state of a file is replaced, for which the disk is waited
// for.
const keepEvery = 200 * time.Millisecond

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
	summary, failed, err := r.take(ctx, stream, entry.State, func(page exchange.Page) error {
		if err := to.Write(page.Records); err != nil {
			if file != nil && r.appends(stream) {
				_ = r.keep(stream, entry, file) // as far as it came; the error to tell is the first
			}
			return r.cannotWrite(stream, err)
		}
		entry.State = page.State
		if file == nil || r.appends(stream) && time.Since(r.kept) > keepEvery {
			return r.keep(stream, entry, file)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := r.finish(stream, entry, file, failed); err != nil {
		return err
	}
	return r.end(ctx, summary, failed)
}

// take reads a stream, and has each page kept. failed is what ended the read before its
// end, err why a page could not be kept or the read could not begin.
func (r *readRun) take(ctx context.Context, stream exchange.Stream, from exchange.State, keep func(exchange.Page) error) (s *readSummary, failed, err error) {
	before := r.source.Calls()
	s = &readSummary{stream: stream.Name, begun: time.Now()}
	defer r.progress.hide()
	for page, err := range r.source.Read(ctx, stream, from) {
		if failed = err; err == nil {
			failed = r.fetch(ctx, page, s)
		}
		if failed != nil {
			page.Records = nil // what is not kept does not count
		}
		s.add(page)
		s.calls = r.source.Calls() - before
		if failed != nil {
			break
		}
		if err := keep(page); err != nil {
			return s, nil, err
		}
		r.progress.show(*s)
	}
	s.calls = r.source.Calls() - before
	if errors.Is(failed, exchange.ErrState) {
		return s, nil, r.refuse(stream.Name, failed)
	}
	return s, failed, nil
}
