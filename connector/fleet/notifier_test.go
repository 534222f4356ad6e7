package fleet

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/fixtures"
)

// hook receives notices.
type hook struct {
	mu     sync.Mutex
	texts  []string
	status int
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.status != 0 {
		w.WriteHeader(h.status)
		return
	}
	data, _ := io.ReadAll(r.Body)
	var said struct{ Text string }
	if json.Unmarshal(data, &said) != nil || r.Header.Get("Content-Type") != "application/json" {
		w.WriteHeader(400)
		return
	}
	h.texts = append(h.texts, said.Text)
}

func TestPeopleAreToldOnceOfWhatChanges(t *testing.T) {
	h := newHouse(t)
	to := new(hook)
	server := httptest.NewServer(to)
	t.Cleanup(server.Close)
	n, err := NewNotifier(h.Store, connector.Secret(server.URL+"/services/s3cr3t-hook"))
	if err != nil {
		t.Fatal(err)
	}
	h.save(t, "fine", 0, 7*day)
	h.save(t, "ending <!channel>", 6*day, day)
	h.save(t, "dead", 8*day, -day)
	other := fixtures.Sign(fixtures.OtherWorkspace(), fixtures.Management(fixtures.OtherWorkspace(), time.Now().Add(-8*day), 7*day))
	if err := h.Save(t.Context(), &connector.Credential{Name: "elsewhere", APIKeyValue: connector.Secret(other)}); err != nil {
		t.Fatal(err)
	}
	w := h.watcher()
	w.Tell = func(e Event) {
		if err := n.Note(t.Context(), e); err != nil {
			t.Error(err)
		}
	}
	look := func() []string {
		t.Helper()
		if _, err := w.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
		two, _ := NewNotifier(h.Store, connector.Secret(server.URL+"/services/s3cr3t-hook")) // another process
		for _, one := range []*Notifier{n, two} {
			if err := one.Post(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		to.mu.Lock()
		defer to.mu.Unlock()
		texts := to.texts
		to.texts = nil
		return texts
	}
	first := look()
	if len(first) != 2 {
		t.Fatalf("%q", first)
	}
	all := strings.Join(first, "\n")
	for _, want := range []string{
		"100ms credentials of the workspace with the access key 100a100a100a100a100a100a:", "• dead: rejected: ", "[expired_token]",
		"• ending &lt;!channel&gt;: ends soon, and is not renewed: it is due, but ", "0bad0bad0bad0bad0bad0bad", "• elsewhere: rejected",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("nobody is told %q:\n%s", want, all)
		}
	}
	if strings.Contains(all, "fine") || strings.Contains(all, "eyJ") || strings.Contains(all, "s3cr3t") {
		t.Errorf("%s", all)
	}
	if again := look(); len(again) != 0 {
		t.Errorf("it is told twice: %q", again)
	}
	h.keep(t, fixtures.Workspace())
	well := look()
	if len(well) != 1 || !strings.Contains(well[0], "• dead: well again") || strings.Contains(well[0], "elsewhere") {
		t.Errorf("%q", well)
	}
}

func TestANoticeThatCannotBePostedIsPostedLater(t *testing.T) {
	h := newHouse(t)
	to := &hook{status: 500}
	server := httptest.NewServer(to)
	t.Cleanup(server.Close)
	n, err := NewNotifier(h.Store, connector.Secret(server.URL+"/services/s3cr3t-hook"))
	if err != nil {
		t.Fatal(err)
	}
	h.save(t, "dead", 8*day, -day)
	w := h.watcher()
	w.Tell = func(e Event) { _ = n.Note(t.Context(), e) }
	if _, err := w.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := n.Post(t.Context()); err == nil || strings.Contains(err.Error(), "s3cr3t") || !strings.Contains(err.Error(), "500") {
		t.Errorf("%v", err)
	}
	to.mu.Lock()
	to.status = 0
	to.mu.Unlock()
	if err := n.Post(t.Context()); err != nil || len(to.texts) != 1 {
		t.Errorf("%v, %q", err, to.texts)
	}
	server.Close()
	h.save(t, "dead too", 8*day, -day)
	if _, err := w.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := n.Post(t.Context()); err == nil || strings.Contains(err.Error(), "s3cr3t") || strings.Contains(err.Error(), "services") {
		t.Errorf("%v", err)
	}
}

func TestAURLOfNoticesGoesNowhereElse(t *testing.T) {
	for _, to := range []string{"", "http://hooks.example.com/x", "ftp://127.0.0.1/x", "https://", "https://user:s3cr3t@hooks.example.com/", "::"} {
		if _, err := NewNotifier(nil, connector.Secret(to)); !errors.Is(err, ErrNotifyURL) {
			t.Errorf("%s: %v", to, err)
		}
	}
	redirecting := httptest.NewServer(http.RedirectHandler("http://127.0.0.1:1/", http.StatusTemporaryRedirect))
	t.Cleanup(redirecting.Close)
	n, err := NewNotifier(nil, connector.Secret(redirecting.URL))
	if err != nil {
		t.Fatal(err)
	}
	if err := n.post(t.Context(), "x"); err == nil || !strings.Contains(err.Error(), "307") {
		t.Errorf("%v", err)
	}
}
