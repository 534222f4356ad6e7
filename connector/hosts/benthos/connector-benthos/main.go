// Connector-benthos is Benthos with the components of 100ms beside its own of public/components/io
// and public/components/pure.
package main

import (
	"context"
	"fmt"
	"os"

	_ "github.com/redpanda-data/benthos/v4/public/components/io"
	_ "github.com/redpanda-data/benthos/v4/public/components/pure"
	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/100ms-connector/connector-go/connector/hosts/benthos"
)

// version is the release's; the build sets it.
var version = "v0.0.0-dev"

func main() {
	if err := benthos.Register(service.GlobalEnvironment()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	service.RunCLI(context.Background(), service.CLIOptSetBinaryName("connector-benthos"), service.CLIOptSetVersion(version, ""))
}
