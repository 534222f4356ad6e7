package fleet_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/fleet"
	"github.com/100ms-connector/connector-go/connector/store"
	"github.com/100ms-connector/connector-go/fixtures"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

// A program looks after what is due, as cron would have it, and hears of what needs a
// person.
func ExampleWatcher_Once() {
	api := httptest.NewServer(new(sandbox.Sandbox))
	defer api.Close()
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	db, err := store.Open(ctx, filepath.Join(dir, "store.db"), store.KeyFile(filepath.Join(dir, "store.key")))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	key, stranger := fixtures.Workspace(), fixtures.OtherWorkspace()
	if err := db.SaveKey(ctx, &connector.SigningKey{AccessKey: key.AccessKey, AppSecret: connector.Secret(key.AppSecret)}); err != nil {
		fmt.Println(err)
		return
	}
	week := 7 * 24 * time.Hour
	for name, of := range map[string]fixtures.Key{"production": key, "a customer's": stranger} {
		old := fixtures.Sign(of, fixtures.Management(of, time.Now().Add(-2*week), week)) // it ended a week ago
		if err := db.Save(ctx, &connector.Credential{Name: name, APIKeyValue: connector.Secret(old)}); err != nil {
			fmt.Println(err)
			return
		}
	}

	w := &fleet.Watcher{
		Store:   db,
		Renewer: &fleet.Renewer{Tester: &connector.Tester{BaseURL: api.URL + "/v2"}, Key: db.SigningKey},
	}
	all, err := w.Once(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, name := range []string{"a customer's", "production"} {
		e := all[name]
		fmt.Printf("%s: %s, rejected: %t\n", name, e.Renewal.Outcome, e.Rejected())
	}
	// Output:
	// a customer's: not_renewed, rejected: true
	// production: renewed, rejected: false
}
