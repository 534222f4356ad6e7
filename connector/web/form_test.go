package web_test

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
	"github.com/100ms-connector/connector-go/connector/web"
	"github.com/100ms-connector/connector-go/fixtures"
)

func TestTheFormIsThatOfTheConnector(t *testing.T) {
	c := newSite(t).member()
	_, page := c.visit("/credentials/new")
	for _, f := range connector.Form() {
		input := between(t, page, `<input id="f-`+f.Name+`"`, ">")
		contains(t, page, `<label for="f-`+f.Name+`">`+f.Title, html.EscapeString(f.Help))
		contains(t, input, fmt.Sprintf(`maxlength="%d"`, f.MaxLength), `placeholder="`+html.EscapeString(f.Examples[0])+`"`, `aria-describedby="`)
		if strings.Contains(input, " required") != f.Required {
			t.Errorf("%s: required: %v", f.Name, !f.Required)
		}
		if strings.Contains(input, `type="password"`) != f.Secret {
			t.Errorf("%s is masked: %v", f.Name, !f.Secret)
		}
	}
}

// What follows is what a person without scripts does: forms and redirects.

func TestATestShowsTheCauseAndKeepsWhatWasEntered(t *testing.T) {
	s := newSite(t)
	c := s.member()
	for _, f := range fixtures.Cases(time.Now()) {
		t.Run(f.Name, func(t *testing.T) {
			status, page := c.add("test", "100ms "+f.Name, f.Value, "description", "for the report")
			if status != http.StatusOK {
				t.Fatalf("%d", status)
			}
			contains(t, page, `value="100ms `+f.Name+`"`, `value="for the report"`)
			if f.Value == "" {
				contains(t, plain(page), "The field must not be blank.")
				return
			}
			contains(t, page, "ten minutes")
			if f.Tested == string(connector.OK) { // which is no news beside "Works"
				contains(t, page, `">Works`)
				lacks(t, page, "<code>ok</code>")
			} else {
				contains(t, page, "<code>"+f.Tested+"</code>")
			}
			contains(t, plain(page), "Form", "Token shape", "Token type", "Lifetime", "Reachable", "Authenticated", "Permitted")
		})
	}
}

func TestAKeptValueIsSavedWithoutBeingEnteredAgain(t *testing.T) {
	s := newSite(t)
	c := s.member()
	live := value(t, "live")
	_, page := c.add("test", "100ms production", live)
	draft := between(t, page, `name="draft" value="`, `"`)
	calls := s.api.Requests()
	_, page = c.add("save", "100ms production", "", "draft", draft)
	contains(t, plain(page), "“100ms production” was saved. The API accepted the token")
	if s.api.Requests() != calls {
		t.Error("what was just tested was tested again")
	}
	if saved(t, s, "100ms production") != live {
		t.Error("another value was saved")
	}
	if _, page = c.visit("/"); strings.Contains(page, "was saved") {
		t.Error("the note is shown twice")
	}
	// A draft is gone once it is saved, is nobody else's, and not for ever.
	_, page = c.visit("/credentials/new?draft=" + draft)
	contains(t, plain(page), "which are over")
	_, page = c.add("test", "second", live)
	draft = between(t, page, `name="draft" value="`, `"`)
	_, page = s.member().visit("/credentials/new?draft=" + draft)
	lacks(t, page, "second")
}

func TestADraftIsForgottenAfterTenMinutes(t *testing.T) {
	now := time.Now()
	s := newSite(t, func(o *web.Options) { o.Now = func() time.Time { return now } })
	c := s.member()
	_, page := c.add("test", "100ms production", value(t, "live"))
	draft := between(t, page, `name="draft" value="`, `"`)
	now = now.Add(11 * time.Minute)
	_, page = c.add("save", "100ms production", "", "draft", draft)
	contains(t, plain(page), "The field must not be blank.")
	// Many forms in one session do not fill the memory.
	for i := range 40 {
		if status, _ := c.add("test", fmt.Sprint("name ", i), "x"); status != http.StatusOK {
			t.Fatal(status)
		}
	}
}

func TestWhatTheAPIRejectsIsSavedOnlyWhenAskedTwice(t *testing.T) {
	s := newSite(t)
	c := s.member()
	_, page := c.add("save", "old", value(t, "expired"))
	contains(t, plain(page), "Not saved yet.", "Save anyway", "expired_token")
	draft := between(t, page, `name="draft" value="`, `"`)
	if _, err := s.store.Show(ctx, "old"); err == nil {
		t.Fatal("it was saved")
	}
	// Another value has to be judged first: the question was about the other.
	_, page = c.add("save-anyway", "old", value(t, "app"), "draft", draft)
	contains(t, plain(page), "Not saved yet.", "wrong_token_type")
	_, page = c.add("save-anyway", "old", "", "draft", draft)
	contains(t, plain(page), "“old” was saved, though this is an app token")
	contains(t, plain(page), "Rejected")
	// What is no token is not worth keeping at all.
	_, page = c.add("save", "secret", value(t, "app-secret"))
	draft = between(t, page, `name="draft" value="`, `"`)
	lacks(t, page, "Save anyway")
	_, page = c.add("save-anyway", "secret", "", "draft", draft)
	contains(t, plain(page), "not_a_token")
	if _, err := s.store.Show(ctx, "secret"); err == nil {
		t.Error("an App Secret was saved")
	}
}

