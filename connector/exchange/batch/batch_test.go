package batch_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/connector/exchange/batch"
)

func rooms(t testing.TB) exchange.Action {
	action, ok := exchange.FindAction("rooms")
	if !ok {
		t.Fatal("there is no action rooms")
	}
	return action
}

// said is a batch in lines: its records, and what is invalid.
func said(b *batch.Batch) string {
	var lines []string
	for _, r := range b.Records {
		lines = append(lines, fmt.Sprintf("%d %s", r.Line, r.Data))
	}
	for _, a := range b.Invalid {
		lines = append(lines, fmt.Sprintf("%d:%d %s", a.Line, a.Column, a.Message))
	}
	return strings.Join(lines, "\n")
}

func TestAFileIsReadInTheFormThatItsContentHas(t *testing.T) {
	for _, c := range []struct{ name, file, want string }{
		{"JSON Lines", "{\"name\":\"a\"}\n{\"name\":\"b\"}\n", "1 {\"name\":\"a\"}\n2 {\"name\":\"b\"}"},
		{"the last line without an end, ends of Windows, blank lines", "\xef\xbb\xbf{\"name\":\"a\"}\r\n\r\n  \r\n{\"name\":\"b\"}", "1 {\"name\":\"a\"}\n4 {\"name\":\"b\"}"},
		{"an array, over lines", "[\n {\"name\":\"a\"},\n\n {\"name\":\"b\", \"size\":-1}]", "1 {\"name\":\"a\"}\n2:22 the field \"size\" must be 0 to 20000 (line 4 of the file)"},
		{"an empty array", "[]", ""},
		{"one object, over lines", "{\n \"name\":\n\"a\"}\n", "1 {\n \"name\":\n\"a\"}"},
		{"CSV", "name,size,large_room,polls\na,5,TRUE,\"[\"\"p\"\"]\"\nb,,,\n", `2 {"name":"a","size":5,"large_room":true,"polls":["p"]}` + "\n" + `3 {"name":"b"}`},
		{"CSV with a guard, a byte order mark and a line end in a cell", "\xef\xbb\xbfname,description\r\na,'=1\r\n\"b\",\"two\r\nlines\"\r\nc,''x\r\n", "2 {\"name\":\"a\",\"description\":\"=1\"}\n3 {\"name\":\"b\",\"description\":\"two\\nlines\"}\n5 {\"name\":\"c\",\"description\":\"''x\"}"},
		{"CSV of one column", "name\na\n", `2 {"name":"a"}`},
		{"CSV with a header alone", "name,size\n", ""},
		{"an unknown column, and one twice", "nam,size,size\na,1,2\n", "1:1 the column \"nam\" is none of the fields of this action; did you mean \"name\"?\n1:10 the column \"size\" stands twice"},
		{"a number with a sign and one with an exponent", "name,size\na,+5\nb,1e3\n", "2:3 the field \"size\" must be a whole number, not a text\n3:3 the field \"size\" must be a whole number, not a text"},
		{"a line that is no object", "{\"name\":\"a\"}\n7\n", "1 {\"name\":\"a\"}\n2:1 the record must be an object"},
	} {
		b, err := batch.Read(strings.NewReader(c.file), rooms(t))
		if err != nil || said(b) != c.want {
			t.Errorf("%s: %v\n%s\nwant\n%s", c.name, err, said(b), c.want)
		}
	}
}

