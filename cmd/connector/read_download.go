package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/connector/exchange/sink"
)

// assetStream is the stream whose records are of files.
const assetStream = "recording_assets"

// downloads fetches files into a folder, as the flags of read say.
func (f *readFlags) downloads() *sink.Downloads {
	transport := connector.NewTransport()
	transport.Proxy = http.ProxyFromEnvironment
	return &sink.Downloads{Source: &f.source, Folder: f.download, Transport: transport, Patience: f.source.Patience, Concurrency: f.concurrency}
}

// fetch fetches the files of a page, before its state can be kept.
func (r *readRun) fetch(ctx context.Context, page exchange.Page, s *readSummary) error {
	if r.downloads == nil || page.Stream != assetStream {
		return nil
	}
	return r.downloads.Fetch(ctx, page.Records, func(d sink.Download) {
		s.files.count(d)
		if d.Outcome == sink.Refused {
			r.progress.hide()
			r.c.complain(fmt.Errorf("the file of the asset %s was not fetched: %s", printable(d.ID), d.Why), "")
			r.worst = max(r.worst, exitUntested)
		}
		r.progress.show(*s)
	})
}

// fileSummary counts the files of a stream's records.
type fileSummary struct {
	by    map[sink.Outcome]int
	bytes int64
}

func (f *fileSummary) count(d sink.Download) {
	if f.by == nil {
		f.by = map[sink.Outcome]int{}
	}
	f.by[d.Outcome]++
	f.bytes += d.Bytes
}

// words are what the summary says of the files.
func (f *fileSummary) words() (said []string) {
	for _, o := range []struct {
		outcome sink.Outcome
		words   string
	}{{sink.Fetched, "%s fetched"}, {sink.Present, "%s there already"}, {sink.Gone, "%s that 100ms has no longer"}, {sink.Refused, "%s not fetched"}} {
		n := f.by[o.outcome]
		if n == 0 {
			continue
		}
		words := fmt.Sprintf(o.words, plural(n, "file"))
		if o.outcome == sink.Fetched {
			words += fmt.Sprintf(" (%.1f MiB)", float64(f.bytes)/(1<<20))
		}
		said = append(said, words)
	}
	return said
}
