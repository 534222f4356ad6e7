package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/connector"
)

// choice is a flag's value out of a known set.
type choice struct {
	value string
	known []string
}

func (c *choice) String() string { return c.value }
func (c *choice) Type() string   { return strings.Join(c.known, "|") }
func (c *choice) Set(s string) error {
	if !slices.Contains(c.known, s) {
		return fmt.Errorf("known are %s%s", strings.Join(c.known, ", "), didYouMean(nearest(s, c.known)))
	}
	c.value = s
	return nil
}

// choose adds a flag whose value is one of the known, the first by default.
func choose(cmd *cobra.Command, name, usage string, known ...string) *choice {
	c := &choice{known[0], known}
	cmd.Flags().Var(c, name, usage)
	_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(known, cobra.ShellCompDirectiveNoFileComp))
	return c
}

// judging is what the verbs that read documents share.
type judging struct {
	warnWithin duration
	expandEnv  bool
}

func (j *judging) flags(cmd *cobra.Command) {
	durationFlag(cmd, &j.warnWithin, "warn-within", 0, "warn of a token that expires within this time, 0 for never; if not given, when less than a third of its life is left, 72h at most")
	cmd.Flags().BoolVar(&j.expandEnv, "expand-env", false, "replace a value that is wholly ${NAME} by that environment variable")
}

// within is the library's form of --warn-within, where zero is its own rule and a
// negative time is never.
func (j *judging) within() time.Duration {
	if j.warnWithin.given && j.warnWithin.Duration == 0 {
		return -1
	}
	return j.warnWithin.Duration
}

func (j *judging) validator() *connector.Validator {
	v := &connector.Validator{WarnWithin: j.within()}
	if j.expandEnv {
		v.Expand = os.LookupEnv
	}
	return v
}

// calling is what the verbs that call the API share.
type calling struct {
	baseURL     string
	timeout     duration
	retries     int
	concurrency int
}

func (t *calling) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&t.baseURL, "base-url", connector.DefaultBaseURL, "the API's address, also HMS_BASE_URL; https, or http on a loopback address")
	durationFlag(cmd, &t.timeout, "timeout", connector.DefaultTimeout, "for the whole test of one credential, retries included")
	f.IntVar(&t.retries, "retries", 2, "attempts after the first, where that can help")
	f.IntVar(&t.concurrency, "concurrency", 8, "tests under way at once")
}

// tester makes the Tester that the flags ask for.
func (t *calling) tester(cmd *cobra.Command) (*connector.Tester, error) {
	if env := os.Getenv("HMS_BASE_URL"); env != "" && !cmd.Flags().Changed("base-url") {
		t.baseURL = env
	}
	base, err := connector.ParseBaseURL(t.baseURL)
	if err != nil {
		if !cmd.Flags().Changed("base-url") {
			err = fmt.Errorf("HMS_BASE_URL: %w", err)
		}
		return nil, err
	}
	transport, err := apiTransport(base)
	if err != nil {
		return nil, err
	}
	if t.timeout.Duration == 0 {
		return nil, errors.New("--timeout must be longer than 0")
	}
	if t.retries < 0 || t.concurrency < 1 || t.concurrency > 1000 {
		return nil, errors.New("--retries must be 0 or more, and --concurrency 1 to 1000")
	}
	transport.MaxConnsPerHost = t.concurrency
	retries := t.retries
	if retries == 0 {
		retries = -1 // the library's way to say none
	}
	return &connector.Tester{BaseURL: t.baseURL, Transport: transport, Timeout: t.timeout.Duration, Retries: retries, Concurrency: t.concurrency}, nil
}

// lifetime is how long a token lives that a verb signs.
type lifetime struct {
	ttl  duration
	long bool
}

func (l *lifetime) flags(cmd *cobra.Command, otherwise time.Duration, usage string) {
	durationFlag(cmd, &l.ttl, "ttl", otherwise, usage+"; more than 14d only with --allow-long")
	cmd.Flags().BoolVar(&l.long, "allow-long", false, "allow a token that lives longer than 14 days")
}

// check is asked before anything is read or signed.
func (l *lifetime) check() error {
	switch {
	case l.ttl.given && l.ttl.Duration < time.Second:
		return errors.New("--ttl: a token must live for a second or more")
	case l.ttl.Duration > connector.MaxTTL && !l.long:
		return errors.New("--ttl: a token that lives longer than 14 days must be asked for: add --allow-long")
	}
	return nil
}
