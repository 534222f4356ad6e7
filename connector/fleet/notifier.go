package fleet

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
)

// Notifier tells people of credentials that change how they are: one that is rejected, one
// that ends soon and cannot be renewed, one whose new token could not be handed over, one
// that is well again. It posts the JSON that
// Slack and what is compatible with it take, one digest a workspace and minute, and tells
// what lasts again after a day. Of several processes with one store each change is told
// once. Make one with NewNotifier.
type Notifier struct {
	Store  *store.Store
	Every  time.Duration // between two digests; a minute if zero
	Failed func(error)   // is told why a digest could not be posted; nil if nobody is

	to     string // a secret: whoever has it can post
	client *http.Client
}

// ErrNotifyURL is the error about what is no URL to post to. It quotes nothing of it.
var ErrNotifyURL = errors.New("this is not a URL to post notices to: it is https, or http on this machine")

// NewNotifier posts to a URL, which is a secret: https, or http on a loopback address. It
// follows no redirects. The error is ErrNotifyURL.
func NewNotifier(db *store.Store, to connector.Secret) (*Notifier, error) {
	u, err := url.Parse(strings.TrimSpace(to.Reveal()))
	if err != nil || u.Host == "" || u.User != nil {
		return nil, ErrNotifyURL
	}
	if u.Scheme != "https" && !(u.Scheme == "http" && isLoopback(u.Hostname())) {
		return nil, ErrNotifyURL
	}
	transport := connector.NewTransport()
	transport.Proxy = http.ProxyFromEnvironment
	return &Notifier{Store: db, to: u.String(), client: &http.Client{
		Transport: transport, Timeout: 10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

func isLoopback(host string) bool {
	return host == "localhost" || host == "::1" || strings.HasPrefix(host, "127.")
}

// States of a credential, as notices have them.
const (
	stateWell     = "well again"
	stateRejected = "rejected"
	stateEnding   = "ends soon, and is not renewed"
	stateOld      = "its new token could not be handed over"
)

// NotePushed notes how a target is after a push. A fault of the store changes nothing.
func (n *Notifier) NotePushed(ctx context.Context, p Pushed) error {
	if p.id == "" {
		return nil
	}
	r, err := n.Store.Show(ctx, p.Name)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	notice := store.Notice{Name: p.Name + " in " + p.Target, AccessKey: r.AccessKey, State: stateWell}
	if p.Err != nil {
		notice.State, notice.Why = stateOld, p.Err.Error()
	}
	return n.Store.Notice(ctx, p.id, stateWell, notice)
}

// Note notes how a credential is after an event. What the environment is to blame for
// changes nothing.
func (n *Notifier) Note(ctx context.Context, e Event) error {
	notice := store.Notice{Name: e.Name, AccessKey: e.AccessKey}
	switch {
	case e.Err != nil:
		return nil
	case e.Well():
		notice.State = stateWell
	case e.Renewal != nil && e.Renewal.Outcome == NotRenewed && !e.Renewal.Environment:
		notice.State, notice.Why = stateEnding, e.Renewal.Why
		if e.Report != nil && e.Report.Verdict == connector.VerdictRejected {
			notice.State, notice.Why = stateRejected, fmt.Sprintf("%s [%s]; %s", e.Report.Message, e.Report.Code, e.Renewal.Why)
		}
	case e.Rejected():
		notice.State, notice.Why = stateRejected, fmt.Sprintf("%s [%s]", e.Report.Message, e.Report.Code)
	default:
		return nil
	}
	r, err := n.Store.Show(ctx, e.Name)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return n.Store.Notice(ctx, r.ID, stateWell, notice)
}

// mostTold is how many credentials one digest names; a text of Slack's has 40,000
// characters.
const mostTold = 100

// Run posts digests until ctx ends.
func (n *Notifier) Run(ctx context.Context) {
	every := n.Every
	if every <= 0 {
		every = time.Minute
	}
	for {
		select {
		case <-time.After(every):
		case <-ctx.Done():
			return
		}
		if err := n.Post(ctx); err != nil && ctx.Err() == nil && n.Failed != nil {
			n.Failed(err)
		}
	}
}

// Post posts what is to be told now, a digest for each workspace.
func (n *Notifier) Post(ctx context.Context) error {
	for {
		told, err := n.Store.TellNotices(ctx, mostTold, func(notices []store.Notice) error {
			for len(notices) > 0 {
				of := 1
				for of < len(notices) && notices[of].AccessKey == notices[0].AccessKey {
					of++
				}
				if err := n.post(ctx, digest(notices[:of])); err != nil {
					return err
				}
				notices = notices[of:]
			}
			return nil
		})
		if err != nil || told < mostTold {
			return err
		}
	}
}

// digest is what is said of the credentials of one workspace.
func digest(notices []store.Notice) string {
	var b strings.Builder
	workspace := notices[0].AccessKey
	if workspace == "" {
		workspace = "unknown"
	}
	fmt.Fprintf(&b, "100ms credentials of the workspace with the access key %s:", workspace)
	for _, n := range notices {
		fmt.Fprintf(&b, "\n• %s: %s", escapeSlack.Replace(n.Name), n.State)
		if n.Why != "" {
			b.WriteString(": " + escapeSlack.Replace(n.Why))
		}
	}
	return b.String()
}

// escapeSlack keeps what people and servers wrote from being read as mentions and links.
var escapeSlack = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

func (n *Notifier) post(ctx context.Context, text string) error {
	body, err := json.Marshal(map[string]string{"text": text})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, n.to, bytes.NewReader(body))
	if err != nil {
		return ErrNotifyURL
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := n.client.Do(request)
	if failed, ok := errors.AsType[*url.Error](err); ok {
		return fmt.Errorf("the notice could not be posted: %w", failed.Err) // without the URL
	}
	if err != nil {
		return errors.New("the notice could not be posted")
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10))
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return fmt.Errorf("the notice was answered with %d", response.StatusCode)
	}
	return nil
}
