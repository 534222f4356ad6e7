package webhook

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/100ms-connector/connector-go/connector"
)

// Handler receives the webhooks of one workspace, by POST on /. A Store is needed, and a
// Header with its Values, a SignatureSecret, or both, which a request must then have; see
// Err. It is safe for concurrent use; do not change its fields once it serves.
type Handler struct {
	Header          string             // name of the header that the dashboard was told to send
	Values          []connector.Secret // one, or two while it is changed
	SignatureSecret connector.Secret   // of SignatureHeader
	Store           Store
	IncludeSecrets  bool // events are stored and told with the signed URLs and stream keys that they have

	// Stored is told of each event that is new, once it is stored and before the answer
	// to its sender; nil if nobody is. It is called by several goroutines.
	Stored func(Event)
	// Refused is told of each request that is not answered 200; nil if nobody is. It is
	// called by several goroutines. The error has nothing of what the sender sent.
	Refused func(status int, why error)

	held atomic.Int64 // bytes of bodies that are read or wait to be stored
}

// Store keeps events. Put returns once the event will outlive the process and the
// machine; fresh is false if one of that ID is there, which stays as it is.
type Store interface {
	Put(ctx context.Context, event Event) (fresh bool, err error)
}

const (
	maxHeld  = 64 << 20         // bytes of bodies at once
	patience = 10 * time.Second // for the Store
)

var errBusy = errors.New("too much is waiting to be stored")

// ServeHTTP answers 200 for an event that is stored, 401 without the header's value or
// the signature, 413 for a body of more than MaxBody, 400 for what is no JSON object, and
// 503 for what could not be stored, which 100ms then sends again. No answer has a body.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	status, why := h.receive(w, r)
	if status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", http.MethodPost)
	}
	w.WriteHeader(status)
	if status != http.StatusOK && h.Refused != nil {
		h.Refused(status, why)
	}
}

func (h *Handler) receive(w http.ResponseWriter, r *http.Request) (status int, why error) {
	if err := h.Err(); err != nil {
		return http.StatusServiceUnavailable, err
	}
	switch {
	case r.URL.Path != "/":
		return http.StatusNotFound, errors.New("webhooks are received at / alone")
	case r.Method != http.MethodPost:
		return http.StatusMethodNotAllowed, errors.New("a webhook is a POST")
	case !h.known(r):
		return http.StatusUnauthorized, errKey
	case r.ContentLength > MaxBody:
		return http.StatusRequestEntityTooLarge, errLarge
	}
	body := &metered{from: http.MaxBytesReader(w, r.Body, MaxBody), held: &h.held}
	defer body.release()
	data, err := io.ReadAll(body)
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return http.StatusRequestEntityTooLarge, errLarge
	}
	switch {
	case errors.Is(err, errBusy):
		return http.StatusServiceUnavailable, err
	case err != nil:
		return http.StatusBadRequest, errors.New("the body did not come whole")
	case !h.signed(r, data):
		return http.StatusUnauthorized, errSignature
	}
	event, err := read(data, h.IncludeSecrets)
	if err != nil {
		return http.StatusBadRequest, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	fresh, err := h.Store.Put(ctx, event)
	if err != nil {
		return http.StatusServiceUnavailable, fmt.Errorf("the event could not be stored: %w", err)
	}
	if fresh && h.Stored != nil {
		h.Stored(event)
	}
	return http.StatusOK, nil
}

var errLarge = fmt.Errorf("the body has more than %d bytes", MaxBody)

// metered reads a body while the bodies at hand are not too many.
type metered struct {
	from io.Reader
	held *atomic.Int64
	read int64
}

func (m *metered) Read(p []byte) (int, error) {
	n, err := m.from.Read(p)
	m.read += int64(n)
	if m.held.Add(int64(n)) > maxHeld {
		return n, errBusy
	}
	return n, err
}

func (m *metered) release() { m.held.Add(-m.read) }
