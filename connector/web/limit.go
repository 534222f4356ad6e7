package web

import (
	"maps"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxAddresses bounds the addresses whose attempts are counted.
const maxAddresses = 10_000

// attempts bounds how often each address may try to sign in: five times at once,
// then once in five seconds. A limit for all addresses together would let a
// stranger lock out everybody else.
type attempts struct {
	mu        sync.Mutex
	byAddress map[string]*rate.Limiter
}

const (
	attemptEvery = 5 * time.Second
	attemptBurst = 5
)

func (a *attempts) allow(address string, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	limiter := a.byAddress[address]
	if limiter == nil {
		if a.byAddress == nil || len(a.byAddress) >= maxAddresses {
			a.makeRoom(now)
		}
		limiter = rate.NewLimiter(rate.Every(attemptEvery), attemptBurst)
		a.byAddress[address] = limiter
	}
	return limiter.AllowN(now, 1)
}

// makeRoom forgets addresses that have all their attempts again. If few do, it
// forgets all: whoever has that many addresses is not held up by a limit.
func (a *attempts) makeRoom(now time.Time) {
	maps.DeleteFunc(a.byAddress, func(_ string, l *rate.Limiter) bool { return l.TokensAt(now) >= attemptBurst })
	if a.byAddress == nil || len(a.byAddress) > maxAddresses/2 {
		a.byAddress = map[string]*rate.Limiter{}
	}
}

// clientAddress is the address that a request comes from. Of an IPv6 address only
// the network counts: one machine can have all of its 2⁶⁴ addresses.
func (h *Handler) clientAddress(r *http.Request) string {
	if h.address != nil {
		return h.address(r)
	}
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	address := at.Addr().Unmap()
	if address.Is6() {
		if network, err := address.WithZone("").Prefix(64); err == nil {
			return network.String()
		}
	}
	return address.String()
}
