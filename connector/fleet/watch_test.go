package fleet

import (
	"context"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
	"github.com/100ms-connector/connector-go/fixtures"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

// house is a store, and a sandbox that its credentials are of.
type house struct {
	*store.Store
	api    *sandbox.Sandbox
	server *httptest.Server
	url    string
}

func newHouse(t *testing.T) *house {
	t.Helper()
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "store.db"), store.KeyFile(filepath.Join(t.TempDir(), "store.key")))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	h := &house{Store: db, api: new(sandbox.Sandbox)}
	h.server = httptest.NewServer(h.api)
	t.Cleanup(h.server.Close)
	h.url = h.server.URL + "/v2"
	return h
}

// save keeps a token of some age, with some life left.
func (h *house) save(t *testing.T, name string, age, left time.Duration) {
	t.Helper()
	now := time.Now()
	claims := fixtures.Management(fixtures.Workspace(), now.Add(-age), age+left).With("jti", name)
	if err := h.Save(t.Context(), &connector.Credential{Name: name, APIKeyValue: connector.Secret(fixtures.Sign(fixtures.Workspace(), claims))}); err != nil {
		t.Fatal(err)
	}
}

func (h *house) keep(t *testing.T, k fixtures.Key) {
	t.Helper()
	if err := h.SaveKey(t.Context(), &connector.SigningKey{AccessKey: k.AccessKey, AppSecret: connector.Secret(k.AppSecret)}); err != nil {
		t.Fatal(err)
	}
}

func (h *house) watcher() *Watcher {
	return &Watcher{Store: h.Store, Renewer: &Renewer{Tester: &connector.Tester{BaseURL: h.url, Timeout: 5 * time.Second, Retries: -1}, Key: h.SigningKey}}
}

// says is an event in a few words.
func says(e Event) string {
	text := ""
	if e.Report != nil {
		text = string(e.Report.Verdict) + " " + string(e.Report.Code)
	}
	if e.Renewal != nil {
		text += " " + string(e.Renewal.Outcome)
	}
	if e.Err != nil {
		text += " " + e.Err.Error()
	}
	return fmt.Sprint(text, " well=", e.Well(), " rejected=", e.Rejected())
}

