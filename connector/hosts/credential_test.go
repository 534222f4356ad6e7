package hosts_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/hosts"
	"github.com/100ms-connector/connector-go/fixtures"
)

func TestExportsAreWhatTheHostsTakeWithTheTokenCleaned(t *testing.T) {
	key := fixtures.Workspace()
	token := fixtures.Sign(key, fixtures.Management(key, time.Now(), time.Hour))
	cred := &connector.Credential{Name: "100ms production", Description: "weekly report", APIKeyValue: connector.Secret(" \"Bearer " + token + "\"\n")}
	for _, c := range []struct {
		name string
		form any
		want string
	}{
		{"Nexla's REST connector", hosts.NexlaREST(cred), `{"name":"100ms production","description":"weekly report","credentials_type":"rest","credentials":{
			"auth.type":"API_KEY","api.key.include.mode":"HEADER","api.key.auth.key":"Authorization","api.key.auth.value":"Bearer TOKEN",
			"skip.validation":false,"test.url":"https://api.100ms.live/v2/rooms?limit=10","test.method":"GET","test.content.type":"application/json",
			"ignore.ssl.cert.validation":false,"jwt.enabled":false,"hmac.enabled":false}}`},
		{"Nexla's agent API", hosts.NexlaAgent(cred), `{"name":"100ms production","connector":"custom_rest","auth_mode":"API_KEY","config":{
			"api.key.include.mode":"HEADER","api.key.auth.key":"Authorization","api.key.auth.value":"Bearer TOKEN"}}`},
		{"Airbyte", hosts.AirbyteConfiguration(cred), `{"name":"100ms production","description":"weekly report","api_key_value":"TOKEN"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, want := normal(t, marshal(t, c.form)), normal(t, []byte(c.want)); got != strings.ReplaceAll(want, "TOKEN", token) {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

// What is exported for Airbyte can be read again.
func TestADescriptionThatIsNotGivenIsNotSent(t *testing.T) {
	config := hosts.AirbyteConfiguration(&connector.Credential{Name: "n", APIKeyValue: "a.b.c"})
	if len(config) != 2 {
		t.Errorf("%v", config)
	}
}

func TestAnAirbyteConfigurationIsACredentialDocument(t *testing.T) {
	key := fixtures.Workspace()
	token := fixtures.Sign(key, fixtures.Management(key, time.Now(), 7*24*time.Hour))
	cred := &connector.Credential{Name: "x", APIKeyValue: connector.Secret(token)}
	if err := connector.Validate(marshal(t, hosts.AirbyteConfiguration(cred))); err != nil {
		t.Error(err)
	}
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// normal is a JSON text in one spelling.
func normal(t *testing.T, data []byte) string {
	t.Helper()
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return string(marshal(t, v))
}

// What is written for a host is read back as the credential that it came from.
func TestWhatIsWrittenForAHostIsReadBack(t *testing.T) {
	k := fixtures.Workspace()
	token := fixtures.Sign(k, fixtures.Management(k, time.Now(), 7*24*time.Hour))
	expired := fixtures.Sign(k, fixtures.Management(k, time.Now().Add(-8*24*time.Hour), 7*24*time.Hour))
	for name, form := range map[string]func(*connector.Credential) any{
		"nexla-rest":  func(c *connector.Credential) any { return hosts.NexlaREST(c) },
		"nexla-agent": func(c *connector.Credential) any { return hosts.NexlaAgent(c) },
		"airbyte":     func(c *connector.Credential) any { return hosts.AirbyteConfiguration(c) },
	} {
		t.Run(name, func(t *testing.T) {
			document := func(value string) []byte {
				data, err := json.MarshalIndent(form(&connector.Credential{Name: "100ms production", Description: "weekly", APIKeyValue: connector.Secret(value)}), "", "  ")
				if err != nil {
					t.Fatal(err)
				}
				return data
			}
			cred, err := connector.ParseCredential(document(token))
			if err != nil || cred.Name != "100ms production" || cred.APIKeyValue.Reveal() != token {
				t.Errorf("%+v, %v", cred, err)
			}
			if err := connector.Validate(document(token)); err != nil {
				t.Error(err)
			}
			problems := new(connector.Validator).Problems(document(expired))
			if len(problems) != 1 || problems[0].Code != connector.ExpiredToken || problems[0].Line < 2 || !strings.HasSuffix(problems[0].Pointer, "value") {
				t.Errorf("%+v", problems)
			}
		})
	}
}
