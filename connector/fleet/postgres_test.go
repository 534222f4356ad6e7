package fleet

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
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

// onPostgres gives what opens one store in PostgreSQL, each time as another process would.
func onPostgres(t testing.TB) (open func() *store.Store, at, key string) {
	t.Helper()
	server := os.Getenv("CONNECTOR_TEST_POSTGRES")
	if server == "" {
		t.Skip("CONNECTOR_TEST_POSTGRES is not set; .ci/postgres starts a server and prints its URL")
	}
	admin, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { admin.Close() })
	schema := fmt.Sprintf("fleet_%d", time.Now().UnixNano())
	if _, err := admin.Exec("CREATE SCHEMA " + schema); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { admin.Exec("DROP SCHEMA " + schema + " CASCADE") })
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	u.RawQuery = url.Values{"search_path": {schema}}.Encode()
	key = filepath.Join(t.TempDir(), "store.key")
	return func() *store.Store {
		db, err := store.Open(context.Background(), u.String(), store.KeyFile(key))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		return db
	}, u.String(), key
}

// team is several that watch one store in PostgreSQL, and what they did.
type team struct {
	*house
	open func() *store.Store
	at   string // its URL
	key  string // the file of its key
	only string // what the names of those begin with that are used; all if empty

	mu      sync.Mutex
	renewed map[string]int
	said    []string
}

func newTeam(t *testing.T) *team {
	t.Helper()
	if testing.Short() {
		t.Skip("it takes its time")
	}
	t.Parallel()
	open, at, key := onPostgres(t)
	h := &house{Store: open(), api: new(sandbox.Sandbox)}
	h.server = httptest.NewServer(h.api)
	t.Cleanup(h.server.Close)
	h.url = h.server.URL + "/v2"
	return &team{house: h, open: open, at: at, key: key, renewed: map[string]int{}}
}

// join has one more watch until ctx ends.
func (m *team) join(ctx context.Context, t *testing.T, all *sync.WaitGroup, life time.Duration, change func(*Watcher)) {
	db := m.open()
	w := &Watcher{Store: db, Workers: 5, Renewer: &Renewer{
		Tester: &connector.Tester{BaseURL: m.url, Timeout: 5 * time.Second, Retries: -1, Transport: connector.NewTransport()}, Key: db.SigningKey, TTL: life,
	}}
	w.Tell = func(e Event) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.said = append(m.said, e.Name+": "+says(e))
		if e.Renewal != nil && e.Renewal.Outcome == Renewed {
			m.renewed[e.Name]++
		}
	}
	if change != nil {
		change(w)
	}
	all.Go(func() {
		if err := w.RunQueue(ctx, slog.New(slog.NewTextHandler(io.Discard, nil)), nil); err != nil {
			t.Error(err)
		}
	})
}

// shortLived saves credentials of a short life, of every age.
func (m *team) shortLived(t *testing.T, n int, life time.Duration) {
	t.Helper()
	for i := range n {
		m.save(t, fmt.Sprint("c", i), time.Duration(i)*life/2/time.Duration(n), life-time.Duration(i)*life/2/time.Duration(n))
	}
}

