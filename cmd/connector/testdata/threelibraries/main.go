// Command threelibraries imports the three libraries of the connector and does
// nothing: the floor of its start.
package main

import (
	_ "github.com/golang-jwt/jwt/v5"
	_ "github.com/hashicorp/go-retryablehttp"
	_ "github.com/santhosh-tekuri/jsonschema/v5"
)

func main() {}
