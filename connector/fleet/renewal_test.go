package fleet

import (
	"context"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
	"github.com/100ms-connector/connector-go/fixtures"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

const day = 24 * time.Hour

// within is what connector renew --within asks for.
func within(d time.Duration) func(store.Record, time.Time) bool {
	return func(r store.Record, now time.Time) bool { return r.DueWithin(now, d) }
}

// TestWhoComesTooLateSeesThatAnotherRenewedIt has another process renew the
// credential while the new token of this one is tested.
func TestWhoComesTooLateSeesThatAnotherRenewedIt(t *testing.T) {
	ctx := t.Context()
	key := &connector.SigningKey{AccessKey: fixtures.Workspace().AccessKey, AppSecret: connector.Secret(fixtures.Workspace().AppSecret)}
	for _, due := range []func(store.Record, time.Time) bool{nil, within(30 * day)} {
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
		var other func() Renewal
		box := new(sandbox.Sandbox)
		api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if calls.Add(1) == 1 {
				if became := other(); became.Outcome != Renewed {
					t.Errorf("the other one: %+v", became)
				}
			}
			box.ServeHTTP(w, r)
		}))
		defer api.Close()
		renewing := func() *Renewer {
			return &Renewer{Tester: &connector.Tester{BaseURL: api.URL + "/v2"}, Due: due, Began: time.Now(),
				Key: func(context.Context, string) (*connector.SigningKey, error) { return key, nil }}
		}
		other = func() Renewal { return renewing().Renew(ctx, db, listed) }
		if became := renewing().Renew(ctx, db, listed); became.Outcome != RenewedByAnother || became.Environment {
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
	for _, c := range []struct {
		name   string
		change func(*store.Record)
		due    func(store.Record, time.Time) bool
		want   bool
	}{
		{"more than a third of its life is left", func(*store.Record) {}, nil, false},
		{"less than a third is left", func(r *store.Record) { r.ExpiresAt = at(day) }, nil, true},
		{"less than a third of a long life is left, but more than 72 hours", func(r *store.Record) { r.IssuedAt, r.ExpiresAt = at(-30*day), at(80*time.Hour) }, nil, false},
		{"less than 72 hours of a long life are left", func(r *store.Record) { r.IssuedAt, r.ExpiresAt = at(-30*day), at(71*time.Hour) }, nil, true},
		{"a fresh token of a day", func(r *store.Record) { r.IssuedAt, r.ExpiresAt = now, at(day) }, nil, false},
		{"it expired", func(r *store.Record) { r.ExpiresAt = at(-time.Second) }, nil, true},
		{"it never expires", func(r *store.Record) { r.ExpiresAt = time.Time{} }, nil, false},
		{"nothing of it can be read", func(r *store.Record) { *r = store.Record{Kind: connector.KindUnknown} }, nil, true},
		{"without iat its life counts from when it was saved", func(r *store.Record) { r.IssuedAt, r.SavedAt, r.ExpiresAt = time.Time{}, at(-9*day), at(day) }, nil, true},
		{"an app token", func(r *store.Record) { r.Kind = connector.KindApp }, nil, true},
		{"an app token that the API accepts", func(r *store.Record) { r.Kind, r.LastVerdict = connector.KindApp, connector.VerdictAccepted }, nil, false},
		{"the API refused it", func(r *store.Record) { r.LastVerdict, r.LastCode = connector.VerdictRejected, connector.TokenRefused }, nil, true},
		{"it lacks a permission, which a new token would lack too", func(r *store.Record) {
			r.LastVerdict, r.LastCode = connector.VerdictRejected, connector.PermissionDenied
		}, nil, false},
		{"the API was down", func(r *store.Record) {
			r.LastVerdict, r.LastCode = connector.VerdictInconclusive, connector.ServiceUnavailable
		}, nil, false},
		{"--within reaches it", func(*store.Record) {}, within(4 * day), true},
		{"--within takes the place of the rule", func(r *store.Record) { r.ExpiresAt = at(day) }, within(time.Hour), false},
		{"--within 0 renews what expired", func(r *store.Record) { r.ExpiresAt = at(-time.Second) }, within(0), true},
		{"--within does not spare what is rejected", func(r *store.Record) { r.LastVerdict, r.LastCode = connector.VerdictRejected, connector.TokenRefused }, within(0), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := good
			c.change(&r)
			if got := (&Renewer{Due: c.due}).due(r, now); got != c.want {
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
		by    Renewer
		want  time.Duration
		noted bool
	}{
		{"a week", token(-6*day, day), Renewer{}, 7 * day, false},
		{"a day, whose iat lies ten seconds back", token(-23*time.Hour-10*time.Second, time.Hour), Renewer{}, day, false},
		{"40 hours left of 7 days", token(-128*time.Hour, 40*time.Hour), Renewer{}, 7 * day, false},
		{"a life of seconds", token(-time.Second, 9*time.Second), Renewer{}, time.Minute, false},
		{"nothing known", connector.Token{AsOf: now}, Renewer{}, day, false},
		{"without iat, what is left", connector.Token{AsOf: now, ExpiresAt: now.Add(3 * day)}, Renewer{}, 3 * day, false},
		{"without iat, and little left", connector.Token{AsOf: now, ExpiresAt: now.Add(time.Hour)}, Renewer{}, day, false},
		{"it ends before it begins", token(2*day, day), Renewer{}, day, false},
		{"a year is cut", token(-363*day, 2*day), Renewer{}, 14 * day, true},
		{"a year that is allowed", token(-363*day, 2*day), Renewer{AllowLong: true}, 365 * day, false},
		{"--ttl", token(-6*day, day), Renewer{TTL: time.Hour}, time.Hour, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, note := c.by.lifeAfter(c.old)
			if got != c.want || (note != "") != c.noted {
				t.Errorf("%v (%q), want %v", got, note, c.want)
			}
		})
	}
}
