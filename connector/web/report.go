package web

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
)

// reportView is a connection test as a page shows it.
type reportView struct {
	Tone           tone
	Verdict        string // in words
	Code           connector.Code
	Message        string
	Remedy         string
	Warnings       []string
	Passed         string      // how many steps need no look, in words; empty if none
	Folded         []checkView // they
	Open           []checkView // the steps that need one
	Evidence       []string    // what 100ms's support will ask for
	Tested         string
	Pending        bool
	NotesFromStore bool // made of what the store remembers: without checks
}

type checkView struct {
	Tone   tone
	Status string // in words, for who does not see the colour
	Title  string
	Detail string
}

var checkTitles = map[connector.CheckName]string{
	connector.CheckDocument:      "Form",
	connector.CheckTokenShape:    "Token shape",
	connector.CheckTokenType:     "Token type",
	connector.CheckTokenLifetime: "Lifetime",
	connector.CheckReachable:     "Reachable",
	connector.CheckAuthenticated: "Authenticated",
	connector.CheckPermitted:     "Permitted",
}

var checkTones = map[connector.CheckStatus]struct {
	tone  tone
	words string
}{
	connector.StatusPass: {good, "passed"}, connector.StatusWarn: {warn, "warning"}, connector.StatusFail: {bad, "failed"}, connector.StatusSkip: {idle, "skipped"},
}

var verdictWords = map[connector.Verdict]struct {
	tone  tone
	words string
}{
	connector.VerdictAccepted: {good, "Works"}, connector.VerdictRejected: {bad, "Rejected"},
	connector.VerdictInconclusive: {warn, "Could not be tested"}, connector.VerdictNotTested: {idle, "Not tested"},
}

var confirmed = map[connector.Confirmation]string{
	connector.ConfirmedByServer: "Confirmed by the API", connector.ConfirmedByClaims: "By the token's own claims only", connector.ConfirmedByBoth: "Confirmed by the API and the token's own claims",
}

func (h *Handler) reportOf(r *connector.Report) *reportView {
	if r == nil {
		return nil
	}
	w := verdictWords[r.Verdict]
	v := &reportView{
		Tone: w.tone, Verdict: w.words, Code: r.Code, Message: sentence(shown(r.Message)), Remedy: r.Remedy,
		Tested: ago(r.TestedAt, h.now()),
	}
	if v.Tone == good && len(r.Warnings) > 0 {
		v.Tone, v.Verdict = warn, works(r.Warnings)
	}
	for _, c := range r.Warnings {
		why := c.Info().Meaning
		if r.Token != nil {
			why = r.Token.Why(c)
		}
		v.Warnings = append(v.Warnings, sentence(why)+" "+c.Info().Remedy)
	}
	v.steps(r.Checks, false)
	if words := confirmed[r.ConfirmedBy]; words != "" {
		v.Evidence = append(v.Evidence, words)
	}
	if s := r.Server; s != nil {
		v.Evidence = append(v.Evidence, fmt.Sprintf("HTTP %d after %d ms", s.Status, s.LatencyMS))
		if s.RequestID != "" {
			v.Evidence = append(v.Evidence, "Request "+shown(s.RequestID))
		}
	}
	return v
}

func sentenceIfAny(s string) string {
	if s == "" {
		return ""
	}
	return sentence(s)
}

// begun is the report while the call is under way: what the claims alone say,
// and the steps of the call as pending.
func (h *Handler) begun(r *connector.Report) *reportView {
	v := h.reportOf(r)
	v.Pending, v.Tone, v.Verdict, v.Message, v.Remedy, v.Warnings, v.Evidence = true, pending, "Testing", "Asking the API.", "", nil, nil
	v.steps(r.Checks, true)
	return v
}

