package connector_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/fixtures"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

// clientOf is a client of the credential for the API at base.
func clientOf(t *testing.T, token, base string) *connector.Client {
	t.Helper()
	at, err := connector.ParseBaseURL(base)
	if err != nil {
		t.Fatal(err)
	}
	client := named(token).Client(at)
	client.Transport = newTransport(t)
	return client
}

func TestAClientSendsTheTokenToTheBaseURLItWasGiven(t *testing.T) {
	t.Parallel()
	token := liveToken()
	for _, pasted := range []string{token, "Bearer " + token, "\"" + token + "\"\r\n"} {
		var seen *http.Request
		base := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = r }))
		client := clientOf(t, pasted, base)
		client.UserAgent = "host/1.0"
		resp, err := client.Get(context.Background(), "/rooms", url.Values{"limit": {"100"}, "start": {"a b"}})
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := seen.URL.String(); got != "/v2/rooms?limit=100&start=a+b" {
			t.Errorf("asked for %s", got)
		}
		if seen.Header.Get("Authorization") != "Bearer "+token {
			t.Errorf("%d characters pasted: sent %q", len(pasted), seen.Header.Get("Authorization"))
		}
		if agent := seen.Header.Get("User-Agent"); !strings.HasPrefix(agent, "host/1.0 connector-go/") {
			t.Errorf("the User-Agent is %q", agent)
		}
		concealed(t, fmt.Sprintf("%+v %#v", client, *client), token)
	}
}

func TestAPathStaysBelowTheBaseURL(t *testing.T) {
	t.Parallel()
	var seen string
	base := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = r.RequestURI }))
	client := clientOf(t, liveToken(), base)
	for _, c := range []struct{ name, path, want string }{ // want is empty where it is refused
		{"a path", "/rooms", "/v2/rooms"},
		{"a path with an id", "/rooms/5f00", "/v2/rooms/5f00"},
		{"an escaped slash", "/rooms/a%2Fb", "/v2/rooms/a%2Fb"},
		{"an escaped question mark", "/rooms/a%3Fb", "/v2/rooms/a%3Fb"},
		{"a path that looks like a host", "//other.example/rooms", "/v2//other.example/rooms"},

		{"another origin", "https://other.example/rooms", ""},
		{"no slash", "rooms", ""},
		{"nothing", "", ""},
		{"a user name that makes a host of it", "@other.example/rooms", ""},
		{"a query", "/rooms?limit=10", ""},
		{"a fragment", "/rooms#last", ""},
		{"a step up", "/../admin", ""},
		{"a step up that is escaped", "/%2e%2e/admin", ""},
		{"an escape that is none", "/rooms/%zz", ""},
	} {
		seen = ""
		resp, err := client.Get(context.Background(), c.path, nil)
		if err == nil {
			resp.Body.Close()
		}
		if seen != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s: asked for %q (%v), want %q", c.name, seen, err, c.want)
		}
	}
}

func TestAClientFollowsNoRedirectToAnotherOrigin(t *testing.T) {
	t.Parallel()
	elsewhere := new(trap)
	target := serve(t, elsewhere)
	base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, target, http.StatusFound) }))
	resp, err := clientOf(t, liveToken(), base).Get(context.Background(), "/rooms", nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusFound || len(elsewhere.requests()) > 0 {
		t.Errorf("%d, and the other origin was asked %d times", resp.StatusCode, len(elsewhere.requests()))
	}
	if r := connector.Explain(resp, connector.Secret(liveToken())); r.Code != connector.Redirected {
		t.Errorf("%s (%s)", r.Code, r.Message)
	}
}

func TestAClientSendsOnlyWhatIsAToken(t *testing.T) {
	for _, secret := range []string{"", fixtures.Workspace().AppSecret, fixtures.Workspace().AccessKey, "abc-defg-hij", liveToken() + "." + liveToken()} {
		client := named(secret).Client(nil)
		client.Transport = roundTrip(func(*http.Request) (*http.Response, error) {
			t.Errorf("%d characters that are no token were sent", len(secret))
			return nil, errors.New("not reached")
		})
		_, err := client.Get(context.Background(), "/rooms", nil)
		if !errors.Is(err, connector.NotAToken) || errors.Is(err, connector.NetworkFailure) {
			t.Errorf("%d characters that are no token: %v", len(secret), err)
		}
		concealed(t, fmt.Sprint(err), fixtures.Workspace().AppSecret)
	}
}

