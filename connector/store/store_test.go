package store_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
	"github.com/100ms-connector/connector-go/fixtures"
)

// TestMain plays the part that the environment asks for, in the processes that
// tests start and kill; otherwise it runs the tests, and fails if a goroutine
// outlives them.
func TestMain(m *testing.M) {
	if part := os.Getenv("STORE_TEST_PART"); part != "" {
		os.Exit(play(part))
	}
	goleak.VerifyTestMain(m)
}

var ctx = context.Background()

// place is an empty store's URL, and a key file that goes with it.
type place struct {
	url, keyFile string
	numbered     bool // PostgreSQL: placeholders are $1, $2 …
}

// onEach runs a test on SQLite, and on PostgreSQL where there is one.
func onEach(t *testing.T, test func(t *testing.T, p place)) {
	t.Run("on SQLite", func(t *testing.T) { test(t, onSQLite(t)) })
	t.Run("on PostgreSQL", func(t *testing.T) { test(t, onPostgres(t)) })
}

func onSQLite(t testing.TB) place {
	dir := t.TempDir()
	path := filepath.Join(dir, "data", "credentials.db")
	return place{url: "sqlite://" + path, keyFile: filepath.Join(dir, "config", "store.key")}
}

// onPostgres gives each test a schema of its own, which is gone after it.
func onPostgres(t testing.TB) place {
	server := os.Getenv("CONNECTOR_TEST_POSTGRES")
	if server == "" {
		t.Skip("CONNECTOR_TEST_POSTGRES is not set: start a PostgreSQL with .ci/postgres to run this test on it")
	}
	db, err := sql.Open("pgx", server)
	ok(t, err)
	schema := "test_" + random(8)
	_, err = db.Exec(`CREATE SCHEMA ` + schema)
	ok(t, err)
	t.Cleanup(func() {
		_, err := db.Exec(`DROP SCHEMA ` + schema + ` CASCADE`)
		ok(t, err)
		ok(t, db.Close())
	})
	u, err := url.Parse(server)
	ok(t, err)
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return place{url: u.String(), keyFile: filepath.Join(t.TempDir(), "config", "store.key"), numbered: true}
}

// open opens the store with the place's key file.
func (p place) open(t testing.TB) *store.Store { return p.openWith(t, store.KeyFile(p.keyFile)) }

func (p place) openWith(t testing.TB, key store.KeySource) *store.Store {
	t.Helper()
	s, err := store.Open(ctx, p.url, key)
	ok(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

// tamper changes rows of the database behind the store's back.
func (p place) tamper(t testing.TB, statement string) {
	t.Helper()
	if n, err := p.change(t, statement).RowsAffected(); err != nil || n == 0 {
		t.Fatalf("tampering with %q changed nothing", statement)
	}
}

// change runs a statement on the database behind the store's back.
func (p place) change(t testing.TB, statement string) sql.Result {
	t.Helper()
	driver, source := "pgx", p.url
	if !p.numbered {
		driver, source = "sqlite", p.path()
	}
	db, err := sql.Open(driver, source)
	ok(t, err)
	defer db.Close()
	result, err := db.Exec(statement)
	ok(t, err)
	return result
}

func (p place) path() string { return p.url[len("sqlite://"):] }

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func random(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return hex.EncodeToString(b)
}

func newKeyText() string {
	b := make([]byte, 32)
	rand.Read(b)
	return base64.StdEncoding.EncodeToString(b)
}

// started is when the tests began: all tokens are of that moment.
var started = time.Now()

// token is a management token that differs for every n.
func token(n int) connector.Secret {
	c := fixtures.Management(fixtures.Workspace(), started, 7*24*time.Hour)
	return connector.Secret(fixtures.Sign(fixtures.Workspace(), c.With("jti", fmt.Sprint("id-", n))))
}

func credential(name string, value connector.Secret) *connector.Credential {
	return &connector.Credential{Name: name, Description: "of " + name, APIKeyValue: value}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// rows are the credentials as PostgreSQL prints them.
func (p place) rows(t testing.TB) (all []string) {
	db, err := sql.Open("pgx", p.url)
	ok(t, err)
	defer db.Close()
	rows, err := db.Query(`SELECT c::text FROM connector_credentials c`)
	ok(t, err)
	defer rows.Close()
	for rows.Next() {
		var row string
		ok(t, rows.Scan(&row))
		all = append(all, row)
	}
	return all
}
