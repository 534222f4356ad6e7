package connector_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/fixtures"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

// crowd is n live credentials, the i-th named i.
func crowd(n int) iter.Seq[*connector.Credential] {
	token := liveToken()
	return func(yield func(*connector.Credential) bool) {
		for i := range n {
			if !yield(&connector.Credential{Name: fmt.Sprint(i), APIKeyValue: connector.Secret(token)}) {
				return
			}
		}
	}
}

func TestTheProbeIsOneHarmlessCall(t *testing.T) {
	t.Parallel()
	api := new(sandbox.Sandbox)
	var seen []*http.Request
	base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r)
		api.ServeHTTP(w, r)
	}))
	token := liveToken()
	tester := connector.Tester{BaseURL: base + "/", Transport: newTransport(t), Timeout: ample}
	for range 2 {
		r := tester.Test(context.Background(), named("Bearer "+token+"\r\n"))
		expect(t, r, connector.VerdictAccepted, connector.OK, connector.ConfirmedByServer)
		sound(t, r, token)
		if r.Server.Status != 200 || r.Server.Attempts != 1 || r.Server.RequestID == "" || r.Token.Kind != connector.KindManagement {
			t.Errorf("%+v %+v", r.Server, r.Token)
		}
	}
	if len(seen) != 2 {
		t.Fatalf("%d requests for 2 tests", len(seen))
	}
	names := map[string]bool{}
	for _, r := range seen {
		name := r.URL.Query().Get("name")
		names[name] = true
		// The documented minimum, and a name that no room has: no customer data is read.
		if r.Method != "GET" || r.URL.Path != "/v2/rooms" || r.URL.Query().Get("limit") != "10" || len(r.URL.Query()) != 2 ||
			!regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(name) {
			t.Errorf("the call is %s %s", r.Method, r.URL)
		}
		if r.Header.Get("Authorization") != "Bearer "+token || r.Header.Get("Accept") != "application/json" || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("the headers are %v", r.Header)
		}
		if strings.Contains(r.URL.String(), token[:20]) {
			t.Error("the token stands in the URL, where every proxy logs it")
		}
	}
	if len(names) != 2 {
		t.Error("two probes asked for the same name")
	}
}

func TestWhatCannotBeATokenIsNeverSent(t *testing.T) {
	t.Parallel()
	api := new(sandbox.Sandbox)
	tester := connector.Tester{BaseURL: serve(t, api), Transport: newTransport(t), Timeout: ample}
	never := []string{"not_a_token", "malformed_token", "unsupported_algorithm"}
	n := 0
	for _, c := range fixtures.Cases(time.Now()) {
		if slices.Contains(never, c.Tested) && c.Name != "exp-duration" && c.Name != "exp-before-iat" { // servers differ about those
			n++
			r := tester.Test(context.Background(), named(c.Value))
			if string(r.Code) != c.Tested || r.Server != nil || r.ConfirmedBy != connector.ConfirmedByClaims {
				t.Errorf("%s: %s by %q, server %+v", c.Name, r.Code, r.ConfirmedBy, r.Server)
			}
		}
	}
	if n < 10 || api.Requests() != 0 {
		t.Errorf("%d requests for %d values that are no tokens", api.Requests(), n)
	}
}

func TestOfflineAsksNobody(t *testing.T) {
	tester := connector.Tester{Offline: true, BaseURL: "not even a URL", Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		t.Error("a call was made")
		return nil, errors.New("offline")
	})}
	for _, tester := range []*connector.Tester{&tester, {Offline: true}} {
		token := liveToken()
		r := tester.Test(context.Background(), named(token))
		expect(t, r, connector.VerdictNotTested, connector.Untested, "")
		sound(t, r, token)
		expect(t, tester.Test(context.Background(), named(appToken())), connector.VerdictRejected, connector.WrongTokenType, connector.ConfirmedByClaims)
		expect(t, tester.Test(context.Background(), named(expiredToken())), connector.VerdictRejected, connector.ExpiredToken, connector.ConfirmedByClaims)
		expect(t, tester.Test(context.Background(), new(connector.Credential)), connector.VerdictRejected, connector.NotAToken, connector.ConfirmedByClaims)
	}
}

