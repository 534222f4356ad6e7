package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/fleet"
)

// metricsFlags say where metrics are served, and to whom.
type metricsFlags struct {
	listen, tokenFile string
	most              int
	token             connector.Secret
}

func (f *metricsFlags) flags(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.listen, "listen", "", "address to serve /metrics, /healthz and /readyz on, such as 127.0.0.1:9464; nothing is served if empty")
	fl.StringVar(&f.tokenFile, "metrics-token-file", "", "file of the Bearer token that whoever reads the metrics must have, also "+metricsTokenEnv+"; needed beyond loopback, for they hold names")
	fl.IntVar(&f.most, "metrics-per-credential", 1000, "up to how many credentials each has series of its own; beyond it they are counted, and with 0 always")
}

// metricsTokenEnv holds the token where there is no file of it.
const metricsTokenEnv = "CONNECTOR_METRICS_TOKEN"

// check reads the token.
func (f *metricsFlags) check() error {
	if f.listen == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(f.listen)
	switch {
	case err != nil:
		return errors.New("--listen takes an address such as 127.0.0.1:9464")
	case f.most < 0:
		return errors.New("--metrics-per-credential must be 0 or more")
	case f.tokenFile == "" && os.Getenv(metricsTokenEnv) != "":
		f.token = connector.Secret(os.Getenv(metricsTokenEnv))
	case f.tokenFile == "" && !isLoopback(host):
		return fmt.Errorf("--listen %s is open to other machines, and the metrics hold the names of credentials: that takes --metrics-token-file or %s", f.listen, metricsTokenEnv)
	case f.tokenFile != "":
		tokens, err := secretLines("--metrics-token-file", f.tokenFile, 1)
		if err != nil {
			return err
		}
		f.token = tokens[0]
	}
	return nil
}

// each is PerCredential as the library has it: negative for none.
func (f *metricsFlags) each() int {
	if f.most == 0 {
		return -1
	}
	return f.most
}

// serve serves the metrics until stop is called.
func (f *metricsFlags) serve(metrics *fleet.Metrics, log *slog.Logger) (stop func(), err error) {
	if f.listen == "" {
		return func() {}, nil
	}
	listener, err := listen(f.listen)
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: metrics, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }() // until it is closed
	log.Info("serving metrics", "address", "http://"+listener.Addr().String()+"/metrics")
	return func() { server.Close() }, nil
}
