package connector_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/100ms-connector/connector-go/connector"
)

func TestABaseURLIsHTTPSOrLoopback(t *testing.T) {
	for _, c := range []struct{ name, given, want string }{ // want is empty where it is refused
		{"none is the API's", "", "https://api.100ms.live/v2"},
		{"the API's", "https://api.100ms.live/v2", "https://api.100ms.live/v2"},
		{"a last slash goes", "https://api.100ms.live/v2/", "https://api.100ms.live/v2"},
		{"all last slashes go", "https://api.100ms.live/v2//", "https://api.100ms.live/v2"},
		{"no path", "https://api.example", "https://api.example"},
		{"a port", "https://api.example:8443/v2", "https://api.example:8443/v2"},
		{"a scheme in capitals", "HTTPS://api.example/v2", "https://api.example/v2"},
		{"http on a loopback address", "http://127.0.0.1:8080/v2", "http://127.0.0.1:8080/v2"},
		{"http on another loopback address", "http://127.9.8.7/v2", "http://127.9.8.7/v2"},
		{"http on the IPv6 loopback", "http://[::1]:8080/v2", "http://[::1]:8080/v2"},
		{"http on localhost", "http://localhost:8080/v2", "http://localhost:8080/v2"},
		{"the sandbox with a fault", "http://127.0.0.1:8080/fault/503/v2", "http://127.0.0.1:8080/fault/503/v2"},

		{"http elsewhere", "http://api.100ms.live/v2", ""},
		{"http on every address", "http://0.0.0.0:8080/v2", ""},
		{"http on a private address", "http://192.168.0.1/v2", ""},
		{"a name that begins like a loopback address", "http://127.0.0.1.example/v2", ""},
		{"a name that begins with localhost", "http://localhost.example/v2", ""},
		{"another scheme", "ftp://api.example/v2", ""},
		{"no scheme", "api.100ms.live/v2", ""},
		{"a scheme and nothing", "https://", ""},
		{"a scheme and a path", "https:/v2", ""},
		{"a scheme without slashes", "https:api.100ms.live", ""},
		{"a port and no host", "https://:443/v2", ""},
		{"a port that is a word", "https://api.example:hunter2-hunter2/v2", ""},
		{"a query", "https://api.example/v2?key=hunter2-hunter2", ""},
		{"a fragment", "https://api.example/v2#rooms", ""},
		{"a user", "https://user@api.example/v2", ""},
		{"a password", "https://user:hunter2-hunter2@api.example/v2", ""},
		{"a password that breaks it", "https://user:hunter2-hunter2%zz@api.example/v2", ""},
		{"an endpoint's name in a gateway's path, before the version", "https://gateway.example/rooms/v2", "https://gateway.example/rooms/v2"},

		{"a line break", "https://api.example/v2\n", ""},
		{"a space before it", " https://api.example/v2", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			u, err := connector.ParseBaseURL(c.given)
			if c.want == "" {
				if err == nil {
					t.Fatalf("%q is taken as %s", c.given, u)
				}
				if strings.Contains(err.Error(), "hunter2") {
					t.Errorf("the error shows a secret: %v", err)
				}
				return
			}
			if err != nil || u.String() != c.want {
				t.Errorf("%q is %v (%v), want %s", c.given, u, err, c.want)
			}
		})
	}
}

// A Tester that is pointed at such a URL makes no call and does not blame the
// token.
func TestABadBaseURLIsNotTheTokensFault(t *testing.T) {
	for _, base := range []string{"http://api.100ms.live/v2", "https://user:hunter2-hunter2@api.example", "https://:1", "%"} {
		tester := connector.Tester{BaseURL: base, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			t.Errorf("%q was called", base)
			return httptest.NewRecorder().Result(), nil
		})}
		token := liveToken()
		r := tester.Test(context.Background(), named(token))
		expect(t, r, connector.VerdictInconclusive, connector.NetworkFailure, "")
		if !strings.HasPrefix(r.Message, "no call could be made: the base URL ") || !strings.Contains(r.Remedy, connector.DefaultBaseURL) {
			t.Errorf("%q: %s %s", base, r.Message, r.Remedy)
		}
		sound(t, r, token, "hunter2-hunter2")
	}
}