func TestAFileThatIsNoneIsRefusedWithItsReason(t *testing.T) {
	for _, c := range []struct{ name, file, want string }{
		{"empty", "", "it is empty"}, {"blank", " \n\t", "it is empty"},
		{"UTF-16", "\xff\xfe{\x00", "it is UTF-16; save it as UTF-8"},
		{"a picture", "\x89PNG\x00", "NUL bytes"},
		{"an array that is cut", `[{"name":"a"},`, "line 1, column 15: the JSON ends too early"},
		{"CSV with an open quote", "name\n\"a\n", "neither JSON nor CSV: line 2"},
		{"larger than the bound", `{"name":"` + strings.Repeat("a", batch.MaxFile) + `"}`, "larger than 64 MiB"},
	} {
		_, err := batch.Read(strings.NewReader(c.file), rooms(t))
		if !errors.Is(err, batch.ErrFile) || !strings.Contains(fmt.Sprint(err), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, err := batch.Read(strings.NewReader("name\n"+strings.Repeat("a\n", batch.MaxRecords+1)), rooms(t)); !errors.Is(err, batch.ErrFile) {
		t.Errorf("too many records: %v", err)
	}
}

func TestTheSumIsOfTheBytesOfTheRecord(t *testing.T) {
	for file, want := range map[string]string{
		"{\"name\":\"a\"} \r\n": "{\"name\":\"a\"} ",
		"[ {\"name\":\"a\"} ]":  "{\"name\":\"a\"}",
		"name\n\n\"a\"\r\n":     "\"a\"",
	} {
		b, err := batch.Read(strings.NewReader(file), rooms(t))
		if err != nil || len(b.Records) != 1 || b.Records[0].Sum != sha256.Sum256([]byte(want)) {
			t.Errorf("%q: %v, %+v", file, err, b)
		}
	}
}

func TestAJournalSaysWhatAnEarlierRunLeft(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results")
	file, _ := batch.Read(strings.NewReader("{\"name\":\"a\"}\n\n{\"name\":\"b\"}\n{\"name\":\"c\"}\n"), rooms(t))
	open := func() *batch.Journal {
		j, err := batch.OpenJournal(path, file)
		if err != nil {
			t.Fatal(err)
		}
		return j
	}
	j := open()
	var all sync.WaitGroup
	for n := 1; n <= 2; n++ {
		all.Go(func() {
			if err := j.Begin(n); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if _, err := batch.OpenJournal(path, file); !errors.Is(err, batch.ErrJournal) {
		t.Errorf("a second process: %v", err)
	}
	if err := errors.Join(j.End(2, exchange.Ack{Line: 2, Status: exchange.Created, ID: "x"}), j.Close()); err != nil {
		t.Fatal(err)
	}
	half, _ := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	half.WriteString(`{"line":4,"status":"star`)
	half.Close()
	j = open()
	for n, want := range map[int]string{1: "<nil> true", 2: "&{3 0 created x  } true", 3: "<nil> false"} {
		if ack, began := j.Earlier(n); fmt.Sprint(ack, " ", began) != want {
			t.Errorf("%d: %v %v, want %s", n, ack, began, want)
		}
	}
	j.Close()
	data, _ := os.ReadFile(path)
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 || strings.Count(string(data), "\n") != 3 || !strings.HasSuffix(string(data), "\n") {
		t.Errorf("%v\n%s", info.Mode(), data)
	}
	sum := sha256.Sum256([]byte(`{"name":"a"}`))
	if !strings.Contains(string(data), `{"line":1,"status":"started","sha256":"`+hex.EncodeToString(sum[:])+`"}`) {
		t.Errorf("%s", data)
	}
	for name, text := range map[string]string{
		"another file's":   `{"line":9,"status":"started","sha256":"00"}` + "\n",
		"a changed line's": `{"line":1,"status":"started","sha256":"00"}` + "\n",
		"damaged":          "hello\n", "JSON of something else": "{}\n", "a line without an end of 2 MiB": strings.Repeat("x", 2<<20),
	} {
		os.WriteFile(path, []byte(text), 0o600)
		if _, err := batch.OpenJournal(path, file); !errors.Is(err, batch.ErrJournal) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{"", "[", "{", "{}", "[{}]", "name\na", "\"", "a,\"b\nc", "{\"name\":\"a\"}\r\n\r\n{", "\xef\xbb\xbf[]", "name,size\n1e400,1e400", "[1,[2],{\"a\":[]}]", "{\n}\n{\n}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		b, err := batch.Read(strings.NewReader(text), rooms(t))
		if err != nil {
			return
		}
		for _, a := range b.Invalid {
			if a.Line < 1 || a.Column < 1 || a.Message == "" {
				t.Errorf("%+v", a)
			}
		}
		for _, r := range b.Records {
			if r.Line < 1 || len(rooms(t).Judge(r.Data)) > 0 {
				t.Errorf("%+v", r)
			}
		}
	})
}
