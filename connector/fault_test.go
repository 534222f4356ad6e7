package connector_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/fixtures"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

const (
	ample = 20 * time.Second       // where the test must not depend on how busy the machine is
	brief = 200 * time.Millisecond // where the other side never answers
	once  = -1                     // Retries: a single attempt
)

// closedPort is an address at which nothing listens: a port below 1024 is not
// handed out to another test in the meantime.
const closedPort = "127.0.0.1:1"

func liveToken() string {
	return fixtures.Sign(fixtures.Workspace(), fixtures.Management(fixtures.Workspace(), time.Now(), 7*24*time.Hour))
}

func appToken() string {
	return fixtures.Sign(fixtures.Workspace(), fixtures.App(fixtures.Workspace(), time.Now(), 7*24*time.Hour))
}

func expiredToken() string {
	return fixtures.Sign(fixtures.Workspace(), fixtures.Management(fixtures.Workspace(), time.Now().Add(-8*24*time.Hour), 7*24*time.Hour))
}

func named(token string) *connector.Credential {
	return &connector.Credential{Name: "synthetic", APIKeyValue: connector.Secret(token)}
}

// newTransport is the connector's own transport, emptied when the test ends.
func newTransport(t *testing.T) *http.Transport {
	transport := connector.NewTransport()
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

// serve runs an API for the test and returns its base URL.
func serve(t *testing.T, api http.Handler) (base string) {
	srv := httptest.NewServer(api)
	t.Cleanup(srv.Close)
	return srv.URL + "/v2"
}

// script runs a server that is no HTTP server: act gets each connection, which
// is closed behind it. At the end of the test all connections are cut, so that
// act may wait on one for ever.
func script(t *testing.T, network, address string, act func(net.Conn)) (addr string) {
	listener, err := net.Listen(network, address)
	if err != nil {
		t.Skip("this machine has no such address:", err)
	}
	var (
		mu    sync.Mutex
		conns []net.Conn
		work  sync.WaitGroup
	)
	work.Add(1)
	go func() {
		defer work.Done()
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, conn)
			mu.Unlock()
			work.Add(1)
			go func() {
				defer work.Done()
				defer conn.Close()
				act(conn)
			}()
		}
	}()
	t.Cleanup(func() {
		listener.Close()
		mu.Lock()
		for _, conn := range conns {
			conn.Close()
		}
		mu.Unlock()
		work.Wait()
	})
	return listener.Addr().String()
}

// silent accepts connections and says nothing.
func silent(conn net.Conn) {
	buf := make([]byte, 1<<10)
	for {
		if _, err := conn.Read(buf); err != nil {
			return
		}
	}
}

// underTrouble holds one trouble against a live token, which must never be
// rejected for it, and against two whose own claims condemn them, which stay
// rejected on the word of the claims, with the trouble beside it.
func underTrouble(t *testing.T, tester *connector.Tester, trouble connector.Code) {
	cases := []struct {
		name, token string
		verdict     connector.Verdict
		code        connector.Code
		by          connector.Confirmation
		also        []connector.Code
	}{
		{"a live token is not blamed", liveToken(), connector.VerdictInconclusive, trouble, "", nil},
		{"an app token stays an app token", appToken(), connector.VerdictRejected, connector.WrongTokenType, connector.ConfirmedByClaims, []connector.Code{trouble}},
		{"an expired token stays expired", expiredToken(), connector.VerdictRejected, connector.ExpiredToken, connector.ConfirmedByClaims, []connector.Code{trouble}},
	}
	// At once, for some troubles take their time.
	reports := make([]*connector.Report, len(cases))
	var asked sync.WaitGroup
	for i, c := range cases {
		asked.Add(1)
		go func() {
			defer asked.Done()
			reports[i] = tester.Test(context.Background(), named(c.token))
		}()
	}
	asked.Wait()
	for i, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			expect(t, reports[i], c.verdict, c.code, c.by, c.also...)
			sound(t, reports[i], c.token)
		})
	}
}

