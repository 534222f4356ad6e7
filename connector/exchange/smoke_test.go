package exchange_test

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/fixtures"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

func TestSmoke(t *testing.T) {
	sb := &sandbox.Sandbox{}
	api := httptest.NewServer(sb)
	defer api.Close()
	base, _ := connector.ParseBaseURL(api.URL + "/v2")
	key := fixtures.Workspace()
	client := &connector.Client{Source: connector.Secret(fixtures.Sign(key, fixtures.Management(key, time.Now(), time.Hour))), BaseURL: base}
	for _, stream := range exchange.Streams() {
		source := &exchange.Source{Client: client}
		var state exchange.State
		for round := range 2 {
			n, pages := 0, 0
			for page, err := range source.Read(context.Background(), stream, state) {
				if err != nil {
					t.Errorf("%s: %v", stream.Name, err)
				}
				for _, note := range page.Notes {
					if note.Kind != exchange.SkippedParent {
						t.Logf("%s: %+v", stream.Name, note)
					}
				}
				if n == 0 && len(page.Records) > 0 && round == 0 {
					t.Logf("%s", page.Records[0].Data)
				}
				n += len(page.Records)
				pages++
				state = page.State
			}
			t.Logf("%s: %d records, %d pages, %d calls", stream.Name, n, pages, source.Calls())
		}
		t.Log(state)
	}
}