func TestANilCredentialIsAnEmptyOne(t *testing.T) {
	defer func() {
		if v := recover(); v != nil {
			t.Error("it panics, and in TestAll nobody could recover:", v)
		}
	}()
	r := (&connector.Tester{Offline: true}).Test(context.Background(), nil)
	expect(t, r, connector.VerdictRejected, connector.NotAToken, connector.ConfirmedByClaims)
}

func TestNoCredentialsGiveNoReports(t *testing.T) {
	for _, creds := range []iter.Seq[*connector.Credential]{crowd(0), slices.Values([]*connector.Credential(nil))} {
		for r := range new(connector.Tester).TestAll(context.Background(), creds) {
			t.Errorf("a report of nothing: %+v", r)
		}
	}
}

func TestReportsComeInTheOrderOfTheCredentials(t *testing.T) {
	t.Parallel()
	var nth atomic.Int64
	api := new(sandbox.Sandbox)
	base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(time.Duration(nth.Add(1)*7%13) * time.Millisecond) // so that they end in another
		api.ServeHTTP(w, r)
	}))
	tester := connector.Tester{BaseURL: base, Transport: newTransport(t), Timeout: ample, Concurrency: 7}
	all := tester.TestAll(context.Background(), crowd(60))
	if nth.Load() != 0 {
		t.Error("it began before anybody asked")
	}
	for range 2 { // a sequence can be run again
		i := 0
		for r := range all {
			if r.Name != fmt.Sprint(i) || r.Verdict != connector.VerdictAccepted {
				t.Fatalf("report %d is of %s: %s (%s)", i, r.Name, r.Code, r.Message)
			}
			i++
		}
		if i != 60 {
			t.Errorf("%d reports of 60 credentials", i)
		}
	}
}

// counting counts what a server sees at once, and its connections in all.
type counting struct {
	mu           sync.Mutex
	inFlight     int
	most         int
	requests     int
	conns        atomic.Int64
	together     int           // the first so many requests wait for each other
	allTogether  chan struct{} // closed when they have come
	togetherOnce sync.Once
}

func (c *counting) enter() (nth int) {
	c.mu.Lock()
	c.inFlight++
	c.requests++
	nth, c.most = c.requests, max(c.most, c.inFlight)
	c.mu.Unlock()
	if nth >= c.together {
		c.togetherOnce.Do(func() { close(c.allTogether) })
	}
	select {
	case <-c.allTogether:
	case <-time.After(ample): // the test then finds too few at once
	}
	return nth
}

func (c *counting) leave() {
	c.mu.Lock()
	c.inFlight--
	c.mu.Unlock()
}

// serveCounting serves answer, and lets the first requests wait until as many
// are under way as may be. That makes the count of connections exact: without
// it, net/http may dial one for a request that then gets another's.
func serveCounting(t *testing.T, together int, answer func(nth int, w http.ResponseWriter, r *http.Request)) (*counting, string) {
	c := &counting{together: together, allTogether: make(chan struct{})}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		nth := c.enter()
		defer c.leave()
		answer(nth, w, r)
	}))
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			c.conns.Add(1)
		}
	}
	srv.Start()
	t.Cleanup(srv.Close)
	return c, srv.URL + "/v2"
}

func TestNoMoreTestsRunAtOnceThanAllowedAndNoFewer(t *testing.T) {
	t.Parallel()
	for given, want := range map[int]int{1: 1, 3: 3, 0: 8, -1: 8} {
		api := new(sandbox.Sandbox)
		c, base := serveCounting(t, want, func(_ int, w http.ResponseWriter, r *http.Request) {
			time.Sleep(time.Millisecond)
			api.ServeHTTP(w, r)
		})
		tester := connector.Tester{BaseURL: base, Transport: newTransport(t), Timeout: time.Minute, Concurrency: given}
		for r := range tester.TestAll(context.Background(), crowd(40)) {
			if r.Verdict != connector.VerdictAccepted {
				t.Fatalf("%s (%s)", r.Code, r.Message)
			}
		}
		if c.most != want || c.requests != 40 {
			t.Errorf("concurrency %d: %d at once of %d, want %d", given, c.most, c.requests, want)
		}
	}
}

