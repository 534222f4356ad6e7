package fleet

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/100ms-connector/connector-go/fixtures/standin"
)

const newToken = "eyJ.s3cr3t-new-token.x"

func newNexla(t *testing.T) (*standin.Host, *NexlaTarget) {
	h := standin.NewNexla()
	t.Cleanup(h.Close)
	return h, &NexlaTarget{BaseURL: h.URL, ID: standin.NexlaID, ServiceKey: standin.NexlaServiceKey}
}

func newAirbyte(t *testing.T) (*standin.Host, *AirbyteTarget) {
	h := standin.NewAirbyte()
	t.Cleanup(h.Close)
	return h, &AirbyteTarget{BaseURL: h.URL, SourceID: standin.AirbyteSource, ClientID: standin.AirbyteClientID, ClientSecret: standin.AirbyteClientSecret}
}

// fields are what a stand-in keeps.
func fields(h *standin.Host, name string) (kept map[string]any) {
	h.With(func(object map[string]any) { kept = object[name].(map[string]any) })
	return kept
}

func TestATokenArrivesInNexlaAndNothingElseChanges(t *testing.T) {
	s, n := newNexla(t)
	if err := n.Push(t.Context(), newToken); err != nil {
		t.Fatal(err)
	}
	got := fields(s, "credentials")
	if got["api.key.auth.value"] != "Bearer "+newToken || got["test.url"] != "https://api.100ms.live/v2/rooms?limit=10" || got["skip.validation"] != false || len(got) != 6 {
		t.Errorf("%v", got)
	}
	if calls := strings.Join(s.Calls(), ", "); calls != "POST /nexla-api/token, GET /nexla-api/data_credentials/7, PUT /nexla-api/data_credentials/7, GET /nexla-api/data_credentials/7" {
		t.Error(calls)
	}
}

func TestWhatNexlaDoesNotShowIsNotWrittenOver(t *testing.T) {
	s, n := newNexla(t)
	s.Show = func(object map[string]any) map[string]any {
		return map[string]any{"id": object["id"], "name": object["name"], "credentials_enc": "hidden"}
	}
	err := n.Push(t.Context(), newToken)
	if !errors.Is(err, ErrHost) || !strings.Contains(err.Error(), "writing it would take the others away") || strings.Contains(strings.Join(s.Calls(), " "), "PUT") {
		t.Errorf("%v: %v", err, s.Calls())
	}
	for field, value := range map[string]any{"jwt.enabled": true, "hmac.enabled": "true", "auth.type": "OAUTH2"} {
		s, n = newNexla(t)
		fields(s, "credentials")[field] = value
		if err := n.Push(t.Context(), newToken); !errors.Is(err, ErrHost) || strings.Contains(strings.Join(s.Calls(), " "), "PUT") {
			t.Errorf("%s: %v: %v", field, err, s.Calls())
		}
	}
	// To most users Nexla gives the fields that are no secret, and the type among them.
	s, n = newNexla(t)
	s.Show = func(object map[string]any) map[string]any {
		shown := map[string]any{"credentials_type": "rest"}
		for name, value := range object["credentials"].(map[string]any) {
			if name != "api.key.auth.value" {
				shown[name] = value
			}
		}
		return map[string]any{"id": object["id"], "name": object["name"], "credentials_non_secure_data": shown}
	}
	if err := n.Push(t.Context(), newToken); err != nil || fields(s, "credentials")["api.key.auth.value"] != "Bearer "+newToken || len(fields(s, "credentials")) != 6 {
		t.Errorf("%v: %v", err, s.Token())
	}
	s, n = newNexla(t)
	s.Strike = func(w http.ResponseWriter, r *http.Request, _ int, object map[string]any) bool {
		if r.Method == "PUT" { // it changes another field as well
			object["credentials"].(map[string]any)["test.url"] = "https://elsewhere.example/"
			w.WriteHeader(200)
			return true
		}
		return false
	}
	if err := n.Push(t.Context(), newToken); !errors.Is(err, ErrHost) || !strings.Contains(err.Error(), "has changed in more than its token") {
		t.Errorf("%v", err)
	}
}

