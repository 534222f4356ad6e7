package main

import (
	"time"

	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/connector/exchange/sink"
)

// open opens the stream's file, and keeps its length before the first record.
func (r *readRun) open(stream exchange.Stream, entry *sink.Entry) (*sink.File, error) {
	if !r.appends(stream) {
		return sink.Create(r.path(stream), r.encoder(stream))
	}
	file, err := sink.Append(r.path(stream), r.encoder(stream), entry.Length)
	if err == nil {
		err = r.keep(stream, *entry, file)
	}
	return file, err
}

// keep replaces the state, after what it covers was written. What is in a pipe does not
// survive a failure of the machine, and so the state beside it need not.
func (r *readRun) keep(stream exchange.Stream, entry sink.Entry, file *sink.File) (err error) {
	if r.flags.state == "" && !r.flags.stateLines {
		return nil
	}
	if file != nil {
		if entry.Length, err = file.Length(); err == nil {
			err = file.Sync()
		}
		if err != nil {
			return r.cannotWrite(stream, err)
		}
	}
	return r.replaceState(stream, entry, file != nil)
}

func (r *readRun) replaceState(stream exchange.Stream, entry sink.Entry, durable bool) error {
	r.checkpoint.Streams[stream.Name] = entry
	r.kept = time.Now()
	if r.flags.stateLines {
		line, err := sink.StateLine(r.checkpoint)
		if err == nil {
			_, err = r.c.out.Write(line)
		}
		return cannotWrite(err)
	}
	if err := r.checkpoint.Save(r.flags.state, durable); err != nil {
		return cannotWriteFile(r.flags.state, err)
	}
	return nil
}

// finish ends the stream's file. One that is written anew is put in its place only when
// it is complete.
func (r *readRun) finish(stream exchange.Stream, entry sink.Entry, file *sink.File, failed error) error {
	switch {
	case file == nil && failed != nil:
		return r.keep(stream, entry, nil)
	case file == nil:
		return nil
	case r.appends(stream):
		return r.keep(stream, entry, file)
	case failed != nil:
		return nil
	}
	stateful := r.flags.state != "" && !r.flags.stateLines && stream.Incremental()
	length, err := file.Length()
	if err == nil && stateful { // a length must never be that of another file, whenever this run is killed
		delete(r.checkpoint.Streams, stream.Name)
		err = r.checkpoint.Save(r.flags.state, true)
	}
	if err == nil {
		err = file.Commit()
	}
	if err != nil {
		return cannotWriteFile(r.path(stream), err)
	}
	if !stateful {
		return nil
	}
	entry.Length = length
	return r.replaceState(stream, entry, true)
}

func (r *readRun) cannotWrite(stream exchange.Stream, err error) error {
	r.progress.hide()
	if !r.toFiles() {
		return cannotWrite(err)
	}
	return cannotWriteFile(r.path(stream), err)
}
