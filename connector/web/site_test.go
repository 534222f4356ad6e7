package web_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
	"github.com/100ms-connector/connector-go/connector/web"
	"github.com/100ms-connector/connector-go/fixtures"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

var ctx = context.Background()

// site is the form with a store and an API of its own. Everything that it sends
// is searched for secrets when the test ends.
type site struct {
	*web.Handler
	t      testing.TB
	url    string
	prefix string
	store  *store.Store
	api    *sandbox.Sandbox
	apiURL string
	log    *log
	role   web.Role // of the links by which browsers come in; Writer if it is Nobody
}

func newSite(t testing.TB, change ...func(*web.Options)) *site {
	t.Helper()
	dir := t.TempDir()
	db, err := store.Open(ctx, filepath.Join(dir, "data", "credentials.db"), store.KeyFile(filepath.Join(dir, "store.key")))
	ok(t, err)
	t.Cleanup(func() { db.Close() })
	api := new(sandbox.Sandbox)
	apiServer := httptest.NewServer(api)
	t.Cleanup(apiServer.Close)
	transport := connector.NewTransport()
	t.Cleanup(transport.CloseIdleConnections)
	o := web.Options{Store: db, Tester: &connector.Tester{BaseURL: apiServer.URL + "/v2", Transport: transport, Retries: -1}}
	for _, f := range change {
		f(&o)
	}
	h, err := web.New(o)
	ok(t, err)
	l := &log{next: h, posted: map[string]bool{}}
	server := httptest.NewServer(l)
	t.Cleanup(server.Close)
	t.Cleanup(h.Close)
	s := &site{Handler: h, t: t, url: server.URL, prefix: o.Prefix, store: db, api: api, apiURL: apiServer.URL, log: l}
	t.Cleanup(func() { l.search(t) })
	return s
}

// has saves a credential behind the form's back.
func (s *site) has(name, description string, value string) {
	s.t.Helper()
	ok(s.t, s.store.Save(ctx, &connector.Credential{Name: name, Description: description, APIKeyValue: connector.Secret(value)}))
}

// value is that of the fixture of this name.
func value(t testing.TB, name string) string {
	t.Helper()
	for _, c := range fixtures.Cases(time.Now()) {
		if c.Name == name {
			return c.Value
		}
	}
	t.Fatalf("there is no fixture %q", name)
	return ""
}

// token is a live management token that differs for every n.
func token(n int, life time.Duration) string {
	k := fixtures.Workspace()
	return fixtures.Sign(k, fixtures.Management(k, time.Now(), life).With("jti", fmt.Sprint("id-", n)))
}

// client is a browser without scripts: it has cookies, and sends forms as one.
type client struct {
	*http.Client
	s    *site
	csrf string
}

// stranger has not signed in.
func (s *site) stranger() *client {
	jar, err := cookiejar.New(nil)
	ok(s.t, err)
	transport := &http.Transport{}
	s.t.Cleanup(transport.CloseIdleConnections)
	return &client{Client: &http.Client{Jar: jar, Transport: transport}, s: s}
}

// member has.
func (s *site) member() *client {
	s.t.Helper()
	c := s.stranger()
	if status, _ := c.visit(strings.TrimPrefix(s.SignInLink(s.url), s.url)); status != http.StatusOK {
		s.t.Fatalf("signing in: %d", status)
	}
	if _, page := c.visit(s.prefix + "/"); c.csrf == "" {
		s.t.Fatalf("the page has no token:\n%s", page)
	}
	return c
}

var csrf = regexp.MustCompile(`data-csrf="([0-9a-f]+)"`)

