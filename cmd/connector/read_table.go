package main

import (
	"context"
	"time"

	"github.com/100ms-connector/connector-go/connector/exchange"
)

// intoTable reads one stream into its table. The state stands in the same database, and
// is written with what it covers.
func (r *readRun) intoTable(ctx context.Context, stream exchange.Stream) error {
	table, err := r.base.Table(ctx, stream, r.source.FullRefresh)
	if err != nil {
		return r.base.explained(err)
	}
	// What was read is kept, also if the read was interrupted.
	late := context.WithoutCancel(ctx)
	gathered := &gathered{write: func(page exchange.Page) error { return r.base.explained(table.Write(late, page)) }}
	summary, failed, err := r.take(ctx, stream, table.State(), gathered.add)
	if err == nil {
		err = gathered.flush()
	}
	if err != nil {
		return err
	}
	return r.end(ctx, summary, failed)
}

// gathered are pages that are written together: a transaction for each one takes longer than
// to write the rows.
type gathered struct {
	write   func(exchange.Page) error
	waiting exchange.Page
	since   time.Time // when the first of those came; zero if none waits
}

// Pages are written once they have so many records, or the first has waited for so long.
const (
	recordsAtOnce = 500
	waitAtMost    = time.Second
)

func (p *gathered) add(page exchange.Page) error {
	if p.since.IsZero() {
		p.since = time.Now()
	}
	p.waiting.Records = append(p.waiting.Records, page.Records...)
	p.waiting.Notes = append(p.waiting.Notes, page.Notes...)
	p.waiting.State, p.waiting.Done = page.State, page.Done
	if len(p.waiting.Records) < recordsAtOnce && time.Since(p.since) < waitAtMost && !page.Done {
		return nil
	}
	return p.flush()
}

func (p *gathered) flush() error {
	if p.since.IsZero() {
		return nil
	}
	page := p.waiting
	p.waiting, p.since = exchange.Page{}, time.Time{}
	return p.write(page)
}
