package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/100ms-connector/connector-go/connector/store"
)

func TestADatabaseForOtherDataIsItsOwnersAlone(t *testing.T) {
	t.Chdir(t.TempDir())
	for url, path := range map[string]string{
		"sqlite://data.db":                             "data.db",
		"sqlite://below/data.db":                       "below/data.db",
		"sqlite://" + mustAbs(t, "absolute.db"):        "absolute.db",
		"sqlite://" + mustAbs(t, "a%20b.db"):           "a b.db",
		mustAbs(t, filepath.Join("folder", "path.db")): "folder/path.db",
	} {
		if runtime.GOOS == "windows" && strings.Contains(url, `\`) {
			continue
		}
		d, err := store.OpenDatabase(ctx, url)
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		_, err = d.Exec(`CREATE TABLE numbers (n INTEGER)`)
		ok(t, err)
		info, err := os.Stat(path)
		if ok(t, err); !d.SQLite || info.Mode().Perm() != 0o600 && runtime.GOOS != "windows" {
			t.Errorf("%s has the mode %s", path, info.Mode())
		}
		ok(t, d.Close())
	}
}

func mustAbs(t *testing.T, path string) string {
	abs, err := filepath.Abs(path)
	ok(t, err)
	return filepath.ToSlash(abs)
}

func TestADatabaseThatCannotBeUsedSaysWhy(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	ok(t, os.WriteFile(text, []byte(strings.Repeat("this is no database\n", 100)), 0o600))
	for _, c := range []struct {
		name, url string
		class     error
		want      string
	}{
		{"another kind", "mysql://u:hunter2@h/d", store.ErrURL, "it begins neither with sqlite:/// nor with postgres://"},
		{"nothing", "", store.ErrURL, ""},
		{"no path", "sqlite://", store.ErrURL, ""},
		{"a folder", "sqlite://" + dir, store.ErrDatabase, "is a folder: name a file in it"},
		{"a text", "sqlite://" + text, store.ErrDatabase, "is not a database; it was left untouched"},
		{"nobody there", "postgres://u:hunter2@127.0.0.1:1/d", store.ErrDatabase, "the database at postgres://u@127.0.0.1:1/d cannot be reached"},
	} {
		_, err := store.OpenDatabase(ctx, c.url)
		if !errors.Is(err, c.class) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
		if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "credentials") {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := store.OpenDatabase(cancelled, "postgres://127.0.0.1:1/d"); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestAStatementThatADatabaseRefusesIsExplained(t *testing.T) {
	onEach(t, func(t *testing.T, p place) {
		d, err := store.OpenDatabase(ctx, p.url)
		ok(t, err)
		defer d.Close()
		_, err = d.Exec(`SELECT * FROM nothing`)
		if err = d.Explain(err); !errors.Is(err, store.ErrDatabase) || !strings.Contains(err.Error(), "have its tables been changed?") {
			t.Error(err)
		}
		if d.Explain(nil) != nil || d.Explain(context.Canceled) != context.Canceled {
			t.Error("it explains what needs no words")
		}
	})
}