func TestATokenArrivesInAirbyteAndNothingElseIsSent(t *testing.T) {
	s, a := newAirbyte(t)
	if err := a.Push(t.Context(), newToken); err != nil {
		t.Fatal(err)
	}
	if got := fields(s, "configuration"); got["api_key_value"] != newToken || got["start_date"] != "2026-01-01T00:00:00Z" {
		t.Errorf("%v", got)
	}
	if calls := strings.Join(s.Calls(), ", "); calls != "POST /v1/applications/token, GET /v1/sources/"+standin.AirbyteSource+", PATCH /v1/sources/"+standin.AirbyteSource+", GET /v1/sources/"+standin.AirbyteSource {
		t.Error(calls)
	}
	delete(fields(s, "configuration"), "api_key_value")
	fields(s, "configuration")["management_token"] = "old"
	if err := a.Push(t.Context(), newToken); err != nil || fields(s, "configuration")["management_token"] != newToken {
		t.Errorf("another connector's field: %v, %v", err, s.Token())
	}
	delete(fields(s, "configuration"), "management_token")
	if err := a.Push(t.Context(), newToken); !errors.Is(err, ErrHost) || !strings.Contains(err.Error(), "has neither api_key_value nor management_token") {
		t.Errorf("%v", err)
	}
}

// TestAHostInTroubleIsSaidToBeWithoutASecret strikes each call of both hosts.
func TestAHostInTroubleIsSaidToBeWithoutASecret(t *testing.T) {
	answers := func(status int, body string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	for name, c := range map[string]struct {
		strike func(http.ResponseWriter)
		says   string
	}{
		"401":                      {answers(401, ""), "is the host's own key right"},
		"403":                      {answers(403, ""), "is the host's own key right"},
		"404":                      {answers(404, ""), "there is none of this id (404)"},
		"500 that echoes":          {nil, "it was answered with 500: [redacted] and [redacted]"},
		"a redirect":               {func(w http.ResponseWriter) { w.Header().Set("Location", "http://127.0.0.1:1/"); w.WriteHeader(307) }, "it was answered with 307"},
		"a page":                   {answers(200, "<html>"), "is not the JSON that is documented"},
		"a body without end":       {func(w http.ResponseWriter) { _, _ = io.Copy(w, io.LimitReader(endless{}, 6<<20)) }, "is larger than 4 MiB"},
		"a connection that is cut": {func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, "EOF"},
	} {
		for step := range 3 {
			t.Run(fmt.Sprint(name, " at call ", step+1), func(t *testing.T) {
				t.Parallel()
				ns, n := newNexla(t)
				as, a := newAirbyte(t)
				for own, s := range map[string]*standin.Host{standin.NexlaServiceKey: ns, standin.AirbyteClientSecret: as} {
					strike := c.strike
					if strike == nil {
						strike = answers(500, own+" and "+newToken)
					}
					s.Strike = func(w http.ResponseWriter, _ *http.Request, n int, _ map[string]any) bool {
						if n == step+1 {
							strike(w)
						}
						return n == step+1
					}
				}
				for host, err := range map[string]error{"Nexla": n.Push(t.Context(), newToken), "Airbyte": a.Push(t.Context(), newToken)} {
					if step == 2 && (name == "a page" || name == "a body without end") {
						continue // the answer to a write is not read
					}
					if step == 1 && strings.HasPrefix(name, "a connection") {
						continue // a GET is made again by itself
					}
					if !errors.Is(err, ErrHost) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "s3cr3t") {
						t.Errorf("%s: %v, want %s", host, err, c.says)
					}
				}
			})
		}
	}
	for _, base := range []string{"http://api.airbyte.example/v1", "ftp://x", "https://user:pass@x/", ""} {
		if err := (&AirbyteTarget{BaseURL: base, ClientSecret: standin.AirbyteClientSecret}).Push(t.Context(), newToken); !errors.Is(err, ErrHost) {
			t.Errorf("%s: %v", base, err)
		}
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}
