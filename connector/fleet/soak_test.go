package fleet

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
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

// soakOf reads a setting of the soak from the environment.
func soakOf(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

// TestSoak keeps credentials of a short life alive on PostgreSQL with three watchers, while
// an independent client uses every one of them every ten seconds, as stored and as found in
// its target. It wants no refusal. With SOAK_CREDENTIALS=10000, SOAK_LIFE=120 and
// SOAK_SECONDS=600 it is the soak of the figures; without, a short one.
func TestSoak(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it takes its time")
	}
	credentials, life, lasts := soakOf("SOAK_CREDENTIALS", 100), time.Duration(soakOf("SOAK_LIFE", 30))*time.Second, time.Duration(soakOf("SOAK_SECONDS", 25))*time.Second
	open, _, _ := onPostgres(t)
	db := open()
	api := new(sandbox.Sandbox)
	host := httptest.NewServer(api)
	t.Cleanup(host.Close)
	k := fixtures.Workspace()
	if err := db.SaveKey(t.Context(), &connector.SigningKey{AccessKey: k.AccessKey, AppSecret: connector.Secret(k.AppSecret)}); err != nil {
		t.Fatal(err)
	}
	dir, declared := t.TempDir(), ""
	var many []*connector.Credential
	for n := range credentials {
		name := fmt.Sprintf("c%05d", n)
		// They are of every age, so that they are not all due at once.
		age := time.Duration(n) * life / 2 / time.Duration(credentials)
		claims := fixtures.Management(k, time.Now().Add(-age), life).With("jti", name)
		many = append(many, &connector.Credential{Name: name, APIKeyValue: connector.Secret(fixtures.Sign(k, claims))})
		if n%(1+credentials/50) == 0 {
			declared += fmt.Sprintf("%s: [{file: %s}]\n", name, filepath.Join(dir, name))
		}
	}
	var saving sync.WaitGroup
	each := make(chan *connector.Credential)
	for range 8 {
		saving.Go(func() {
			for c := range each {
				if err := db.Save(t.Context(), c); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for _, c := range many {
		each <- c
	}
	close(each)
	saving.Wait()
	list := filepath.Join(t.TempDir(), "targets.yaml")
	if err := os.WriteFile(list, []byte(declared), 0o600); err != nil {
		t.Fatal(err)
	}
	targets, err := ReadTargets(list)
	if err != nil {
		t.Fatal(err)
	}
	if err := targets.Push(t.Context(), db); err != nil {
		t.Fatal(err)
	}

	ctx, cancel := context.WithTimeout(t.Context(), lasts)
	defer cancel()
	var running sync.WaitGroup
	var renewed, failed atomic.Int64
	for range 3 {
		own := open()
		w := &Watcher{Store: own, Workers: 20, Renewer: &Renewer{
			Tester: &connector.Tester{BaseURL: host.URL + "/v2", Transport: connector.NewTransport()}, Key: own.SigningKey, TTL: life,
		}}
		w.Tell = func(e Event) {
			switch {
			case e.Renewal != nil && e.Renewal.Outcome == Renewed:
				renewed.Add(1)
			case !e.Well():
				failed.Add(1)
				t.Logf("%s: %s", e.Name, says(e))
			}
		}
		running.Go(func() {
			if err := w.RunQueue(ctx, slog.New(slog.NewTextHandler(io.Discard, nil)), nil); err != nil {
				t.Error(err)
			}
		})
	}
	running.Go(func() { targets.Run(ctx, db) })

	used, refused := soak(ctx, t, open(), host.URL, dir)
	running.Wait()
	t.Logf("%d credentials of %s for %s: %d uses, %d refused; %d renewals, %d failed", credentials, life, lasts, used, refused, renewed.Load(), failed.Load())
	if refused > 0 || used < credentials || renewed.Load() < int64(credentials)/2 {
		t.Errorf("%d refused of %d, %d renewals", refused, used, renewed.Load())
	}
}

// soak uses every credential every ten seconds until ctx ends: with net/http alone, eight
// at a time.
func soak(ctx context.Context, t *testing.T, db *store.Store, host, dir string) (used, refused int) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}}
	defer client.CloseIdleConnections()
	var uses, refusals atomic.Int64
	use := func(what, token string) {
		r, _ := http.NewRequest("GET", host+"/v2/rooms?limit=10", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		response, err := client.Do(r)
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.Copy(io.Discard, response.Body)
		response.Body.Close()
		left, _ := connector.Inspect(token).ExpiresIn()
		// The sandbox forgives a clock some seconds, which must not count as life.
		if uses.Add(1); response.StatusCode != 200 || left < 0 {
			refusals.Add(1)
			t.Errorf("%s is refused, with %s left", what, left)
		}
	}
	each := func(c *connector.Credential) {
		// A moment has passed since all were read: what is used is what is stored now.
		if left, _ := connector.Inspect(c.APIKeyValue.Reveal()).ExpiresIn(); left < 5*time.Second {
			var err error
			if c, err = db.Credential(context.WithoutCancel(ctx), c.Name); err != nil {
				t.Error(err)
				return
			}
		}
		use(c.Name, c.APIKeyValue.Reveal())
		if text, err := os.ReadFile(filepath.Join(dir, c.Name)); err == nil {
			use(c.Name+" in its target", strings.TrimSpace(string(text)))
		}
	}
	for ctx.Err() == nil {
		began := time.Now()
		work := make(chan *connector.Credential)
		var workers sync.WaitGroup
		for range 8 {
			workers.Go(func() {
				for c := range work {
					each(c)
				}
			})
		}
		for c, err := range db.All(context.WithoutCancel(ctx)) {
			if err != nil {
				t.Error(err)
			}
			if err != nil || ctx.Err() != nil {
				break
			}
			work <- c
		}
		close(work)
		workers.Wait()
		select {
		case <-time.After(10*time.Second - time.Since(began)):
		case <-ctx.Done():
		}
	}
	return int(uses.Load()), int(refusals.Load())
}
