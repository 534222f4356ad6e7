package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/cmd/connector/internal/output"
	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/fixtures"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

// tour is what the demo tests: credentials by the names of fixtures.Cases, each
// under a circumstance that the sandbox plays.
var tour = []struct{ given, credential, prefix string }{
	{"a live management token", "live", ""},
	{"a live token, with Bearer before it", "pasted-with-bearer", ""},
	{"a live token with five hours left", "expires-soon", ""},
	{"a token that expired yesterday", "expired", ""},
	{"an app token", "app", ""},
	{"a token that begins in two hours", "not-yet-valid", ""},
	{"an App Secret", "app-secret", ""},
	{"an access key", "access-key", ""},
	{"a room code", "room-code", ""},
	{"a token without its last character", "truncated", ""},
	{"a token whose exp is in milliseconds", "milliseconds", ""},
	{"an unsigned token", "alg-none", ""},
	{"a token signed with another secret", "foreign-secret", "/dialect/details"},
	{"the same, and the API does not say so", "foreign-secret", ""},
	{"a live token without the right", "live", "/fault/403"},
	{"a live token; the clock here is wrong", "live", "/clock/+8h"},
	{"a live token, too many calls", "live", "/fault/429-retry-after-long"},
	{"a live token; the API is down", "live", "/fault/503"},
	{"a live token; a captive portal answers", "live", "/fault/html-200"},
	{"a live token; the API points elsewhere", "live", "/fault/redirect-elsewhere"},
	{"an app token, and the API is down", "app", "/fault/503"},
}

func (c *command) demo() *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Test one credential of each kind against a local stand-in for the API",
		Long: `demo starts the sandbox on this machine, tests one credential of each kind
against it and prints how they are told apart. It needs no account, and nothing
leaves this machine.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.showDemo(cmd.Context()) },
	}
}

func (c *command) showDemo(ctx context.Context) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return unreadable(fmt.Errorf("the demo needs a port on 127.0.0.1: %w", err))
	}
	server := &http.Server{Handler: new(sandbox.Sandbox), ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(listener)
	defer server.Close()

	credentials := map[string]fixtures.Case{}
	for _, f := range fixtures.Cases(time.Now()) {
		credentials[f.Name] = f
	}
	p := output.NewPainter(c.out)
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	// A narrow terminal would fold each line; there the API's words are left out.
	answer, nobody, narrow := "THE API ANSWERED", "(not asked)", output.Columns(c.out) > 0 && output.Columns(c.out) < 125
	if narrow {
		answer, nobody = "API", "–"
	}
	fmt.Fprintf(w, "WHAT WAS GIVEN\t%s\tTHE CONNECTOR SAYS\n", answer)
	transport := connector.NewTransport()
	defer transport.CloseIdleConnections()
	for _, stop := range tour {
		f := credentials[stop.credential]
		tester := connector.Tester{BaseURL: "http://" + listener.Addr().String() + stop.prefix + "/v2", Transport: transport, Retries: -1}
		report := tester.Test(ctx, &connector.Credential{Name: f.Name, APIKeyValue: connector.Secret(f.Value)})
		code := string(report.Code)
		if report.LooksLike != "" {
			code += " (" + string(report.LooksLike) + ")"
		}
		for _, warning := range report.Warnings {
			code += " + " + string(warning)
		}
		answered := nobody
		switch s := report.Server; {
		case s == nil:
		case narrow:
			answered = fmt.Sprint(s.Status)
		default:
			answered = fmt.Sprintf("%d %s", s.Status, shorten(s.Message, 40))
		}
		fmt.Fprintf(w, "%s\t%s\t%s: %s\n", stop.given, answered, report.Verdict, code)
	}
	w.Flush()
	for i, line := range strings.SplitAfter(table.String(), "\n") {
		switch {
		case i == 0:
			line = p.Paint(output.Bold, line)
		case strings.Contains(line, "  accepted: "):
			line = p.Paint(output.Green, line)
		case strings.Contains(line, "  inconclusive: "):
			line = p.Paint(output.Yellow, line)
		case strings.Contains(line, "  rejected: "):
			line = p.Paint(output.Red, line)
		}
		if _, err := fmt.Fprint(c.out, line); err != nil {
			return cannotWrite(err)
		}
	}
	_, err = fmt.Fprint(c.out, `
Another connector says "unauthorized" to each rejected row. connector test says the
cause, the evidence and the next step. To try it on files of all these kinds, run
connector sandbox, and what it prints in another terminal.
`)
	return cannotWrite(err)
}

// shorten keeps the table narrow; it is for text of the sandbox alone.
func shorten(s string, limit int) string {
	if len(s) > limit {
		return s[:limit-1] + "…"
	}
	return s
}
