package web

import (
	"net/http"
	"slices"

	"github.com/100ms-connector/connector-go/connector"
)

// detailView is one saved credential with its last test.
type detailView struct {
	Tile    tile
	Kind    string
	Issued  string
	Saved   string
	Report  *reportView
	CSRF    string
	Failure string
	Uses    []use
	Tests   []testView // the newest first
}

// testView is a test that was made.
type testView struct{ At, Verdict, Code string }

// testsOf are the last tests of a credential. That they cannot be read hides nothing else.
func (h *Handler) testsOf(r *http.Request, name string) []testView {
	tests, _ := h.store.History(r.Context(), name)
	var v []testView
	for _, t := range tests {
		said := testView{At: moment(t.At), Verdict: verdictWords[t.Verdict].words}
		if t.Code != connector.OK && t.Code != connector.Untested {
			said.Code = string(t.Code)
		}
		v = append(v, said)
	}
	return v
}

var kindWords = map[connector.Kind]string{
	connector.KindManagement: "Management token", connector.KindApp: "App token", connector.KindUnknown: "Unknown",
}

func (h *Handler) showDetail(w http.ResponseWriter, r *http.Request, s *session) {
	record, ok := h.record(w, r)
	if !ok {
		return
	}
	v := detailView{Tile: h.tileOf(record, h.now()), Kind: kindWords[record.Kind], Saved: moment(record.UpdatedAt), CSRF: s.csrf}
	if !record.IssuedAt.IsZero() {
		v.Issued = moment(record.IssuedAt)
	}
	if v.Report = h.reportOf(h.reports.of(record)); v.Report == nil {
		v.Report = h.remembered(record)
	}
	v.Report.agree(v.Tile)
	v.Uses, v.Tests = usesOf(record), h.testsOf(r, record.Name)
	h.show(w, r, s, "detail", &page{Title: "Credential", Nav: "credentials", Data: v})
}

// testAgain tests a saved credential.
func (h *Handler) testAgain(w http.ResponseWriter, r *http.Request, s *session) {
	record, ok := h.record(w, r)
	if !ok {
		return
	}
	cred, err := h.store.Credential(r.Context(), record.Name)
	if err != nil {
		h.storeFailed(w, r, err)
		return
	}
	out := h.stream(w, r)
	report := h.test(r.Context(), cred, func(partial *connector.Report) { out.part("report", "report", h.begun(partial)) })
	if report == nil {
		h.refuseTest(w, r, out)
		return
	}
	h.recordTest(r.Context(), cred, report)
	if out == nil {
		http.Redirect(w, r, h.at("/credentials/"+idOf(record.Name)), http.StatusSeeOther)
		return
	}
	record.LastVerdict, record.LastCode, record.LastTestedAt = report.Verdict, report.Code, report.TestedAt
	t, v := h.tileOf(record, h.now()), h.reportOf(report)
	v.agree(t)
	out.part("report", "report", v)
	if html, err := part("tile", t); err == nil {
		out.send(line{Tiles: []tileLine{{"t-" + t.ID, html}}})
	}
	out.part("facts", "facts", detailView{Tile: t, Kind: kindWords[record.Kind], Saved: moment(record.UpdatedAt)})
	out.send(line{Announce: v.Verdict + ". " + sentence(report.Message)})
}

// inspectView is what a value says of itself, shown while it is being entered.
type inspectView struct {
	Tone  tone
	Title string
	Facts []string
}

// inspect says at once what a value is and when it expires. The value is not
// kept, and nothing of it is sent back but what its claims say.
func (h *Handler) inspect(w http.ResponseWriter, r *http.Request, s *session) {
	if !s.inspections.AllowN(h.now(), 1) {
		w.Header().Set("Retry-After", "1")
		h.fail(w, r, http.StatusTooManyRequests, "Too fast", "Wait a second.")
		return
	}
	h.show(w, r, s, "inspected", &page{Title: "What it is", Data: h.inspected(r.PostForm.Get(valueField))})
}

func (h *Handler) inspected(value string) *inspectView {
	if value == "" {
		return nil
	}
	t := connector.Inspect(value)
	t.AsOf = h.now()
	v := &inspectView{Tone: good, Title: kindWords[t.Kind]}
	findings := t.Findings(h.tester.WarnWithin)
	for i, code := range findings {
		info := code.Info()
		switch {
		case i == 0 && info.Class == connector.ClassCredential:
			v.Tone, v.Title = bad, sentence(t.Why(code))
		case info.Class == connector.ClassCredential:
			v.Facts = append(v.Facts, sentence(t.Why(code)))
		case code == connector.PasteDamage:
			v.Facts = append(v.Facts, "What does not belong to the token is removed.")
		default:
			if v.Tone == good {
				v.Tone = warn
			}
			v.Facts = append(v.Facts, sentence(t.Why(code)))
		}
	}
	if v.Tone == bad {
		return v
	}
	if left, ok := t.ExpiresIn(); ok && v.Tone == good {
		v.Title += ", expires in " + connector.Span(left)
	}
	if v.Tone == good {
		v.Tone = idle // green is for what the API said
	}
	if !t.ExpiresAt.IsZero() && !slices.Contains(findings, connector.ExpiresSoon) {
		v.Facts = append(v.Facts, "Expires "+moment(t.ExpiresAt)+".")
	}
	if t.AccessKey != "" {
		v.Facts = append(v.Facts, "Access key "+short(t.AccessKey)+".")
	}
	v.Facts = append(v.Facts, "Not checked with 100ms yet.")
	return v
}