// A retrying client that closes the idle connections of all others at each
// final failure made a batch six times slower.
func TestConnectionsAreKeptAlsoWhereTestsFail(t *testing.T) {
	t.Parallel()
	const concurrency, n = 6, 300
	good, bad := liveToken(), fixtures.Sign(fixtures.OtherWorkspace(), fixtures.Management(fixtures.OtherWorkspace(), time.Now(), time.Hour))
	creds := func(yield func(*connector.Credential) bool) {
		for i := range n {
			token := good
			if i%10 == 9 {
				token = bad
			}
			if !yield(named(token)) {
				return
			}
		}
	}
	for _, c := range []struct {
		name string
		fail func(w http.ResponseWriter) // what one in ten gets, at every attempt
		want connector.Code
	}{
		{"one in ten gets a 503", func(w http.ResponseWriter) {
			w.Header().Set("Retry-After", "0") // no pause, for the test's sake
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprint(w, `{"code":503,"message":"service unavailable"}`)
		}, connector.ServiceUnavailable},
		{"one in ten gets a 401", func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"code":401,"message":"Token validation error"}`)
		}, connector.TokenRefused},
		{"one in ten gets a page almost as large as is read", func(w http.ResponseWriter) {
			fmt.Fprint(w, "<html>"+strings.Repeat(" ", 60<<10))
		}, connector.UnexpectedResponse},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			count, base := serveCounting(t, concurrency, func(_ int, w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Authorization") == "Bearer "+bad {
					c.fail(w)
					return
				}
				new(sandbox.Sandbox).ServeHTTP(w, r)
			})
			tester := connector.Tester{BaseURL: base, Transport: newTransport(t), Timeout: time.Minute, Concurrency: concurrency, Retries: 2}
			ended := map[connector.Code]int{}
			for r := range tester.TestAll(context.Background(), creds) {
				ended[r.Code]++
			}
			if ended[connector.OK] != n-n/10 || ended[c.want] != n/10 {
				t.Fatalf("they ended as %v", ended)
			}
			// One for each worker; net/http gives up a few more on a busy machine,
			// where a write is not noted within 50 ms.
			if conns := count.conns.Load(); conns > 2*concurrency {
				t.Errorf("%d connections for %d requests of %d workers", conns, count.requests, concurrency)
			}
		})
	}
}

func TestTestersWithoutATransportShareOne(t *testing.T) {
	count, base := serveCounting(t, 1, func(_ int, w http.ResponseWriter, r *http.Request) { new(sandbox.Sandbox).ServeHTTP(w, r) })
	for range 5 {
		tester := connector.Tester{BaseURL: base, Timeout: ample}
		expect(t, tester.Test(context.Background(), named(liveToken())), connector.VerdictAccepted, connector.OK, connector.ConfirmedByServer)
	}
	if conns := count.conns.Load(); conns != 1 {
		t.Errorf("%d connections for 5 testers, one after the other", conns)
	}
}

func TestATesterMayBeUsedAtOnceByMany(t *testing.T) {
	t.Parallel()
	tester := connector.Tester{BaseURL: serve(t, new(sandbox.Sandbox)), Transport: newTransport(t), Timeout: ample}
	var users sync.WaitGroup
	for range 16 {
		users.Add(1)
		go func() {
			defer users.Done()
			for token, want := range map[string]connector.Code{liveToken(): connector.OK, appToken(): connector.WrongTokenType, expiredToken(): connector.ExpiredToken} {
				if r := tester.Test(context.Background(), named(token)); r.Code != want {
					t.Errorf("%s, want %s", r.Code, want)
				}
			}
		}()
	}
	users.Wait()
}

// endless never stops by itself, and counts what was taken of it. The first
// twenty are good, all others bad.
func endless(good, bad string, taken *atomic.Int64) iter.Seq[*connector.Credential] {
	return func(yield func(*connector.Credential) bool) {
		for token := good; yield(named(token)); {
			if taken.Add(1) >= 20 {
				token = bad
			}
		}
	}
}

func TestACallerMayStopEarly(t *testing.T) {
	t.Parallel()
	const concurrency = 4
	api := new(sandbox.Sandbox)
	good, bad := liveToken(), expiredToken()
	hanging := make(chan struct{}, concurrency)
	base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer "+bad { // these hang, and must not hold up the end
			hanging <- struct{}{}
			<-r.Context().Done()
			return
		}
		api.ServeHTTP(w, r)
	}))
	var taken atomic.Int64
	tester := connector.Tester{BaseURL: base, Transport: newTransport(t), Timeout: time.Minute, Concurrency: concurrency}
	var began time.Time
	n := 0
	for range tester.TestAll(context.Background(), endless(good, bad, &taken)) {
		if n++; n == 5 {
			for range concurrency {
				<-hanging
			}
			began = time.Now()
			break
		}
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("stopping took %s", took)
	}
	// All of it is over when the loop is: nothing more is taken.
	atEnd := taken.Load()
	time.Sleep(20 * time.Millisecond)
	if now := taken.Load(); now != atEnd || now > 1000 {
		t.Errorf("%d credentials were taken for 5 reports, and %d later", atEnd, now)
	}
}

func TestACallersPanicLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	var taken atomic.Int64
	tester := connector.Tester{BaseURL: serve(t, new(sandbox.Sandbox)), Transport: newTransport(t), Timeout: ample}
	defer func() {
		if recover() != "the caller's" {
			t.Error("the caller's panic is lost")
		}
		atEnd := taken.Load()
		time.Sleep(20 * time.Millisecond)
		if taken.Load() != atEnd {
			t.Error("it goes on behind the panic")
		}
	}()
	for range tester.TestAll(context.Background(), endless(liveToken(), liveToken(), &taken)) {
		panic("the caller's")
	}
}

// Ctrl-C: what was tested stays, what was not is said to be canceled, and all
// of it ends at once.
func TestACancelMidWayEndsAllTestsAtOnce(t *testing.T) {
	t.Parallel()
	const good, concurrency = 10, 4
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var nth atomic.Int64
	var canceled atomic.Pointer[time.Time]
	api := new(sandbox.Sandbox)
	base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := nth.Add(1)
		if n == good+concurrency { // all that may be under way hang
			now := time.Now()
			canceled.Store(&now)
			cancel()
		}
		if n > good {
			<-r.Context().Done()
			return
		}
		api.ServeHTTP(w, r)
	}))
	tester := connector.Tester{BaseURL: base, Transport: newTransport(t), Timeout: time.Minute, Concurrency: concurrency}
	count := map[connector.Code]int{}
	n := 0
	for r := range tester.TestAll(ctx, crowd(100)) {
		n++
		count[r.Code]++
		if r.Code == connector.Canceled && r.Verdict != connector.VerdictInconclusive {
			t.Errorf("canceled is %s", r.Verdict)
		}
	}
	if took := time.Since(*canceled.Load()); took > 10*time.Second {
		t.Errorf("the end came %s behind the cancel", took)
	}
	if n != 100 || count[connector.OK] != good || count[connector.Canceled] != 100-good {
		t.Errorf("%d reports: %v; want %d ok and the others canceled", n, count, good)
	}
}

func TestTestAllTellsEveryKindOfCredentialApart(t *testing.T) {
	t.Parallel()
	tester := connector.Tester{BaseURL: serve(t, new(sandbox.Sandbox)), Transport: newTransport(t), Timeout: ample}
	cases := fixtures.Cases(time.Now())
	creds := func(yield func(*connector.Credential) bool) {
		for _, c := range cases {
			if !yield(&connector.Credential{Name: c.Name, APIKeyValue: connector.Secret(c.Value)}) {
				return
			}
		}
	}
	i := 0
	for r := range tester.TestAll(context.Background(), creds) {
		if c := cases[i]; string(r.Code) != c.Tested || !slices.Equal(codes(r.Also), c.Also) {
			t.Errorf("%s: %s, also %v; want %s, also %v", c.Name, r.Code, r.Also, c.Tested, c.Also)
		}
		i++
	}
	if i != len(cases) {
		t.Errorf("%d reports of %d credentials", i, len(cases))
	}
}

// TestPanicsAreTheCallers: who ranges can recover, for no goroutine of TestAll
// ends the process.
func TestPanicsAreTheCallers(t *testing.T) {
	t.Parallel()
	base := serve(t, new(sandbox.Sandbox))
	for _, c := range []struct {
		name      string
		transport http.RoundTripper
		creds     iter.Seq[*connector.Credential]
	}{
		{"the sequence", newTransport(t), func(yield func(*connector.Credential) bool) {
			if yield(named(liveToken())) {
				panic("theirs")
			}
		}},
		{"the transport", roundTrip(func(*http.Request) (*http.Response, error) { panic("theirs") }), crowd(100)},
	} {
		t.Run(c.name, func(t *testing.T) {
			tester := connector.Tester{BaseURL: base, Transport: c.transport, Timeout: ample}
			defer func() {
				if got := recover(); got != "theirs" {
					t.Errorf("recovered %v", got)
				}
			}()
			for range tester.TestAll(context.Background(), c.creds) {
			}
			t.Error("the panic is lost")
		})
	}
}

// TestAGoexitIsTheCallers: testing.T.FailNow in a fake transport ends the test that
// uses it, and does not hang it.
func TestAGoexitIsTheCallers(t *testing.T) {
	t.Parallel()
	exits := roundTrip(func(*http.Request) (*http.Response, error) {
		runtime.Goexit()
		return nil, nil
	})
	for name, do := range map[string]func(){
		"the transport, of one test": func() {
			(&connector.Tester{Transport: exits}).Test(context.Background(), named(liveToken()))
		},
		"the transport, of many": func() {
			for range (&connector.Tester{Transport: exits}).TestAll(context.Background(), crowd(100)) {
			}
		},
		"the transport, of more than fit in the queue": func() {
			for range (&connector.Tester{Transport: exits, Concurrency: 1}).TestAll(context.Background(), crowd(1000)) {
			}
		},
		"the sequence": func() {
			for range (&connector.Tester{Offline: true}).TestAll(context.Background(), func(yield func(*connector.Credential) bool) {
				if yield(named(liveToken())) {
					runtime.Goexit()
				}
			}) {
			}
		},
		"Progress": func() {
			for range (&connector.Tester{Offline: true, Progress: func(*connector.Credential, connector.Check) { runtime.Goexit() }}).TestAll(context.Background(), crowd(10)) {
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ended, wentOn := make(chan struct{}), false
			go func() {
				defer close(ended)
				do()
				wentOn = true
			}()
			select {
			case <-ended:
				if wentOn {
					t.Error("the Goexit is lost")
				}
			case <-time.After(ample):
				t.Fatal("it hangs")
			}
		})
	}
}

// steps writes down what Progress is given.
func steps(seen *[]string) func(*connector.Credential, connector.Check) {
	var mu sync.Mutex
	return func(cred *connector.Credential, c connector.Check) {
		mu.Lock()
		defer mu.Unlock()
		*seen = append(*seen, fmt.Sprintf("%s: %s %s", cred.Name, c.Name, c.Status))
	}
}

func TestProgressTellsEachCheckAsItEnds(t *testing.T) {
	t.Parallel()
	before := []string{"synthetic: document pass", "synthetic: token_shape pass", "synthetic: token_type pass", "synthetic: token_lifetime pass"}
	after := []string{"synthetic: reachable pass", "synthetic: authenticated pass", "synthetic: permitted pass"}
	var seen []string
	base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !slices.Equal(seen, before) {
			t.Errorf("before the call came %q, want %q", seen, before)
		}
		new(sandbox.Sandbox).ServeHTTP(w, r)
	}))
	tester := connector.Tester{BaseURL: base, Transport: newTransport(t), Timeout: ample, Progress: steps(&seen)}
	tester.Test(context.Background(), named(liveToken()))
	if want := slices.Concat(before, after); !slices.Equal(seen, want) {
		t.Errorf("%q\nwant %q", seen, want)
	}

	// What the answer changes comes again: an app token that the API takes.
	seen = nil
	tester.BaseURL = serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"limit":10,"data":[],"last":""}`)
	}))
	tester.Test(context.Background(), named(appToken()))
	if want := slices.Concat(
		[]string{"synthetic: document pass", "synthetic: token_shape pass", "synthetic: token_type fail", "synthetic: token_lifetime pass", "synthetic: token_type warn"}, after,
	); !slices.Equal(seen, want) {
		t.Errorf("%q\nwant %q", seen, want)
	}

	// Without a call they come at once, and of many tests each is told apart.
	seen = nil
	offline := connector.Tester{Offline: true, Progress: steps(&seen)}
	for range offline.TestAll(context.Background(), crowd(3)) {
	}
	for i := range 3 {
		if !slices.Contains(seen, fmt.Sprintf("%d: permitted skip", i)) || len(seen) != 21 {
			t.Errorf("%q", seen)
		}
	}
}

