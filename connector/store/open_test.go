package store_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
)

func TestURLs(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		name, url string
		want      error
	}{
		{"a SQLite URL", "sqlite://" + dir + "/a.db", nil},
		{"an absolute path", dir + "/b.db", nil},
		{"a path with blanks and signs", "sqlite://" + dir + "/a%20b%3Fc%23d%25e+f&mode=ro.db", nil},
		{"no URL", "", store.ErrURL},
		{"a relative path", "credentials.db", store.ErrURL},
		{"a relative SQLite URL", "sqlite://credentials.db", store.ErrURL},
		{"an opaque SQLite URL", "sqlite:credentials.db", store.ErrURL},
		{"a SQLite URL with parameters", "sqlite://" + dir + "/a.db?mode=memory", store.ErrURL},
		{"another scheme", "mysql://user:hunter2@host/db", store.ErrURL},
		{"a password with a slash", "postgres://user:12/hunter2@host/db", store.ErrURL},
		{"a password behind a slash", "postgres://user:/hunter2@host/db", store.ErrURL},
		{"one slash", "postgres:/user:hunter2@host/db", store.ErrURL},
		{"no slash", "postgres:user:hunter2@host/db", store.ErrURL},
		{"a colon that is escaped", "postgres://user%3Ahunter2@host/db", store.ErrURL},
		{"parameters behind a semicolon", "postgres://host/db;password=hunter2", store.ErrURL},
		{"parameters without their mark", "postgres://host/db&password=hunter2", store.ErrURL},
		{"a password with a percent sign", "postgres://user:hunter2%@host/db", store.ErrURL},
		{"an impossible port", "postgres://user:hunter2@host:99999/db", store.ErrUnavailable},
		{"an unknown sslmode", "postgres://user@host/db?password=hunter2&sslmode=hunter2", store.ErrUnavailable},
		{"a host that is not there", "postgres://user:hunter2@host.invalid/db", store.ErrUnavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			limited, cancel := context.WithTimeout(ctx, 20*time.Second)
			defer cancel()
			s, err := store.Open(limited, c.url, store.KeyFile(filepath.Join(dir, "key")))
			if err == nil {
				ok(t, s.Save(ctx, credential("a", token(1))))
				ok(t, s.Close())
			}
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error holds the password: %v", err)
			}
		})
	}
	if !exists(filepath.Join(dir, "a b?c#d%e+f&mode=ro.db")) {
		t.Error("the path was taken for something else")
	}
}

func TestPasswordsInURLs(t *testing.T) {
	for url, want := range map[string]bool{
		"postgres://user:hunter2@host/db":              true,
		"postgres://host/db?user=u&password=hunter2":   true,
		"postgres://user@host/db?sslpassword=hunter2":  true,
		"postgres://user:hunter2%@host/db":             true, // no URL, but a password
		"postgres://user@host/db":                      false,
		"postgres://user@host:5432/db?sslmode=disable": false,
		"sqlite:///home/me/a.db":                       false,
		"/home/me@work/a:b.db":                         false,
		"":                                             false,
	} {
		if got := store.PasswordInURL(url); got != want {
			t.Errorf("%s: %v", url, got)
		}
	}
}

func TestPostgreSQLThatCannotBeUsedIsExplainedWithoutThePassword(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	closed := listener.Addr().String()
	ok(t, listener.Close())

	cases := map[string]string{"cannot be reached": "postgres://me:hunter2@" + closed + "/db"}
	if server := os.Getenv("CONNECTOR_TEST_POSTGRES"); server != "" {
		_, host, _ := strings.Cut(server, "@")
		cases["authentication"] = "postgres://connector:hunter2@" + host
		cases["does not exist"] = strings.Replace(server, "/postgres", "/nowhere", 1)
	}
	for want, url := range cases {
		_, err := store.Open(ctx, url, store.KeySource{})
		if !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), ":connector:") {
			t.Errorf("%s: %v", want, err)
		}
	}

	p := onPostgres(t)
	s := p.open(t)
	info, err := s.Info(ctx)
	ok(t, err)
	_, after, _ := strings.Cut(p.url, "connector:")
	password, _, _ := strings.Cut(after, "@")
	if strings.Contains(info.Location, password) || !strings.HasPrefix(info.Location, "postgres://connector@") {
		t.Error(info.Location)
	}
}