func expect(t *testing.T, r *connector.Report, verdict connector.Verdict, code connector.Code, by connector.Confirmation, also ...connector.Code) {
	t.Helper()
	if r.Verdict != verdict || r.Code != code || r.ConfirmedBy != by || !slices.Equal(r.Also, also) {
		t.Errorf("%s %s, confirmed by %q, also %v (%s)\nwant %s %s, confirmed by %q, also %v",
			r.Verdict, r.Code, r.ConfirmedBy, r.Also, r.Message, verdict, code, by, also)
	}
}

// sound checks what holds for every report, whatever it says.
func sound(t *testing.T, r *connector.Report, secrets ...string) {
	t.Helper()
	steps := []connector.CheckName{"document", "token_shape", "token_type", "token_lifetime", "reachable", "authenticated", "permitted"}
	for i, c := range r.Checks {
		if len(r.Checks) != len(steps) || c.Name != steps[i] || c.Detail == "" {
			t.Errorf("check %d is %+v", i, c)
		}
	}
	if len(r.Checks) == 0 || r.Message == "" || r.Remedy == "" && r.Code != connector.OK || r.TestedAt.IsZero() {
		t.Errorf("something is missing: %+v", r)
	}
	if err := r.Err(); (err == nil) != (r.Verdict == connector.VerdictAccepted) || err != nil && !errors.Is(err, r.Code) {
		t.Errorf("%s, but the error is %v", r.Code, err)
	}
	for _, secret := range secrets {
		concealed(t, printed(t, r), secret)
	}
}

// printed is a report in every form in which a host could write it to a log.
func printed(t *testing.T, r *connector.Report) string {
	t.Helper()
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	// fmt prints the address of a nested pointer, so those are printed by themselves.
	text := fmt.Sprintf("%s\n%+v\n%#v\n%+v\n%#v\n%+v", data, *r, *r, r.Token, r.Token, r.Server)
	if err := r.Err(); err != nil {
		text += fmt.Sprintf("\n%s\n%+v\n%#v", err, err, err)
	}
	return text
}

// concealed fails if text holds secret or any 12 characters of it in a row,
// enough to search a log by and too many for chance.
func concealed(t *testing.T, text, secret string) {
	t.Helper()
	const piece = 12
	if len(secret) < piece {
		t.Fatalf("%d characters are no secret", len(secret))
	}
	for i := 0; i+piece <= len(secret); i++ {
		if at := strings.Index(text, secret[i:i+piece]); at >= 0 {
			t.Errorf("%q of a secret shows in …%s…", secret[i:i+piece], text[max(0, at-150):at+piece])
			return
		}
	}
}

// sighting is what the connector makes of one of the sandbox's faults.
type sighting struct {
	live   connector.Code // of a live token
	status int            // of the answer; 0 if none came
	judged bool           // the server also judged the token, so that the claims have its word beside them
}

