package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/100ms-connector/connector-go/connector/fleet"
	"github.com/100ms-connector/connector-go/connector/store"
)

// handovers are where tokens go: the targets that the store keeps, and those of this
// machine, if there is a file of them.
type handovers struct {
	hosts  *fleet.Hosts
	local  *fleet.Targets // nil without a file
	failed atomic.Bool
}

func readTargets(path string, db *store.Store, tell func(fleet.Pushed)) (*handovers, error) {
	p := new(handovers)
	said := func(done fleet.Pushed) {
		if done.Err != nil {
			p.failed.Store(true)
		}
		tell(done)
	}
	p.hosts = &fleet.Hosts{Store: db, Tell: said}
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
	targets.Tell = said
	p.local = targets
	return p, nil
}

// logPushed writes what became of a token that was handed over.
func logPushed(log *slog.Logger, p fleet.Pushed) {
	if p.Err != nil {
		log.Error("not handed over", "name", printable(p.Name), "target", printable(p.Target), "why", printable(store.Plain(p.Err)))
		return
	}
	log.Info("handed over", "name", printable(p.Name), "target", printable(p.Target))
}

// once hands over what differs; a target that could not get its token is exit 3.
func (p *handovers) once(ctx context.Context) error {
	err := p.hosts.Push(ctx)
	if p.local != nil && err == nil {
		err = p.local.Push(ctx, p.hosts.Store)
	}
	if err == nil && p.failed.Load() {
		return exit(exitUntested)
	}
	return err
}

// run hands over what differs, until ctx ends.
func (p *handovers) run(ctx context.Context) {
	var both sync.WaitGroup
	defer both.Wait()
	both.Go(func() { p.hosts.Run(ctx) })
	if p.local != nil {
		both.Go(func() { p.local.Run(ctx, p.hosts.Store) })
	}
}
