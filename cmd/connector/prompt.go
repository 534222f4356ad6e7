package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
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
func (c *command) readHidden(ctx context.Context, in *os.File, prompt string) (connector.Secret, error) {
	before, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return "", unreadable(err)
	}
	restore := sync.OnceFunc(func() {
		term.Restore(int(in.Fd()), before)
		fmt.Fprintln(c.err)
	})
	defer restore()
	interrupted := func() {
		restore()
		os.Exit(exitInterrupted)
	}
	defer context.AfterFunc(ctx, interrupted)()
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
					interrupted()
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
		case <-quiet:
			return connector.Secret(line), nil
		}
	}
}
