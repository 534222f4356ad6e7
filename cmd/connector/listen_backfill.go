package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/connector/webhook"
)

// What 100ms bounds a replay by, with some room for clocks that differ.
const (
	replayWindow = 14*24*time.Hour - time.Minute
	replayReach  = webhook.Reach - 5*time.Minute
	replayMost   = 50000 // events of one replay
)

// fill asks 100ms to send again what failed while nobody listened. A gap that is not
// closed is asked for by the next run.
func (r *listenRun) fill(ctx context.Context) {
	since, err := r.table.Gap(ctx)
	if err != nil {
		r.unfilled(ctx, r.connection.Explain(err))
		return
	}
	now := time.Now().UTC()
	// An event is given up 14 seconds after it was sent first.
	since = since.UTC().Add(-time.Minute)
	if since.Before(now.Add(-replayReach)) {
		since = now.Add(-replayReach)
	}
	_, never := webhook.Types()
	fmt.Fprintf(r.c.err, "backfill: asking for what failed since %s; 100ms never sends these types again: %s\n", since.Format(time.RFC3339), strings.Join(never, ", "))
	action, _ := exchange.FindAction("webhook_replays")
	done := true
	for ack, err := range r.api.Write(ctx, action, slices.Values(windows(since, now))) {
		if err != nil {
			r.unfilled(ctx, err)
			return
		}
		if ack.Status != exchange.Created || ctx.Err() != nil {
			done = false
		}
		fmt.Fprintf(r.c.err, "backfill: window %d: %s: %s\n", ack.Line, ack.Status, printable(ack.Message))
	}
	if !done {
		return
	}
	if err := r.table.CloseGap(ctx); err != nil {
		r.unfilled(ctx, r.connection.Explain(err))
	}
}

func (r *listenRun) unfilled(ctx context.Context, err error) {
	if ctx.Err() == nil {
		fmt.Fprintf(r.c.err, "connector: warning: the backfill did not come to its end: %s\n", printable(err.Error()))
		fmt.Fprintln(r.c.err, "connector: hint: events are received; the next run with --backfill asks again")
	}
}

// windows cut a time into records of webhook_replays.
func windows(from, to time.Time) (records []json.RawMessage) {
	for from.Before(to) {
		end := from.Add(replayWindow)
		if end.After(to) {
			end = to
		}
		record, _ := json.Marshal(map[string]any{ // it can be marshalled
			"start_time": from.Format("2006-01-02T15:04:05.000Z"), "end_time": end.Format("2006-01-02T15:04:05.000Z"), "limit": replayMost,
		})
		records = append(records, record)
		from = end
	}
	return records
}
