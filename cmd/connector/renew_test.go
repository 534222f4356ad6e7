package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
	"github.com/100ms-connector/connector-go/fixtures"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

// TestSeveralRenewalsAtOnceRenewEachCredentialOnce runs the same command many times
// at the same moment, as cron on several machines does.
func TestSeveralRenewalsAtOnceRenewEachCredentialOnce(t *testing.T) {
	const processes, credentials = 5, 4
	home := t.TempDir()
	for name, folder := range map[string]string{"XDG_DATA_HOME": "data", "XDG_CONFIG_HOME": "config", logEnv: "."} {
		t.Setenv(name, filepath.Join(home, folder))
	}
	api := httptest.NewServer(new(sandbox.Sandbox))
	defer api.Close()
	if err := writeKeyFiles(home); err != nil {
		t.Fatal(err)
	}
	value := filepath.Join(home, "value")
	if err := os.WriteFile(value, []byte(soonToExpire(t)), 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range credentials {
		if out, err := exec.Command("connector", "credential", "add", fmt.Sprint("c", i), "--no-test", "--value-file", value).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	var all strings.Builder
	var mu sync.Mutex
	var running sync.WaitGroup
	for range processes {
		running.Go(func() {
			out, err := exec.Command("connector", "renew", "--all", "--key-file", filepath.Join(home, "key.json"), "--base-url", api.URL+"/v2").CombinedOutput()
			if err != nil {
				t.Errorf("%v\n%s", err, out)
			}
			mu.Lock()
			defer mu.Unlock()
			all.Write(out)
		})
	}
	running.Wait()
	for i := range credentials {
		if n := strings.Count(all.String(), fmt.Sprintf("c%d: renewed: ", i)); n != 1 {
			t.Errorf("c%d was renewed %d times:\n%s", i, n, all.String())
		}
	}
}

// TestWhoComesTooLateSeesThatAnotherRenewedIt has another process renew the
// credential while the new token of this one is tested.
func TestWhoComesTooLateSeesThatAnotherRenewedIt(t *testing.T) {
	ctx := t.Context()
	key := &connector.SigningKey{AccessKey: fixtures.Workspace().AccessKey, AppSecret: connector.Secret(fixtures.Workspace().AppSecret)}
	for _, within := range []duration{{}, {30 * day, true}} {
		db, err := store.Open(ctx, filepath.Join(t.TempDir(), "store.db"), store.KeyFile(filepath.Join(t.TempDir(), "store.key")))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if err := db.Save(ctx, &connector.Credential{Name: "a", APIKeyValue: connector.Secret(soonToExpire(t))}); err != nil {
			t.Fatal(err)
		}
		listed, err := db.Show(ctx, "a")
		if err != nil {
			t.Fatal(err)
		}
		var calls atomic.Int64
		var other func() renewal
		box := new(sandbox.Sandbox)
		api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if calls.Add(1) == 1 {
				if became := other(); became.outcome != renewed {
					t.Errorf("the other one: %+v", became)
				}
			}
			box.ServeHTTP(w, r)
		}))
		defer api.Close()
		renewing := func() *renewer {
			return &renewer{tester: &connector.Tester{BaseURL: api.URL + "/v2"}, signer: key, within: within, began: time.Now(),
				record: func(context.Context, *store.Store, *connector.Credential, *connector.Report) {}}
		}
		other = func() renewal { return renewing().renew(ctx, db, listed) }
		if became := renewing().renew(ctx, db, listed); became.outcome != renewedByAnother || became.status != passed {
			t.Errorf("it ends with %+v", became)
		}
		if calls.Load() != 2 {
			t.Errorf("%d calls", calls.Load())
		}
	}
}

// soonToExpire is a live token with five hours left of a week.
func soonToExpire(t *testing.T) string {
	for _, f := range fixtures.Cases(time.Now()) {
		if f.Name == "expires-soon" {
			return f.Value
		}
	}
	t.Fatal("there is none")
	return ""
}