func TestATesterTakesAClock(t *testing.T) {
	t.Parallel()
	later := time.Now().Add(8 * 24 * time.Hour)
	tester := connector.Tester{Offline: true, Now: func() time.Time { return later }}
	r := tester.Test(context.Background(), named(liveToken()))
	expect(t, r, connector.VerdictRejected, connector.ExpiredToken, connector.ConfirmedByClaims)
	if !r.TestedAt.Equal(later.UTC().Truncate(time.Second)) {
		t.Errorf("tested at %s", r.TestedAt)
	}
	// The API's clock is compared with the same.
	tester = connector.Tester{BaseURL: serve(t, new(sandbox.Sandbox)), Transport: newTransport(t), Timeout: ample, Now: tester.Now}
	r = tester.Test(context.Background(), named(liveToken()))
	if r.Server == nil || r.Server.ClockOffset > -7*24*3600 {
		t.Errorf("%+v", r.Server)
	}
}

func TestTheProbeNamesTheConnector(t *testing.T) {
	t.Parallel()
	var agent string
	base := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { agent = r.UserAgent() }))
	(&connector.Tester{BaseURL: base, Transport: newTransport(t), Timeout: ample}).Test(context.Background(), named(liveToken()))
	if !regexp.MustCompile(`^connector-go/[0-9A-Za-z.+-]+$`).MatchString(agent) {
		t.Errorf("the User-Agent is %q", agent)
	}
}

