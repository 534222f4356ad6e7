package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/fleet"
	"github.com/100ms-connector/connector-go/connector/store"
)

// log writes what happens, a line each.
func (c *command) log(format string) *slog.Logger {
	if format == "json" {
		return slog.New(slog.NewJSONHandler(c.err, nil))
	}
	return slog.New(slog.NewTextHandler(c.err, nil))
}

// logEvent writes one event. Names are a person's own words, and messages hold what a
// server said: both are made safe for a terminal.
func logEvent(log *slog.Logger, e fleet.Event) {
	args := []any{}
	if e.Name != "" {
		args = append(args, "name", printable(e.Name))
	}
	if e.Report != nil {
		args = append(args, "verdict", e.Report.Verdict, "code", e.Report.Code)
	}
	level, what := slog.LevelInfo, "tested"
	if r := e.Renewal; r != nil && r.Outcome != fleet.NotDue {
		what = map[fleet.Outcome]string{fleet.Renewed: "renewed", fleet.RenewedByAnother: "renewed by another", fleet.NotRenewed: "not renewed"}[r.Outcome]
		args = append(args, "why", printable(r.Why))
		if !r.ExpiresAt.IsZero() {
			args = append(args, "expires", r.ExpiresAt.UTC())
		}
	} else if e.Report != nil && e.Report.Verdict != connector.VerdictAccepted {
		args = append(args, "why", printable(e.Report.Message))
	}
	switch {
	case e.Err != nil:
		level, what = slog.LevelError, "not looked after"
		args = append(args, "why", printable(store.Plain(e.Err)))
	case e.Rejected():
		level = slog.LevelError
	case !e.Well():
		level = slog.LevelWarn
	}
	log.Log(context.Background(), level, what, append(args, "took", e.Took.Round(time.Millisecond))...)
}

// queueLog is the log of what the queue has to say: what a person should know.
func (c *command) queueLog(log *slog.Logger) *slog.Logger {
	return slog.New(atLeast{log.Handler(), slog.LevelWarn})
}

// atLeast passes on what has a level or more.
type atLeast struct {
	slog.Handler
	level slog.Level
}

// Enabled implements slog.Handler.
func (a atLeast) Enabled(_ context.Context, level slog.Level) bool { return level >= a.level }

// WithAttrs implements slog.Handler.
func (a atLeast) WithAttrs(attrs []slog.Attr) slog.Handler {
	return atLeast{a.Handler.WithAttrs(attrs), a.level}
}

// WithGroup implements slog.Handler.
func (a atLeast) WithGroup(name string) slog.Handler {
	return atLeast{a.Handler.WithGroup(name), a.level}
}
