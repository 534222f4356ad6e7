package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
)

// HostTarget is a place in another host where a token is used: a *NexlaTarget or an
// *AirbyteTarget.
type HostTarget interface {
	// Push writes a token there. The error is ErrHost, or the context's.
	Push(ctx context.Context, token connector.Secret) error

	// kept is how the store keeps it.
	kept() (host, place string, with reached)
}

// reached is with what a host is reached: what the store seals.
type reached struct {
	URL          string `json:"url"`
	ServiceKey   string `json:"service_key,omitempty"`
	ClientID     string `json:"client_id,omitempty"`
	ClientSecret string `json:"client_secret,omitempty"`
}

// The words of the hosts, as Target.Host has them.
const (
	hostNexla   = "nexla"
	hostAirbyte = "airbyte"
)

// hostTarget is the target that the store keeps.
func hostTarget(to store.Target, settings connector.Secret, transport http.RoundTripper) (HostTarget, error) {
	var with reached
	if json.Unmarshal([]byte(settings.Reveal()), &with) != nil {
		return nil, fmt.Errorf("%w: its settings are not those of a target", ErrHost)
	}
	id, err := strconv.Atoi(to.Place)
	switch {
	case to.Host == hostNexla && err == nil:
		return &NexlaTarget{BaseURL: with.URL, ID: id, ServiceKey: connector.Secret(with.ServiceKey), Transport: transport}, nil
	case to.Host == hostAirbyte:
		return &AirbyteTarget{BaseURL: with.URL, SourceID: to.Place, ClientID: with.ClientID, ClientSecret: connector.Secret(with.ClientSecret), Transport: transport}, nil
	}
	return nil, fmt.Errorf("%w: this program knows no host %q", ErrHost, to.Host)
}

// Hosts hands tokens to the targets that a store keeps. Store must be set; the zero values
// of the other fields are the defaults. Several processes may do so at once: each token
// arrives once, and what was under way in one that is killed is done again.
type Hosts struct {
	Store     *store.Store
	Tell      func(Pushed)      // is told of each token that was handed over, or could not be; nil if nobody is. It is called by several goroutines
	Transport http.RoundTripper // one of its own for each push if nil
}

// Add puts the token of a credential into a target, and keeps the target once it is there.
// Without a push nothing is tried, and the next Push does it. Errors: ErrHost, and those of
// store.SaveTarget.
func (h *Hosts) Add(ctx context.Context, name string, to HostTarget, push bool) error {
	host, place, with := to.kept()
	settings, err := json.Marshal(with)
	if err != nil {
		return err
	}
	has := connector.Secret("")
	if push {
		cred, err := h.Store.Credential(ctx, name)
		if err != nil {
			return err
		}
		if err := to.Push(ctx, cred.APIKeyValue); err != nil {
			return err
		}
		has = cred.APIKeyValue
	}
	return h.Store.SaveTarget(ctx, name, host, place, connector.Secret(settings), has)
}

const (
	pushesAtOnce = 8
	pushesOfTurn = 100 // that are asked for at once
)

// Push hands each target that does not have it the token of its credential. What failed a
// short time ago is left for later. The error is the store's, or the context's; what a
// target says is told.
func (h *Hosts) Push(ctx context.Context) error {
	for {
		ids, err := h.Store.DueTargets(ctx, pushesOfTurn)
		if err != nil || len(ids) == 0 {
			return err
		}
		slots := make(chan struct{}, pushesAtOnce)
		var pushing sync.WaitGroup
		var mu sync.Mutex
		done := 0
		for _, id := range ids {
			slots <- struct{}{}
			pushing.Go(func() {
				defer func() { <-slots }()
				taken, failed := h.push(ctx, id)
				mu.Lock()
				defer mu.Unlock()
				if taken {
					done++
				}
				if failed != nil && (err == nil || errors.Is(failed, store.ErrUnavailable)) {
					err = failed
				}
			})
		}
		pushing.Wait()
		if err != nil || ctx.Err() != nil || done == 0 {
			return errors.Join(err, ctx.Err())
		}
	}
}

// push hands one target its token. The error is one that the next target would meet as
// well.
func (h *Hosts) push(ctx context.Context, id string) (taken bool, err error) {
	to, taken, err := h.Store.PushTarget(ctx, id, func(ctx context.Context, to store.Target, settings, token connector.Secret) error {
		target, err := hostTarget(to, settings, h.Transport)
		if err != nil {
			return err
		}
		return target.Push(ctx, token)
	})
	if errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrLocked) || errors.Is(err, store.ErrKey) || ctx.Err() != nil {
		return false, err
	}
	if taken && h.Tell != nil {
		h.Tell(Pushed{Name: to.Name, Target: to.Host + " " + to.Place, Err: err, id: to.ID})
	}
	return taken, nil
}

// Run hands over tokens whenever they were renewed, by whichever process, until ctx ends. A
// store that cannot be read is told once, and asked again.
func (h *Hosts) Run(ctx context.Context) { repeat(ctx, h.Push, h.Tell) }

// repeat pushes every few seconds until ctx ends.
func repeat(ctx context.Context, push func(context.Context) error, tell func(Pushed)) {
	failed := ""
	for {
		err := push(ctx)
		switch {
		case err == nil:
			failed = ""
		case ctx.Err() == nil && err.Error() != failed && tell != nil:
			failed = err.Error()
			tell(Pushed{Err: err})
		}
		select {
		case <-time.After(pushEvery):
		case <-ctx.Done():
			return
		}
	}
}
