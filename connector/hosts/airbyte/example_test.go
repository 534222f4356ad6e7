package airbyte_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"

	"github.com/100ms-connector/connector-go/connector/hosts/airbyte"
	"github.com/100ms-connector/connector-go/fixtures"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

// A host gives the bytes of its files; a program that Airbyte starts reads them from the
// paths that it is called with.
func ExampleSource_Check() {
	api := httptest.NewServer(new(sandbox.Sandbox))
	defer api.Close()
	key := fixtures.OtherWorkspace()
	configuration := fmt.Appendf(nil, `{"access_key":%q,"app_secret":%q,"base_url":%q}`, key.AccessKey, key.AppSecret, api.URL+"/v2")

	source := airbyte.Source{Out: os.Stdout, Transport: transport}
	if err := source.Check(context.Background(), configuration); err != nil {
		fmt.Println(err)
	}
	// Output:
	// {"type":"CONNECTION_STATUS","connectionStatus":{"status":"FAILED","message":"token_refused: the API refused the token without saying why, though its claims look right; it answered 401 \"Token validation error; not found\". Check that the App Secret was not rotated, that the token is of this workspace and that its access key was not deleted; then copy a new Management Token from the dashboard (Developer)."}}
}
