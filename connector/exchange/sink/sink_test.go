package sink_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/connector/exchange/sink"
)

func stream(t testing.TB, name string) exchange.Stream {
	t.Helper()
	s, ok := exchange.Find(name)
	if !ok {
		t.Fatalf("no stream %s", name)
	}
	return s
}

func records(texts ...string) (made []exchange.Record) {
	for _, text := range texts {
		made = append(made, exchange.Record{Data: json.RawMessage(text)})
	}
	return made
}

// peers are records with everything that a format has to cope with.
var peers = records(
	`{"session_id":"s1","id":"p1","name":"Ada, \"Countess\"","role":"host","user_id":"=1+1","joined_at":"2026-03-01T08:00:00.1Z","left_at":null}`,
	`{"id":"p2","session_id":"s1","name":"-2\nlines","user_id":"'=x","unknown":{"a":1}}`,
	`{"session_id":"s2","id":"p3","name":"Привет 👋","role":["a","b"],"user_id":-7}`,
)

func TestTheFormatsAreAsTheyAre(t *testing.T) {
	for _, c := range []struct {
		name    string
		encoder sink.Encoder
		want    string
	}{
		{"bare lines", sink.NewEncoder("jsonl", stream(t, "session_peers")), `{"session_id":"s1","id":"p1","name":"Ada, \"Countess\"","role":"host","user_id":"=1+1","joined_at":"2026-03-01T08:00:00.1Z","left_at":null}
{"id":"p2","session_id":"s1","name":"-2\nlines","user_id":"'=x","unknown":{"a":1}}
{"session_id":"s2","id":"p3","name":"Привет 👋","role":["a","b"],"user_id":-7}
`},
		{"named lines", sink.Named(stream(t, "session_peers")), `{"stream":"session_peers","record":{"session_id":"s1","id":"p1","name":"Ada, \"Countess\"","role":"host","user_id":"=1+1","joined_at":"2026-03-01T08:00:00.1Z","left_at":null}}
{"stream":"session_peers","record":{"id":"p2","session_id":"s1","name":"-2\nlines","user_id":"'=x","unknown":{"a":1}}}
{"stream":"session_peers","record":{"session_id":"s2","id":"p3","name":"Привет 👋","role":["a","b"],"user_id":-7}}
`},
		{"CSV", sink.NewEncoder("csv", stream(t, "session_peers")), `session_id,id,name,role,user_id,user,joined_at,left_at
s1,p1,"Ada, ""Countess""",host,'=1+1,,2026-03-01T08:00:00.1Z,
s1,p2,"'-2
lines",,''=x,,,
s2,p3,Привет 👋,"[""a"",""b""]",-7,,,
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			o := sink.Output{To: &out, Encoder: c.encoder}
			for _, page := range [][]exchange.Record{nil, peers[:1], nil, peers[1:]} {
				if err := o.Write(page); err != nil {
					t.Fatal(err)
				}
			}
			if out.String() != c.want {
				t.Errorf("got\n%s\nwant\n%s", out.String(), c.want)
			}
		})
	}
}

// FuzzCellsComeBack writes any texts as a row of CSV, and reads it with encoding/csv.
func FuzzCellsComeBack(f *testing.F) {
	for _, seed := range []string{"", "=1", "'=1", "''-", "'", "a,b", "\"", "a\nb", " x", "+", "@x", `\.`, "\t", "'a"} {
		f.Add(seed, "x")
	}
	f.Fuzz(func(t *testing.T, name, role string) {
		name, role = strings.ToValidUTF8(name, ""), strings.ToValidUTF8(role, "")
		if strings.Contains(name+role, "\r") {
			return // encoding/csv reads CR LF as LF
		}
		data, _ := json.Marshal(map[string]string{"session_id": "s", "id": "p", "name": name, "role": role})
		var out bytes.Buffer
		o := sink.Output{To: &out, Encoder: sink.NewEncoder("csv", stream(t, "session_peers"))}
		if err := o.Write(records(string(data))); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(&out).ReadAll()
		if err != nil || len(rows) != 2 {
			t.Fatalf("%d rows, %v", len(rows), err)
		}
		for i, want := range map[int]string{2: name, 3: role} {
			cell := rows[1][i]
			if cell != "" && strings.IndexByte("=+-@", cell[0]) >= 0 || sink.Unguard(cell) != want {
				t.Errorf("%q became %q", want, cell)
			}
		}
	})
}

func TestAFileIsGoneOnWithOrLeftAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "peers.csv")
	encoder := func() sink.Encoder { return sink.NewEncoder("csv", stream(t, "session_peers")) }
	file, err := sink.Append(path, encoder(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Write(peers[:1]); err != nil {
		t.Fatal(err)
	}
	length, err := file.Length()
	if err := errors.Join(err, file.Write(peers[1:]), file.Commit()); err != nil {
		t.Fatal(err)
	}
	whole, _ := os.ReadFile(path)
	if info, _ := os.Stat(path); runtime.GOOS != "windows" && info.Mode() != 0o600 {
		t.Errorf("its mode is %v", info.Mode())
	}
	// A kill leaves half of a line behind what the state covers.
	if err := os.WriteFile(path, whole[:len(whole)-9], 0o600); err != nil {
		t.Fatal(err)
	}
	if file, err = sink.Append(path, encoder(), length); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(file.Write(peers[1:]), file.Commit()); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(path); !bytes.Equal(got, whole) {
		t.Errorf("gone on with, it is\n%s", got)
	}
	for name, spoil := range map[string]func() (string, int64){
		"shorter than its state":    func() (string, int64) { return path, int64(len(whole)) + 1 },
		"with another header":       func() (string, int64) { os.WriteFile(path+"x", []byte("id,name\n1,2\n"), 0o600); return path + "x", 12 },
		"not there":                 func() (string, int64) { return path + "y", 1 },
		"a folder":                  func() (string, int64) { return filepath.Dir(path), 0 },
		"shorter than its own head": func() (string, int64) { os.WriteFile(path+"z", []byte("sess"), 0o600); return path + "z", 100 },
	} {
		at, length := spoil()
		if err := sink.Check(at, encoder(), length); !errors.Is(err, sink.ErrFile) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got, _ := os.ReadFile(path); !bytes.Equal(got, whole) {
		t.Error("a check changed the file")
	}
}

func TestAFileThatIsBegunAnewAppearsWholeOrNotAtAll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "peers.jsonl")
	for _, complete := range []bool{false, true} {
		if err := os.WriteFile(path, []byte("old\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := sink.Create(path, sink.NewEncoder("jsonl", stream(t, "session_peers")))
		if err != nil {
			t.Fatal(err)
		}
		if err := file.Write(peers); err != nil {
			t.Fatal(err)
		}
		if got, _ := os.ReadFile(path); string(got) != "old\n" {
			t.Errorf("before its end it is %q", got)
		}
		if complete {
			if err := file.Commit(); err != nil {
				t.Fatal(err)
			}
		}
		file.Discard()
		if got, _ := os.ReadFile(path); (string(got) == "old\n") == complete {
			t.Errorf("complete %v: it is %q", complete, got)
		}
		if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
			t.Errorf("complete %v: %v are there", complete, left)
		}
	}
}

func TestACheckpointIsReadAsItWasSaved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	c, err := sink.ReadCheckpoint(path)
	if err != nil || len(c.Streams) != 0 {
		t.Fatalf("%v, %v", c, err)
	}
	c.Streams["rooms"] = sink.Entry{State: `{"v":1}`, Length: 7}
	c.Streams["empty"] = sink.Entry{}
	for _, durable := range []bool{false, true} {
		if err := c.Save(path, durable); err != nil {
			t.Fatal(err)
		}
	}
	again, err := sink.ReadCheckpoint(path)
	if err != nil || fmt.Sprint(again) != fmt.Sprint(c) {
		t.Errorf("%v, %v", again, err)
	}
	line, err := sink.StateLine(c)
	var printed struct{ State json.RawMessage }
	if err := errors.Join(err, json.Unmarshal(line, &printed)); err != nil {
		t.Fatal(err)
	}
	if again, err = sink.ParseCheckpoint(printed.State); err != nil || fmt.Sprint(again) != fmt.Sprint(c) {
		t.Errorf("from the line: %v, %v", again, err)
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("%v are there", left)
	}
}

// FuzzCheckpoint reads anything: it is refused, or says the same when it is saved again.
func FuzzCheckpoint(f *testing.F) {
	for _, seed := range []string{`{"v":1,"streams":{"rooms":{"state":{"v":1},"length":3}}}`, `{"v":2}`, `{"v":1,"streams":null}`, `{}`, ``, `null`, `{"v":1,"streams":{"a":{"state":"x","length":-1}}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := sink.ParseCheckpoint(data)
		if err != nil {
			if !errors.Is(err, exchange.ErrState) {
				t.Error(err)
			}
			return
		}
		text, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		again, err := sink.ParseCheckpoint(text)
		if err != nil || len(again.Streams) != len(c.Streams) {
			t.Errorf("%q became %q, %v", data, text, err)
		}
	})
}
