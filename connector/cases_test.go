package connector_test

import (
	"context"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/fixtures"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

// TestEveryKindOfCredentialIsToldApart is the promise of the connector, held
// against a server.
func TestEveryKindOfCredentialIsToldApart(t *testing.T) {
	api := httptest.NewServer(new(sandbox.Sandbox))
	defer api.Close()
	for _, c := range fixtures.Cases(time.Now()) {
		t.Run(c.Name, func(t *testing.T) {
			cred := &connector.Credential{Name: c.Title, APIKeyValue: connector.Secret(c.Value)}
			tester := connector.Tester{BaseURL: api.URL + "/v2", Transport: api.Client().Transport}

			tested := tester.Test(context.Background(), cred)
			if string(tested.Code) != c.Tested {
				t.Errorf("tested: %s (%s), want %s", tested.Code, tested.Message, c.Tested)
			}
			if got := codes(tested.Warnings); !slices.Equal(got, c.Warnings) {
				t.Errorf("warnings: %v, want %v", got, c.Warnings)
			}
			if string(tested.LooksLike) != c.LooksLike {
				t.Errorf("looks like %q, want %q", tested.LooksLike, c.LooksLike)
			}

			tester.Offline = true
			offline := tester.Test(context.Background(), cred)
			if string(offline.Code) != c.Offline {
				t.Errorf("offline: %s (%s), want %s", offline.Code, offline.Message, c.Offline)
			}
			if offline.Verdict == connector.VerdictAccepted {
				t.Error("accepted without a call")
			}
			t.Logf("%s: %s\n\t%s\n\t%v", c.Title, tested.Message, tested.Remedy, tested.Checks)
		})
	}
}

func codes(list []connector.Code) []string {
	var s []string
	for _, c := range list {
		s = append(s, string(c))
	}
	return s
}
