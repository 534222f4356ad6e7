package web_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector/store"
	"github.com/100ms-connector/connector-go/connector/web"
)

func TestNoTwoExportedCredentialsShareAVariable(t *testing.T) {
	s := newSite(t)
	for i, name := range []string{"a b", "a-b", "東京", "大阪", "A B 2"} {
		s.has(name, "", token(i, time.Hour))
	}
	c := s.member()
	_, page := c.visit("/")
	_, text := c.do(c.mark("export", ids(page), "as", "file"))
	var exported []struct {
		Value string `json:"api_key_value"`
	}
	ok(t, json.Unmarshal([]byte(text), &exported))
	seen := map[string]bool{}
	for _, e := range exported {
		if seen[e.Value] {
			t.Errorf("%s stands for two tokens", e.Value)
		}
		seen[e.Value] = true
	}
	if len(exported) != 5 {
		t.Error(text)
	}
}

func TestATestOfSomeThatCannotBeginBesideAnotherSaysSo(t *testing.T) {
	s := newSite(t, slow)
	s.workspace()
	c := s.member()
	_, page := c.visit("/")
	c.post("/test-all")
	waitFor(t, func() bool { return s.api.Requests() >= 8 })
	_, page = c.do(c.mark("test", ids(page)[:1]))
	contains(t, plain(page), "Another test is under way, so these were not tested.")
	c.post("/test-all/stop")
	waitFor(t, func() bool { _, page := c.visit("/"); return !strings.Contains(page, "data-running") })
}

// counting renews nothing, and counts how many renewals are under way at once.
type counting struct {
	renewal
	now, most atomic.Int64
}

func (n *counting) Renew(ctx context.Context, _ store.Record) (string, bool) {
	at := n.now.Add(1)
	defer n.now.Add(-1)
	for most := n.most.Load(); at > most && !n.most.CompareAndSwap(most, at); most = n.most.Load() {
	}
	select {
	case <-time.After(200 * time.Millisecond):
	case <-ctx.Done():
	}
	return "not now", false
}

// TestRenewalsOfSeveralTakeThePlacesOfTests is about the bound on tests at once, which each
// renewal is among.
func TestRenewalsOfSeveralTakeThePlacesOfTests(t *testing.T) {
	n := new(counting)
	s := newSite(t, func(o *web.Options) { o.Renewal = n })
	s.has("Fresh", "", value(t, "live"))
	c := s.member()
	_, page := c.visit("/")
	marked := ids(page)
	c.visit("/sign") // which learns the keys
	refused := make(chan bool, 40)
	for range cap(refused) {
		r := c.mark("renew", marked)
		go func() {
			response, err := c.Do(r)
			if err == nil {
				response.Body.Close()
			}
			refused <- err == nil && response.StatusCode == http.StatusTooManyRequests
		}()
	}
	times := 0
	for range cap(refused) {
		if <-refused {
			times++
		}
	}
	if most := n.most.Load(); most > 8 || times != 40-int(most) {
		t.Errorf("%d at once, %d refused", most, times)
	}
}
