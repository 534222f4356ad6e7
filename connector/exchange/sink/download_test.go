package sink_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/connector/exchange/sink"
	"github.com/100ms-connector/connector-go/fixtures"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

// storage is a sandbox that notes what is asked of its storage.
type storage struct {
	*sandbox.Sandbox
	mu     sync.Mutex
	ranges []string
	tokens int // calls of the storage that came with a token
	url    string
}

func newStorage(t *testing.T) *storage {
	s := &storage{Sandbox: &sandbox.Sandbox{Account: &sandbox.Account{Rooms: 20, Now: time.Now()}}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/storage/") {
			s.mu.Lock()
			s.ranges = append(s.ranges, r.Header.Get("Range"))
			if r.Header.Get("Authorization") != "" {
				s.tokens++
			}
			s.mu.Unlock()
		}
		s.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// downloads fetches from the storage under a fault.
func (s *storage) downloads(t *testing.T, fault, folder string) *sink.Downloads {
	t.Helper()
	if fault != "" {
		fault = "/fault/" + fault
	}
	base, err := connector.ParseBaseURL(s.url + fault + "/v2")
	if err != nil {
		t.Fatal(err)
	}
	token := fixtures.Sign(fixtures.Workspace(), fixtures.Management(fixtures.Workspace(), time.Now(), time.Hour))
	transport := connector.NewTransport()
	t.Cleanup(transport.CloseIdleConnections)
	source := &exchange.Source{Client: &connector.Client{Source: connector.Secret(token), BaseURL: base, Transport: transport}, Patience: time.Second}
	return &sink.Downloads{Source: source, Folder: folder, Transport: transport, Patience: 2 * time.Second}
}

// assets are the records of the account, and of which files there are.
func (s *storage) assets(t *testing.T) (all []exchange.Record, completed int) {
	t.Helper()
	for page, err := range s.downloads(t, "", "").Source.Read(context.Background(), stream(t, "recording_assets"), "") {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page.Records...)
	}
	for _, r := range all {
		if bytes.Contains(r.Data, []byte(`"status":"completed"`)) {
			completed++
		}
	}
	if completed < 10 || completed == len(all) {
		t.Fatalf("%d of %d assets are completed", completed, len(all))
	}
	return all, completed
}

// fetched is what a Fetch told.
type fetched struct {
	outcomes map[sink.Outcome]int
	why      []string
	bytes    int64
	err      error
}

func fetch(d *sink.Downloads, records []exchange.Record) fetched {
	f := fetched{outcomes: map[sink.Outcome]int{}}
	f.err = d.Fetch(context.Background(), records, func(one sink.Download) {
		f.outcomes[one.Outcome]++
		f.bytes += one.Bytes
		if one.Why != "" && !slices.Contains(f.why, one.Why) {
			f.why = append(f.why, one.Why)
		}
	})
	return f
}

// checkFiles holds the folder against what the records say: every file whole, private,
// and nothing beside them.
func checkFiles(t *testing.T, folder string, want int) {
	t.Helper()
	files, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != want {
		t.Errorf("%d files, want %d", len(files), want)
	}
	for _, file := range files {
		id, _, _ := strings.Cut(file.Name(), ".")
		data, err := os.ReadFile(filepath.Join(folder, file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		// The sandbox's files are the id over and over, cut at their size, which differs
		// from one to the next.
		whole := strings.Repeat(id+"\n", len(data)/(len(id)+1)+1)
		if len(data) == 0 || string(data) != whole[:len(data)] {
			t.Errorf("%s is not whole", file.Name())
		}
		if info, _ := file.Info(); info.Mode().Perm() != 0o600 && runtime.GOOS != "windows" {
			t.Errorf("%s has the mode %s", file.Name(), info.Mode())
		}
	}
}

func TestFilesAreFetchedWholeUnderEveryFault(t *testing.T) {
	s := newStorage(t)
	assets, completed := s.assets(t)
	for _, c := range []struct{ name, fault string }{
		{"nothing goes wrong", ""},
		{"every file is cut after 1000 bytes, again and again", "download-cut"},
		{"a range is asked for, and all comes", "download-whole"},
		{"a URL has expired", "download-expired@3-3"},
		{"the storage is out of order for a while", "503@2-4"},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := filepath.Join(t.TempDir(), "files")
			d := s.downloads(t, c.fault, folder)
			some := assets
			if c.fault == "download-cut" {
				some = assets[len(assets)-12:]
			}
			first := fetch(d, some)
			if first.err != nil || first.outcomes[sink.Fetched] == 0 || len(first.outcomes) != 1 {
				t.Fatalf("%v, %v", first.outcomes, first.err)
			}
			if len(some) == len(assets) && first.outcomes[sink.Fetched] != completed {
				t.Errorf("%v of %d", first.outcomes, completed)
			}
			checkFiles(t, folder, first.outcomes[sink.Fetched])
			before := len(s.ranges)
			second := fetch(d, some)
			if second.err != nil || second.outcomes[sink.Present] != first.outcomes[sink.Fetched] || second.bytes != 0 || len(s.ranges) != before {
				t.Errorf("the second time %v, %d bytes, %d calls, %v", second.outcomes, second.bytes, len(s.ranges)-before, second.err)
			}
		})
	}
	if s.tokens > 0 {
		t.Errorf("the token went to the storage %d times", s.tokens)
	}
}

