package main

import (
	"context"
	"errors"
	"log/slog"

	"github.com/100ms-connector/connector-go/connector/fleet"
	"github.com/100ms-connector/connector-go/connector/store"
)

// handovers are the targets of this machine; none if there is no file of them.
type handovers struct {
	*fleet.Targets
	failed bool
}

func readTargets(path string, log *slog.Logger) (*handovers, error) {
	p := new(handovers)
	if path == "" {
		return p, nil
	}
	targets, err := fleet.ReadTargets(path)
	if err != nil {
		if errors.Is(err, fleet.ErrTargets) {
			return nil, &failure{exitUsage, err, "the page of connector/fleet shows the form"}
		}
		return nil, unreadable(err)
	}
	targets.Tell = func(done fleet.Pushed) {
		if done.Err != nil {
			p.failed = true
			log.Error("not handed over", "name", printable(done.Name), "target", printable(done.Target), "why", printable(store.Plain(done.Err)))
			return
		}
		log.Info("handed over", "name", printable(done.Name), "target", printable(done.Target))
	}
	p.Targets = targets
	return p, nil
}

// once hands over what differs; a target that could not get its token is exit 3.
func (p *handovers) once(ctx context.Context, db *store.Store) error {
	if p.Targets == nil {
		return nil
	}
	if err := p.Push(ctx, db); err != nil {
		return err
	}
	if p.failed {
		return exit(exitUntested)
	}
	return nil
}

func (p *handovers) run(ctx context.Context, db *store.Store) {
	if p.Targets != nil {
		p.Run(ctx, db)
	}
}
