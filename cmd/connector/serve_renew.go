package main

import (
	"context"
	"sync"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/fleet"
	"github.com/100ms-connector/connector-go/connector/store"
)

// renewing renews credentials for the form, as connector renew does.
type renewing struct {
	keys   keys
	db     *store.Store
	tester *connector.Tester
}

// Keys implements web.Renewal.
func (n *renewing) Keys(ctx context.Context) (map[string]bool, error) {
	kept, err := n.db.Keys(ctx)
	if err != nil {
		return nil, err
	}
	at := map[string]bool{}
	for _, k := range kept {
		at[k.AccessKey] = k.Damage == ""
	}
	if n.keys.given != nil {
		at[n.keys.given.AccessKey] = true
	}
	return at, nil
}

// Renew implements web.Renewal. Whoever asks for it in the form need not wait until it is
// due.
func (n *renewing) Renew(ctx context.Context, r store.Record) (said string, renewed bool) {
	renewer := &fleet.Renewer{
		Tester: n.tester, Key: n.keys.of, Began: time.Now(),
		Due: func(r store.Record, _ time.Time) bool { return r.Damage == "" },
	}
	became := renewer.Renew(ctx, n.db, r)
	if became.Outcome == fleet.Renewed {
		// That the verdict cannot be kept changes nothing about the token.
		_ = n.db.RecordTest(ctx, became.Fresh, became.Report)
		return became.Why + n.handOver(ctx, r.Name), true
	}
	return became.Why, became.Outcome == fleet.RenewedByAnother
}

// handOver puts the new token where it is used, and says where it has not arrived. A host
// that takes its time is left to connector watch.
func (n *renewing) handOver(ctx context.Context, name string) (said string) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var mu sync.Mutex
	hosts := &fleet.Hosts{Store: n.db, Tell: func(p fleet.Pushed) {
		mu.Lock()
		defer mu.Unlock()
		if p.Name == name && p.Err != nil {
			said += ". " + p.Target + " does not have it: " + p.Err.Error()
		}
	}}
	_ = hosts.Push(ctx) // what has not arrived is shown by target list
	return said
}

// Sign implements web.Renewal.
func (n *renewing) Sign(ctx context.Context, accessKey string, life time.Duration) (connector.Secret, error) {
	key, err := n.keys.of(ctx, accessKey)
	if err != nil {
		return "", err
	}
	return key.Mint(life)
}