func TestAFileGoesOnWhereAKilledRunLeftIt(t *testing.T) {
	s := newStorage(t)
	assets, _ := s.assets(t)
	folder := t.TempDir()
	if f := fetch(s.downloads(t, "", folder), assets); f.err != nil {
		t.Fatal(f.err)
	}
	files, _ := os.ReadDir(folder)
	for _, c := range []struct {
		name string
		left func(whole []byte) []byte
		want string // the range that is asked for
	}{
		{"half of it", func(whole []byte) []byte { return whole[:700] }, "bytes=700-"},
		{"all of it, but for its name", func(whole []byte) []byte { return whole }, "none"},
		{"more than it has", func(whole []byte) []byte { return append(whole, "more"...) }, ""},
		{"nothing of it", func([]byte) []byte { return nil }, ""},
	} {
		name := files[3].Name()
		path, partial := filepath.Join(folder, name), filepath.Join(folder, "."+name+".partial")
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(os.Remove(path), os.WriteFile(partial, c.left(slices.Clone(whole)), 0o600)); err != nil {
			t.Fatal(err)
		}
		s.ranges = nil
		if f := fetch(s.downloads(t, "", folder), assets); f.err != nil || f.outcomes[sink.Fetched] != 1 {
			t.Errorf("%s: %v, %v", c.name, f.outcomes, f.err)
		}
		if asked := strings.Join(s.ranges, " "); asked != c.want && !(c.want == "none" && s.ranges == nil) {
			t.Errorf("%s: it asks for %q", c.name, s.ranges)
		}
		checkFiles(t, folder, len(files))
	}
}

func TestWhatIsNotTheFileIsNotKept(t *testing.T) {
	s := newStorage(t)
	assets, completed := s.assets(t)
	t.Run("a URL that is refused twice", func(t *testing.T) {
		folder := t.TempDir()
		f := fetch(s.downloads(t, "download-expired", folder), assets)
		if f.err != nil || f.outcomes[sink.Refused] != completed || !slices.Equal(f.why, []string{"the storage answered 403"}) {
			t.Errorf("%v, %q, %v", f.outcomes, f.why, f.err)
		}
		if calls := s.Calls()["/recording-assets/{id}/presigned-url"]; calls != 2*completed {
			t.Errorf("%d URLs were asked for, for %d files", calls, completed)
		}
		checkFiles(t, folder, 0)
	})
	change := func(from, to string) []exchange.Record {
		changed := slices.Clone(assets[len(assets)-8:])
		for i := range changed {
			changed[i].Data = json.RawMessage(strings.Replace(string(changed[i].Data), from, to, 1))
		}
		return changed
	}
	for _, c := range []struct {
		name, from, to string
		outcome        sink.Outcome
		why            string
	}{
		{"another size than the record says", `"size":`, `"size":9`, sink.Refused, "its record says 9"},
		{"an id that leaves the folder", `"id":"`, `"id":"../`, sink.Refused, "its id cannot be the name of a file"},
		{"an asset that is gone", `"id":"`, `"id":"0000`, sink.Gone, "the API has it no longer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := t.TempDir()
			f := fetch(s.downloads(t, "", folder), change(c.from, c.to))
			if f.err != nil || f.outcomes[c.outcome] == 0 || len(f.outcomes) != 1 || !strings.Contains(strings.Join(f.why, "\n"), c.why) {
				t.Errorf("%v, %q, %v", f.outcomes, f.why, f.err)
			}
			checkFiles(t, folder, 0)
		})
	}
	t.Run("an extension that is none", func(t *testing.T) {
		folder := t.TempDir()
		if f := fetch(s.downloads(t, "", folder), change(`"path":"`, `"path":"x.a/b`)); f.err != nil {
			t.Error(f.err)
		}
		files, _ := filepath.Glob(filepath.Join(folder, "*"))
		for _, file := range files {
			if strings.ContainsAny(filepath.Base(file), "/ ") {
				t.Errorf("%s", file)
			}
		}
	})
}

func TestWhatEndsDownloadsIsSaidWithoutTheURL(t *testing.T) {
	s := newStorage(t)
	assets, _ := s.assets(t)
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	for _, c := range []struct{ name, url, want string }{
		{"a storage that is not there", closed.URL + "/f?X-Amz-Signature=s3cr3t", "the connection to the storage failed: dial tcp"},
		{"an address that is not https", "http://storage.example/f?X-Amz-Signature=s3cr3t", ""},
		{"an address that is none", "https://%zz?X-Amz-Signature=s3cr3t", ""},
		{"a file of this machine", "file:///etc/passwd?s3cr3t", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				fmt.Fprintf(w, `{"id":"x","url":%q,"expiry":60}`, c.url)
			}))
			defer api.Close()
			d := s.downloads(t, "", t.TempDir())
			d.Source.Client.BaseURL, _ = connector.ParseBaseURL(api.URL + "/v2")
			d.Patience = 50 * time.Millisecond
			f := fetch(d, assets)
			said := fmt.Sprint(f.why, f.err)
			if strings.Contains(said, "s3cr3t") || !strings.Contains(said, c.want) {
				t.Error(said)
			}
			if c.want == "" && (f.err != nil || f.outcomes[sink.Refused] == 0) || c.want != "" && f.err == nil {
				t.Errorf("%v, %v", f.outcomes, f.err)
			}
		})
	}
}
