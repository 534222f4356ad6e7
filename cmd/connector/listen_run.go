package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/connector/exchange/sink/tables"
	"github.com/100ms-connector/connector-go/connector/store"
	"github.com/100ms-connector/connector-go/connector/webhook"
)

// listenRun is one run of connector listen.
type listenRun struct {
	c       *command
	handler *webhook.Handler
	api     *exchange.Destination // of --backfill; nil without
	print   bool

	connection *store.Database
	table      *webhook.Table

	mu      sync.Mutex
	stored  int
	refused map[int]*refusals // by status
	failed  error             // why it ends by itself
	stop    context.CancelFunc
}

// refusals are the requests that got one status.
type refusals struct {
	count int
	said  time.Time // when the last one was told of
}

// sayEvery is how often requests that are refused are told of, by status.
const sayEvery = time.Minute

func (r *listenRun) open(ctx context.Context, url string) (err error) {
	if r.connection, err = store.OpenDatabase(ctx, url); err != nil {
		return unusable(err)
	}
	dialect := tables.PostgreSQL
	if r.connection.SQLite {
		dialect = tables.SQLite
	}
	if r.table, err = webhook.Open(ctx, r.connection.DB, dialect); err != nil {
		r.connection.Close()
		return unusable(r.connection.Explain(err))
	}
	r.refused = map[int]*refusals{}
	r.handler.Store, r.handler.Stored, r.handler.Refused = r.table, r.tell, r.refuse
	return nil
}

func (r *listenRun) close() {
	r.table.Close()
	r.connection.Close()
}

// serve receives until ctx ends, and then finishes the requests that are under way.
func (r *listenRun) serve(ctx context.Context, f *listenFlags, config *tls.Config) error {
	listener, err := listen(f.listen)
	if err != nil {
		return err
	}
	ctx, r.stop = context.WithCancel(ctx)
	defer r.stop()
	server := &http.Server{
		Handler: r.handler, TLSConfig: config, MaxHeaderBytes: 64 << 10, ErrorLog: log.New(io.Discard, "", 0),
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
	}
	ended := make(chan error, 1)
	go func() {
		if config != nil {
			ended <- server.ServeTLS(listener, "", "")
		} else {
			ended <- server.Serve(listener)
		}
	}()
	r.introduce(listener.Addr(), f, config != nil)
	var filling sync.WaitGroup
	if r.api != nil {
		filling.Go(func() { r.fill(ctx) })
	}
	select {
	case err = <-ended:
		r.stop()
	case <-ctx.Done():
		finish, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		if server.Shutdown(finish) != nil {
			server.Close()
		}
		cancel()
		err = <-ended
	}
	filling.Wait()
	r.summarize()
	switch {
	case r.failed != nil:
		return unreadable(r.failed)
	case !errors.Is(err, http.ErrServerClosed):
		return unreadable(err)
	}
	return exit(exitOK)
}

// introduce says where events are received, and what 100ms must be told.
func (r *listenRun) introduce(address net.Addr, f *listenFlags, secure bool) {
	scheme := "http"
	if secure {
		scheme = "https"
	}
	fmt.Fprintf(r.c.err, "listening    %s://%s/\nstored in    %s, table webhook_events\n", scheme, address, r.connection)
	if f.header != "" {
		fmt.Fprintf(r.c.err, "dashboard    Developer, Webhooks: the URL by which this address is reached from outside,\n             and the header %s with the value in %s\n", f.header, f.headerFile)
	}
	fmt.Fprintln(r.c.err, "\nCtrl-C ends it.")
}

// tell prints a new event.
func (r *listenRun) tell(event webhook.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stored++
	if !r.print {
		return
	}
	if _, err := fmt.Fprintf(r.c.out, "%s\n", event.Body); err != nil {
		r.failed = fmt.Errorf("cannot print events: %w", err)
		r.stop()
	}
}

// refuse tells of a request that was not answered 200, now and then.
func (r *listenRun) refuse(status int, why error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	of := r.refused[status]
	if of == nil {
		of = new(refusals)
		r.refused[status] = of
	}
	of.count++
	if time.Since(of.said) < sayEvery {
		return
	}
	of.said = time.Now()
	fmt.Fprintf(r.c.err, "connector: warning: answered %d: %s%s\n", status, printable(store.Plain(r.connection.Explain(why))), more(of.count))
}

func more(count int) string {
	if count < 2 {
		return ""
	}
	return fmt.Sprintf("; %d such answers so far", count)
}

// summarize says how much came.
func (r *listenRun) summarize() {
	r.mu.Lock()
	defer r.mu.Unlock()
	refused := 0
	for _, of := range r.refused {
		refused += of.count
	}
	fmt.Fprintf(r.c.err, "stored: %d new events; refused: %d requests\n", r.stored, refused)
}
