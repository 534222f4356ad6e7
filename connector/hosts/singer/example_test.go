package singer_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http/httptest"
	"os"

	"github.com/100ms-connector/connector-go/connector/hosts/singer"
	"github.com/100ms-connector/connector-go/fixtures"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

// A tap prints its messages, and says to people what was read.
func ExampleTap_Sync() {
	api := httptest.NewServer(new(sandbox.Sandbox))
	defer api.Close()
	key := fixtures.Workspace()
	configuration := fmt.Appendf(nil, `{"access_key":%q,"app_secret":%q,"base_url":%q}`, key.AccessKey, key.AppSecret, api.URL+"/v2")
	catalog := []byte(`{"streams":[{"tap_stream_id":"templates","metadata":[{"breadcrumb":[],"metadata":{"selected":true}}]}]}`)

	var messages bytes.Buffer
	tap := singer.Tap{Out: &messages, Logs: os.Stdout, Transport: transport}
	if err := tap.Sync(context.Background(), configuration, catalog, nil); err != nil {
		fmt.Println(err)
	}
	for line := range bytes.Lines(messages.Bytes()) {
		if bytes.HasPrefix(line, []byte(`{"type":"STATE"`)) {
			fmt.Printf("%.48s…\n", line)
		}
	}
	// Output:
	// INFO templates: 12 records
	// {"type":"STATE","value":{"bookmarks":{"templates…
}