func TestOnceTestsAndRenewsWhatIsDue(t *testing.T) {
	h := newHouse(t)
	h.keep(t, fixtures.Workspace())
	h.save(t, "fresh", day, 6*day)
	h.save(t, "soon", 6*day, day)
	h.save(t, "expired", 8*day, -day)
	other := fixtures.Management(fixtures.OtherWorkspace(), time.Now().Add(-8*day), 7*day)
	for name, value := range map[string]string{
		"keyless": fixtures.Sign(fixtures.OtherWorkspace(), other),
		"forged":  fixtures.Sign(fixtures.OtherWorkspace(), fixtures.Management(fixtures.Workspace(), time.Now(), 7*day)),
	} {
		if err := h.Save(t.Context(), &connector.Credential{Name: name, APIKeyValue: connector.Secret(value)}); err != nil {
			t.Fatal(err)
		}
	}
	w := h.watcher()
	all, err := w.Once(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"fresh":   "accepted ok well=true rejected=false",
		"soon":    " renewed well=true rejected=false",
		"expired": " renewed well=true rejected=false",
		"keyless": "rejected expired_token not_renewed well=false rejected=true",
		"forged":  "rejected token_refused renewed well=true rejected=false",
	} {
		if got := says(all[name]); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	calls := h.api.Requests()
	if all, err = w.Once(t.Context()); err != nil || len(all) != 5 {
		t.Errorf("%v, %v", all, err)
	}
	if n := h.api.Requests() - calls; n != 1 { // of the one that has no key
		t.Errorf("the second time it makes %d calls, and only one is due", n)
	}
	if r, err := h.Show(t.Context(), "soon"); err != nil || r.LastVerdict != connector.VerdictAccepted || r.ExpiresAt.Sub(r.IssuedAt).Round(time.Hour) != 7*day {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestAFaultOfTheEnvironmentIsNobodysFault(t *testing.T) {
	h := newHouse(t)
	h.keep(t, fixtures.Workspace())
	h.save(t, "fresh", day, 6*day)
	h.save(t, "soon", 6*day, day)
	w := h.watcher()
	w.Renewer.Tester.BaseURL = h.server.URL + "/fault/503/v2"
	all, err := w.Once(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"fresh": "inconclusive service_unavailable well=false rejected=false",
		"soon":  "inconclusive service_unavailable not_renewed well=false rejected=false",
	} {
		if got := says(all[name]); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestAWorkspaceThatIsAskedTooMuchIsLeftAlone(t *testing.T) {
	h := newHouse(t)
	for n := range 60 {
		h.save(t, fmt.Sprint("c", n), day, 6*day)
	}
	w := h.watcher()
	w.Workers = 2
	w.Renewer.Tester.BaseURL = h.server.URL + "/fault/429-retry-after-long/v2"
	all, err := w.Once(t.Context())
	if err != nil || len(all) != 60 {
		t.Fatalf("%d, %v", len(all), err)
	}
	if n := h.api.Requests(); n > 10 {
		t.Errorf("%d calls after the first 429", n)
	}
	for name, e := range all {
		if e.Well() || e.Rejected() {
			t.Errorf("%s: %s", name, says(e))
		}
	}
}

// TestCredentialsThatLiveForSecondsAreKeptAlive has tokens of a few seconds, and a client
// that uses each of them all the time.
func TestCredentialsThatLiveForSecondsAreKeptAlive(t *testing.T) {
	const credentials, life = 12, 9 * time.Second
	took := 16 * time.Second
	if testing.Short() {
		took = 12 * time.Second
	}
	before := runtime.NumGoroutine()
	h := newHouse(t)
	h.keep(t, fixtures.Workspace())
	for n := range credentials {
		h.save(t, fmt.Sprint("c", n), 0, life)
	}
	w := h.watcher()
	w.Renewer.TTL = life
	var mu sync.Mutex
	renewed := map[string]int{}
	w.Tell = func(e Event) {
		mu.Lock()
		defer mu.Unlock()
		if e.Renewal != nil && e.Renewal.Outcome == Renewed {
			renewed[e.Name]++
		} else if !e.Well() {
			t.Errorf("%s: %s", e.Name, says(e))
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), took)
	defer cancel()
	ended := make(chan error)
	go func() { ended <- w.Run(ctx) }()

	used := 0
	tester := &connector.Tester{BaseURL: h.url}
	for ctx.Err() == nil {
		for c, err := range h.All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if report := tester.Test(t.Context(), c); report.Verdict != connector.VerdictAccepted {
				t.Fatalf("%s is refused: %s", c.Name, report.Message)
			}
			used++
		}
		time.Sleep(50 * time.Millisecond)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	mu.Lock()
	defer mu.Unlock()
	for n := range credentials {
		if name := fmt.Sprint("c", n); renewed[name] < 1 {
			t.Errorf("%s was renewed %d times", name, renewed[name])
		}
	}
	t.Logf("%d uses, none refused; %v", used, renewed)
	h.server.CloseClientConnections()
	for range 200 {
		if runtime.NumGoroutine() <= before+8 { // the store's and the server's
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}

func TestTestsAreSpreadOverTheirTime(t *testing.T) {
	w := &Watcher{Renewer: new(Renewer), Every: time.Hour}
	now := time.Now()
	earliest, latest := now.Add(day), now
	for n := range 1000 {
		r := store.Record{Name: fmt.Sprint("credential ", n), Kind: connector.KindManagement, IssuedAt: now, ExpiresAt: now.Add(7 * day), LastTestedAt: now, LastVerdict: connector.VerdictAccepted}
		at := w.next(r, now)
		if at.Before(earliest) {
			earliest = at
		}
		if at.After(latest) {
			latest = at
		}
	}
	if earliest.Sub(now) < 54*time.Minute || latest.Sub(now) > time.Hour || latest.Sub(earliest) < 5*time.Minute {
		t.Errorf("from %s to %s", earliest.Sub(now), latest.Sub(now))
	}
	due := store.Record{Name: "a", Kind: connector.KindManagement, IssuedAt: now.Add(-time.Hour), ExpiresAt: now.Add(time.Hour), LastTestedAt: now, LastVerdict: connector.VerdictAccepted}
	if at := w.next(due, now); at.Sub(now).Round(time.Minute) != 20*time.Minute {
		t.Errorf("a token with an hour of two left is due in %s, want 20 minutes", at.Sub(now))
	}
}
