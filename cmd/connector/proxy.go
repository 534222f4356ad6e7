package main

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/100ms-connector/connector-go/connector"
)

// apiTransport carries what a verb sends to the API, through the environment's proxy.
func apiTransport(api *url.URL) (*http.Transport, error) {
	if err := checkProxy(api); err != nil {
		return nil, err
	}
	transport := connector.NewTransport()
	transport.Proxy = http.ProxyFromEnvironment
	return transport, nil
}

// checkProxy reads the proxy's address. net/http passes over one that it cannot
// read, or takes a piece of it: the call would go another way than was asked for.
// The error does not repeat the address, for it may hold a password.
func checkProxy(api *url.URL) error {
	ip := net.ParseIP(api.Hostname())
	if api.Scheme != "https" || api.Hostname() == "localhost" || ip != nil && ip.IsLoopback() {
		return nil // never through a proxy
	}
	for _, name := range []string{"HTTPS_PROXY", "https_proxy"} {
		address := os.Getenv(name)
		if address == "" {
			continue
		}
		if !strings.Contains(address, "://") { // host:port is enough
			address = "http://" + address
		}
		proxy, err := url.Parse(address)
		var why string
		switch {
		case err != nil || proxy.Hostname() == "":
			why = "cannot be read as the address of a proxy"
		case !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, strings.ToLower(proxy.Scheme)):
			why = "names a kind of proxy that is not known: http, https, socks5 and socks5h are"
		case len(proxy.Port()) > 5 || len(proxy.Port()) == 5 && proxy.Port() > "65535":
			why = "has a port that is higher than 65535"
		default:
			return nil
		}
		return &failure{exitUsage, fmt.Errorf("%s %s", name, why), "it looks like http://proxy.example:3128, with %XX for special characters in a password; unset it to call the API without a proxy"}
	}
	return nil
}
