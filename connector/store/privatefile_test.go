package store_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
	"github.com/100ms-connector/connector-go/fixtures"
)

func TestPrivateFiles(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes are Unix's, and links need a privilege")
	}
	for _, c := range []struct {
		name string
		make func(path string) error
		want string // of the error; empty if it is read
	}{
		{"a file", func(p string) error { return os.WriteFile(p, []byte("text"), 0o600) }, ""},
		{"a file that cannot be written", func(p string) error { return os.WriteFile(p, []byte("text"), 0o400) }, ""},
		{"a link to a file", func(p string) error {
			return errors.Join(os.WriteFile(p+".vault", []byte("text"), 0o600), os.Symlink(p+".vault", p))
		}, ""},
		{"nothing", func(string) error { return nil }, "is not there: check the path"},
		{"a link to nothing", func(p string) error { return os.Symlink(p+".vault", p) }, "a link to a file that is not there: put the file back, or remove the link"},
		{"a link to itself", func(p string) error { return os.Symlink(p, p) }, "too many levels of symbolic links"},
		{"a folder", func(p string) error { return os.Mkdir(p, 0o700) }, "is not a file"},
		{"a device without end", func(p string) error { return os.Symlink("/dev/zero", p) }, "is not a file"},
		{"a file that the group may read", func(p string) error { return errors.Join(os.WriteFile(p, nil, 0o640), os.Chmod(p, 0o640)) }, "(mode 0640): chmod 600 it"},
		{"a file that all may read", func(p string) error { return errors.Join(os.WriteFile(p, nil, 0o644), os.Chmod(p, 0o644)) }, "(mode 0644): chmod 600 it"},
		{"a file that is too large", func(p string) error { return os.WriteFile(p, make([]byte, 1<<20+1), 0o600) }, "larger than 1 MiB"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "file")
			ok(t, c.make(path))
			data, err := store.ReadPrivateFile(path)
			if c.want == "" {
				if ok(t, err); string(data) != "text" {
					t.Errorf("it reads %q", data)
				}
				return
			}
			if fails(t, err, store.ErrFile); !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
				t.Error(err)
			}
			if missing := errors.Is(err, fs.ErrNotExist); missing != (c.name == "nothing") {
				t.Errorf("it counts as missing: %v", missing)
			}
		})
	}
}

func TestSigningKeyFiles(t *testing.T) {
	k := fixtures.Workspace()
	for _, c := range []struct{ name, text, want string }{
		{"a key", `{"access_key":"` + k.AccessKey + `","app_secret":"` + k.AppSecret + `"}`, ""},
		{"no JSON", k.AppSecret, "key file"},
		{"a key that cannot be right", `{"access_key":"` + k.AppSecret + `","app_secret":"` + k.AccessKey + `"}`, "swapped"},
	} {
		path := filepath.Join(t.TempDir(), "key.json")
		ok(t, os.WriteFile(path, []byte(c.text), 0o600))
		key, err := store.SigningKeyFile(path)
		if c.want == "" {
			if ok(t, err); key.AccessKey != k.AccessKey || key.AppSecret != connector.Secret(k.AppSecret) {
				t.Errorf("%s: another key", c.name)
			}
			continue
		}
		if fails(t, err, store.ErrFile); !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), k.AppSecret[:20]) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	_, err := store.SigningKeyFile(filepath.Join(t.TempDir(), "nowhere"))
	fails(t, err, fs.ErrNotExist)
}

// TestALinkToNothingIsNotReplacedByAKeyFile: the key may be on a disk that is not
// there at the moment.
func TestALinkToNothingIsNotReplacedByAKeyFile(t *testing.T) {
	p := onSQLite(t)
	ok(t, os.MkdirAll(filepath.Dir(p.keyFile), 0o700))
	vault := filepath.Join(t.TempDir(), "vault.key")
	if err := os.Symlink(vault, p.keyFile); err != nil {
		t.Skip(err)
	}
	s := p.open(t)
	for _, err := range []error{s.Save(ctx, credential("a", token(1))), s.RotateKey(ctx, nil)} {
		if fails(t, err, store.ErrKey); err != nil && !strings.Contains(err.Error(), "is a link to a file that is not there: put the file back, or remove the link") {
			t.Error(err)
		}
	}
	if target, err := os.Readlink(p.keyFile); err != nil || target != vault || exists(vault) {
		t.Errorf("the link is to %q, %v", target, err)
	}
}
