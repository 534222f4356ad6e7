package web_test

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
	"github.com/100ms-connector/connector-go/connector/web"
	"github.com/100ms-connector/connector-go/fixtures"
)

// renewal renews with the workspace's key, or says why it cannot.
type renewal struct {
	store  *store.Store
	refuse string
}

func (n *renewal) Keys(context.Context) (map[string]bool, error) {
	return map[string]bool{fixtures.Workspace().AccessKey: true}, nil
}

func (n *renewal) Renew(ctx context.Context, r store.Record) (string, bool) {
	if n.refuse != "" {
		return n.refuse, false
	}
	fresh := connector.Secret(token(77, 7*24*time.Hour))
	if err := n.store.Edit(ctx, r.Name, store.Changes{APIKeyValue: &fresh}); err != nil {
		return err.Error(), false
	}
	return "the API accepted the new token", true
}

func TestAnExpiredTokenIsReplacedInThreeClicks(t *testing.T) {
	s := newSite(t)
	s.has("Billing sync", "Invoices, every night", value(t, "expired"))
	b := s.open(t)
	b.click("li.tile .next")
	b.is(`document.activeElement.id === "f-api_key_value"`)
	b.is(`document.querySelectorAll("dialog input:not([type=hidden])").length === 1`)
	b.shot("replace")
	b.paste("api_key_value", value(t, "live"))
	b.click("dialog .primary")
	b.says(".note", "“Billing sync” was saved")
	b.says("li.tile .verdict", "Works")
	if r, err := s.store.Show(ctx, "Billing sync"); err != nil || r.Description != "Invoices, every night" || r.LastVerdict != connector.VerdictAccepted {
		t.Errorf("%+v, %v", r, err)
	}
	// Another token that is refused asks, as the whole form does, and a form left empty says so.
	b.click("li.tile h2 a")
	b.click(`dialog a[href$="/replace"]`)
	b.paste("api_key_value", value(t, "app"))
	b.click("dialog .primary")
	b.says("#outcome", "Save anyway")
}

func TestATokenIsReplacedWithoutAScript(t *testing.T) {
	s := newSite(t)
	s.has("Billing sync", "Invoices, every night", value(t, "expired"))
	c := s.member()
	_, page := c.visit("/")
	at := regexp.MustCompile(`/credentials/[0-9a-f]{24}/replace`).FindString(page)
	_, page = c.visit(at)
	contains(t, page, "Billing sync", "Replace token")
	lacks(t, page, `name="name"`, "Invoices")
	id := strings.TrimSuffix(at, "/replace")
	r, err := s.store.Show(ctx, "Billing sync")
	ok(t, err)
	seen := r.UpdatedAt.Format(time.RFC3339Nano)
	_, page = c.post(id, "action", "save", "only", "api_key_value", "seen", seen, "api_key_value", "")
	contains(t, page, "Replace token", "problems")
	lacks(t, page, `name="name"`)
	_, page = c.post(id, "action", "save", "only", "api_key_value", "seen", seen, "api_key_value", value(t, "live"), "name", "another name")
	contains(t, page, "“Billing sync” was saved")
	if r, err := s.store.Show(ctx, "Billing sync"); err != nil || r.Description != "Invoices, every night" {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestATokenIsRenewedWhereASigningKeyIsKept(t *testing.T) {
	n := new(renewal)
	s := newSite(t, func(o *web.Options) {
		n.store = o.Store.(*store.Store)
		o.Renewal = n
	})
	s.has("Billing sync", "", value(t, "expired"))
	s.has("Another workspace", "", fixtures.Sign(fixtures.OtherWorkspace(), fixtures.Management(fixtures.OtherWorkspace(), time.Now().Add(-9*24*time.Hour), 7*24*time.Hour)))
	s.has("Fresh", "", value(t, "live"))
	b := s.open(t)
	b.is(`[...document.querySelectorAll("li.tile .next")].map((e) => e.innerText).sort().join() === "Renew,Replace token"`)
	n.refuse = "the API refuses it"
	b.click("li.tile button.next")
	b.says(".note", "“Billing sync” was not renewed. The API refuses it.")
	n.refuse = ""
	b.click("li.tile button.next")
	b.says(".note", "“Billing sync” was renewed. The API accepted the new token.")
	b.is(`document.querySelectorAll("li.tile button.next").length === 0`)

	// A form without keys renews nothing.
	plain := newSite(t)
	plain.has("Billing sync", "", value(t, "expired"))
	c := plain.member()
	_, page := c.visit("/")
	at := strings.TrimSuffix(regexp.MustCompile(`/credentials/[0-9a-f]{24}/replace`).FindString(page), "/replace")
	if status, _ := c.post(at + "/renew"); status != http.StatusNotFound {
		t.Error(status)
	}
}

func TestACredentialIsUsedElsewhereWithoutItsSecret(t *testing.T) {
	s := newSite(t)
	s.has("Ada's", "Invoices", value(t, "live"))
	_, page := s.member().visit("/")
	at := strings.TrimSuffix(regexp.MustCompile(`/credentials/[0-9a-f]{24}/edit`).FindString(page), "/edit")
	_, page = s.member().visit(at)
	contains(t, page, "connector read --all --credential &#39;Ada&#39;\\&#39;&#39;s&#39; --output data",
		"Bearer ${HMS_TOKEN}", "&#34;api_key_value&#34;: &#34;${HMS_TOKEN}&#34;", "Nexla, its API", "Airbyte and Singer")
	b := s.open(t)
	b.click("li.tile h2 a")
	b.click("dialog .uses summary")
	b.is(`document.querySelectorAll("dialog .uses pre").length === 5`)
	b.shot("uses")
	b.accessible("the ways to use it")
}

func TestTheLastTestsAreShown(t *testing.T) {
	s := newSite(t)
	s.has("Billing sync", "", value(t, "expired"))
	c := s.member()
	_, page := c.visit("/")
	at := strings.TrimSuffix(regexp.MustCompile(`/credentials/[0-9a-f]{24}/edit`).FindString(page), "/edit")
	_, page = c.visit(at)
	lacks(t, page, "Last tests")
	for range 2 {
		c.post(at + "/test")
	}
	_, page = c.visit(at)
	contains(t, page, "Last tests", "Rejected <code>expired_token</code>")
	if n := strings.Count(page, "<code>expired_token</code></li>"); n != 2 {
		t.Errorf("%d tests are shown of 2", n)
	}
}
