package connector_test

import (
	"bytes"
	"crypto/tls"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

// hostile is a server that counts its connections.
type hostile struct {
	net.Listener
	accepted, open atomic.Int64
}

type counted struct {
	net.Conn
	closed sync.Once
	server *hostile
}

func (c *counted) Close() error {
	c.closed.Do(func() { c.server.open.Add(-1) })
	return c.Conn.Close()
}

func (h *hostile) Accept() (net.Conn, error) {
	c, err := h.Listener.Accept()
	if err != nil {
		return nil, err
	}
	h.accepted.Add(1)
	h.open.Add(1)
	return &counted{Conn: c, server: h}, nil
}

// listen serves act on each connection, which act closes. Behind the test it waits
// for all of them: act must end when its client goes away.
func listen(t *testing.T, act func(net.Conn)) *hostile {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &hostile{Listener: l}
	var work sync.WaitGroup
	work.Go(func() {
		for {
			c, err := h.Accept()
			if err != nil {
				return
			}
			work.Go(func() {
				defer c.Close()
				act(c)
			})
		}
	})
	t.Cleanup(func() {
		h.Close()
		work.Wait()
	})
	return h
}

// overTLS makes act a server of TLS that agrees on one protocol.
func overTLS(certificate tls.Certificate, protocol string, act func(*tls.Conn)) func(net.Conn) {
	return func(c net.Conn) {
		config := serving(certificate)
		config.NextProtos = []string{protocol}
		secured := tls.Server(c, config)
		if secured.Handshake() == nil {
			act(secured)
		}
	}
}

// afterRequest reads a request of HTTP/1 and lets do answer it, again and again.
func afterRequest(do func(c net.Conn, r *http.Request)) func(net.Conn) {
	return func(c net.Conn) {
		buf := make([]byte, 64<<10)
		var request []byte
		for {
			n, err := c.Read(buf)
			if err != nil {
				return
			}
			if request = append(request, buf[:n]...); !bytes.HasSuffix(request, []byte("\r\n\r\n")) {
				continue
			}
			r := &http.Request{Header: http.Header{}}
			for line := range strings.SplitSeq(string(request), "\r\n") {
				if name, value, ok := strings.Cut(line, ": "); ok {
					r.Header.Add(name, value)
				}
			}
			request = request[:0]
			do(c, r)
		}
	}
}

const good = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 34\r\n\r\n" + `{"limit":10,"data":null,"last":""}`

// viaSandbox serves one fault of the sandbox on a connection that somebody accepted.
func viaSandbox(fault string) func(net.Conn) {
	return func(c net.Conn) {
		watched := &watchedConn{Conn: c, closed: make(chan struct{})}
		one := &single{conn: make(chan net.Conn, 1), addr: c.LocalAddr()}
		one.conn <- watched
		srv := http.Server{Handler: &sandbox.Sandbox{Fault: fault}, ErrorLog: discard()}
		var serving sync.WaitGroup
		serving.Go(func() { srv.Serve(one) })
		<-watched.closed // also where the fault has taken it from the server
		srv.Close()
		serving.Wait()
	}
}

type watchedConn struct {
	net.Conn
	once   sync.Once
	closed chan struct{}
}

func (w *watchedConn) Close() error {
	w.once.Do(func() { close(w.closed) })
	return w.Conn.Close()
}

// single is a listener that accepts one connection.
type single struct {
	conn chan net.Conn
	addr net.Addr
	once sync.Once
}

func (s *single) Accept() (net.Conn, error) {
	if c, ok := <-s.conn; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}

func (s *single) Close() error {
	s.once.Do(func() { close(s.conn) })
	return nil
}

func (s *single) Addr() net.Addr { return s.addr }

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
