package main

import (
	"cmp"
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
	"github.com/100ms-connector/connector-go/connector/exchange"
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
		Short: "Test one credential of each kind against a local stand-in for the API, and read from it",
		Long: `demo starts the sandbox on this machine, tests one credential of each kind
against it and prints how they are told apart, and then ten records of its account.
It needs no account, and nothing leaves this machine.`,
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

What a credential is for, as connector read rooms --limit 10 prints it:
`)
	if err == nil {
		err = c.showRecords(ctx, "http://"+listener.Addr().String()+"/v2", credentials["live"].Value, transport)
	}
	return cannotWrite(err)
}

// showRecords prints ten rooms, each as far as a line goes.
func (c *command) showRecords(ctx context.Context, baseURL, token string, transport http.RoundTripper) error {
	base, err := connector.ParseBaseURL(baseURL)
	if err != nil {
		return err
	}
	source := exchange.Source{Client: &connector.Client{Source: connector.Secret(token), BaseURL: base, Transport: transport}, Limit: 10}
	rooms, _ := exchange.Find("rooms")
	width := cmp.Or(output.Columns(c.out), 125)
	for page, err := range source.Read(ctx, rooms, "") {
		if err != nil {
			return err
		}
		for _, record := range page.Records {
			if _, err := fmt.Fprintln(c.out, printable(shorten(string(record.Data), width))); err != nil {
				return err
			}
		}
	}
	return nil
}

// shorten cuts a text behind so many characters.
func shorten(line string, limit int) string {
	if characters := []rune(line); len(characters) > limit {
		return string(characters[:limit-1]) + "…"
	}
	return line
}
