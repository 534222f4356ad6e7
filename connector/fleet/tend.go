package fleet

import (
	"context"
	"errors"
	"hash/fnv"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
)

// Event is what became of one credential that was looked after: it was tested, renewed,
// or both.
type Event struct {
	Name      string
	AccessKey string // that its token claims; empty if it claims none

	Report  *connector.Report // of the test of what was kept; nil if it was renewed without one, or could not be tested
	Renewal *Renewal          // nil if nothing was due
	Err     error             // why it could not be looked after; nil otherwise
	Took    time.Duration

	rest    time.Duration // for how long its workspace is left alone; 0 if it has not asked for it
	changed bool          // another has replaced it meanwhile
}

// Well says whether the credential works, as far as is known: its token was accepted, or
// a fresh one that was has taken its place.
func (e Event) Well() bool {
	switch {
	case e.Err != nil:
		return false
	case e.Renewal != nil && e.Renewal.Outcome != NotDue:
		return e.Renewal.Outcome != NotRenewed
	}
	return e.Report == nil || e.Report.Verdict == connector.VerdictAccepted
}

// Rejected says whether a person has to do something about the credential: it is not Well,
// and not for a fault of the environment.
func (e Event) Rejected() bool {
	switch {
	case e.Well() || e.Err != nil:
		return false
	case e.Renewal != nil && e.Renewal.Outcome == NotRenewed:
		return !e.Renewal.Environment
	}
	return e.Report.Verdict == connector.VerdictRejected
}

// locked says whether it could not be looked after because what is kept cannot be opened.
func (e Event) locked() bool {
	return isLocked(e.Err) || e.Renewal != nil && e.Renewal.locked
}

// look looks after a credential, says when it is due next, and tells what became of it. It
// is not done if it was removed meanwhile, or if ctx has ended.
func (w *Watcher) look(ctx context.Context, r store.Record) (e Event, done bool) {
	began := time.Now()
	e, gone := w.tend(ctx, r)
	e.Took = time.Since(began)
	if gone || ctx.Err() != nil && e.Err != nil {
		return e, false
	}
	if err := w.note(ctx, r, e); err != nil && ctx.Err() == nil {
		e.Err = err
	}
	if !errors.Is(e.Err, ErrHeld) { // it was told when the rest began
		w.tell(e)
	}
	return e, true
}

// note keeps what became of a credential, and says when it is due next.
func (w *Watcher) note(ctx context.Context, r store.Record, e Event) error {
	report := e.Report
	if e.Renewal != nil && e.Renewal.Outcome == Renewed {
		r, report = e.Renewal.kept, e.Renewal.Report
	}
	if e.changed || report == nil && e.Well() { // by another, who has made it due
		return nil
	}
	span := e.rest
	if report != nil {
		report.TestedAt = report.TestedAt.Add(w.skew())
		r.LastVerdict, r.LastCode, r.LastTestedAt = report.Verdict, report.Code, report.TestedAt
	}
	if span == 0 && e.Well() {
		now := w.now()
		span = w.next(r, now).Sub(now)
	} else if span == 0 {
		span = w.delay(e)
	}
	if span = max(span, jobEnds); report == nil {
		return w.Store.Postpone(ctx, r, span)
	}
	return w.Store.Tested(ctx, r, report, span)
}

// tend tests a credential, and renews it if that is due before or after the test.
func (w *Watcher) tend(ctx context.Context, r store.Record) (e Event, gone bool) {
	e = Event{Name: r.Name, AccessKey: r.AccessKey}
	held, err := w.Store.HeldFor(ctx, r.AccessKey)
	if err == nil && held > 0 {
		e.rest, err = held, ErrHeld
	}
	if err != nil {
		e.Err = err
		return e, false
	}
	if w.Renewer.due(r, w.now()) {
		w.renew(ctx, r, &e)
		if e.Renewal.Outcome != NotRenewed {
			return e, false
		}
	}
	read, err := w.Store.Credential(ctx, r.Name)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return e, true
	case err != nil:
		e.Err = err
		return e, false
	case !read.SavedAt.Equal(r.SavedAt): // it was replaced between the two readings, and is due
		e.changed = true
		return e, false
	}
	e.Report = w.Renewer.Tester.Test(ctx, read)
	if ctx.Err() != nil {
		e.Err = ctx.Err()
		return e, false
	}
	if e.Report.Code == connector.RateLimited && r.AccessKey != "" {
		e.rest = min(max(time.Duration(e.Report.RetryAfter)*time.Second, leastDelay), time.Hour)
		if err := w.Store.Hold(ctx, r.AccessKey, e.rest); err != nil {
			e.Err = err
			return e, false
		}
	}
	if e.Renewal != nil { // it was tried, and the test says how the old one does
		return e, false
	}
	r.LastVerdict, r.LastCode = e.Report.Verdict, e.Report.Code
	if w.Renewer.due(r, w.now()) {
		w.renew(ctx, r, &e)
	}
	return e, false
}

// renew renews a credential.
func (w *Watcher) renew(ctx context.Context, r store.Record, e *Event) {
	renewer := *w.Renewer
	renewer.Now = w.now
	became := renewer.Renew(ctx, w.Store, r)
	e.Renewal = &became
}

// delay is after what time a credential that is not well is looked after again: sooner
// if its token ends sooner, or if another process may be able to.
func (w *Watcher) delay(e Event) time.Duration {
	delay := max(min(mostDelay, w.every()), leastDelay)
	if e.locked() && !w.Store.IsFile() {
		return jobEnds // another process may have the key
	}
	if r := e.Renewal; r != nil && r.Outcome == NotRenewed && !r.ExpiresAt.IsZero() {
		delay = min(delay, max(r.ExpiresAt.Sub(w.now())/4, jobEnds))
	}
	return delay
}

// next is when a credential is to be looked after: now if it is not known to work, else
// once its token is due, and at the latest when Every has passed since the last test. The names spread the tests over the
// last tenth of that time.
func (w *Watcher) next(r store.Record, now time.Time) time.Time {
	if w.Renewer.due(r, now) || r.LastVerdict != connector.VerdictAccepted || r.LastTestedAt.After(now) {
		return now
	}
	every := w.every()
	next := r.LastTestedAt.Add(every - time.Duration(float64(every)*0.1*spread(r.Name)))
	if !r.ExpiresAt.IsZero() {
		if due := r.ExpiresAt.Add(-connector.RenewalWindow(r.MadeAt(), r.ExpiresAt)); due.After(now) && due.Before(next) {
			next = due
		}
	}
	return next
}

// spread gives each name its own number from 0 to 1.
func spread(name string) float64 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name)) // it never fails
	return float64(h.Sum32()) / (1 << 32)
}

// known is how a credential is by its last test.
func known(r store.Record) Event {
	return Event{Name: r.Name, AccessKey: r.AccessKey, Report: &connector.Report{Verdict: r.LastVerdict, Code: r.LastCode}}
}
