package connector

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/fixtures"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

func liveNow() string {
	k := fixtures.Workspace()
	return fixtures.Sign(k, fixtures.Management(k, time.Now(), 7*24*time.Hour))
}

// A refusal met in use is explained as a test would explain it.
func TestARefusalInUseIsExplainedAsATestExplainsIt(t *testing.T) {
	api := httptest.NewServer(new(sandbox.Sandbox))
	defer api.Close()
	for _, dialect := range sandbox.Dialects() {
		for _, c := range fixtures.Cases(time.Now()) {
			if strings.Contains("not_a_token malformed_token unsupported_algorithm", c.Offline) || len(c.Warnings) > 0 {
				continue
			}
			base := api.URL + "/dialect/" + dialect.Name + "/v2"
			tested := (&Tester{BaseURL: base, Transport: api.Client().Transport}).Test(context.Background(), &Credential{APIKeyValue: Secret(c.Value)})
			req, _ := http.NewRequest(http.MethodGet, base+"/rooms?limit=10", nil)
			req.Header.Set("Authorization", "Bearer "+c.Value)
			resp, err := api.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			used := Explain(resp, Secret(c.Value))
			if used.Verdict != tested.Verdict || used.Code != tested.Code || used.ConfirmedBy != tested.ConfirmedBy || used.Remedy != tested.Remedy {
				t.Errorf("%s, %s: used %s %s (%s), tested %s %s (%s)", dialect.Name, c.Name, used.Verdict, used.Code, used.Message, tested.Verdict, tested.Code, tested.Message)
			}
		}
	}
}

func TestExplainIsBoundedAndNeverNil(t *testing.T) {
	token := Secret(liveNow())
	if r := Explain(nil, token); r.Verdict != VerdictNotTested {
		t.Errorf("no answer: %s", r.Verdict)
	}
	if r := Explain(&http.Response{StatusCode: 401}, token); r.Code != TokenRefused {
		t.Errorf("no body: %s", r.Code)
	}
	closed := false
	body := struct {
		io.Reader
		io.Closer
	}{io.LimitReader(endless{}, 1<<40), closer(func() error { closed = true; return nil })}
	if r := Explain(&http.Response{StatusCode: 401, Body: body}, token); r.Verdict == VerdictAccepted || !closed {
		t.Errorf("a body without end: %s, closed: %t", r.Verdict, closed)
	}
	if r := Explain(&http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(`{"id":"5f"}`))}, token); r.Verdict != VerdictAccepted {
		t.Errorf("one record: %s %s", r.Verdict, r.Message)
	}
	if r := Explain(&http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader("<html>"))}, token); r.Code != UnexpectedResponse {
		t.Errorf("a portal: %s", r.Code)
	}
	if r := Explain(&http.Response{StatusCode: 403, Body: io.NopCloser(strings.NewReader("bad " + token.Reveal()))}, token); strings.Contains(fmt.Sprintf("%+v", r), token.Reveal()[20:60]) {
		t.Errorf("an echo is shown: %s", r.Message)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

type closer func() error

func (c closer) Close() error { return c() }
