package main

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/connector/fleet"
	"github.com/100ms-connector/connector-go/connector/store"
)

// noticeFlags say where people are told.
type noticeFlags struct{ file string }

func (f *noticeFlags) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.file, "notify-file", "", "file of the URL that changes are posted to, as Slack and the like take them; whoever has the URL can post")
}

// people are told of what changes; nobody is if there is no file.
type people struct {
	*fleet.Notifier
	log *slog.Logger
}

func (f *noticeFlags) notifier(db *store.Store, log *slog.Logger) (people, error) {
	p := people{log: log}
	if f.file == "" {
		return p, nil
	}
	urls, err := secretLines("--notify-file", f.file, 1)
	if err != nil {
		return p, err
	}
	if p.Notifier, err = fleet.NewNotifier(db, urls[0]); err != nil {
		return p, &failure{exitUsage, fmt.Errorf("%s: %w", f.file, err), "it holds the URL of an incoming webhook, and nothing else"}
	}
	p.Failed = func(err error) { log.Error("nobody could be told", "why", printable(store.Plain(err))) }
	return p, nil
}

func (p people) note(ctx context.Context, e fleet.Event) {
	if p.Notifier == nil {
		return
	}
	if err := p.Note(ctx, e); err != nil && ctx.Err() == nil {
		p.Failed(err)
	}
}

func (p people) notePushed(ctx context.Context, pushed fleet.Pushed) {
	if p.Notifier == nil {
		return
	}
	if err := p.NotePushed(ctx, pushed); err != nil && ctx.Err() == nil {
		p.Failed(err)
	}
}

func (p people) once(ctx context.Context) error {
	if p.Notifier == nil {
		return nil
	}
	if err := p.Post(ctx); err != nil {
		p.Failed(err)
		return exit(exitUntested)
	}
	return nil
}

func (p people) run(ctx context.Context) {
	if p.Notifier != nil {
		p.Run(ctx)
	}
}