// TestGetJSONSaysWhatATestSays: a refusal in use has the causes of a test.
func TestGetJSONSaysWhatATestSays(t *testing.T) {
	t.Parallel()
	base := serve(t, new(sandbox.Sandbox))
	fault := func(name string) string { return strings.TrimSuffix(base, "/v2") + "/fault/" + name + "/v2" }
	for _, c := range []struct {
		name, token, base string
		want              connector.Code // OK if there is no error
	}{
		{"a live token", liveToken(), base, connector.OK},
		{"an expired token", expiredToken(), base, connector.ExpiredToken},
		{"an app token", appToken(), base, connector.WrongTokenType},
		{"a right that is missing", liveToken(), fault("403"), connector.PermissionDenied},
		{"too many calls", liveToken(), fault("429-retry-after-long"), connector.RateLimited},
		{"an API that is down", liveToken(), fault("503"), connector.ServiceUnavailable},
		{"a connection that breaks", liveToken(), fault("reset"), connector.NetworkFailure},
		{"a body that breaks off", liveToken(), fault("short-body"), connector.NetworkFailure},
		{"what is not HTTP", liveToken(), fault("garbage"), connector.UnexpectedResponse},
		{"a 101 that nobody asked for", liveToken(), fault("hang-101"), connector.UnexpectedResponse},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var page struct{ Data []struct{ ID string } }
			err := clientOf(t, c.token, c.base).GetJSON(context.Background(), "/rooms", nil, &page)
			if c.want == connector.OK {
				if err != nil || len(page.Data) == 0 || page.Data[0].ID == "" {
					t.Errorf("%+v, %v", page, err)
				}
				return
			}
			if !errors.Is(err, c.want) {
				t.Errorf("%v, want %s", err, c.want)
			}
			concealed(t, fmt.Sprintf("%v %+v", err, err), c.token)
			if failed, ok := errors.AsType[*connector.TestError](err); ok {
				sound(t, failed.Report, c.token)
				if c.want == connector.RateLimited && failed.Report.RetryAfter != 3600 {
					t.Errorf("retry after %d s", failed.Report.RetryAfter)
				}
			}
		})
	}
}

func TestAPageOfAnotherShapeIsNotQuoted(t *testing.T) {
	t.Parallel()
	base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"Data": %q}`, r.Header.Get("Authorization"))
	}))
	token := liveToken()
	var page struct{ Data []string }
	err := clientOf(t, token, base).GetJSON(context.Background(), "/rooms", nil, &page)
	if err == nil || err.Error() != "GET /rooms: the answer is not the JSON that was expected" {
		t.Error(err)
	}
}

func TestACallOfAClientEndsInItsTime(t *testing.T) {
	t.Parallel()
	for _, fault := range []string{"hang", "slow-headers", "slow-body", "hang-101"} {
		base := serve(t, &sandbox.Sandbox{Fault: fault})
		client := clientOf(t, liveToken(), base)
		client.Timeout = brief
		began := time.Now()
		resp, err := client.Get(context.Background(), "/rooms", nil)
		if err == nil {
			_, err = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s: it took %s", fault, took)
		}
		if err == nil && fault != "hang-101" {
			t.Errorf("%s: no error", fault)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := clientOf(t, liveToken(), serve(t, new(sandbox.Sandbox))).Get(ctx, "/rooms", nil); !errors.Is(err, context.Canceled) || !errors.Is(err, connector.Canceled) {
		t.Error(err)
	}
}

// TestExplainJudgesAnAnswerInHand: the body may be anything, and may never end.
func TestExplainJudgesAnAnswerInHand(t *testing.T) {
	answer := func(status int, body io.Reader) *http.Response {
		resp := httptest.NewRecorder().Result()
		resp.StatusCode, resp.Header, resp.Body = status, http.Header{"Content-Type": {"application/json"}}, io.NopCloser(body)
		return resp
	}
	for _, c := range []struct {
		name, token string
		resp        *http.Response
		want        connector.Code
	}{
		{"a refusal without a word", liveToken(), answer(401, strings.NewReader("")), connector.TokenRefused},
		{"a refusal that names its cause", liveToken(), answer(401, strings.NewReader(`{"code":401,"message":"signature is invalid"}`)), connector.SignatureRejected},
		{"a body without end", liveToken(), answer(500, endlessBody{}), connector.ServiceUnavailable},
		{"an acceptance of another shape", liveToken(), answer(200, strings.NewReader(`{"id":"5f00"}`)), connector.OK},
		{"no token", "", answer(401, strings.NewReader("")), connector.NotAToken},
	} {
		r := connector.Explain(c.resp, connector.Secret(c.token))
		if r.Code != c.want {
			t.Errorf("%s: %s (%s), want %s", c.name, r.Code, r.Message, c.want)
		}
		if c.token != "" {
			sound(t, r, c.token)
		}
	}
}

type endlessBody struct{}

func (endlessBody) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}
