package store_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
	"github.com/100ms-connector/connector-go/fixtures"
)

// inFolder opens a store for an example.
func inFolder(ctx context.Context, dir string) *store.Store {
	s, err := store.Open(ctx, "sqlite://"+filepath.Join(dir, "credentials.db"), store.KeyFile(filepath.Join(dir, "store.key")))
	if err != nil {
		panic(err)
	}
	return s
}

func sign(life time.Duration) connector.Secret {
	k := fixtures.Workspace()
	return connector.Secret(fixtures.Sign(k, fixtures.Management(k, time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC), life)))
}

func Example() {
	ctx := context.Background()
	dir, _ := os.MkdirTemp("", "store")
	defer os.RemoveAll(dir)

	s, err := store.Open(ctx, "sqlite://"+filepath.Join(dir, "credentials.db"), store.KeyFile(filepath.Join(dir, "store.key")))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()

	err = s.Save(ctx, &connector.Credential{Name: "production", APIKeyValue: sign(7 * 24 * time.Hour)})
	fmt.Println("saved:", err == nil)

	records, _ := s.List(ctx)
	for _, r := range records {
		fmt.Println(r.Name, r.Kind, r.AccessKey, r.ExpiresAt.Format(time.DateOnly))
	}

	cred, _ := s.Credential(ctx, "production") // for a connector.Tester, or cred.Client
	fmt.Println(cred.APIKeyValue)
	// Output:
	// saved: true
	// production management 100a100a100a100a100a100a 2026-11-08
	// [redacted]
}

// A value is replaced by its renewal only if it is still the one that was read.
// Who comes second sees whether the credential is still due.
func ExampleStore_Replace() {
	ctx := context.Background()
	dir, _ := os.MkdirTemp("", "store")
	defer os.RemoveAll(dir)
	s := inFolder(ctx, dir)
	defer s.Close()
	s.Save(ctx, &connector.Credential{Name: "production", APIKeyValue: sign(time.Hour)})

	cred, _ := s.Credential(ctx, "production")
	renewed := sign(24 * time.Hour) // connector.SigningKey.Mint
	_, err := s.Replace(ctx, cred, renewed)
	fmt.Println(err)

	now, err := s.Replace(ctx, cred, sign(24*time.Hour)) // another one that had read it too
	fmt.Println(errors.Is(err, store.ErrChanged), "due:", now.Due(time.Date(2026, 11, 1, 10, 30, 0, 0, time.UTC)))
	// Output:
	// <nil>
	// true due: false
}

// One record that cannot be read hides none of the others.
func ExampleStore_All() {
	ctx := context.Background()
	dir, _ := os.MkdirTemp("", "store")
	defer os.RemoveAll(dir)
	s := inFolder(ctx, dir)
	defer s.Close()
	for _, name := range []string{"staging", "production"} {
		s.Save(ctx, &connector.Credential{Name: name, APIKeyValue: sign(time.Hour)})
	}

	for cred, err := range s.All(ctx) {
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(cred.Name)
	}
	// Output:
	// production
	// staging
}

// Who sends a token asks for it anew with every request, and so has the one that
// another process has put in its place.
func ExampleStore_TokenSource() {
	ctx := context.Background()
	dir, _ := os.MkdirTemp("", "store")
	defer os.RemoveAll(dir)
	s := inFolder(ctx, dir)
	defer s.Close()
	s.Save(ctx, &connector.Credential{Name: "production", APIKeyValue: sign(7 * 24 * time.Hour)})

	source := s.TokenSource("production", time.Minute)
	client := &http.Client{Transport: &connector.Transport{Source: source}} // for requests to the API
	_ = client

	token, err := source.Token(ctx)
	fmt.Println(connector.Inspect(token.Reveal()).ExpiresAt.Format(time.DateOnly), err)
	// Output:
	// 2026-11-08 <nil>
}

// Records that are due get a fresh token.
func ExampleRecord_Due() {
	ctx := context.Background()
	dir, _ := os.MkdirTemp("", "store")
	defer os.RemoveAll(dir)
	s := inFolder(ctx, dir)
	defer s.Close()
	s.Save(ctx, &connector.Credential{Name: "of a day", APIKeyValue: sign(24 * time.Hour)})
	s.Save(ctx, &connector.Credential{Name: "of a week", APIKeyValue: sign(7 * 24 * time.Hour)})

	records, _ := s.List(ctx)
	for _, r := range records {
		fmt.Println(r.Name, r.Due(time.Date(2026, 11, 2, 4, 0, 0, 0, time.UTC)))
	}
	// Output:
	// of a day true
	// of a week false
}

func ExampleSigningKeyFile() {
	key, err := store.SigningKeyFile("nowhere/key.json")
	fmt.Println(key != nil, err)
	// Output:
	// false store: the file cannot be used: nowhere/key.json is not there: check the path
}

func ExampleStore_Edit() {
	ctx := context.Background()
	dir, _ := os.MkdirTemp("", "store")
	defer os.RemoveAll(dir)
	s := inFolder(ctx, dir)
	defer s.Close()
	s.Save(ctx, &connector.Credential{Name: "production", APIKeyValue: sign(time.Hour)})

	name := "main workspace"
	fmt.Println(s.Edit(ctx, "production", store.Changes{Name: &name})) // the rest is left untouched
	_, err := s.Show(ctx, "production")
	fmt.Println(err)
	// Output:
	// <nil>
	// credential "production": there is no credential of this name
}

func ExampleStore_RotateKey() {
	ctx := context.Background()
	dir, _ := os.MkdirTemp("", "store")
	defer os.RemoveAll(dir)
	s := inFolder(ctx, dir)
	defer s.Close()
	s.Save(ctx, &connector.Credential{Name: "production", APIKeyValue: sign(time.Hour)})

	err := s.RotateKey(ctx, func(done, total int) { fmt.Println(done, "of", total) })
	fmt.Println(err)
	// Output:
	// 1 of 1
	// <nil>
}