// use uses every credential once a second until ctx ends, and wants none refused.
func (m *team) use(ctx context.Context, t *testing.T) (used int) {
	tester := &connector.Tester{BaseURL: m.url, Transport: connector.NewTransport()}
	for ctx.Err() == nil {
		for c, err := range m.All(context.WithoutCancel(ctx)) {
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(c.Name, m.only) {
				continue
			}
			report := tester.Test(context.WithoutCancel(ctx), c)
			// The sandbox forgives a clock some seconds, which must not count as life.
			if left, _ := report.Token.ExpiresIn(); report.Verdict != connector.VerdictAccepted || left < 0 {
				t.Fatalf("%s is refused, or dead for %s: %s", c.Name, -left, report.Message)
			}
			used++
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
	return used
}

// TestMachinesWhoseClocksDifferKeepTokensAlive: one clock is ten minutes ahead, one ten
// minutes behind, and the tokens live for seconds.
func TestMachinesWhoseClocksDifferKeepTokensAlive(t *testing.T) {
	const life = 12 * time.Second
	m := newTeam(t)
	m.keep(t, fixtures.Workspace())
	m.shortLived(t, 8, life)
	ctx, cancel := context.WithTimeout(t.Context(), 14*time.Second)
	defer cancel()
	var all sync.WaitGroup
	for _, off := range []time.Duration{10 * time.Minute, -10 * time.Minute} {
		m.join(ctx, t, &all, life, func(w *Watcher) {
			w.Clock = func() time.Time { return time.Now().Add(off) }
		})
	}
	used := m.use(ctx, t)
	all.Wait()
	m.eachRenewed(t, 8, 3) // a new one is due after five seconds: it says that it was made ten seconds before
	t.Logf("%d uses, none refused", used)
}

// TestAWorkerWithoutTheStoresKeyHoldsNobodyUp has one begin with no key, which it is told,
// and one whose key is out of date after a rotation, until it is brought the new one.
func TestAWorkerWithoutTheStoresKeyHoldsNobodyUp(t *testing.T) {
	const life = 12 * time.Second
	m := newTeam(t)
	m.keep(t, fixtures.Workspace())
	m.shortLived(t, 8, life)
	ctx, cancel := context.WithTimeout(t.Context(), 25*time.Second)
	defer cancel()
	dir := t.TempDir()
	open := func(file string) *store.Store {
		db, err := store.Open(context.Background(), m.at, store.KeyFile(filepath.Join(dir, file)))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		return db
	}
	copyKey := func(file string) {
		key, err := os.ReadFile(m.key)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, file), key, 0o600)
		}
		if err != nil {
			t.Error(err)
		}
	}
	never := open("never.key")
	without := &Watcher{Store: never, Renewer: &Renewer{Tester: new(connector.Tester), Key: never.SigningKey}}
	if err := without.RunQueue(ctx, slog.New(slog.DiscardHandler), nil); !errors.Is(err, store.ErrLocked) {
		t.Errorf("it took jobs that it cannot do: %v", err)
	}
	copyKey("old.key")
	late := open("old.key")
	lost, well := make(chan struct{}), make(chan struct{})
	var losing, mending sync.Once
	var all sync.WaitGroup
	m.join(ctx, t, &all, life, nil)
	m.join(ctx, t, &all, life, func(w *Watcher) {
		w.Store, w.Renewer.Key = late, late.SigningKey
		w.Tell = func(e Event) {
			switch {
			case e.Name == "" && errors.Is(e.Err, store.ErrLocked):
				losing.Do(func() { close(lost) })
			case e.Well():
				select {
				case <-lost:
					mending.Do(func() { close(well) })
				default:
				}
			}
		}
	})
	all.Go(func() {
		time.Sleep(3 * time.Second)
		if err := m.RotateKey(ctx, nil); err != nil {
			t.Error(err)
		}
		<-lost
		copyKey("old.key")
	})
	used := m.use(ctx, t)
	select {
	case <-well:
	default:
		t.Error("what was brought the new key has not gone on")
	}
	all.Wait()
	t.Logf("%d uses, none refused", used)
}

// TestAWorkspaceThatAsksForRestHoldsNoOtherUp answers 429 to one workspace for a while.
func TestAWorkspaceThatAsksForRestHoldsNoOtherUp(t *testing.T) {
	const life = 12 * time.Second
	m := newTeam(t)
	m.keep(t, fixtures.Workspace())
	m.shortLived(t, 8, life)
	other := fixtures.OtherWorkspace()
	for n := range 30 {
		claims := fixtures.Management(other, time.Now(), 7*day).With("jti", fmt.Sprint(n))
		if err := m.Save(t.Context(), &connector.Credential{Name: fmt.Sprint("held", n), APIKeyValue: connector.Secret(fixtures.Sign(other, claims))}); err != nil {
			t.Fatal(err)
		}
	}
	var asked atomic.Int32
	var first atomic.Int64 // when it was first asked
	two := &sandbox.Sandbox{Key: other}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch token := connector.Inspect(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")); {
		case token.AccessKey != other.AccessKey:
			m.api.ServeHTTP(w, r)
		case first.CompareAndSwap(0, time.Now().UnixNano()) || time.Since(time.Unix(0, first.Load())) < 5*time.Second:
			asked.Add(1)
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusTooManyRequests)
		default:
			two.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(front.Close)
	m.url = front.URL + "/v2"
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var all sync.WaitGroup
	for range 3 {
		m.join(ctx, t, &all, life, nil)
	}
	m.only = "c"
	used := m.use(ctx, t)
	all.Wait()
	m.eachRenewed(t, 8, 5)
	if n := asked.Load(); n < 1 || n > 15 { // as many as were under way
		t.Errorf("%d calls to a workspace that has asked for rest", n)
	}
	records, err := m.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if r.LastVerdict != connector.VerdictAccepted {
			t.Errorf("%s is %s %s after the rest", r.Name, r.LastVerdict, r.LastCode)
		}
	}
	t.Logf("%d calls to it while it asked for rest; %d uses of the others, none refused", asked.Load(), used)
}

// eachRenewed wants so many credentials renewed, each so often at most.
func (m *team) eachRenewed(t *testing.T, credentials, most int) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, times := range m.renewed {
		if times > most {
			t.Errorf("%s was renewed %d times", name, times)
		}
	}
	if len(m.renewed) != credentials {
		t.Errorf("%d of %d were renewed: %q", len(m.renewed), credentials, m.said)
	}
}
