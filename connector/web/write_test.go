package web_test

import (
	"bytes"
	"html"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/connector/store"
	"github.com/100ms-connector/connector-go/fixtures"
)

// file is a request that carries a file, as a form sends it.
func (c *client) file(path, name, content string, fields ...string) *http.Request {
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	_ = m.WriteField("csrf", c.csrf)
	for i := 0; i < len(fields); i += 2 {
		_ = m.WriteField(fields[i], fields[i+1])
	}
	part, err := m.CreateFormFile("file", name)
	ok(c.s.t, err)
	_, _ = io.WriteString(part, content)
	ok(c.s.t, m.Close())
	r := c.form(path)
	body(r, b.String())
	r.Header.Set("Content-Type", m.FormDataContentType())
	return r
}

func TestAFileIsCheckedRehearsedAndWrittenOnce(t *testing.T) {
	var log lockedBuffer
	s, id := readable(t, withData(&log))
	c := s.member()
	at := "/credentials/" + id + "/write"
	_, page := c.visit(at)
	contains(t, page, at+"/rooms", at+"/room_status")
	for _, action := range exchange.Actions() {
		if action.Danger != "" {
			lacks(t, page, at+"/"+action.Name+`"`)
			if status, _ := c.visit(at + "/" + action.Name); status != http.StatusNotFound {
				t.Errorf("%s is offered: %d", action.Name, status)
			}
			if status, _ := c.do(c.file(at+"/"+action.Name, "x.jsonl", `{"room_id":"x"}`)); status != http.StatusNotFound {
				t.Errorf("%s is taken: %d", action.Name, status)
			}
		}
	}

	// What breaks a rule is named, and nothing is asked.
	before := s.api.Requests()
	_, page = c.do(c.file(at+"/rooms", "rooms.csv", "name,region\nlesson-1,mars\n"))
	contains(t, plain(page), "1 problem in the file. Nothing was asked", "region")
	lacks(t, page, "/rooms/run")
	if s.api.Requests() != before {
		t.Error("something was asked")
	}
	for _, bad := range []struct{ content, says string }{
		{"", "it is empty"}, {"\x00\x01", ""}, {strings.Repeat(`{"name":"x"}`+"\n", 201), "200 at most"},
	} {
		_, page = c.do(c.file(at+"/rooms", "rooms.jsonl", bad.content))
		contains(t, plain(page), bad.says)
		lacks(t, page, "/rooms/run")
	}

	// What is right is rehearsed, and written after a question.
	_, page = c.do(c.file(at+"/rooms", "rooms.jsonl", `{"name":"lesson-1"}`+"\n"+`{"name":"lesson-2"}`+"\n"))
	contains(t, plain(page), "2 records would be written. Nothing is written yet.", "Write 2 records to 100ms", "planned")
	plan := between(t, page, `name="rehearsal" value="`, `"`)
	response := func() (int, string) { return c.do(c.form(at+"/rooms/run", "rehearsal", plan)) }
	status, page := response()
	for range 100 {
		if !strings.Contains(plain(page), "so far") {
			break
		}
		time.Sleep(50 * time.Millisecond)
		job := between(t, page, "/jobs/", "/stop")
		status, page = c.visit("/jobs/" + job)
	}
	if status != http.StatusOK {
		t.Fatal(status)
	}
	contains(t, plain(page), "2 created", "created")
	if status, page := response(); status != http.StatusConflict {
		t.Errorf("the file can be written twice: %d %s", status, plain(page))
	}
	_, page = c.do(c.file(at+"/rooms", "rooms.jsonl", `{"name":"lesson-1"}`))
	contains(t, plain(page), "Nothing to write: all is there")
	contains(t, log.String(), "msg=rehearsed", "msg=wrote")
	contains(t, log.String(), "of=rooms records=2 ended=whole")
}

func TestWhatIsTypedIsWrittenAsAFileIs(t *testing.T) {
	s, id := readable(t, withData(nil))
	c := s.member()
	_, page := c.do(c.form("/credentials/"+id+"/write/rooms", "records", `{"name":"typed"}`))
	contains(t, plain(page), "1 record would be written", "Write 1 record to 100ms")
}

// TestAFileThatWasCheckedForOneWorkspaceIsNotWrittenToAnother has the token replaced in
// between: the name of the credential is the same.
func TestAFileThatWasCheckedForOneWorkspaceIsNotWrittenToAnother(t *testing.T) {
	s, id := readable(t, withData(nil))
	c := s.member()
	at := "/credentials/" + id + "/write/rooms"
	check := func() string {
		_, page := c.do(c.form(at, "records", `{"name":"where"}`))
		return between(t, page, `name="rehearsal" value="`, `"`)
	}
	plan := check()
	k := fixtures.OtherWorkspace()
	other := connector.Secret(fixtures.Sign(k, fixtures.Management(k, time.Now(), time.Hour)))
	ok(t, s.store.Edit(ctx, "100ms production", store.Changes{APIKeyValue: &other}))
	before := s.api.Requests()
	if status, page := c.do(c.form(at+"/run", "rehearsal", plan)); status != http.StatusConflict {
		t.Errorf("%d %s", status, plain(page))
	}
	if s.api.Requests() != before {
		t.Error("100ms was asked")
	}

	// A fresh token of the same workspace is nothing to check again for.
	same := connector.Secret(token(5, time.Hour))
	ok(t, s.store.Edit(ctx, "100ms production", store.Changes{APIKeyValue: &same}))
	plan = check()
	same = connector.Secret(token(6, time.Hour))
	ok(t, s.store.Edit(ctx, "100ms production", store.Changes{APIKeyValue: &same}))
	if status, page := c.do(c.form(at+"/run", "rehearsal", plan)); status != http.StatusOK {
		t.Errorf("%d %s", status, plain(page))
	}
}

// TestWhatIsTypedStandsInTheFormAgain is about a browser without scripts.
func TestWhatIsTypedStandsInTheFormAgain(t *testing.T) {
	s, id := readable(t, withData(nil))
	c := s.member()
	at := "/credentials/" + id + "/write/rooms"
	typed := "\n{\"name\":\"a\",\"description\":\"</textarea>\"}\n{\"name\":\"b\",\"region\":\"mars\"}"
	_, page := c.do(c.form(at, "records", typed, "update", "1"))
	contains(t, plain(page), "1 problem in the file")
	if stands := html.UnescapeString(between(t, page, `maxlength="500000">`, "</textarea>")); stands != "\n"+typed { // the first line feed is the browser's to drop
		t.Errorf("%q", stands)
	}
	contains(t, page, `name="update" value="1" checked`)
	secret := value(t, "live")
	_, page = c.do(c.form(at, "records", `{"name":"`+secret+`"}`))
	lacks(t, page, secret)
}