// TestAServerWithoutTLSIsRefusedAcrossANetwork plays a server that says no to
// TLS, on an address of this machine that is not its loopback.
func TestAServerWithoutTLSIsRefusedAcrossANetwork(t *testing.T) {
	t.Setenv("PGSSLMODE", "") // is put back after the test
	os.Unsetenv("PGSSLMODE")
	listener, err := net.Listen("tcp", net.JoinHostPort(outward(t), "0"))
	if err != nil {
		t.Skip(err)
	}
	defer listener.Close()
	clear := make(chan []byte, 8)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			request := make([]byte, 8)
			conn.Read(request) // SSLRequest
			conn.Write([]byte("N"))
			after := make([]byte, 1024)
			n, _ := conn.Read(after)
			clear <- after[:n]
			conn.Close()
		}
	}()
	_, err = store.Open(ctx, "postgres://me:hunter2@"+listener.Addr().String()+"/db", store.KeySource{})
	if !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "has no TLS") || !strings.Contains(err.Error(), "sslmode=disable") {
		t.Error(err)
	}
	select {
	case sent := <-clear:
		if len(sent) != 0 {
			t.Errorf("%d bytes were sent in the clear", len(sent))
		}
	case <-time.After(10 * time.Second):
		t.Error("the server was not asked")
	}
}

// outward is an address of this machine that others can reach.
func outward(t *testing.T) string {
	addresses, err := net.InterfaceAddrs()
	ok(t, err)
	for _, a := range addresses {
		if ip, _ := a.(*net.IPNet); ip != nil && ip.IP.IsGlobalUnicast() && ip.IP.To4() != nil {
			return ip.IP.String()
		}
	}
	t.Skip("this machine has no address but its loopback")
	return ""
}

func TestDefaultPlaces(t *testing.T) {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		t.Skip("this system has its own places")
	}
	t.Setenv("HOME", "/home/me")
	t.Setenv("XDG_CONFIG_HOME", "")
	for dir, want := range map[string]string{
		"":         "sqlite:///home/me/.local/share/100ms-connector/credentials.db",
		"relative": "sqlite:///home/me/.local/share/100ms-connector/credentials.db",
		"/a b":     "sqlite:///a%20b/100ms-connector/credentials.db",
	} {
		t.Setenv("XDG_DATA_HOME", dir)
		if got, err := store.DefaultURL(); err != nil || got != want {
			t.Errorf("%q: %q, %v", dir, got, err)
		}
	}
	if got, err := store.DefaultKeyFile(); err != nil || got != "/home/me/.config/100ms-connector/store.key" {
		t.Errorf("%q, %v", got, err)
	}
	t.Setenv("HOME", "")
	t.Setenv("XDG_DATA_HOME", "")
	_, err := store.DefaultURL()
	fails(t, err, store.ErrUnavailable)
	_, err = store.DefaultKeyFile()
	fails(t, err, store.ErrKey)
}

func TestWhatIsMadeIsForItsOwnerAlone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes are Unix's")
	}
	p := onSQLite(t)
	s := three(t, p)
	modes := map[string]os.FileMode{
		p.path(): 0o600, p.path() + "-wal": 0o600, p.path() + "-shm": 0o600, filepath.Dir(p.path()): 0o700 | os.ModeDir,
		p.keyFile: 0o600, filepath.Dir(p.keyFile): 0o700 | os.ModeDir,
	}
	for path, want := range modes {
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	ok(t, s.Close())

	// An existing folder is its owner's business, an open file is not.
	ok(t, os.Chmod(p.path(), 0o644))
	ok(t, os.Chmod(filepath.Dir(p.path()), 0o755))
	has(t, p.open(t), "a", token(0))
	file, err := os.Stat(p.path())
	ok(t, err)
	dir, err := os.Stat(filepath.Dir(p.path()))
	if ok(t, err); file.Mode().Perm() != 0o600 || dir.Mode().Perm() != 0o755 {
		t.Errorf("file %v, folder %v", file.Mode(), dir.Mode())
	}
}