var sightings = map[string]sighting{
	"204":                      {live: connector.UnexpectedResponse, status: 204},
	"400":                      {live: connector.UnexpectedResponse, status: 400},
	"403":                      {live: connector.PermissionDenied, status: 403, judged: true},
	"404":                      {live: connector.UnexpectedResponse, status: 404},
	"407":                      {live: connector.ProxyFailure, status: 407},
	"408":                      {live: connector.UnexpectedResponse, status: 408},
	"500":                      {live: connector.ServiceUnavailable, status: 500},
	"501":                      {live: connector.ServiceUnavailable, status: 501},
	"502-html":                 {live: connector.ServiceUnavailable, status: 502},
	"503":                      {live: connector.ServiceUnavailable, status: 503},
	"504":                      {live: connector.ServiceUnavailable, status: 504},
	"999":                      {live: connector.UnexpectedResponse, status: 999},
	"html-200":                 {live: connector.UnexpectedResponse, status: 200},
	"html-401":                 {live: connector.UnexpectedResponse, status: 401},
	"html-403":                 {live: connector.UnexpectedResponse, status: 403},
	"other-json":               {live: connector.UnexpectedResponse, status: 200},
	"cut-json":                 {live: connector.UnexpectedResponse, status: 200},
	"error-key":                {live: connector.UnexpectedResponse, status: 200, judged: true},
	"echo-token":               {live: connector.TokenRefused, status: 401, judged: true},
	"flaky":                    {live: connector.ServiceUnavailable, status: 503},
	"429":                      {live: connector.RateLimited, status: 429},
	"429-retry-after":          {live: connector.RateLimited, status: 429},
	"429-retry-after-long":     {live: connector.RateLimited, status: 429},
	"429-retry-after-date":     {live: connector.RateLimited, status: 429},
	"429-garbage-retry-after":  {live: connector.RateLimited, status: 429},
	"429-negative-retry-after": {live: connector.RateLimited, status: 429},
	"429-fraction-retry-after": {live: connector.RateLimited, status: 429},
	"429-overflow-retry-after": {live: connector.RateLimited, status: 429},
	"redirect-elsewhere":       {live: connector.Redirected, status: 307},
	"redirect-loop":            {live: connector.UnexpectedResponse, status: 307},
	"redirect-nowhere":         {live: connector.UnexpectedResponse, status: 302},
	"hang":                     {live: connector.Timeout},
	"slow-body":                {live: connector.Timeout},
	"huge-body":                {live: connector.UnexpectedResponse, status: 200},
	"gzip-bomb":                {live: connector.UnexpectedResponse, status: 200},
	"bad-gzip":                 {live: connector.UnexpectedResponse},
	"huge-headers":             {live: connector.UnexpectedResponse},
	"reset":                    {live: connector.NetworkFailure},
	"close":                    {live: connector.NetworkFailure},
	"garbage":                  {live: connector.UnexpectedResponse},
	"bad-status-line":          {live: connector.UnexpectedResponse},
	"two-lengths":              {live: connector.UnexpectedResponse},
	"short-body":               {live: connector.NetworkFailure},
	"bad-chunk":                {live: connector.UnexpectedResponse},
	"slow-headers":             {live: connector.Timeout},
	"continue-101":             {live: connector.UnexpectedResponse, status: 101},
	"hang-101":                 {live: connector.UnexpectedResponse, status: 101},
	"early-hints-flood":        {live: connector.UnexpectedResponse},
	"header-flood":             {live: connector.UnexpectedResponse},
	"header-line-flood":        {live: connector.UnexpectedResponse},
	"status-flood":             {live: connector.UnexpectedResponse},
	"chunk-flood":              {live: connector.UnexpectedResponse, status: 200},
	"chunk-extension-flood":    {live: connector.UnexpectedResponse},
	"trailer-flood":            {live: connector.UnexpectedResponse},
	"two-answers":              {live: connector.OK, status: 200, judged: true},
	"late-answer":              {live: connector.OK, status: 200, judged: true},
	"429-words":                {live: connector.RateLimited, status: 429},
	"429-bare":                 {live: connector.RateLimited, status: 429},
	"expired":                  {live: connector.TokenRefused, status: 401, judged: true},
	"large-records":            {live: connector.OK, status: 200, judged: true},
	"cut":                      {live: connector.NetworkFailure, judged: true},
	"room-403":                 {live: connector.OK, status: 200, judged: true},
	"room-404":                 {live: connector.OK, status: 200, judged: true},
	"rooms-403":                {live: connector.OK, status: 200, judged: true},
	"refused-start":            {live: connector.OK, status: 200, judged: true},
	"repeated-last":            {live: connector.OK, status: 200, judged: true},
	"last-in-a-circle":         {live: connector.OK, status: 200, judged: true},
	"empty-page":               {live: connector.OK, status: 200, judged: true},
	"unknown-field":            {live: connector.OK, status: 200, judged: true},
	"huge-records":             {live: connector.OK, status: 200, judged: true},
	"huge-record":              {live: connector.OK, status: 200, judged: true},
	"download-cut":             {live: connector.OK, status: 200, judged: true},
	"download-expired":         {live: connector.OK, status: 200, judged: true},
	"download-whole":           {live: connector.OK, status: 200, judged: true},

	// a test of a credential writes nothing
	"lost-cut":      {live: connector.OK, status: 200, judged: true},
	"lost-500":      {live: connector.OK, status: 200, judged: true},
	"lost-504":      {live: connector.OK, status: 200, judged: true},
	"lost-page":     {live: connector.OK, status: 200, judged: true},
	"lost-cut-json": {live: connector.OK, status: 200, judged: true},
	"lost-hang":     {live: connector.OK, status: 200, judged: true},
	"write-500":     {live: connector.OK, status: 200, judged: true},
	"write-cut":     {live: connector.OK, status: 200, judged: true},
	"write-429":     {live: connector.OK, status: 200, judged: true},
	"write-403":     {live: connector.OK, status: 200, judged: true},
	"write-301":     {live: connector.OK, status: 200, judged: true},
	"changes-more":  {live: connector.OK, status: 200, judged: true},
}

