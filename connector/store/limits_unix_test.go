//go:build linux || darwin

package store_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/100ms-connector/connector-go/connector/store"
)

func TestAFullDiskIsExplainedAndLosesNothing(t *testing.T) {
	t.Run("a limit on the size of files", func(t *testing.T) {
		p := onSQLite(t)
		three(t, p).Close()
		fill(t, p, "failed", "STORE_TEST_LIMIT=500000")
	})
	t.Run("a small file system", func(t *testing.T) {
		dir := t.TempDir()
		if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", dir).CombinedOutput(); err != nil {
			t.Skipf("no file system may be mounted here: %s", out)
		}
		defer exec.Command("umount", dir).Run()
		p := place{url: "sqlite://" + dir + "/data/credentials.db", keyFile: filepath.Join(t.TempDir(), "store.key")}
		s := three(t, p)
		ok(t, s.Close())
		fill(t, p, "full")
		s, err := store.Open(ctx, p.url, store.KeyFile(p.keyFile))
		ok(t, err)
		defer s.Close()
		// Where nothing at all is left SQLite may lack the little that it needs for its
		// journal to delete something; with a little more it goes on.
		if err := s.Delete(ctx, "b"); err != nil {
			fails(t, err, store.ErrUnavailable)
			if out, err := exec.Command("mount", "-o", "remount,size=500k", dir).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			ok(t, s.Delete(ctx, "b"))
		}
	})
}

// fill has a child save until it fails, and holds the store against what the
// child has said.
func fill(t *testing.T, p place, want string, env ...string) {
	t.Helper()
	out, err := child(p, "save", env...).Output()
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	last := lines[len(lines)-1]
	if err == nil || !strings.Contains(last, store.ErrUnavailable.Error()) || !strings.Contains(last, want) {
		t.Fatalf("%v: %s", err, last)
	}
	t.Log(last)
	s, err := store.Open(ctx, p.url, store.KeyFile(p.keyFile))
	ok(t, err)
	defer s.Close()
	has(t, s, "a", token(0))
	list, err := s.List(ctx)
	if ok(t, err); len(list) != 3+len(lines)-1 || len(lines) < 10 {
		t.Errorf("%d saved, %d there", len(lines)-1, len(list)-3)
	}
}

func TestAReadOnlyFolderIsExplained(t *testing.T) {
	var env []string
	// Permissions stop no superuser, so the child becomes somebody else.
	dir, err := os.MkdirTemp("", "store")
	ok(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	ok(t, os.Chmod(dir, 0o755))
	p := place{url: "sqlite://" + dir + "/data/credentials.db", keyFile: filepath.Join(dir, "config", "store.key")}
	three(t, p).Close()
	if os.Getuid() == 0 {
		if runtime.GOOS != "linux" {
			t.Skip("a process that becomes somebody else is tried on Linux alone")
		}
		env = []string{"STORE_TEST_USER=65534"}
		ok(t, filepath.Walk(dir, func(path string, _ os.FileInfo, err error) error {
			if err != nil {
				return err
			}
			return os.Chown(path, 65534, 65534)
		}))
	}
	data := filepath.Dir(p.path())
	run := func(part, want string) {
		t.Helper()
		out, err := child(p, part, env...).Output()
		if err == nil || !strings.Contains(string(out), want) || !strings.Contains(string(out), p.path()) {
			t.Errorf("%v: %s", err, out)
		}
	}
	t.Run("the folder", func(t *testing.T) {
		ok(t, os.Chmod(data, 0o500))
		defer os.Chmod(data, 0o700)
		run("save", "write permission")
	})
	t.Run("the file", func(t *testing.T) {
		ok(t, os.Chmod(p.path(), 0o400))
		defer os.Chmod(p.path(), 0o600)
		run("save", "write permission")
	})
	t.Run("no permission at all", func(t *testing.T) {
		ok(t, os.Chmod(data, 0))
		defer os.Chmod(data, 0o700)
		run("list", "write permission")
	})
	t.Run("the folder, without a store", func(t *testing.T) {
		ok(t, os.Mkdir(filepath.Join(dir, "empty"), 0o555))
		p.url = "sqlite://" + dir + "/empty/credentials.db"
		run("list", "write permission")
	})
	t.Run("the folder of the key, whose key is used as it is", func(t *testing.T) {
		p.url = "sqlite://" + dir + "/data/fresh.db"
		config := filepath.Dir(p.keyFile)
		ok(t, os.Remove(p.keyFile+".lock"))
		ok(t, os.Chmod(config, 0o500))
		defer os.Chmod(config, 0o700)
		if out, err := child(p, "save one", env...).Output(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	})
}
