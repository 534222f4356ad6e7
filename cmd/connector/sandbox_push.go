package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

// pushFlags say which webhooks the sandbox sends.
type pushFlags struct {
	url, header, headerFile, signatureFile, fault string
	rate                                          float64
	count                                         int
}

func (f *pushFlags) flags(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.url, "webhook", "", "send webhooks of every type to this URL, and the replays that are asked for")
	fl.StringVar(&f.header, "webhook-header", "", "name of the header that each webhook has")
	fl.StringVar(&f.headerFile, "webhook-header-file", "", "file of the header's value, as connector listen reads it; the first line counts")
	fl.StringVar(&f.signatureFile, "webhook-signature-file", "", "file of the secret by which webhooks are signed")
	fl.Float64Var(&f.rate, "webhook-rate", 1, "webhooks a second")
	fl.IntVar(&f.count, "webhook-count", 0, "end after so many webhooks; 0 goes on")
	fl.StringVar(&f.fault, "webhook-fault", "", "what is wrong with each webhook, see above")
}

// pusher is nil if nothing is to be sent.
func (f *pushFlags) pusher(api *sandbox.Sandbox) (*sandbox.Pusher, error) {
	if f.url == "" {
		return nil, nil
	}
	to, err := url.Parse(f.url)
	switch {
	case err != nil || to.Scheme != "http" && to.Scheme != "https" || !isLoopback(to.Hostname()) || to.User != nil:
		return nil, errors.New("--webhook takes a URL of this machine, as in http://127.0.0.1:8102: the sandbox is not for others")
	case (f.header == "") != (f.headerFile == ""):
		return nil, errors.New("--webhook-header and --webhook-header-file belong together")
	case !(f.rate > 0 && f.rate <= 10000) || f.count < 0:
		return nil, errors.New("--webhook-rate takes a number up to 10000, and --webhook-count one from 0")
	}
	if to.Path == "" {
		to.Path = "/"
	}
	p := &sandbox.Pusher{Sandbox: api, URL: to.String(), Header: f.header, Rate: f.rate, Count: f.count, Fault: f.fault}
	var names []string
	for _, fault := range sandbox.PushFaults() {
		names = append(names, fault.Name)
		if fault.Name == f.fault {
			f.fault = ""
		}
	}
	if f.fault != "" {
		return nil, fmt.Errorf("there is no fault of webhooks %q%s", printable(f.fault), didYouMean(nearest(f.fault, names)))
	}
	if f.headerFile != "" {
		values, err := secretLines("--webhook-header-file", f.headerFile, 2)
		if err != nil {
			return nil, err
		}
		p.Value = values[0].Reveal()
	}
	if f.signatureFile != "" {
		values, err := secretLines("--webhook-signature-file", f.signatureFile, 1)
		if err != nil {
			return nil, err
		}
		p.Secret = values[0].Reveal()
	}
	return p, nil
}

// push sends webhooks until ctx ends; the function that it returns waits for that.
func (c *command) push(ctx context.Context, p *sandbox.Pusher) (ended func()) {
	var mu sync.Mutex
	accepted, refused := 0, 0
	p.Answered = func(_ string, status int) {
		mu.Lock()
		defer mu.Unlock()
		if status == 200 {
			accepted++
		} else if refused++; refused == 1 {
			fmt.Fprintf(c.err, "connector: warning: a webhook was answered %d, and comes again after 1, 3 and 10 seconds\n", status)
		}
	}
	var running sync.WaitGroup
	running.Go(func() { p.Replay(ctx) })
	running.Go(func() {
		p.Run(ctx)
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(c.err, "webhooks: %d accepted, %d not\n", accepted, refused)
	})
	return running.Wait
}
