package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/connector/web"
)

func (c *command) serve() *cobra.Command {
	var (
		from   saved
		call   calling
		key    keyFlag
		access access
		data   dataFlags
	)
	cmd := &cobra.Command{
		Use:   "serve [flags]",
		Short: "Serve the credential form in a browser: tiles, overlay, live diagnosis",
		Long: `serve shows the saved credentials in a browser, each with its last verdict and
when it expires, and the form that adds one. It prints a link that lets one
browser in, once, within 15 minutes. For another one press Enter, or run
connector serve link.

It is for this machine. To serve it to others it needs a certificate and a
password of at least 12 characters, and answers only under the names of the
certificate.

With --allow-data people also see what a credential can read: a sample of each
stream, its numbers, and a download; with --allow-write they write rooms from a
file. Who read or wrote what is logged.`,
		Example: `  connector serve
  connector serve --allow-data
  connector serve --listen :8443 --tls-cert cert.pem --tls-key key.pem --password-file password`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			defer from.close()
			ctx := cmd.Context()
			options, config, err := access.options()
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
			data.into(&options, c)
			options.Renewal = &renewing{keys: keys{options.Tester.Key, db}, db: db, tester: options.Tester}
			return c.serveForm(ctx, options, access, config)
		},
	}
	access.flags(cmd)
	data.flags(cmd)
	from.flags(cmd)
	call.flags(cmd)
	key.flags(cmd)
	cmd.AddCommand(c.serveLink())
	return cmd
}

func (c *command) serveForm(ctx context.Context, options web.Options, a access, config *tls.Config) error {
	listener, err := listen(a.listen)
	if err != nil {
		return err
	}
	options.NewLink = newLink(listener.Addr().String())
	handler, err := web.New(options)
	if err != nil {
		listener.Close()
		return err
	}
	base := a.address(listener, options.Hosts, config != nil)
	if a.password != "" {
		fmt.Fprintf(c.out, "credential form  %s/\n\nIt asks for the password. Ctrl-C ends the form.\n", base)
	} else {
		link := func() string { return handler.SignInLink(base) }
		door, err := openDoor(listener.Addr().String(), func(role web.Role) string { return handler.SignInLinkAs(role, base) })
		if err == nil { // else Enter is left, and a restart
			defer door.Close()
		}
		fmt.Fprintf(c.out, "credential form  %s\n\nThe link works once, in one browser, within 15 minutes.", link())
		if terminal, ok := c.terminal(); ok {
			fmt.Fprint(c.out, " Press Enter for a new one.")
			go linkAtEnter(terminal, c.out, link)
		}
		fmt.Fprintln(c.out, " Ctrl-C ends the form.")
	}
	if err := handler.Serve(ctx, listener, config); err != nil {
		return unreadable(err)
	}
	return nil
}

// address is where browsers find the form: under the first of its names, if it
// was given names.
func (a *access) address(listener net.Listener, hosts []string, secure bool) string {
	scheme, place := "http", listener.Addr().String()
	if secure {
		scheme = "https"
	}
	if secure || len(a.hosts) > 0 {
		_, port, _ := net.SplitHostPort(place)
		place = net.JoinHostPort(hosts[0], port)
	}
	return scheme + "://" + place
}