func TestATestThatCouldNotBeMadeDoesNotHinderSaving(t *testing.T) {
	s := newSite(t, func(o *web.Options) { o.Tester.BaseURL = strings.TrimSuffix(o.Tester.BaseURL, "/v2") + "/fault/503/v2" })
	_, page := s.member().add("save", "unsure", value(t, "live"))
	contains(t, plain(page), "“unsure” was saved, but it could not be tested: The API is in trouble", "Could not be tested")
}

// unwritable is a store whose disk is full.
type unwritable struct{ web.Store }

func (unwritable) Save(context.Context, *connector.Credential) error {
	return fmt.Errorf("%w: the disk is full", store.ErrUnavailable)
}

func TestAFailedSaveIsToldApartFromAFailedTest(t *testing.T) {
	s := newSite(t, func(o *web.Options) { o.Store = unwritable{o.Store} })
	_, page := s.member().add("save", "100ms production", value(t, "live"))
	contains(t, plain(page), "Not saved", "the disk is full", "Works", "The API accepted the token")
	lacks(t, page, "was saved", "Save anyway")
}

func TestEveryFieldIsJudged(t *testing.T) {
	s := newSite(t)
	c := s.member()
	live := value(t, "live")
	ok(t, s.store.Save(ctx, &connector.Credential{Name: "taken", APIKeyValue: connector.Secret(live)}))
	for _, f := range []struct{ name, title, description, value, wanted string }{
		{"a blank name", " \t", "", live, "must not be blank"},
		{"a name that is taken", "taken", "", live, "A credential of this name exists."},
		{"a name that is too long", strings.Repeat("ä", 256), "", live, "The value is too long."},
		{"a description that is too long", "a", strings.Repeat("word ", 60), live, "The value is too long."},
		{"no value", "a", "", " ", "must not be blank"},
		{"a value that is too long", "a", "", strings.Repeat("x", 9000), "The value is too long."},
		{"a variable", "a", "", "${HOME}", "This is a placeholder for a token"},
		{"a token in the name", live, "", live, "looks like a token or a secret"},
		{"a token within the name", "prod " + live[:60], "", live, "looks like a token or a secret"},
		{"a secret in the description", "a", "key=" + fixtures.Workspace().AppSecret, live, "looks like a token or a secret"},
		{"a value that is no token, in the description too", "a", "it is correct-horse-battery-staple", "correct-horse-battery-staple", "looks like a token or a secret"},
	} {
		status, page := c.add("save", f.title, f.value, "description", f.description)
		if status != http.StatusOK || !strings.Contains(plain(page), f.wanted) {
			t.Errorf("%s: %d %s", f.name, status, plain(page))
		}
	}
	if list, err := s.store.List(ctx); err != nil || len(list) != 1 {
		t.Errorf("saved: %v %v", list, err)
	}
}

func TestAnEditLeavesTheSecretAloneUnlessThereIsANewOne(t *testing.T) {
	s := newSite(t)
	c := s.member()
	live := value(t, "live")
	s.has("100ms production", "old words", live)
	_, page := c.visit("/")
	edit := "/credentials/" + between(t, page, `id="t-`, `"`)
	_, page = c.visit(edit + "/edit")
	contains(t, page, `value="100ms production"`, `value="old words"`, "leave empty to keep it")
	seen := html.UnescapeString(between(t, page, `name="seen" value="`, `"`))

	_, page = c.post(edit, "action", "test", "name", "100ms production", "seen", seen)
	contains(t, page, `i-good">Works</b>`)
	if r, err := s.store.Show(ctx, "100ms production"); err != nil || r.LastVerdict != connector.VerdictAccepted {
		t.Errorf("the test of the saved value was not recorded: %+v %v", r, err)
	}
	_, page = c.post(edit, "action", "save", "name", "100ms staging", "description", "new words", "seen", seen)
	contains(t, plain(page), "“100ms staging” was saved.", "new words")
	if saved(t, s, "100ms staging") != live {
		t.Error("the value was changed")
	}
	if status, page := c.post(edit, "action", "save", "name", "x", "seen", seen); status != http.StatusNotFound {
		t.Errorf("its old address: %d %s", status, plain(page))
	}

	_, page = c.visit("/")
	edit = "/credentials/" + between(t, page, `id="t-`, `"`)
	_, page = c.visit(edit + "/edit")
	seen = html.UnescapeString(between(t, page, `name="seen" value="`, `"`))
	fresh := token(2, time.Hour)
	_, page = c.post(edit, "action", "save", "name", "100ms staging", "description", "new words", "api_key_value", fresh, "seen", seen)
	contains(t, plain(page), "was saved. The API accepted the token")
	if saved(t, s, "100ms staging") != fresh {
		t.Error("the new value was not saved")
	}
	_, page = c.post(edit, "action", "save", "name", "100ms staging", "description", "newer words", "seen", seen)
	contains(t, plain(page), "changed meanwhile")
}

func TestConcurrentSavesAllSucceedOnce(t *testing.T) {
	s := newSite(t)
	c := s.member()
	var group sync.WaitGroup
	pages := make([]string, 24)
	for i := range pages {
		group.Add(1)
		go func() {
			defer group.Done()
			// Two of each name: one is saved, one is told that the name is taken.
			own := *c
			_, pages[i] = own.add("save", fmt.Sprint("name ", i/2), token(i, time.Hour))
		}()
	}
	group.Wait()
	list, err := s.store.List(ctx)
	ok(t, err)
	if len(list) != len(pages)/2 {
		t.Errorf("%d saved", len(list))
	}
}
