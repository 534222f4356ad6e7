package web

import "time"

// Attempt counts an attempt to sign in from an address.
func (h *Handler) Attempt(address string) { h.attempts.allow(address, h.now()) }

// Addresses is how many addresses the handler remembers attempts of.
func (h *Handler) Addresses() int {
	h.attempts.mu.Lock()
	defer h.attempts.mu.Unlock()
	return len(h.attempts.byAddress)
}

// Members are the patterns of what takes a session.
func (h *Handler) Members() []string { return h.members }

// Patience sets how long one response may take to be made and taken.
func (h *Handler) Patience(d time.Duration) { h.patience = d }
