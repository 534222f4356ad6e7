package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/fixtures"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

func (c *command) sandbox() *cobra.Command {
	var address, dir string
	var rooms int
	push := new(pushFlags)
	cmd := &cobra.Command{
		Use:   "sandbox [flags]",
		Short: "Serve a local stand-in for api.100ms.live, with credentials to try",
		Args:  noArguments,
		Example: `  connector sandbox
  connector sandbox --dir /tmp/credentials --listen 127.0.0.1:0
  connector sandbox --rooms 100000
  connector sandbox --webhook http://127.0.0.1:8102 --webhook-header X-Webhook-Key --webhook-header-file webhook.key`,
	}
	// Its help is long, and made only when it is read.
	help := cmd.HelpFunc()
	cmd.SetHelpFunc(func(cmd *cobra.Command, args []string) {
		cmd.Long = sandboxHelp()
		help(cmd, args)
	})
	cmd.Flags().StringVar(&address, "listen", "127.0.0.1:8101", "loopback address to serve on; port 0 takes a free one")
	cmd.Flags().StringVar(&dir, "dir", "", "folder to write the credential files to; a temporary one if empty")
	cmd.Flags().IntVar(&rooms, "rooms", 137, "how many rooms the workspace has; twice as many sessions come with them")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		host, _, err := net.SplitHostPort(address)
		if err != nil || !isLoopback(host) {
			return errors.New("--listen takes a loopback address such as 127.0.0.1:8101: the sandbox is not for other machines")
		}
		if rooms < 1 || rooms > maxRooms {
			return fmt.Errorf("--rooms takes a number from 1 to %d", maxRooms)
		}
		api := &sandbox.Sandbox{Account: &sandbox.Account{Rooms: rooms}}
		pusher, err := push.pusher(api)
		if err != nil {
			return err
		}
		return c.serveSandbox(cmd.Context(), address, dir, api, pusher)
	}
	push.flags(cmd)
	return cmd
}

// maxRooms is far more than a workspace has, and little enough for its ids.
const maxRooms = 100_000_000

func sandboxHelp() string {
	var b strings.Builder
	b.WriteString(`sandbox answers like the 100ms API, as far as that is documented or was seen,
with a workspace of its own: made-up rooms, sessions, recordings, events and all
else that can be read, a fake access key and App Secret, and a credential file of
every kind. But for the times, the data is the same in every run.

What it does can be chosen by the base URL, before /v2 and in any order:
  /dialect/NAME   how it words a refusal
  /fault/NAME     what goes wrong
  /clock/+2h      how far its clock is off
  /data/none      an empty workspace
  /grow/3         at every third list, rooms and sessions appear and old ones change
  /SWITCH/VALUE   what is unknown of the API, see below

Dialects:
`)
	for _, d := range sandbox.Dialects() {
		fmt.Fprintf(&b, "  %-26s %s\n", d.Name, d.Title)
	}
	b.WriteString("\nFaults; @3 behind a name strikes from the third call of a path on, @3-4 the third and the fourth:\n")
	for _, f := range sandbox.Faults() {
		fmt.Fprintf(&b, "  %-26s %s\n", f.Name, f.Title)
	}
	b.WriteString("\nSwitches; the first value holds unless another is chosen:\n")
	for _, sw := range sandbox.Switches() {
		fmt.Fprintf(&b, "  %-26s %s\n    %s. Documented: %s\n", sw.Name, strings.Join(sw.Values, ", "), sw.Title, sw.Documented)
	}
	b.WriteString("\nFaults of webhooks, for --webhook-fault:\n")
	for _, f := range sandbox.PushFaults() {
		fmt.Fprintf(&b, "  %-26s %s\n", f.Name, f.Title)
	}
	return strings.TrimRight(b.String(), "\n")
}

// serveSandbox serves until ctx ends; pusher is nil if nothing is pushed.
func (c *command) serveSandbox(ctx context.Context, address, dir string, api *sandbox.Sandbox, pusher *sandbox.Pusher) error {
	listener, err := listen(address)
	if err != nil {
		return err
	}
	if dir == "" {
		if dir, err = os.MkdirTemp("", "connector-sandbox-"); err == nil {
			defer os.RemoveAll(dir)
		}
	} else {
		err = os.MkdirAll(dir, 0o700)
	}
	if err == nil {
		err = writeCredentials(dir)
	}
	if err != nil {
		listener.Close()
		return unreadable(fmt.Errorf("cannot write the credential files: %w", err))
	}
	base := "http://" + listener.Addr().String()
	key := fixtures.Workspace()
	fmt.Fprintf(c.out, `base URL     %[1]s/v2
access key   %[2]s
app secret   %[3]s   (fake)
key file     %[7]s
credentials  %[4]s

Try:
  connector test --base-url %[1]s/v2 %[4]s
  connector test --base-url %[1]s/dialect/details/v2 %[5]s
  connector test --base-url %[1]s/fault/503/v2 %[6]s

Ctrl-C ends it.
`, base, key.AccessKey, key.AppSecret, dir, filepath.Join(dir, "foreign-secret.json"), filepath.Join(dir, "live.json"), filepath.Join(dir, keyFileName))

	server := &http.Server{Handler: api, ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if pusher != nil {
		ended := c.push(ctx, pusher)
		defer ended()
	}
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return unreadable(err)
	}
	return nil
}

// keyFileName does not end in .json: it is no credential.
const keyFileName = "workspace.key"

// writeCredentials writes a credential file of every kind, and the signing key
// of the sandbox's workspace. It writes nothing if that would replace a file that
// no sandbox wrote: somebody's real key or credential must not be lost.
func writeCredentials(dir string) error {
	key, err := json.Marshal(map[string]string{"access_key": fixtures.Workspace().AccessKey, "app_secret": fixtures.Workspace().AppSecret})
	if err != nil {
		return err
	}
	type file struct {
		path        string
		data        []byte
		replaceable func(old []byte) bool
	}
	key = append(key, '\n')
	files := []file{{filepath.Join(dir, keyFileName), key, func(old []byte) bool { return bytes.Equal(old, key) }}}
	for _, f := range fixtures.Cases(time.Now()) {
		cred := &connector.Credential{Name: f.Name, Description: f.Title, APIKeyValue: connector.Secret(f.Value)}
		files = append(files, file{filepath.Join(dir, f.Name+".json"), cred.Document(), func(data []byte) bool {
			var old struct{ Name, Description string }
			return json.Unmarshal(data, &old) == nil && old.Name == cred.Name && old.Description == cred.Description
		}})
	}
	for _, f := range files {
		info, err := os.Lstat(f.path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		var old []byte
		if err == nil && info.Mode().IsRegular() {
			old, err = os.ReadFile(f.path)
		}
		if err != nil || !f.replaceable(old) {
			return fmt.Errorf("%s exists and is not the sandbox's: name another folder", f.path)
		}
	}
	for _, f := range files {
		if err := os.WriteFile(f.path, f.data, 0o600); err != nil {
			return err
		}
	}
	return nil
}