func (c *client) do(r *http.Request) (int, string) {
	c.s.t.Helper()
	response, err := c.Do(r)
	ok(c.s.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	ok(c.s.t, err)
	if found := csrf.FindSubmatch(body); found != nil {
		c.csrf = string(found[1])
	}
	return response.StatusCode, string(body)
}

func (c *client) visit(path string) (status int, page string) {
	c.s.t.Helper()
	r, err := http.NewRequest(http.MethodGet, c.s.url+path, nil)
	ok(c.s.t, err)
	return c.do(r)
}

// form is a request as a page of the site would send it.
func (c *client) form(path string, fields ...string) *http.Request {
	values := url.Values{"csrf": {c.csrf}}
	for i := 0; i < len(fields); i += 2 {
		values.Set(fields[i], fields[i+1])
	}
	r, err := http.NewRequest(http.MethodPost, c.s.url+path, strings.NewReader(values.Encode()))
	ok(c.s.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "null") // as under no-referrer
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return r
}

func (c *client) post(path string, fields ...string) (status int, page string) {
	c.s.t.Helper()
	return c.do(c.form(path, fields...))
}

// add fills in the form and presses a button.
func (c *client) add(action, name, value string, more ...string) (status int, page string) {
	c.s.t.Helper()
	return c.post(c.s.prefix+"/credentials", append([]string{"action", action, "name", name, "api_key_value", value}, more...)...)
}

// log keeps every response of a site, and every value that was sent to it.
type log struct {
	mu        sync.Mutex
	next      http.Handler
	responses []*logged
	posted    map[string]bool
}

type logged struct {
	http.ResponseWriter
	what   string
	mu     sync.Mutex
	body   bytes.Buffer
	header http.Header
}

func (l *log) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer := &logged{ResponseWriter: w, what: r.Method + " " + r.URL.Path, header: w.Header()}
	if r.Body != nil && r.ContentLength < 1<<16 {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		if form, err := url.ParseQuery(string(body)); err == nil {
			l.mu.Lock()
			l.posted[form.Get("api_key_value")], l.posted[form.Get("password")] = true, true
			l.mu.Unlock()
		}
	}
	l.mu.Lock()
	l.responses = append(l.responses, answer)
	next := l.next
	l.mu.Unlock()
	next.ServeHTTP(answer, r)
}

func (r *logged) Write(b []byte) (int, error) {
	r.mu.Lock()
	r.body.Write(b)
	r.mu.Unlock()
	return r.ResponseWriter.Write(b)
}

func (r *logged) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// text is the whole response, header and body, unpacked.
func (r *logged) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var b bytes.Buffer
	body := bytes.Clone(r.body.Bytes())
	if r.header.Get("Content-Encoding") == "gzip" {
		if z, err := gzip.NewReader(bytes.NewReader(body)); err == nil {
			body, _ = io.ReadAll(z)
		}
	}
	fmt.Fprintln(&b, r.header)
	b.Write(body)
	return b.String()
}

// tokenShaped is a JSON object as base64url, or an HS256 signature.
var tokenShaped = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8}|\.[A-Za-z0-9_-]{43}\b`)

// search looks for every secret in every response.
func (l *log) search(t testing.TB) {
	l.mu.Lock()
	defer l.mu.Unlock()
	secrets := map[string]string{}
	for v := range l.posted {
		if len(v) > 12 && connector.Inspect(v).LooksLike != connector.LookalikeAccessKey {
			secrets[v] = "a value that was sent"
		}
	}
	for _, k := range []fixtures.Key{fixtures.Workspace(), fixtures.OtherWorkspace()} {
		secrets[k.AppSecret[:24]] = "an App Secret"
	}
	for _, r := range l.responses {
		text := r.text()
		if strings.Contains(r.what, "/static/") {
			continue
		}
		for secret, what := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%s: the response holds %s", r.what, what)
			}
		}
		if found := tokenShaped.FindString(text); found != "" {
			t.Errorf("%s: the response holds something like a token: %.10s…", r.what, found)
		}
	}
	if len(l.responses) == 0 && !t.Skipped() {
		t.Error("nothing was served, so nothing was searched")
	}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// contains demands texts of a page.
func contains(t testing.TB, page string, wanted ...string) {
	t.Helper()
	for _, w := range wanted {
		if !strings.Contains(page, w) {
			t.Errorf("the page does not say %q:\n%s", w, strings.TrimSpace(plain(page)))
		}
	}
}

func lacks(t testing.TB, page string, unwanted ...string) {
	t.Helper()
	for _, w := range unwanted {
		if strings.Contains(page, w) {
			t.Errorf("the page says %q", w)
		}
	}
}

var tags = regexp.MustCompile(`<[^>]*>`)

// plain is what a person reads of a page.
func plain(page string) string {
	return html.UnescapeString(strings.Join(strings.Fields(tags.ReplaceAllString(page, " ")), " "))
}