// TestWhatOneServerSentIsNotInTheNextReport: bytes that come late are read as the
// answer to the next test, whose own secrets are others.
func TestWhatOneServerSentIsNotInTheNextReport(t *testing.T) {
	t.Parallel()
	first := liveToken()
	_, signature, _ := strings.Cut(first[strings.Index(first, ".")+1:], ".")
	for name, late := range map[string]string{
		"a status":       "HTTP/1.1 " + signature + "\r\n\r\n",
		"a protocol":     signature + " 200 OK\r\n\r\n",
		"a header":       "HTTP/1.1 200 OK\r\n" + signature + "\r\n\r\n",
		"a length":       "HTTP/1.1 200 OK\r\nContent-Length: " + signature + "\r\n\r\n",
		"an encoding":    "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + signature + "\r\n\r\n",
		"a chunk":        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + signature + "\r\n",
		"a trailer":      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + signature + "\r\n\r\n",
		"an address":     "HTTP/1.1 302 Found\r\nLocation: http://[" + signature + "\r\nContent-Length: 0\r\n\r\n",
		"another host":   "HTTP/1.1 302 Found\r\nLocation: http://" + signature + ".example/\r\nContent-Length: 0\r\n\r\n",
		"another scheme": "HTTP/1.1 302 Found\r\nLocation: " + signature + "://x\r\nContent-Length: 0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// As the second answer on a connection, where the first was good.
			answers := make(chan string, 2)
			answers <- good
			answers <- late
			h := listen(t, afterRequest(func(c net.Conn, _ *http.Request) {
				select {
				case answer := <-answers:
					io.WriteString(c, answer)
				default:
					c.Close()
				}
			}))
			tester := connector.Tester{BaseURL: "http://" + h.Addr().String() + "/v2", Transport: newTransport(t), Timeout: ample, Retries: once}
			expect(t, tester.Test(context.Background(), named(first)), connector.VerdictAccepted, connector.OK, connector.ConfirmedByServer)
			second := fixtures.Sign(fixtures.Workspace(), fixtures.Management(fixtures.Workspace(), time.Now(), 3*time.Hour))
			r := tester.Test(context.Background(), named(second))
			if r.Code != connector.UnexpectedResponse && r.Code != connector.NetworkFailure && r.Code != connector.Redirected {
				t.Errorf("%s (%s)", r.Code, r.Message)
			}
			sound(t, r, signature)
		})
	}
}

