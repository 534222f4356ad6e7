package store_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
	"github.com/100ms-connector/connector-go/fixtures"
)

func TestWhatIsDue(t *testing.T) {
	now := time.Date(2026, 11, 26, 10, 0, 0, 0, time.UTC)
	const day = 24 * time.Hour
	record := func(age, left time.Duration) store.Record {
		return store.Record{Kind: connector.KindManagement, IssuedAt: now.Add(-age), ExpiresAt: now.Add(left)}
	}
	with := func(r store.Record, change func(*store.Record)) store.Record {
		change(&r)
		return r
	}
	rejected := func(c connector.Code) func(*store.Record) {
		return func(r *store.Record) { r.LastVerdict, r.LastCode = connector.VerdictRejected, c }
	}
	for _, c := range []struct {
		name   string
		record store.Record
		want   bool
	}{
		{"a fresh token of a day", record(0, day), false},
		{"more than a third of a day is left", record(15*time.Hour, 9*time.Hour), false},
		{"a third of a day is left", record(16*time.Hour, 8*time.Hour), true},
		{"72 hours are left of two weeks", record(11*day, 3*day), true},
		{"more than 72 hours are left of two weeks", record(10*day, 4*day), false},
		{"it has expired", record(2*day, -day), true},
		{"without iat its life counts from nbf", with(record(0, 8*time.Hour), func(r *store.Record) {
			r.IssuedAt, r.NotBefore, r.SavedAt = time.Time{}, now.Add(-16*time.Hour), now
		}), true},
		{"without iat and nbf its life counts from when it was saved", with(record(0, 9*time.Hour), func(r *store.Record) {
			r.IssuedAt, r.SavedAt = time.Time{}, now.Add(-15*time.Hour)
		}), false},
		{"of an unknown age 72 hours count", with(record(0, 71*time.Hour), func(r *store.Record) { r.IssuedAt = time.Time{} }), true},
		{"it never expires", with(record(0, 0), func(r *store.Record) { r.ExpiresAt = time.Time{} }), false},
		{"it was refused", with(record(0, 7*day), rejected(connector.TokenRefused)), true},
		{"it may not do this", with(record(0, 7*day), rejected(connector.PermissionDenied)), false},
		{"the API was down", with(record(0, 7*day), func(r *store.Record) {
			r.LastVerdict, r.LastCode = connector.VerdictInconclusive, connector.ServiceUnavailable
		}), false},
		{"an app token that was not tested", with(record(0, 7*day), func(r *store.Record) { r.Kind = connector.KindApp }), true},
		{"an app token that the API accepts", with(record(0, 7*day), func(r *store.Record) {
			r.Kind, r.LastVerdict, r.LastCode = connector.KindApp, connector.VerdictAccepted, connector.OK
		}), false},
		{"a damaged record", store.Record{Kind: connector.KindUnknown, Damage: "its kind cannot be read"}, false},
	} {
		if got := c.record.Due(now); got != c.want {
			t.Errorf("%s: due is %v", c.name, got)
		}
	}
	if r := record(0, 2*day); r.Due(now) || !r.DueWithin(now, 2*day) || r.DueWithin(now, day) {
		t.Error("the time that was given does not count")
	}
}

func TestOfManyRenewersEachCredentialIsRenewedByOne(t *testing.T) {
	onEach(t, func(t *testing.T, p place) {
		const renewers, credentials = 12, 5
		s := p.open(t)
		short := fixtures.Management(fixtures.Workspace(), time.Now().Add(-50*time.Minute), time.Hour)
		names := []string{"a", "b", "c", "d", "e"}
		for _, name := range names {
			ok(t, s.Save(ctx, credential(name, connector.Secret(fixtures.Sign(fixtures.Workspace(), short.With("jti", name))))))
		}
		var all sync.WaitGroup
		var mu sync.Mutex
		renewed := map[string]connector.Secret{}
		begin := make(chan struct{})
		for n := range renewers {
			other := p.open(t)
			all.Go(func() {
				var read []*connector.Credential
				for c, err := range other.All(ctx) {
					if err != nil {
						t.Error(err)
						return
					}
					read = append(read, c)
				}
				<-begin // so that every one has read what none has renewed
				for _, c := range read {
					fresh := token(n)
					now, err := other.Replace(ctx, c, fresh)
					switch {
					case err == nil:
						mu.Lock()
						if renewed[c.Name] != "" {
							t.Errorf("%s was renewed twice", c.Name)
						}
						renewed[c.Name] = fresh
						mu.Unlock()
					case !errors.Is(err, store.ErrChanged):
						t.Error(err)
					}
					if now.Name != c.Name || now.Due(time.Now()) {
						t.Errorf("it is still due: %+v", now)
					}
				}
			})
		}
		time.AfterFunc(100*time.Millisecond, func() { close(begin) })
		all.Wait()
		if len(renewed) != credentials {
			t.Errorf("%d were renewed", len(renewed))
		}
		for name, value := range renewed {
			has(t, s, name, value)
		}
	})
}

func TestAVerdictIsKeptBesideWhatWasTestedAlone(t *testing.T) {
	k := fixtures.Workspace()
	claims := fixtures.Management(k, started, time.Hour)
	good := connector.Secret(fixtures.Sign(k, claims))
	forged := connector.Secret(fixtures.Sign(fixtures.OtherWorkspace(), claims))
	const junk = connector.Secret("certainly-not-a-token")
	onEach(t, func(t *testing.T, p place) {
		for _, c := range []struct {
			name        string
			tested, now connector.Secret
			want        error
		}{
			{"the value is the same", good, good, nil},
			{"the same value was pasted with a blank", " " + good, good, nil},
			{"the same claims have another signature", forged, good, store.ErrChanged},
			{"what was no token is a live one now", junk, good, store.ErrChanged},
			{"what was a token is none now", good, junk, store.ErrChanged},
		} {
			s := p.open(t)
			ok(t, s.Save(ctx, credential("prod", c.tested)))
			tested, err := s.Credential(ctx, "prod")
			ok(t, err)
			report := (&connector.Tester{Offline: true}).Test(ctx, tested)
			report.Verdict, report.Code = connector.VerdictRejected, connector.SignatureRejected
			ok(t, s.Edit(ctx, "prod", store.Changes{APIKeyValue: &c.now}))
			if c.want == nil {
				ok(t, s.RecordTest(ctx, tested, report))
			} else {
				fails(t, s.RecordTest(ctx, tested, report), c.want)
			}
			if r, err := s.Show(ctx, "prod"); err != nil || (r.LastVerdict == "") != (c.want != nil) {
				t.Errorf("%s: %+v, %v", c.name, r, err)
			}
			ok(t, s.Delete(ctx, "prod"))
		}
	})
}

func TestATestFromAClockThatWasAheadDoesNotStay(t *testing.T) {
	onEach(t, func(t *testing.T, p place) {
		s := p.open(t)
		tested := credential("prod", token(1))
		ok(t, s.Save(ctx, tested))
		ahead := report(connector.VerdictRejected, connector.TokenRefused, token(1))
		ahead.TestedAt = ahead.TestedAt.AddDate(1, 0, 0)
		ok(t, s.RecordTest(ctx, tested, ahead))
		now := report(connector.VerdictAccepted, connector.OK, token(1))
		ok(t, s.RecordTest(ctx, tested, now))
		if r, err := s.Show(ctx, "prod"); err != nil || r.LastVerdict != connector.VerdictAccepted || !r.LastTestedAt.Equal(now.TestedAt) {
			t.Errorf("%+v, %v", r, err)
		}
	})
}
