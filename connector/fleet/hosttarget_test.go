package fleet

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/100ms-connector/connector-go/connector"
)

const (
	nexlaKey     = "s3cr3t-service-key"
	clientSecret = "s3cr3t-client-secret"
	shortToken   = "s3cr3t-short-token"
	newToken     = "eyJ.s3cr3t-new-token.x"
)

// standIn is a host's API, as strict as its documentation.
type standIn struct {
	mu     sync.Mutex
	object map[string]any
	calls  []string
	// strike answers in the place of the stand-in; false leaves it to it.
	strike func(w http.ResponseWriter, r *http.Request) bool
	show   func(object map[string]any) map[string]any // what a GET gives of it
}

func (s *standIn) call(w http.ResponseWriter, r *http.Request) (struck bool) {
	s.calls = append(s.calls, r.Method+" "+r.URL.Path)
	return s.strike != nil && s.strike(w, r)
}

func (s *standIn) get(w http.ResponseWriter) {
	object := s.object
	if s.show != nil {
		object = s.show(object)
	}
	_ = json.NewEncoder(w).Encode(object)
}

// nexla is a stand-in for Nexla: PUT replaces the whole credentials object.
func nexla(s *standIn) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.call(w, r) {
			return
		}
		switch {
		case r.Header.Get("Accept") != "application/vnd.nexla.api.v1+json":
			w.WriteHeader(406)
		case r.Method == "POST" && r.URL.Path == "/nexla-api/token" && r.Header.Get("Authorization") == "Basic "+nexlaKey:
			fmt.Fprintf(w, `{"access_token":%q,"token_type":"Bearer","expires_in":3600}`, shortToken)
		case r.Header.Get("Authorization") != "Bearer "+shortToken:
			w.WriteHeader(401)
		case r.URL.Path != "/nexla-api/data_credentials/7":
			w.WriteHeader(404)
		case r.Method == "GET":
			s.get(w)
		case r.Method == "PUT":
			var body map[string]map[string]any
			if json.NewDecoder(r.Body).Decode(&body) != nil || len(body) != 1 {
				w.WriteHeader(400)
				return
			}
			s.object["credentials"] = body["credentials"]
			s.get(w)
		default:
			w.WriteHeader(405)
		}
	})
}

// airbyteAPI is a stand-in for Airbyte: PATCH merges the configuration, and a GET hides
// secrets.
func airbyteAPI(s *standIn) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.call(w, r) {
			return
		}
		switch {
		case r.Method == "POST" && r.URL.Path == "/v1/applications/token":
			data, _ := io.ReadAll(r.Body)
			var login map[string]string
			if json.Unmarshal(data, &login) != nil || login["client_id"] != "the client" || login["client_secret"] != clientSecret || login["grant-type"] != "client_credentials" {
				w.WriteHeader(401)
				return
			}
			fmt.Fprintf(w, `{"access_token":%q,"token_type":"Bearer","expires_in":900}`, shortToken)
		case r.Header.Get("Authorization") != "Bearer "+shortToken:
			w.WriteHeader(401)
		case r.URL.Path != "/v1/sources/0c31738c-0b2d-4887-b506-e2cd1c39cc35":
			w.WriteHeader(404)
		case r.Method == "GET":
			s.get(w)
		case r.Method == "PATCH":
			var body map[string]map[string]any
			if json.NewDecoder(r.Body).Decode(&body) != nil || len(body) != 1 {
				w.WriteHeader(400)
				return
			}
			for name, value := range body["configuration"] {
				s.object["configuration"].(map[string]any)[name] = value
			}
			s.get(w)
		default:
			w.WriteHeader(405)
		}
	})
}

func newNexla(t *testing.T) (*standIn, *NexlaTarget) {
	s := &standIn{object: map[string]any{"id": 7.0, "name": "100ms production", "credentials": map[string]any{
		"auth.type": "API_KEY", "api.key.include.mode": "HEADER", "api.key.auth.key": "Authorization", "api.key.auth.value": "Bearer old",
		"test.url": "https://api.100ms.live/v2/rooms?limit=10", "skip.validation": false,
	}}}
	server := httptest.NewServer(nexla(s))
	t.Cleanup(server.Close)
	return s, &NexlaTarget{BaseURL: server.URL + "/nexla-api", ID: 7, ServiceKey: nexlaKey}
}