func TestNoSequenceGivesNoReports(t *testing.T) {
	for r := range new(connector.Tester).TestAll(context.Background(), nil) {
		t.Errorf("%+v", r)
	}
}

// TestATransportThatBreaksItsContractIsTheEnvironmentsFault: net/http looks for
// this only above the place at which a Tester reads.
func TestATransportThatBreaksItsContractIsTheEnvironmentsFault(t *testing.T) {
	t.Parallel()
	for name, transport := range map[string]roundTrip{
		"neither an answer nor an error": func(*http.Request) (*http.Response, error) { return nil, nil },
		"an answer without a body": func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Header: http.Header{}}, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			token := liveToken()
			r := (&connector.Tester{Transport: transport, Retries: -1, Timeout: ample}).Test(context.Background(), named(token))
			expect(t, r, connector.VerdictInconclusive, connector.NetworkFailure, "")
			sound(t, r, token)
		})
	}
}

// TestAReportSurvivesItsJSON: it may be kept in a queue or a database on its way
// to who looks at it.
func TestAReportSurvivesItsJSON(t *testing.T) {
	t.Parallel()
	tester := connector.Tester{BaseURL: serve(t, new(sandbox.Sandbox)), Transport: newTransport(t), Timeout: ample}
	endless := fixtures.Sign(fixtures.Workspace(), fixtures.Management(fixtures.Workspace(), time.Now(), time.Hour).Without("exp"))
	for _, token := range []string{liveToken(), expiredToken(), appToken(), endless, "not a token"} {
		report := tester.Test(context.Background(), named(token))
		before, err := json.Marshal(report)
		if err != nil {
			t.Fatal(err)
		}
		var kept connector.Report
		if err := json.Unmarshal(before, &kept); err != nil {
			t.Fatal(err)
		}
		after, err := json.Marshal(kept)
		if err != nil || string(after) != string(before) {
			t.Errorf("before %s\nafter %s (%v)", before, after, err)
		}
		if (kept.Token == nil) != (report.Token == nil) || kept.Token != nil && !kept.Token.Readable() {
			t.Errorf("%+v", kept.Token)
		}
		if kept.Token != nil && !slices.Equal(kept.Token.Findings(0), report.Token.Findings(0)) {
			t.Errorf("before %v, after %v", report.Token.Findings(0), kept.Token.Findings(0))
		}
	}
	var alone connector.Token // as connector inspect prints it
	if err := json.Unmarshal([]byte(`{"issued_at":"2026-11-01T10:00:00Z"}`), &alone); err != nil || slices.Contains(alone.Findings(0), connector.TokenNotYetValid) {
		t.Errorf("%v %v", alone.Findings(0), err)
	}
}

