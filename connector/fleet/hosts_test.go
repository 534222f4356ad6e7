package fleet

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/fixtures"
	"github.com/100ms-connector/connector-go/fixtures/standin"
)

// TestARenewedTokenArrivesInEachHost renews a credential, and lets two processes hand the
// new token over.
func TestARenewedTokenArrivesInEachHost(t *testing.T) {
	h := newHouse(t)
	h.keep(t, fixtures.Workspace())
	h.save(t, "prod", 6*day, day)
	ns, n := newNexla(t)
	as, a := newAirbyte(t)
	var mu sync.Mutex
	var told []string
	tell := func(p Pushed) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, fmt.Sprint(p.Name, " ", p.Target, " ", p.Err))
	}
	hosts := &Hosts{Store: h.Store, Tell: tell}
	other := &Hosts{Store: h.Store, Tell: tell}
	for _, to := range []HostTarget{n, a} {
		if err := hosts.Add(t.Context(), "prod", to, true); err != nil {
			t.Fatal(err)
		}
	}
	token := func() string {
		cred, err := h.Credential(t.Context(), "prod")
		if err != nil {
			t.Fatal(err)
		}
		return cred.APIKeyValue.Reveal()
	}
	old := token()
	if ns.Token() != "Bearer "+old || as.Token() != old {
		t.Error("what is added does not have the token")
	}
	if _, err := h.watcher().Once(t.Context()); err != nil || token() == old {
		t.Fatalf("not renewed: %v", err)
	}
	var both sync.WaitGroup
	for _, one := range []*Hosts{hosts, other} {
		both.Go(func() {
			if err := one.Push(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	if ns.Token() != "Bearer "+token() || as.Token() != token() {
		t.Error("the new token has not arrived")
	}
	if len(told) != 2 {
		t.Errorf("%q", told)
	}
	writes := 0
	for _, call := range append(ns.Calls(), as.Calls()...) {
		if strings.HasPrefix(call, "PUT") || strings.HasPrefix(call, "PATCH") {
			writes++
		}
	}
	if writes != 4 {
		t.Errorf("%d writes of two tokens to two hosts", writes)
	}
}

func TestAHostThatDoesNotTakeTheTokenIsNotAdded(t *testing.T) {
	h := newHouse(t)
	h.save(t, "prod", 0, 7*day)
	_, n := newNexla(t)
	n.ServiceKey = "s3cr3t-of-another"
	hosts := &Hosts{Store: h.Store}
	if err := hosts.Add(t.Context(), "prod", n, true); !errors.Is(err, ErrHost) {
		t.Error(err)
	}
	if all, err := h.Targets(t.Context()); err != nil || all != nil {
		t.Errorf("%+v, %v", all, err)
	}
	// Without a try it is kept, and Push says what is wrong.
	if err := hosts.Add(t.Context(), "prod", n, false); err != nil {
		t.Fatal(err)
	}
	var told []Pushed
	hosts.Tell = func(p Pushed) { told = append(told, p) }
	if err := hosts.Push(t.Context()); err != nil || len(told) != 1 || !errors.Is(told[0].Err, ErrHost) || told[0].Target != fmt.Sprint("nexla ", standin.NexlaID) {
		t.Errorf("%v: %+v", err, told)
	}
	all, err := h.Targets(t.Context())
	if err != nil || len(all) != 1 || all[0].Current || !strings.Contains(all[0].Failure, "401") || strings.Contains(all[0].Failure, "s3cr3t") {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestPeopleAreToldOfATargetThatFails(t *testing.T) {
	h := newHouse(t)
	h.save(t, "prod", 0, 7*day)
	_, n := newNexla(t)
	hosts := &Hosts{Store: h.Store}
	n.ServiceKey = "s3cr3t-of-another"
	if err := hosts.Add(t.Context(), "prod", n, false); err != nil {
		t.Fatal(err)
	}
	to := new(hook)
	server := httptest.NewServer(to)
	t.Cleanup(server.Close)
	people, err := NewNotifier(h.Store, connector.Secret(server.URL+"/services/s3cr3t-hook"))
	if err != nil {
		t.Fatal(err)
	}
	hosts.Tell = func(p Pushed) {
		if err := people.NotePushed(t.Context(), p); err != nil {
			t.Error(err)
		}
	}
	post := func(want string) {
		t.Helper()
		if err := hosts.Push(t.Context()); err != nil {
			t.Error(err)
		}
		if err := people.Post(t.Context()); err != nil {
			t.Error(err)
		}
		if got := strings.Join(to.texts, "\n"); !strings.Contains(got, want) || strings.Contains(got, "s3cr3t") {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
	post("• prod in nexla 7: its new token could not be handed over: the host did not take the token: POST /token: it was answered with 401")
	n.ServiceKey = standin.NexlaServiceKey
	if err := hosts.Add(t.Context(), "prod", n, false); err != nil {
		t.Fatal(err)
	}
	post("• prod in nexla 7: well again")
}
