package connector

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/100ms-connector/connector-go/connector/internal/pasted"
	"github.com/100ms-connector/connector-go/connector/internal/wire"
)

// defaultCallTimeout bounds one call of a Client. A page of 100 records is larger
// than the answer to a test, hence longer than DefaultTimeout.
const defaultCallTimeout = 30 * time.Second

// maxPage is how much GetJSON reads of an answer.
const maxPage = 32 << 20

// Client calls the API by paths below its base URL. The token goes there and
// nowhere else: a path cannot name another origin, and a redirect to one is not
// followed but is the answer, as is every redirect of a call that is no GET. Source must be set; Credential.Client sets it. A
// Client is safe for concurrent use; do not change its fields once it is in use.
//
// It does not repeat what fails: who reads much knows best how long to wait, and
// the Report of Explain says what the API asked for.
type Client struct {
	Source    TokenSource
	BaseURL   *url.URL          // as ParseBaseURL reads it; if nil, DefaultBaseURL
	Transport http.RoundTripper // if nil, one that all share; see NewTransport
	Timeout   time.Duration     // of one call, the body of its answer included; if zero, 30 s; none if negative
	UserAgent string            // of the host, as in "example/1.0"; the connector's own stands behind it
}

// Client returns a client that sends the credential's token, as Secret.Token gives
// it, to the API at base; if base is nil, at DefaultBaseURL.
func (c *Credential) Client(base *url.URL) *Client {
	return &Client{Source: c.APIKeyValue, BaseURL: base}
}

// Get reads what is at a path below the base URL, as in
//
//	resp, err := client.Get(ctx, "/rooms", url.Values{"limit": {"100"}, "start": {last}})
//
// The caller closes the body.
func (c *Client) Get(ctx context.Context, path string, query url.Values) (*http.Response, error) {
	return c.Do(ctx, http.MethodGet, path, query, nil)
}

// Do makes a call with any method, and a JSON body if body is not nil. The caller
// closes the body of the answer. The error shows neither the query nor anything
// that the server sent.
func (c *Client) Do(ctx context.Context, method, path string, query url.Values, body io.Reader) (*http.Response, error) {
	base := c.base()
	u := *base
	if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, "?#") {
		return nil, fmt.Errorf("the path %q must begin with a slash and have no query: it is taken from the base URL", pasted.Clip(path, 100))
	}
	below, err := url.PathUnescape(path)
	if err != nil {
		return nil, fmt.Errorf("the path %q is not escaped correctly", pasted.Clip(path, 100))
	}
	for part := range strings.SplitSeq(below, "/") {
		if part == ".." || part == "." {
			return nil, fmt.Errorf("the path %q leaves its place", pasted.Clip(path, 100))
		}
	}
	u.Path, u.RawPath, u.RawQuery = base.Path+below, base.EscapedPath()+path, query.Encode()
	req, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return nil, errors.New("the request cannot be made: is the method a word?")
	}
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("User-Agent", strings.TrimSpace(c.UserAgent+" "+userAgent()))
	client := http.Client{
		Transport: &Transport{Source: c.Source, Base: c.Transport, Origin: base},
		Timeout:   max(0, orDefault(c.Timeout, defaultCallTimeout)),
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			// A write that is redirected would be sent twice, or become a read that succeeds.
			if method != http.MethodGet && method != http.MethodHead || !wire.SameOrigin(req.URL, base) || len(via) > 5 {
				return http.ErrUseLastResponse
			}
			return nil
		},
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, &callError{method, path, err}
	}
	return resp, nil
}

// GetJSON reads the JSON at a path into v. An answer that is not 2xx is the error: a
// *TestError, so that errors.Is(err, ExpiredToken) and its like work, and its Report
// says what to do.
func (c *Client) GetJSON(ctx context.Context, path string, query url.Values, v any) error {
	resp, err := c.Get(ctx, path, query)
	if err != nil {
		return err
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		token, _ := c.Source.Token(ctx) // without it the report says less
		return &TestError{Report: Explain(resp, token)}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxPage+1))
	switch {
	case err != nil:
		return &callError{http.MethodGet, path, err}
	case len(body) > maxPage:
		return fmt.Errorf("GET %s: the answer is larger than %d MiB", path, maxPage>>20)
	}
	if err := json.Unmarshal(body, v); err != nil {
		return fmt.Errorf("GET %s: the answer is not the JSON that was expected", path) // err may quote it
	}
	return nil
}

func (c *Client) base() *url.URL {
	if c.BaseURL == nil {
		return defaultBase
	}
	return c.BaseURL
}

// callError is a call without a whole answer. errors.Is finds the Code of its cause,
// and the context's error where the context ended it.
type callError struct {
	method, path string
	cause        error
}

func (e *callError) Error() string {
	if source, ok := errors.AsType[*sourceError](e.cause); ok {
		return fmt.Sprintf("%s %s: %s", e.method, e.path, source)
	}
	return fmt.Sprintf("%s %s: %s: %s", e.method, e.path, networkCode(e.cause), networkText(e.cause))
}

func (e *callError) Is(target error) bool {
	if _, ok := errors.AsType[*sourceError](e.cause); ok {
		return false
	}
	return target == networkCode(e.cause)
}

// Unwrap gives what no server had a part in.
func (e *callError) Unwrap() error {
	if source, ok := errors.AsType[*sourceError](e.cause); ok {
		return source
	}
	for _, ended := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(e.cause, ended) {
			return ended
		}
	}
	return nil
}

// userAgent is connector-go/<version>, the version as the build knows it.
var userAgent = sync.OnceValue(func() string {
	const module = "github.com/100ms-connector/connector-go"
	version := "devel"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range append(info.Deps, &info.Main) {
			if v := strings.TrimPrefix(m.Version, "v"); m.Path == module && v != "" && v != "(devel)" {
				version = v
			}
		}
	}
	return "connector-go/" + version
})
