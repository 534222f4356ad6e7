// Connector-conduit is the plugin that Conduit starts: put it into the folder connectors/.
package main

import (
	sdk "github.com/conduitio/conduit-connector-sdk"

	"github.com/100ms-connector/connector-go/connector/hosts/conduit"
)

func main() { sdk.Serve(conduit.Connector) }