func TestATokenIsDueByItsLife(t *testing.T) {
	now := time.Now()
	at := func(d time.Duration) time.Time { return now.Add(d) }
	good := store.Record{Kind: connector.KindManagement, AccessKey: "a", IssuedAt: at(-4 * day), ExpiresAt: at(3 * day), SavedAt: at(-4 * day)}
	within := func(d time.Duration) duration { return duration{d, true} }
	for _, c := range []struct {
		name   string
		change func(*store.Record)
		within duration
		want   bool
	}{
		{"more than a third of its life is left", func(*store.Record) {}, duration{}, false},
		{"less than a third is left", func(r *store.Record) { r.ExpiresAt = at(day) }, duration{}, true},
		{"less than a third of a long life is left, but more than 72 hours", func(r *store.Record) { r.IssuedAt, r.ExpiresAt = at(-30*day), at(80*time.Hour) }, duration{}, false},
		{"less than 72 hours of a long life are left", func(r *store.Record) { r.IssuedAt, r.ExpiresAt = at(-30*day), at(71*time.Hour) }, duration{}, true},
		{"a fresh token of a day", func(r *store.Record) { r.IssuedAt, r.ExpiresAt = now, at(day) }, duration{}, false},
		{"it expired", func(r *store.Record) { r.ExpiresAt = at(-time.Second) }, duration{}, true},
		{"it never expires", func(r *store.Record) { r.ExpiresAt = time.Time{} }, duration{}, false},
		{"nothing of it can be read", func(r *store.Record) { *r = store.Record{Kind: connector.KindUnknown} }, duration{}, true},
		{"without iat its life counts from when it was saved", func(r *store.Record) { r.IssuedAt, r.SavedAt, r.ExpiresAt = time.Time{}, at(-9*day), at(day) }, duration{}, true},
		{"an app token", func(r *store.Record) { r.Kind = connector.KindApp }, duration{}, true},
		{"an app token that the API accepts", func(r *store.Record) { r.Kind, r.LastVerdict = connector.KindApp, connector.VerdictAccepted }, duration{}, false},
		{"the API refused it", func(r *store.Record) { r.LastVerdict, r.LastCode = connector.VerdictRejected, connector.TokenRefused }, duration{}, true},
		{"it lacks a permission, which a new token would lack too", func(r *store.Record) {
			r.LastVerdict, r.LastCode = connector.VerdictRejected, connector.PermissionDenied
		}, duration{}, false},
		{"the API was down", func(r *store.Record) {
			r.LastVerdict, r.LastCode = connector.VerdictInconclusive, connector.ServiceUnavailable
		}, duration{}, false},
		{"--within reaches it", func(*store.Record) {}, within(4 * day), true},
		{"--within takes the place of the rule", func(r *store.Record) { r.ExpiresAt = at(day) }, within(time.Hour), false},
		{"--within 0 renews what expired", func(r *store.Record) { r.ExpiresAt = at(-time.Second) }, within(0), true},
		{"--within does not spare what is rejected", func(r *store.Record) { r.LastVerdict, r.LastCode = connector.VerdictRejected, connector.TokenRefused }, within(0), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := good
			c.change(&r)
			if got := (&renewer{within: c.within}).due(r, now); got != c.want {
				t.Errorf("due: %v, want %v", got, c.want)
			}
		})
	}
}

func TestANewTokenLivesAsLongAsTheOldOne(t *testing.T) {
	now := time.Now()
	token := func(issued, expires time.Duration) connector.Token {
		return connector.Token{AsOf: now, IssuedAt: now.Add(issued), ExpiresAt: now.Add(expires)}
	}
	for _, c := range []struct {
		name  string
		old   connector.Token
		life  lifetime
		want  time.Duration
		noted bool
	}{
		{"a week", token(-6*day, day), lifetime{}, 7 * day, false},
		{"a day, whose iat lies ten seconds back", token(-23*time.Hour-10*time.Second, time.Hour), lifetime{}, day, false},
		{"40 hours left of 7 days", token(-128*time.Hour, 40*time.Hour), lifetime{}, 7 * day, false},
		{"a life of seconds", token(-time.Second, 9*time.Second), lifetime{}, time.Minute, false},
		{"nothing known", connector.Token{AsOf: now}, lifetime{}, day, false},
		{"without iat, what is left", connector.Token{AsOf: now, ExpiresAt: now.Add(3 * day)}, lifetime{}, 3 * day, false},
		{"without iat, and little left", connector.Token{AsOf: now, ExpiresAt: now.Add(time.Hour)}, lifetime{}, day, false},
		{"it ends before it begins", token(2*day, day), lifetime{}, day, false},
		{"a year is cut", token(-363*day, 2*day), lifetime{}, 14 * day, true},
		{"a year that is allowed", token(-363*day, 2*day), lifetime{long: true}, 365 * day, false},
		{"--ttl", token(-6*day, day), lifetime{ttl: duration{time.Hour, true}}, time.Hour, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, note := (&renewer{life: c.life}).lifeAfter(c.old)
			if got != c.want || (note != "") != c.noted {
				t.Errorf("%v (%q), want %v", got, note, c.want)
			}
		})
	}
}
