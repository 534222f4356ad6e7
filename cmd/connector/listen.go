package main

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/connector/store"
	"github.com/100ms-connector/connector-go/connector/webhook"
)

// listenFlags is what connector listen is called with.
type listenFlags struct {
	apiFlags
	to                        toFlags
	listen, cert, certKey     string
	header, headerFile        string
	signatureFile             string
	print, backfill, includes bool
}

// webhookFile is where webhooks are stored if nothing is said.
const webhookFile = "sqlite://webhooks.db"

func (c *command) listen() *cobra.Command {
	f := new(listenFlags)
	cmd := &cobra.Command{
		Use:   "listen [flags]",
		Short: "Receive the webhooks of a 100ms workspace, and store each once",
		Long: `listen receives what 100ms pushes, and answers 200 only after the event is stored, so
that 100ms sends again what could not be. An event that comes twice is stored once, in the
table webhook_events of SQLite or PostgreSQL, without signed URLs and stream keys.

Strangers must not be able to send events: give the name of a header and a file with its
value, and enter both in the dashboard (Developer, Webhooks); or, for a workspace under
HIPAA, a file with the secret of its signatures. While a value is changed, the file holds
two of them, one a line.

100ms tries an event four times within 15 seconds and then gives it up. With --backfill,
what it gave up while nobody listened is asked for again; that takes a credential.`,
		Example: `  connector listen --header X-Webhook-Key --header-file webhook.key
  connector listen --header X-Webhook-Key --header-file webhook.key --to sqlite:///var/lib/events.db --print
  connector listen --header X-Webhook-Key --header-file webhook.key --backfill --credential live`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			// Else a reader of --print that goes away ends the process in the middle of requests.
			signal.Ignore(syscall.SIGPIPE)
			lingers.Store(true)
			defer f.login.close()
			run := &listenRun{c: c, print: f.print}
			var err error
			if run.handler, err = f.handler(); err != nil {
				return err
			}
			config, err := f.security(c)
			if err != nil {
				return err
			}
			url, err := f.to.location(cmd, c)
			if err != nil {
				return err
			}
			if f.backfill {
				client, err := f.client(cmd, c)
				if err != nil {
					return err
				}
				run.api = &exchange.Destination{Client: client, Concurrency: 1, MaxRate: f.rate(cmd), Patience: f.wait()}
			}
			if err := run.open(cmd.Context(), cmp.Or(url, webhookFile)); err != nil {
				return err
			}
			defer run.close()
			return run.serve(cmd.Context(), f, config)
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.listen, "listen", "127.0.0.1:8102", "address to receive on; port 0 takes a free one")
	fl.StringVar(&f.header, "header", "", "name of the header that each webhook has")
	fl.StringVar(&f.headerFile, "header-file", "", "file of the header's value, which only you can read; two values, one a line, while it is changed")
	fl.StringVar(&f.signatureFile, "signature-file", "", "file of the secret of the signatures ("+webhook.SignatureHeader+")")
	fl.StringVar(&f.cert, "tls-cert", "", "file of the certificate, PEM, with its intermediate certificates")
	fl.StringVar(&f.certKey, "tls-key", "", "file of the certificate's key, PEM")
	fl.BoolVar(&f.print, "print", false, "print each new event as a line of JSON")
	fl.BoolVar(&f.includes, "include-secrets", false, "store and print signed URLs and stream keys as well")
	fl.BoolVar(&f.backfill, "backfill", false, "ask 100ms to send again what failed since the last event that is stored")
	f.to.flags(cmd, "the database (default "+webhookFile+")")
	f.flags(cmd, "not used")
	_ = fl.MarkHidden("concurrency")
	return cmd
}

// handler reads what keeps strangers out.
func (f *listenFlags) handler() (*webhook.Handler, error) {
	h := &webhook.Handler{Header: f.header, IncludeSecrets: f.includes}
	switch {
	case f.header == "" && f.headerFile == "" && f.signatureFile == "":
		return nil, errors.New("anybody could send events: give --header and --header-file, or --signature-file")
	case (f.header == "") != (f.headerFile == ""):
		return nil, errors.New("--header and --header-file belong together")
	case strings.ContainsFunc(f.header, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r) }):
		return nil, fmt.Errorf("--header %q is no name of a header", printable(f.header))
	}
	if f.headerFile != "" {
		values, err := secretLines("--header-file", f.headerFile, 2)
		if err != nil {
			return nil, err
		}
		h.Values = values
	}
	if f.signatureFile != "" {
		secrets, err := secretLines("--signature-file", f.signatureFile, 1)
		if err != nil {
			return nil, err
		}
		h.SignatureSecret = secrets[0]
	}
	return h, nil
}

// secretLines reads a file with one secret a line.
func secretLines(flag, path string, most int) ([]connector.Secret, error) {
	data, err := store.ReadPrivateFile(path)
	if err != nil {
		return nil, unreadable(fmt.Errorf("%s: %s", flag, store.Plain(err)))
	}
	var found []connector.Secret
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line != "" {
			found = append(found, connector.Secret(line))
		}
	}
	switch {
	case len(found) == 0:
		return nil, &failure{exitUsage, fmt.Errorf("%s is empty", path), flag + " names a file that holds a secret"}
	case len(found) > most:
		return nil, &failure{exitUsage, fmt.Errorf("%s has %d lines", path, len(found)), fmt.Sprintf("%s takes %d at most: one secret a line", flag, most)}
	}
	return found, nil
}

// security reads the certificate, and warns where what is sent can be read on its way.
func (f *listenFlags) security(c *command) (*tls.Config, error) {
	host, _, err := net.SplitHostPort(f.listen)
	switch {
	case err != nil:
		return nil, errors.New("--listen takes an address such as 127.0.0.1:8102")
	case (f.cert == "") != (f.certKey == ""):
		return nil, errors.New("--tls-cert and --tls-key belong together")
	case f.cert != "":
		return tlsConfig(f.cert, f.certKey)
	case !isLoopback(host):
		fmt.Fprintln(c.err, "connector: warning: without --tls-cert the header and the events can be read on their way")
		fmt.Fprintln(c.err, "connector: hint: let a proxy on this machine end TLS, and listen on 127.0.0.1; 100ms sends to https alone under HIPAA")
	}
	return nil, nil
}