func TestEveryFaultOfTheSandboxIsSurvived(t *testing.T) {
	t.Parallel()
	api := new(sandbox.Sandbox)
	srv := httptest.NewServer(api)
	t.Cleanup(srv.Close) // behind the parallel tests
	transport := newTransport(t)

	for _, f := range sandbox.Faults() {
		want, ok := sightings[f.Name]
		if !ok {
			t.Errorf("nothing is expected of the fault %s (%s)", f.Name, f.Title)
			continue
		}
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			transport := transport
			if strings.HasSuffix(f.Name, "-answer") { // it would be taken for the answer to the next test
				transport = newTransport(t)
			}
			tester := &connector.Tester{BaseURL: srv.URL + "/fault/" + f.Name + "/v2", Transport: transport, Timeout: ample, Retries: once}
			if want.live == connector.Timeout {
				tester.Timeout = brief
			}
			if !want.judged {
				underTrouble(t, tester, want.live)
			}
			t.Run("what came is reported", func(t *testing.T) {
				token := fixtures.Sign(fixtures.Workspace(), fixtures.Management(fixtures.Workspace(), time.Now(), 3*time.Hour)) // another than above, for flaky
				r := tester.Test(context.Background(), named(token))
				if r.Code != want.live {
					t.Errorf("%s (%s), want %s", r.Code, r.Message, want.live)
				}
				got := 0
				if r.Server != nil {
					got = r.Server.Status
				}
				if got != want.status {
					t.Errorf("status %d, want %d", got, want.status)
				}
				if r.Server != nil && r.Server.Attempts != 1 {
					t.Errorf("%d attempts, want 1", r.Server.Attempts)
				}
				sound(t, r, token)
			})
		})
	}
	for name := range sightings {
		if !slices.ContainsFunc(sandbox.Faults(), func(f sandbox.Fault) bool { return f.Name == name }) {
			t.Errorf("the sandbox has no fault %s", name)
		}
	}
}

// Where the server looked at the token and refused it, the claims explain why,
// and both agree.
func TestAFaultBehindAuthenticationDoesNotHideWhatTheClaimsSay(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(new(sandbox.Sandbox))
	t.Cleanup(srv.Close)
	transport := newTransport(t)
	for name, want := range sightings {
		if !want.judged {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tester := &connector.Tester{BaseURL: srv.URL + "/fault/" + name + "/v2", Transport: transport, Timeout: ample, Retries: once}
			for token, code := range map[string]connector.Code{appToken(): connector.WrongTokenType, expiredToken(): connector.ExpiredToken} {
				r := tester.Test(context.Background(), named(token))
				expect(t, r, connector.VerdictRejected, code, connector.ConfirmedByBoth)
				sound(t, r, token)
			}
		})
	}
}

// All of 500 to 599, and the odd ones around them.
func TestEveryStatusWithoutABodyHasItsCode(t *testing.T) {
	t.Parallel()
	want := func(status int) connector.Code {
		switch {
		case status == 401:
			return connector.TokenRefused
		case status == 407:
			return connector.ProxyFailure
		case status == 429:
			return connector.RateLimited
		case status >= 500 && status <= 599 && status != 511: // which only a portal sends
			return connector.ServiceUnavailable
		}
		return connector.UnexpectedResponse
	}
	base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var status int
		fmt.Sscanf(r.URL.Path, "/v2/%d/", &status)
		w.WriteHeader(status)
	}))
	tester := connector.Tester{Transport: newTransport(t), Timeout: ample, Retries: once}
	for status := 200; status <= 999; status++ {
		if status > 310 && status < 400 || status > 451 && status < 499 || status > 600 && status < 999 {
			continue // more of the same
		}
		tester.BaseURL = fmt.Sprintf("%s/%d", base, status)
		if r := tester.Test(context.Background(), named(liveToken())); r.Code != want(status) {
			t.Errorf("%d: %s, want %s", status, r.Code, want(status))
		}
	}
}