func newAirbyte(t *testing.T) (*standIn, *AirbyteTarget) {
	s := &standIn{object: map[string]any{"sourceId": "0c31738c-0b2d-4887-b506-e2cd1c39cc35", "configuration": map[string]any{
		"api_key_value": "old", "start_date": "2026-01-01T00:00:00Z",
	}}}
	s.show = func(object map[string]any) map[string]any {
		shown := map[string]any{"sourceId": object["sourceId"], "configuration": map[string]any{}}
		for name, value := range object["configuration"].(map[string]any) {
			if name != "start_date" {
				value = "******"
			}
			shown["configuration"].(map[string]any)[name] = value
		}
		return shown
	}
	server := httptest.NewServer(airbyteAPI(s))
	t.Cleanup(server.Close)
	return s, &AirbyteTarget{BaseURL: server.URL + "/v1", SourceID: "0c31738c-0b2d-4887-b506-e2cd1c39cc35", ClientID: "the client", ClientSecret: clientSecret}
}

func TestATokenArrivesInNexlaAndNothingElseChanges(t *testing.T) {
	s, n := newNexla(t)
	if err := n.Push(t.Context(), newToken); err != nil {
		t.Fatal(err)
	}
	got := s.object["credentials"].(map[string]any)
	if got["api.key.auth.value"] != "Bearer "+newToken || got["test.url"] != "https://api.100ms.live/v2/rooms?limit=10" || got["skip.validation"] != false || len(got) != 6 {
		t.Errorf("%v", got)
	}
	if calls := strings.Join(s.calls, ", "); calls != "POST /nexla-api/token, GET /nexla-api/data_credentials/7, PUT /nexla-api/data_credentials/7, GET /nexla-api/data_credentials/7" {
		t.Error(calls)
	}
}

func TestWhatNexlaDoesNotShowIsNotWrittenOver(t *testing.T) {
	s, n := newNexla(t)
	s.show = func(object map[string]any) map[string]any {
		return map[string]any{"id": object["id"], "name": object["name"], "credentials_enc": "hidden"}
	}
	err := n.Push(t.Context(), newToken)
	if !errors.Is(err, ErrHost) || !strings.Contains(err.Error(), "writing it would take the others away") || strings.Contains(strings.Join(s.calls, " "), "PUT") {
		t.Errorf("%v: %v", err, s.calls)
	}
	for field, value := range map[string]any{"jwt.enabled": true, "hmac.enabled": "true", "auth.type": "OAUTH2"} {
		s, n = newNexla(t)
		s.object["credentials"].(map[string]any)[field] = value
		if err := n.Push(t.Context(), newToken); !errors.Is(err, ErrHost) || strings.Contains(strings.Join(s.calls, " "), "PUT") {
			t.Errorf("%s: %v: %v", field, err, s.calls)
		}
	}
	// To most users Nexla gives the fields that are no secret, and the type among them.
	s, n = newNexla(t)
	s.show = func(object map[string]any) map[string]any {
		shown := map[string]any{"credentials_type": "rest"}
		for name, value := range object["credentials"].(map[string]any) {
			if name != "api.key.auth.value" {
				shown[name] = value
			}
		}
		return map[string]any{"id": object["id"], "name": object["name"], "credentials_non_secure_data": shown}
	}
	if err := n.Push(t.Context(), newToken); err != nil || s.object["credentials"].(map[string]any)["api.key.auth.value"] != "Bearer "+newToken || len(s.object["credentials"].(map[string]any)) != 6 {
		t.Errorf("%v: %v", err, s.object)
	}
	s, n = newNexla(t)
	s.strike = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == "PUT" { // it changes another field as well
			s.object["credentials"].(map[string]any)["test.url"] = "https://elsewhere.example/"
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
	if got := s.object["configuration"].(map[string]any); got["api_key_value"] != newToken || got["start_date"] != "2026-01-01T00:00:00Z" {
		t.Errorf("%v", got)
	}
	delete(s.object["configuration"].(map[string]any), "api_key_value")
	s.object["configuration"].(map[string]any)["management_token"] = "old"
	if err := a.Push(t.Context(), newToken); err != nil || s.object["configuration"].(map[string]any)["management_token"] != newToken {
		t.Errorf("another connector's field: %v, %v", err, s.object)
	}
	delete(s.object["configuration"].(map[string]any), "management_token")
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
				for own, s := range map[string]*standIn{nexlaKey: ns, clientSecret: as} {
					strike := c.strike
					if strike == nil {
						strike = answers(500, own+" and "+newToken)
					}
					s.strike = func(w http.ResponseWriter, _ *http.Request) bool {
						if len(s.calls) == step+1 {
							strike(w)
							return true
						}
						return false
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
		if err := (&AirbyteTarget{BaseURL: base, ClientSecret: connector.Secret(clientSecret)}).Push(t.Context(), newToken); !errors.Is(err, ErrHost) {
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
