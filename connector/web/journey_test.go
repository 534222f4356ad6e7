package web_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/fixtures"
)

func TestAPersonAddsSeesSavesEditsAndDeletesInABrowser(t *testing.T) {
	s := newSite(t)
	b := s.open(t)
	b.says("main", "Add credential")
	b.shot("empty")

	// An expired token: known at once, confirmed by the test, not saved.
	b.click("#add")
	b.is(`document.querySelector("dialog").open && document.activeElement.id === "f-name"`)
	b.shot("overlay")
	b.fill("name", "100ms production")
	b.fill("description", "Rooms for the weekly report")
	b.paste("api_key_value", value(t, "expired"))
	b.says("#inspected", "The token expired 24 hours ago, at 20")
	b.shot("inspected-expired")
	b.click("dialog button[value=test]")
	b.says("#report", "Rejected", "expired_token", "the API answered 401", "Next step", "Lifetime", "Authenticated", "4 passed, 1 not reached")
	b.shot("cause-expired")
	b.click("dialog button.primary")
	b.says("#outcome", "Not saved yet")
	b.shot("ask")
	if list, err := s.store.List(ctx); err != nil || len(list) != 0 {
		t.Fatalf("saved: %v %v", list, err)
	}

	// An app token, and other things that people paste.
	for _, c := range []struct{ fixture, inspected, verdict, code string }{
		{"app", "This is an app token", "Rejected", "wrong_token_type"},
		{"app-secret", "This is an App Secret", "Rejected", "not_a_token"},
		{"truncated", "The token is damaged", "Rejected", "malformed_token"},
		{"foreign-secret", "Management token, expires in", "Rejected", "token_refused"},
		{"expires-soon", "The token expires in", "Works, expires soon", "ok"},
		{"pasted-with-bearer", "What does not belong to the token is removed", "Works, with a warning", "ok"},
	} {
		b.paste("api_key_value", value(t, c.fixture))
		b.says("#inspected", c.inspected)
		b.click("dialog button[value=test]")
		b.says("#report", c.verdict, c.code)
		b.shot("cause-" + c.fixture)
	}

	// A live one is saved, and is still there after a reload.
	b.paste("api_key_value", value(t, "live"))
	b.says("#inspected", "Management token, expires in")
	b.click("dialog button[value=test]")
	b.says("#report", "Works", "The API accepted the token", "7 passed")
	b.shot("cause-live")
	b.click("dialog button.primary")
	b.says(".note", "“100ms production” was saved")
	b.is(`document.activeElement.closest(".tile")`)
	b.do(chromedp.Reload())
	b.says(".tile h2", "100ms production")
	b.says(".tile", "Works", "tested")
	before := saved(t, s, "100ms production")

	// Edited without entering the secret anew.
	b.click(`.tile a[href$="/edit"]`)
	b.is(`document.querySelector("dialog").open && document.querySelector("#f-name").value === "100ms production"`)
	if v := b.eval(`document.querySelector("#f-api_key_value").value + document.querySelector("#f-api_key_value").placeholder`); !strings.HasPrefix(v, "Saved") {
		t.Errorf("the field of the secret has %q", v)
	}
	b.shot("edit")
	b.fill("name", "100ms staging")
	b.click("dialog button.primary")
	b.says(".tile h2", "100ms staging")
	if after := saved(t, s, "100ms staging"); after != before {
		t.Error("the value was changed by an edit that left it empty")
	}
	if r, err := s.store.Show(ctx, "100ms staging"); err != nil || r.LastVerdict != connector.VerdictAccepted || r.Description != "Rooms for the weekly report" {
		t.Errorf("%+v %v", r, err)
	}

	// Tested again from the tile, with the steps.
	b.click(".tile [data-test]")
	b.says("#overlay-announcement", "Works") // the last word: the tile behind it is a new one by now
	b.click("dialog .fold summary")
	b.says("dialog #report", "The API knows the token", "HTTP 200")
	b.shot("detail")
	b.do(chromedp.KeyEvent("\x1b"))
	b.is(`!document.querySelector("dialog").open`)

	// Deleted, after a question.
	b.click(".tile h2 a")
	b.click("dialog .danger")
	b.is(`document.querySelector("dialog").open && document.activeElement.matches("[data-close]")`)
	b.shot("delete")
	b.click("dialog button.danger")
	b.says("main", "was deleted", "Add credential")
	if list, err := s.store.List(ctx); err != nil || len(list) != 0 {
		t.Errorf("still there: %v %v", list, err)
	}
}

func saved(t testing.TB, s *site, name string) string {
	t.Helper()
	c, err := s.store.Credential(ctx, name)
	ok(t, err)
	return c.APIKeyValue.Reveal()
}

// workspace has a credential of every kind, as somebody who looks after many has.
func (s *site) workspace() {
	s.t.Helper()
	k := fixtures.Workspace()
	now := time.Now()
	life := func(age, life time.Duration) string {
		return fixtures.Sign(k, fixtures.Management(k, now.Add(-age), life))
	}
	const day = 24 * time.Hour
	for _, c := range []struct{ name, description, value string }{
		{"100ms production", "Rooms and recordings for the weekly report; owner: data team", life(2*day, 14*day)},
		{"Analytics export", "Session and peer statistics, nightly", life(5*day, 7*day)},
		{"Billing sync", "", life(6*day+20*time.Hour, 7*day)},
		{"Classroom EU", "Rooms of the European schools", life(day, 7*day)},
		{"Classroom US", "Rooms of the American schools", life(3*day, 14*day)},
		{"Customer success", "Looks up sessions for support", value(s.t, "app")},
		{"Data lake ingest", "Everything, once a day", life(10*day, 7*day)},
		{"Events archive", "Recordings of public events", value(s.t, "no-expiry")},
		{"Legacy webhook replay", "Kept until the new pipeline is live", life(9*day, 7*day)},
		{"QA sandbox", "Signed by the test suite", value(s.t, "foreign-secret")},
		{"Staging", "", life(0, 13*day)},
	} {
		s.has(c.name, c.description, c.value)
	}
}

func TestTestAllShowsProgressAndTheTilesFollow(t *testing.T) {
	s := newSite(t)
	s.workspace()
	b := s.open(t)
	b.says(".tile .verdict", "Not tested")
	b.shot("untested")
	b.click("#test-all")
	b.says("#sweep", "Tested 11 of 11", "7 need attention")
	b.says(".tiles", "Works", "Works, expires soon", "Rejected", "Expired 3 days ago", "This is not a management token")
	b.says(`[data-filter=attention]`, "7")
	b.do(chromedp.Reload())
	b.says(".tiles", "Works, expires soon", "tested")
	b.shot("tiles")

	// Search and filters.
	b.do(chromedp.SendKeys(chromedp.CSS("#q"), "classroom eu"))
	b.says("#found", "1 found")
	b.is(`document.querySelectorAll(".tile[data-tone]").length === 1`)
	b.shot("search")
	b.do(chromedp.SendKeys(chromedp.CSS("#q"), " nowhere"))
	b.says("#nothing", "Nothing matches")
	b.do(chromedp.Navigate(s.url + "/"))
	b.click("[data-filter=works]")
	b.is(`[...document.querySelectorAll(".tile[data-tone]")].every(t => t.dataset.tone === "good")`)

	b.do(chromedp.Navigate(s.url + "/timeline"))
	b.says("main", "Expired", "Within 24 hours", "Within 3 days", "No expiry known", "Data lake ingest")
	b.shot("timeline")
	b.click(".group li a")
	b.is(`document.querySelector("dialog").open`)
	b.shot("detail-expired")
}
