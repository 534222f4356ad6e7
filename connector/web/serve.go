package web

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"time"
)

// grace is how long a request that is being answered may take when the server is
// to stop.
const grace = 1500 * time.Millisecond

// Serve serves the handler alone until ctx ends, by TLS if config is not nil. It
// then lets requests complete, for a moment, and closes the handler and the
// listener. The error is nil after such an end.
func (h *Handler) Serve(ctx context.Context, listener net.Listener, config *tls.Config) error {
	server := &http.Server{
		Handler: h, TLSConfig: config,
		ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 32 << 10,
		ErrorLog:       log.New(io.Discard, "", 0), // a stranger's broken handshake is no news
	}
	defer h.Close()
	server.RegisterOnShutdown(h.stop) // streams end, which Shutdown waits for
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
		if server.Shutdown(end) != nil {
			server.Close()
		}
	})
	var err error
	if config != nil {
		err = server.ServeTLS(listener, "", "")
	} else {
		err = server.Serve(listener)
	}
	if !stop() {
		<-stopped
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