// TestAKeyOfAnotherWorkspaceIsSaid: which of two workspaces is meant is then the
// question.
func TestAKeyOfAnotherWorkspaceIsSaid(t *testing.T) {
	t.Parallel()
	refusing := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }))
	other := &connector.SigningKey{AccessKey: strings.Repeat("b", 24), AppSecret: connector.Secret(fixtures.Workspace().AppSecret)}
	token := liveToken()
	for base, code := range map[string]connector.Code{refusing: connector.TokenRefused, serve(t, new(sandbox.Sandbox)): connector.OK} {
		tester := connector.Tester{BaseURL: base, Transport: newTransport(t), Timeout: ample, Key: other}
		r := tester.Test(context.Background(), named(token))
		sound(t, r, token, fixtures.Workspace().AppSecret)
		if r.Code != code || !strings.Contains(r.Checks[1].Detail, "not checked") {
			t.Errorf("%s: %+v", r.Code, r.Checks[1])
		}
		if code == connector.TokenRefused && !strings.Contains(r.Remedy, other.AccessKey) {
			t.Error(r.Remedy)
		}
		if code == connector.OK && !strings.Contains(r.Message, "belongs to another access key") {
			t.Error(r.Message)
		}
	}
}

func TestTooManyAtOnceAreFewer(t *testing.T) {
	t.Parallel()
	tester := connector.Tester{Offline: true, Concurrency: int(^uint(0) >> 1)}
	n := 0
	for range tester.TestAll(context.Background(), crowd(10)) {
		n++
	}
	if n != 10 {
		t.Errorf("%d reports", n)
	}
}