func TestKeyFilesThatCannotBeTrustedOrReadAreRefused(t *testing.T) {
	key := newKeyText()
	for _, c := range []struct {
		name, text string
		mode       os.FileMode
		want       string
	}{
		{"others can read it", key, 0o644, "0644"},
		{"the group can read it", key, 0o640, "0640"},
		{"it is empty", "", 0o600, "there is none"},
		{"it has comments only", "# " + key, 0o600, "there is none"},
		{"it has half a key", key + "\n" + key[:22], 0o600, "line 2"},
		{"it has a key with something behind it", key + "x", 0o600, "line 1"},
		{"it is no text", "\x00\xff\xfe", 0o600, "line 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := onSQLite(t)
			ok(t, os.MkdirAll(filepath.Dir(p.keyFile), 0o700))
			ok(t, os.WriteFile(p.keyFile, []byte(c.text), c.mode))
			ok(t, os.Chmod(p.keyFile, c.mode))
			s := p.open(t)
			err := s.Save(ctx, credential("a", token(1)))
			if fails(t, err, store.ErrKey); !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), p.keyFile) || strings.Contains(err.Error(), key[:20]) {
				t.Error(err)
			}
			if list, err := s.List(ctx); err != nil || len(list) != 0 {
				t.Errorf("%v, %v", list, err)
			}
			if data, err := os.ReadFile(p.keyFile); err != nil || string(data) != c.text {
				t.Error("the file was changed")
			}
		})
	}
	t.Run("it is a folder", func(t *testing.T) {
		p := onSQLite(t)
		ok(t, os.MkdirAll(p.keyFile, 0o700))
		fails(t, p.open(t).Save(ctx, credential("a", token(1))), store.ErrKey)
	})
}

func TestKeysAreReadInEverySpelling(t *testing.T) {
	p := onSQLite(t)
	key := newKeyText()
	s := p.openWith(t, store.Keys(connector.Secret(key)))
	ok(t, s.Save(ctx, credential("a", token(1))))
	ok(t, s.Close())
	for _, text := range []string{
		"\ufeff# a comment\r\n\r\n " + key + " \r\n", strings.TrimRight(key, "="), strings.NewReplacer("+", "-", "/", "_").Replace(key),
		newKeyText() + "," + key, key + "\n" + key, key + " # the first, and only",
	} {
		has(t, p.openWith(t, store.Keys(connector.Secret(text))), "a", token(1))
	}
}

func TestAStoreOfANewerProgramIsRefusedUntouched(t *testing.T) {
	onEach(t, func(t *testing.T, p place) {
		s := three(t, p)
		ok(t, s.Close())
		p.tamper(t, `INSERT INTO connector_migrations (version, applied_at) VALUES (99, 0)`)
		before := p.bytes(t)
		_, err := store.Open(ctx, p.url, store.KeyFile(p.keyFile))
		if fails(t, err, store.ErrNewer); !strings.Contains(err.Error(), "99") {
			t.Error(err)
		}
		if after := p.bytes(t); !bytes.Equal(before, after) {
			t.Error("it was changed")
		}
	})
}

// bytes are the SQLite file; of a PostgreSQL database, its rows.
func (p place) bytes(t *testing.T) []byte {
	if p.numbered {
		return []byte(strings.Join(p.rows(t), "\n"))
	}
	data, err := os.ReadFile(p.path())
	ok(t, err)
	return data
}

