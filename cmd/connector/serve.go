package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/web"
)

func (c *command) serve() *cobra.Command {
	var (
		from saved
		call calling
		key  keyFlag
		door door
	)
	cmd := &cobra.Command{
		Use:   "serve [flags]",
		Short: "Serve the credential form in a browser: tiles, overlay, live diagnosis",
		Long: `serve shows the saved credentials in a browser, each with its last verdict and
when it expires, and the form that adds one. It prints a link that lets one
browser in, once.

It is for this machine. To serve it to others it wants a certificate and a
password of at least 12 characters, and answers only under the names of the
certificate.`,
		Example: `  connector serve
  connector serve --listen :8443 --tls-cert cert.pem --tls-key key.pem --password-file password`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			defer from.close()
			ctx := cmd.Context()
			options, config, err := door.options()
			if err != nil {
				return err
			}
			if options.Tester, err = call.tester(cmd); err != nil {
				return err
			}
			if options.Tester.Key, err = key.find(cmd.Context(), c, nil); err != nil {
				return err
			}
			db, err := from.store(ctx)
			if err != nil {
				return err
			}
			options.Store = db
			handler, err := web.New(options)
			if err != nil {
				return err
			}
			return c.serveForm(ctx, handler, door, config)
		},
	}
	door.flags(cmd)
	from.flags(cmd)
	call.flags(cmd)
	key.flags(cmd)
	return cmd
}

func (c *command) serveForm(ctx context.Context, handler *web.Handler, d door, config *tls.Config) error {
	listener, err := net.Listen("tcp", d.listen)
	if err != nil {
		handler.Close()
		return unreadable(fmt.Errorf("cannot serve on %s: %w", d.listen, err))
	}
	base := d.address(listener, handler.Hosts, config != nil)
	if d.password != "" {
		fmt.Fprintf(c.out, "credential form  %s/\n\nIt asks for the password. Ctrl-C ends it.\n", base)
	} else {
		fmt.Fprintf(c.out, "credential form  %s\n\nThe link works once, in one browser. Ctrl-C ends it.\n", handler.SignInLink(base))
	}
	if err := handler.Serve(ctx, listener, config); err != nil {
		return unreadable(err)
	}
	return nil
}

// address is where browsers find the form: under the first of its names, if it
// was given names.
func (d *door) address(listener net.Listener, hosts []string, secure bool) string {
	scheme, at := "http", listener.Addr().String()
	if secure {
		scheme = "https"
	}
	if secure || len(d.hosts) > 0 {
		_, port, _ := net.SplitHostPort(at)
		at = net.JoinHostPort(hosts[0], port)
	}
	return scheme + "://" + at
}

// door is who gets in, and how.
type door struct {
	listen, cert, certKey, passwordFile string
	hosts                               []string
	password                            connector.Secret
}

// passwordEnv holds the password where there is no file of it.
const passwordEnv = "CONNECTOR_PASSWORD"

func (d *door) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&d.listen, "listen", "127.0.0.1:8100", "address to serve on; port 0 takes a free one")
	f.StringVar(&d.cert, "tls-cert", "", "file of the certificate, PEM, with those that it rests on")
	f.StringVar(&d.certKey, "tls-key", "", "file of the certificate's key, PEM")
	f.StringVar(&d.passwordFile, "password-file", "", "file of the password, also "+passwordEnv+"; a link that works once if both are empty")
	f.StringSliceVar(&d.hosts, "host", nil, "name, without a port, by which browsers may call it; those of the certificate if none, or the loopback ones")
}

// options reads what guards the form. Beyond this machine nothing less than a
// certificate and a password will do.
func (d *door) options() (web.Options, *tls.Config, error) {
	var none web.Options
	host, _, err := net.SplitHostPort(d.listen)
	if err != nil {
		return none, nil, errors.New("--listen takes an address such as 127.0.0.1:8100")
	}
	if (d.cert == "") != (d.certKey == "") {
		return none, nil, errors.New("--tls-cert and --tls-key belong together")
	}
	d.password = connector.Secret(os.Getenv(passwordEnv))
	if d.passwordFile != "" {
		data, err := os.ReadFile(d.passwordFile)
		if err != nil {
			return none, nil, unreadable(fmt.Errorf("%s cannot be read: %s", d.passwordFile, reason(err)))
		}
		if d.password = connector.Secret(strings.TrimRight(string(data), "\r\n")); d.password == "" {
			return none, nil, fmt.Errorf("%s is empty", d.passwordFile)
		}
	}
	ip := net.ParseIP(host)
	local := host == "localhost" || ip != nil && ip.IsLoopback()
	if !local && (d.cert == "" || d.password == "") {
		return none, nil, fmt.Errorf("--listen %s is open to other machines: that takes --tls-cert and --tls-key, and a password (--password-file or %s)", d.listen, passwordEnv)
	}
	options := web.Options{Hosts: d.hosts, Password: d.password}
	if d.cert == "" {
		return options, nil, nil
	}
	pair, err := tls.LoadX509KeyPair(d.cert, d.certKey)
	if err != nil {
		return none, nil, unreadable(fmt.Errorf("the certificate cannot be used: %s", reason(err)))
	}
	if len(options.Hosts) == 0 {
		options.Hosts, err = namesOf(pair)
	}
	return options, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, err
}

// namesOf are the host names that a certificate is for. A pattern is none: who
// has one says with --host which name is meant.
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