// steps folds away what nobody needs to look at. Under way are, if asking, the
// steps of the call.
func (v *reportView) steps(checks []connector.Check, asking bool) {
	v.Folded, v.Open = nil, nil
	passed, skipped := 0, 0
	for _, c := range checks {
		s := checkTones[c.Status]
		step := checkView{s.tone, s.words, checkTitles[c.Name], sentenceIfAny(shown(c.Detail))}
		if says := strings.TrimSuffix(step.Detail, "."); strings.Contains(strings.ToLower(v.Message), strings.ToLower(says)) {
			step.Detail = "" // what is said above is not said again
		}
		switch {
		case asking && asksAPI[c.Name]:
			step.Tone, step.Status, step.Detail = pending, "under way", ""
			v.Open = append(v.Open, step)
		case c.Status == connector.StatusPass:
			passed++
			v.Folded = append(v.Folded, step)
		case c.Status == connector.StatusSkip:
			skipped++
			v.Folded = append(v.Folded, step)
		default:
			v.Open = append(v.Open, step)
		}
	}
	var words []string
	if passed > 0 {
		words = append(words, fmt.Sprint(passed, " passed"))
	}
	if skipped > 0 {
		words = append(words, fmt.Sprint(skipped, " not reached"))
	}
	v.Passed = strings.Join(words, ", ")
}

// asksAPI are the steps that take a call.
var asksAPI = map[connector.CheckName]bool{connector.CheckReachable: true, connector.CheckAuthenticated: true, connector.CheckPermitted: true}

// remembered is what the store knows of the last test.
func (h *Handler) remembered(r store.Record) *reportView {
	if r.LastVerdict == "" {
		return nil
	}
	w, info := verdictWords[r.LastVerdict], r.LastCode.Info()
	return &reportView{
		Tone: w.tone, Verdict: w.words, Code: r.LastCode, Message: sentence(info.Meaning), Remedy: info.Remedy,
		Tested: ago(r.LastTestedAt, h.now()), NotesFromStore: true,
	}
}

// agree gives the report of a saved credential the verdict that its tile has: time
// has passed since the test, and the two must not disagree.
func (v *reportView) agree(t tile) {
	if v != nil {
		v.Tone, v.Verdict = t.Tone, t.Verdict
	}
}

// maxReports bounds what is remembered beyond the store's verdict and code.
const maxReports = 5000

// reports are the last reports of saved credentials, for their details.
type reports struct {
	mu   sync.Mutex
	last map[string]*connector.Report
}

func (rs *reports) put(name string, r *connector.Report) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if rs.last == nil || len(rs.last) >= maxReports {
		rs.last = map[string]*connector.Report{}
	}
	rs.last[name] = r
}

// of returns the report that the store's verdict is from, if it is known: the
// credential may have been tested by another program since.
func (rs *reports) of(r store.Record) *connector.Report {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	report := rs.last[r.Name]
	if report == nil || !report.TestedAt.Equal(r.LastTestedAt) || report.Code != r.LastCode {
		return nil
	}
	return report
}

const (
	maxTests = 8               // single tests under way at once
	turn     = 2 * time.Second // to wait for a place among them
)

// test tests one credential. partial is called at once with what the claims
// alone say. The report is nil if too many tests are under way, or if it was
// canceled, which says nothing of the credential.
func (h *Handler) test(ctx context.Context, cred *connector.Credential, partial func(*connector.Report)) *connector.Report {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(h.ctx, cancel)()
	wait := time.NewTimer(turn)
	defer wait.Stop()
	select {
	case h.tests <- struct{}{}:
		defer func() { <-h.tests }()
	case <-wait.C:
		return nil
	case <-ctx.Done():
		return nil
	}
	if !h.tester.Offline {
		offline := *h.tester
		offline.Offline = true
		if known := offline.Test(ctx, cred); known.Token != nil && known.Token.Fault == "" { // else nothing is sent
			partial(known)
		}
	}
	if report := h.tester.Test(ctx, cred); report.Code != connector.Canceled {
		return report
	}
	return nil
}
