package wire

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

const request, answered = "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

// read reads once, with room for anything.
func read(c net.Conn) (string, error) {
	buf := make([]byte, 1<<10)
	n, err := c.Read(buf)
	return string(buf[:n]), err
}

func TestWhatNobodyAskedForReadsAsTheEnd(t *testing.T) {
	for _, c := range []struct {
		name   string
		server func(c net.Conn) // behind the first request
		ask    bool             // a second time, once the server is through
		want   []string         // of each read; the last one ends
	}{
		{"bytes behind an answer", func(c net.Conn) { io.WriteString(c, answered+"SECRET") }, false, []string{answered, ""}},
		{"bytes some time later", func(c net.Conn) {
			io.WriteString(c, answered)
			time.Sleep(time.Second)
			io.WriteString(c, "SECRET")
		}, false, []string{answered, ""}},
		{"a second answer to a second request", func(c net.Conn) {
			io.WriteString(c, answered)
			read(c)
			io.WriteString(c, answered+"SECRET")
		}, true, []string{answered, answered, ""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ours, theirs := net.Pipe()
				defer theirs.Close()
				client := &conn{Conn: ours}
				defer client.Close()
				go func() {
					read(theirs)
					c.server(theirs)
				}()
				io.WriteString(client, request)
				for i, want := range c.want {
					got, err := read(client)
					if got != want || (err == io.EOF) != (want == "") {
						t.Errorf("read %d is %q (%v), want %q", i, got, err, want)
					}
					if i == 0 && c.ask {
						io.WriteString(client, request)
					}
				}
				if _, err := read(client); err != io.EOF {
					t.Errorf("it goes on behind the end: %v", err)
				}
			})
		})
	}
}

func TestBytesBeforeTheFirstRequestReadAsTheEnd(t *testing.T) {
	ours, theirs := net.Pipe()
	defer theirs.Close()
	go io.WriteString(theirs, "220 mail.example ESMTP\r\n")
	if got, err := read(&conn{Conn: ours}); got != "" || err != io.EOF {
		t.Errorf("%q %v", got, err)
	}
}

func TestOtherProtocolsPassAsTheyAre(t *testing.T) {
	for name, first := range map[string]string{
		"TLS": "\x16\x03\x01", "SOCKS": "\x05\x01\x00", "a proxy": "CONNECT api.example:443 HTTP/1.1\r\n\r\n", "HTTP/2": "PRI * HTTP/2.0\r\n",
	} {
		ours, theirs := net.Pipe()
		go func() {
			read(theirs)
			io.WriteString(theirs, "one")
			io.WriteString(theirs, "two")
			theirs.Close()
		}()
		client := &conn{Conn: ours}
		io.WriteString(client, first)
		if all, err := io.ReadAll(client); string(all) != "onetwo" || err != nil {
			t.Errorf("%s: %q %v", name, all, err)
		}
		client.Close()
	}
}

// dialed is a Dialer over pipes.
func dialed(ends *[]net.Conn) DialFunc {
	return Dialer(func(ctx context.Context, _, _ string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		*ends = append(*ends, theirs)
		return ours, ctx.Err()
	})
}

func TestAnAttemptThatTimedOutLeavesNoDialAndNoConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		timed, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		ctx, attempt := Begin(timed)
		// net/http lets a dial go on without the cancel of its request.
		hangs := make(chan error, 1)
		go func() {
			_, err := Dialer(func(ctx context.Context, _, _ string) (net.Conn, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			})(context.WithoutCancel(ctx), "tcp", "api.example:443")
			hangs <- err
		}()
		<-timed.Done()
		attempt.Done(false)
		if err := <-hangs; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		var ends []net.Conn
		if _, err := dialed(&ends)(context.WithoutCancel(ctx), "tcp", "api.example:443"); err == nil {
			t.Error("it dials on behind its end")
		}
	})
}

func TestAnAttemptMayDialOnceAndOnceMoreForAnOvertakenDial(t *testing.T) {
	var ends []net.Conn
	dial := dialed(&ends)
	ctx, attempt := Begin(context.Background())
	for i, want := range []error{nil, nil, ErrConnections} {
		if _, err := dial(ctx, "tcp", "api.example:443"); err != want {
			t.Errorf("dial %d: %v, want %v", i, err, want)
		}
	}
	if context.Cause(ctx) != ErrConnections {
		t.Errorf("the attempt goes on: %v", context.Cause(ctx))
	}
	attempt.Done(false)
	for _, end := range ends {
		if _, err := end.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("a connection that nobody took is open: %v", err)
		}
	}
	if _, err := dial(context.Background(), "tcp", "api.example:443"); err != nil {
		t.Errorf("without an attempt: %v", err)
	}
}