func TestWhatIsNoStoreIsRefusedUntouched(t *testing.T) {
	dir := t.TempDir()
	other := filepath.Join(dir, "other.db")
	db, err := sql.Open("sqlite", other)
	ok(t, err)
	_, err = db.Exec(`CREATE TABLE bookmarks (url TEXT)`)
	ok(t, err)
	ok(t, db.Close())
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		ok(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	for _, c := range []struct{ name, path, want string }{
		{"a short text", write("short", "not a database"), "is not a database"},
		{"a long text", write("long", strings.Repeat("not a database\n", 1000)), "is not a database"},
		{"a database of another program", other, "another program"},
		{"a folder", dir, "is a folder"},
		{"a device", "/dev/null", "is not a file"},
		{"a path below a file", filepath.Join(other, "x.db"), "not a folder"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before, _ := os.ReadFile(c.path)
			_, err := store.Open(ctx, c.path, store.KeySource{})
			if fails(t, err, store.ErrUnavailable); err != nil && !strings.Contains(err.Error(), c.want) {
				t.Error(err)
			}
			if after, _ := os.ReadFile(c.path); !bytes.Equal(before, after) {
				t.Error("it was changed")
			}
		})
	}
}

func TestAnotherProcessThatHoldsTheStoreIsWaitedForUntilTheContextEnds(t *testing.T) {
	p := onSQLite(t)
	s := three(t, p)
	db, err := sql.Open("sqlite", p.path()+"?_txlock=immediate")
	ok(t, err)
	defer db.Close()
	tx, err := db.Begin()
	ok(t, err)

	limited, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	fails(t, s.Save(limited, credential("d", token(4))), context.DeadlineExceeded)
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	func() {
		defer store.SetPatience(100 * time.Millisecond)()
		err := s.Save(ctx, credential("d", token(4)))
		if fails(t, err, store.ErrUnavailable); !strings.Contains(err.Error(), "another process") {
			t.Error(err)
		}
	}()
	has(t, s, "a", token(0)) // reading does not wait
	saved := make(chan error, 1)
	go func() { saved <- s.Save(ctx, credential("d", token(4))) }()
	time.Sleep(20 * time.Millisecond)
	ok(t, tx.Rollback())
	ok(t, <-saved)
}

// TestALinkToAKeyFileStaysOne: the key is kept where its owner put it, in a vault
// for example.
func TestALinkToAKeyFileStaysOne(t *testing.T) {
	p := onSQLite(t)
	p.keyFile = filepath.Join(t.TempDir(), "vault.key")
	ok(t, p.open(t).Save(ctx, credential("a", token(1))))
	link := filepath.Join(t.TempDir(), "link.key")
	if err := os.Symlink(p.keyFile, link); err != nil {
		t.Skip(err)
	}
	s := p.openWith(t, store.KeyFile(link))
	ok(t, s.RotateKey(ctx, nil))
	has(t, s, "a", token(1))
	has(t, p.open(t), "a", token(1)) // by the vault's own path
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v (%v)", info, err)
	}
}

// TestWaitingForSomebodysLockHasAnEnd holds the table from outside the store.
func TestWaitingForSomebodysLockHasAnEnd(t *testing.T) {
	p := onPostgres(t)
	s := p.open(t)
	ok(t, s.Save(ctx, credential("a", token(1))))
	defer store.SetPatience(300 * time.Millisecond)()
	db, err := sql.Open("pgx", p.url)
	ok(t, err)
	defer db.Close()
	other, err := db.Begin()
	ok(t, err)
	defer other.Rollback()
	_, err = other.Exec(`LOCK TABLE connector_credentials`)
	ok(t, err)
	began := time.Now()
	err = s.Save(ctx, credential("b", token(2)))
	if !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "locked for") || time.Since(began) > 5*time.Second {
		t.Errorf("%v, after %s", err, time.Since(began))
	}
	limited, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	if err := s.Delete(limited, "a"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the context's end becomes %v", err)
	}
}
