package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/connector/web"
)

const defaultListen = "127.0.0.1:8100"

// newLink says how to get another sign-in link for the form at an address.
func newLink(listen string) string {
	command := "connector serve link"
	if listen != defaultListen {
		command += " --listen " + listen
	}
	return "For a new one press Enter in the terminal where the form runs, or run " + command + "."
}

func (c *command) serveLink() *cobra.Command {
	var address string
	var role *choice
	cmd := &cobra.Command{
		Use:   "link [flags]",
		Short: "Print a new sign-in link for a form that is being served",
		Long: `link prints a new link for the form that connector serve is serving on this
machine for you, without a restart. Like the first one, it works once, in one
browser, within 15 minutes. With --role it is for somebody who may look alone
(view), or look after credentials and write nothing into workspaces (manage).`,
		Example: `  connector serve link
  connector serve link --role view
  connector serve link --listen 127.0.0.1:8101`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			link, err := askForLink(cmd.Context(), address, role.value)
			if err != nil {
				return &failure{exitUntested, err, "start it with connector serve; of a form on another address, --listen says which"}
			}
			fmt.Fprintln(c.out, link)
			return nil
		},
	}
	cmd.Flags().StringVar(&address, "listen", defaultListen, "address on which the form is served")
	role = choose(cmd, "role", "what the link lets somebody do, as far as the form allows it", "write", "manage", "view")
	return cmd
}

// doorPath is the socket at which the owner of a form gets links: in a folder that
// only they can enter.
func doorPath(address string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(cache, "100ms-connector", strings.NewReplacer(":", "-", "[", "", "]", "").Replace(address)+".sock"), nil
}

// openDoor gives a new link to whoever connects to the socket and says for which role,
// until the door is closed. Only the owner of the form can: who may use the socket is up to the
// system, and nothing is written to a file.
func openDoor(address string, link func(web.Role) string) (net.Listener, error) {
	path, err := doorPath(address)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	if err := os.Chmod(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	// The address is served by this process: what a form left there that was killed
	// is nobody's.
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	door, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			visitor, err := door.Accept()
			if err != nil {
				return
			}
			_ = visitor.SetDeadline(time.Now().Add(5 * time.Second))
			asked, _ := bufio.NewReader(io.LimitReader(visitor, 64)).ReadString('\n')
			if role, ok := web.ParseRole(strings.TrimSpace(asked)); ok {
				_, _ = fmt.Fprintln(visitor, link(role))
			}
			_ = visitor.Close()
		}
	}()
	return door, nil
}

func askForLink(ctx context.Context, address, role string) (string, error) {
	if _, _, err := net.SplitHostPort(address); err != nil {
		return "", errors.New("--listen takes an address such as " + defaultListen)
	}
	nobody := fmt.Errorf("no form of yours is served on %s, or it asks for a password", address)
	path, err := doorPath(address)
	if err != nil {
		return "", nobody
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	door, err := new(net.Dialer).DialContext(ctx, "unix", path)
	if err != nil {
		return "", nobody
	}
	defer door.Close()
	_ = door.SetDeadline(time.Now().Add(5 * time.Second))
	_, _ = fmt.Fprintln(door, role) // whoever does not take it gives no link
	link, err := bufio.NewReader(io.LimitReader(door, 1<<12)).ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("the form on %s gives no link", address)
	}
	return strings.TrimSpace(link), nil
}

// linkAtEnter prints a new link whenever Enter is pressed in the form's terminal.
// It ends with the terminal or the program: reading from a terminal cannot be
// interrupted.
func linkAtEnter(terminal io.Reader, out io.Writer, link func() string) {
	for lines := bufio.NewScanner(terminal); lines.Scan(); {
		fmt.Fprintf(out, "new link  %s\n", link())
	}
}
