package web

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"github.com/100ms-connector/connector-go/connector/store"
)

// names finds the name of an id. An id is a hash of the name, so what was once
// known stays right. The store knows whether the credential is still there.
type names struct {
	mu   sync.Mutex
	byID map[string]string
}

func (n *names) learn(records []store.Record) {
	byID := make(map[string]string, len(records))
	for _, r := range records {
		byID[idOf(r.Name)] = r.Name
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.byID = byID
}

func (n *names) of(id string) (string, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	name, ok := n.byID[id]
	return name, ok
}

func (h *Handler) list(ctx context.Context) ([]store.Record, error) {
	records, err := h.store.List(ctx)
	if err == nil {
		h.names.learn(records)
		h.learnKeys(ctx)
	}
	return records, err
}

// record finds the credential that an address names, or answers the request.
func (h *Handler) record(w http.ResponseWriter, r *http.Request) (store.Record, bool) {
	record, err := h.lookUp(r.Context(), r.PathValue("id"))
	if err != nil {
		h.storeFailed(w, r, err)
	}
	return record, err == nil
}

func (h *Handler) lookUp(ctx context.Context, id string) (store.Record, error) {
	name, ok := h.names.of(id)
	if !ok {
		if _, err := h.list(ctx); err != nil {
			return store.Record{}, err
		}
		if name, ok = h.names.of(id); !ok {
			return store.Record{}, store.ErrNotFound
		}
	}
	return h.store.Show(ctx, name)
}

// storeFailed answers a request that the store could not serve.
func (h *Handler) storeFailed(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case r.Context().Err() != nil: // nobody is there any more
	case errors.Is(err, store.ErrNotFound):
		h.fail(w, r, http.StatusNotFound, "No such credential", "It was deleted or renamed meanwhile.")
	default:
		h.fail(w, r, http.StatusServiceUnavailable, "The saved credentials are out of reach", explain(err))
	}
}

// explain puts an error of the store into a sentence with the next step.
func explain(err error) string {
	what := sentence(shown(store.Plain(err)))
	switch {
	case errors.Is(err, store.ErrLocked):
		what += " Start the form with the key that sealed it."
	case errors.Is(err, store.ErrDamaged):
		what += " Edit it and enter its value anew."
	case errors.Is(err, store.ErrChanged):
		what = "It was changed meanwhile, here or by another program. Close the form, look at it, and edit it again."
	case errors.Is(err, store.ErrExists):
		what += " Choose another name."
	}
	return what
}
