package main

import (
	"cmp"
	"errors"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/connector"
)

// apiFlags are those of the verbs that make many calls.
type apiFlags struct {
	login       login
	concurrency int
	maxRate     float64
	patience    duration
	baseURL     string
}

func (f *apiFlags) flags(cmd *cobra.Command, concurrency string) {
	f.login.flags(cmd)
	fl := cmd.Flags()
	fl.IntVar(&f.concurrency, "concurrency", 4, concurrency)
	fl.Float64Var(&f.maxRate, "max-rate", 10, "calls a second, 0 for any; without it none on a loopback address")
	durationFlag(cmd, &f.patience, "patience", time.Minute, "how long to wait and to repeat, for each call")
	fl.StringVar(&f.baseURL, "base-url", connector.DefaultBaseURL, "the API's address, also HMS_BASE_URL; https, or http on a loopback address")
}

// client makes the way to the API.
func (f *apiFlags) client(cmd *cobra.Command, c *command) (*connector.Client, error) {
	switch {
	case f.concurrency < 1 || f.concurrency > 64:
		return nil, errors.New("--concurrency must be 1 to 64")
	case !(f.maxRate >= 0 && f.maxRate <= 1e6):
		return nil, errors.New("--max-rate must be 0 or more")
	}
	if env := os.Getenv("HMS_BASE_URL"); env != "" && !cmd.Flags().Changed("base-url") {
		f.baseURL = env
	}
	base, err := connector.ParseBaseURL(f.baseURL)
	if err != nil {
		return nil, err
	}
	tokens, err := f.login.tokens(cmd.Context(), c)
	if err != nil {
		return nil, err
	}
	transport, err := apiTransport(base)
	if err != nil {
		return nil, err
	}
	return &connector.Client{Source: tokens, BaseURL: base, Transport: transport}, nil
}

// rate is MaxRate as the library has it: negative for any.
func (f *apiFlags) rate(cmd *cobra.Command) float64 {
	if !cmd.Flags().Changed("max-rate") {
		return 0
	}
	return cmp.Or(f.maxRate, -1)
}

// wait is Patience as the library has it: negative for none.
func (f *apiFlags) wait() time.Duration { return cmp.Or(f.patience.Duration, -1) }
