package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/connector/exchange/sink"
)

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
		if r.base != nil {
			if entry.State, err = r.base.State(context.Background(), stream); err != nil {
				return r.base.explained(err)
			}
		}
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