// TestWhatIsWrongWithABaseURLIsNamed, and what it should look like.
func TestWhatIsWrongWithABaseURLIsNamed(t *testing.T) {
	for _, c := range []struct{ name, given, want string }{
		{"an endpoint", "https://api.100ms.live/v2/rooms", "the base URL goes on to an endpoint, /rooms; leave it out: a base URL looks like https://api.100ms.live/v2"},
		{"an endpoint and a last slash", "https://api.100ms.live/v2/rooms/", "an endpoint, /rooms;"},
		{"an endpoint and an id", "https://api.100ms.live/v2/rooms/5f00", "an endpoint, /rooms;"},
		{"an endpoint and a query", "https://api.100ms.live/v2/rooms?limit=10", "an endpoint, /rooms;"},
		{"an endpoint without a version", "https://api.100ms.live/rooms?limit=10", "an endpoint, /rooms;"},
		{"an endpoint in capitals", "https://api.100ms.live/v2/Rooms", "an endpoint, /rooms;"},
		{"another endpoint", "https://api.100ms.live/v2/active-rooms/5f00/peers", "an endpoint, /active-rooms;"},
		{"an endpoint of the sandbox", "http://127.0.0.1:8101/fault/503/v2/templates", "an endpoint, /templates;"},
		{"no scheme", "api.100ms.live/v2", "must begin with https://; it looks like"},
		{"no scheme, but a port", "localhost:8101/v2", "must begin with https://; it looks like"},
		{"no scheme, but slashes", "//api.100ms.live/v2", "must begin with https://; it looks like"},
		{"a carriage return", "https://api.100ms.live/v2\r", "has a carriage return in it"},
		{"a line break", "https://api.100ms.live/v2\n", "has a line break in it"},
		{"a blank before it", " https://api.100ms.live/v2", "has a blank in it"},
		{"a blank in its host", "https://api.100ms .live/v2", "has a blank in it"},
		{"a blank behind it", "https://api.100ms.live/v2 ", "has a blank in it"},
		{"a no-break space", "https://api.100ms.live/v2\u00a0", "has a blank in it"},
		{"a tab", "https://api.100ms.live/v2\t", "has a tab in it"},
		{"a zero-width space", "https://api.100ms.live/v2\u200b", "has an invisible character in it"},
		{"quotes around it", `"https://api.100ms.live/v2"`, "has a quotation mark in it"},
		{"an apostrophe behind it", "https://api.100ms.live/v2'", "has a quotation mark in it"},
		{"typographic quotes", "“https://api.100ms.live/v2”", "has a quotation mark in it"},
		{"braces", "https://{host}/v2", "holds a variable that nothing replaced"},
		{"a variable", "${HMS_BASE_URL}", "holds a variable that nothing replaced"},
		{"a variable of a template", "{{ base_url }}", "holds a variable that nothing replaced"},
		{"angle brackets", "<https://api.100ms.live/v2>", "has a bracket in it"},
		{"backslashes", `https:\\api.100ms.live\v2`, "has a backslash in it"},
		{"an empty query", "https://api.100ms.live/v2?", "must end with its path"},
		{"an empty fragment", "https://api.100ms.live/v2#", "must end with its path"},
	} {
		_, err := connector.ParseBaseURL(c.given)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), connector.DefaultBaseURL) {
			t.Errorf("%s: %v\nwant %s", c.name, err, c.want)
		}
		tester := connector.Tester{BaseURL: c.given, Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			t.Errorf("%s: it was called", c.name)
			return httptest.NewRecorder().Result(), nil
		})}
		expect(t, tester.Test(context.Background(), named(liveToken())), connector.VerdictInconclusive, connector.NetworkFailure, "")
	}
}
