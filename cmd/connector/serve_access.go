package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
	"github.com/100ms-connector/connector-go/connector/web"
)

// access is who can reach the form, and how.
type access struct {
	listen, cert, certKey, passwordFile string
	hosts                               []string
	password                            connector.Secret
}

// passwordEnv holds the password where there is no file of it.
const passwordEnv = "CONNECTOR_PASSWORD"

func (a *access) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&a.listen, "listen", defaultListen, "address to serve on; port 0 takes a free one")
	f.StringVar(&a.cert, "tls-cert", "", "file of the certificate, PEM, with its intermediate certificates")
	f.StringVar(&a.certKey, "tls-key", "", "file of the certificate's key, PEM")
	f.StringVar(&a.passwordFile, "password-file", "", "file of the password, which only you can read; also "+passwordEnv+"; without either, a link that works once")
	f.StringSliceVar(&a.hosts, "host", nil, "name, without a port, by which browsers may call it (default the certificate's names, or the loopback ones)")
}

// options reads what guards the form. Beyond this machine nothing less than a
// certificate and a password will do.
func (a *access) options() (web.Options, *tls.Config, error) {
	var none web.Options
	host, _, err := net.SplitHostPort(a.listen)
	if err != nil {
		return none, nil, errors.New("--listen takes an address such as " + defaultListen)
	}
	if (a.cert == "") != (a.certKey == "") {
		return none, nil, errors.New("--tls-cert and --tls-key belong together")
	}
	a.password = connector.Secret(os.Getenv(passwordEnv))
	if a.passwordFile != "" {
		data, err := store.ReadPrivateFile(a.passwordFile)
		if err != nil {
			return none, nil, unreadable(fmt.Errorf("--password-file: %s", store.Plain(err)))
		}
		if a.password = connector.Secret(strings.TrimRight(string(data), "\r\n")); a.password == "" {
			return none, nil, fmt.Errorf("%s is empty", a.passwordFile)
		}
	}
	if !isLoopback(host) && (a.cert == "" || a.password == "") {
		return none, nil, fmt.Errorf("--listen %s is open to other machines: that takes --tls-cert and --tls-key, and a password (--password-file or %s)", a.listen, passwordEnv)
	}
	options := web.Options{Hosts: a.hosts, Password: a.password}
	if a.cert == "" {
		return options, nil, nil
	}
	config, err := tlsConfig(a.cert, a.certKey)
	if err != nil {
		return none, nil, err
	}
	if len(options.Hosts) == 0 {
		options.Hosts, err = namesOf(config.Certificates[0])
	}
	return options, config, err
}

// tlsConfig reads a certificate and its key.
func tlsConfig(cert, key string) (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, unreadable(fmt.Errorf("the certificate cannot be used: %s", reason(err)))
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// namesOf are the host names that a certificate is for. Of a pattern, --host must
// say which name is meant.
func namesOf(pair tls.Certificate) ([]string, error) {
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return nil, unreadable(fmt.Errorf("the certificate cannot be used: %w", err))
	}
	var names []string
	for _, name := range leaf.DNSNames {
		if !strings.Contains(name, "*") {
			names = append(names, name)
		}
	}
	for _, ip := range leaf.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		return nil, errors.New("the certificate names no host: say with --host by which name browsers call it")
	}
	return names, nil
}
