package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/100ms-connector/connector-go/connector"
)

// pause is how long the end of a line may be the end of what is pasted: the lines
// of one paste follow each other at once.
const pause = 150 * time.Millisecond

// readHidden asks at a terminal and does not show what is typed. A token that was
// copied from a terminal has line breaks in it: all its lines are read, for what
// is left over would be shown, and run, by the shell.
func (c *command) readHidden(ctx context.Context, in *os.File, prompt string) (_ connector.Secret, err error) {
	before, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return "", unreadable(err)
	}
	defer func() {
		term.Restore(int(in.Fd()), before)
		fmt.Fprintln(c.err)
		if err == exit(exitInterrupted) {
			fmt.Fprintln(c.err, "connector: interrupted; nothing was done")
		}
	}()
	fmt.Fprint(c.err, prompt)

	typed := make(chan []byte)
	go func() {
		defer close(typed)
		for {
			buf := make([]byte, 4096)
			n, err := in.Read(buf)
			if err != nil {
				return
			}
			typed <- buf[:n]
		}
	}()
	var line []byte
	for {
		var quiet <-chan time.Time
		if n := len(line); n > 0 && (line[n-1] == '\r' || line[n-1] == '\n') {
			quiet = time.After(pause)
		}
		select {
		case keys, ok := <-typed:
			if !ok {
				return "", unreadable(errors.New("the terminal was closed"))
			}
			for _, key := range keys {
				switch key {
				case 3: // Ctrl-C
					return "", exit(exitInterrupted)
				case 4: // Ctrl-D
					return connector.Secret(line), nil
				case 8, 127: // backspace
					_, last := utf8.DecodeLastRune(line)
					line = line[:len(line)-last]
				case 21: // Ctrl-U
					line = line[:0]
				default:
					line = append(line, key)
				}
			}
			if len(line) > connector.MaxDocument {
				return "", usage(errors.New("this is far longer than a token"))
			}
		case <-ctx.Done():
			return "", exit(exitInterrupted)
		case <-quiet:
			return connector.Secret(line), nil
		}
	}
}

// confirm asks at the terminal; without one, or without a yes, it is an error.
func (c *command) confirm(ctx context.Context, question string) error {
	in, ok := c.terminal()
	if !ok {
		return usage(errors.New("there is no terminal to ask at: give --yes"))
	}
	fmt.Fprintf(c.err, "%s [y/N] ", question)
	typed := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(in).ReadString('\n')
		typed <- line
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(c.err, "\nconnector: interrupted; nothing was done")
		return exit(exitInterrupted)
	case line := <-typed:
		if answer := strings.ToLower(strings.TrimSpace(line)); answer == "y" || answer == "yes" {
			return nil
		}
	}
	fmt.Fprintln(c.err, "connector: nothing was done")
	return exit(exitRejected)
}

// terminal is standard input, if a person sits there.
func (c *command) terminal() (*os.File, bool) {
	in, ok := c.in.(*os.File)
	return in, ok && term.IsTerminal(int(in.Fd()))
}
