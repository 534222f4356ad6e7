package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
)

func TestTheLastThirtyTestsAreKept(t *testing.T) {
	onEach(t, func(t *testing.T, p place) {
		s := three(t, p)
		if tests, err := s.History(ctx, "b"); tests != nil || err != nil {
			t.Errorf("%v, %v", tests, err)
		}
		cred, err := s.Credential(ctx, "b")
		ok(t, err)
		record, err := s.Show(ctx, "b")
		ok(t, err)
		begin := time.Now().Add(-time.Hour).UTC().Truncate(time.Microsecond)
		for n := range 40 {
			report := &connector.Report{Verdict: connector.VerdictRejected, Code: connector.ExpiredToken, TestedAt: begin.Add(time.Duration(n) * time.Minute)}
			if n%2 == 0 {
				report.Verdict, report.Code = connector.VerdictInconclusive, connector.ServiceUnavailable
				ok(t, s.RecordTest(ctx, cred, report))
				continue
			}
			ok(t, s.Tested(ctx, record, report, time.Hour))
		}
		// One that is older than what is known is no news.
		ok(t, s.Tested(ctx, record, &connector.Report{Verdict: connector.VerdictAccepted, Code: connector.OK, TestedAt: begin}, time.Hour))
		ok(t, replace(s, "b", token(1), token(7)))
		tests, err := p.open(t).History(ctx, "b")
		ok(t, err)
		if len(tests) != 30 || tests[0] != (store.Test{At: begin.Add(39 * time.Minute), Verdict: connector.VerdictRejected, Code: connector.ExpiredToken}) ||
			tests[29] != (store.Test{At: begin.Add(10 * time.Minute), Verdict: connector.VerdictInconclusive, Code: connector.ServiceUnavailable}) {
			t.Errorf("%d: %v", len(tests), tests)
		}
		p.change(t, `UPDATE connector_credentials SET history = '\x1b[31m' || history WHERE name = 'b'`)
		if tests, err := s.History(ctx, "b"); err != nil || len(tests) != 0 {
			t.Errorf("%v, %v", tests, err)
		}
		_, err = s.History(ctx, "z")
		fails(t, err, store.ErrNotFound)
	})
}

func TestEveryCodeFitsIntoTheHistory(t *testing.T) {
	p := onSQLite(t)
	s := three(t, p)
	cred, err := s.Credential(ctx, "a")
	ok(t, err)
	for n, info := range connector.Codes() {
		ok(t, s.RecordTest(ctx, cred, &connector.Report{Verdict: connector.VerdictNotTested, Code: info.Code, TestedAt: time.Now().Add(time.Duration(n-100) * time.Second)}))
		if tests, err := s.History(ctx, "a"); err != nil || len(tests) == 0 || tests[0].Code != info.Code {
			t.Errorf("%s: %v, %v", info.Code, fmt.Sprint(tests), err)
		}
	}
}
