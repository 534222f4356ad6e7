package exchange_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/fixtures"
)

func refuse(w http.ResponseWriter, status int, message string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"code":%d,"message":%q}`, status, message)
}

// hang up ends the connection in the middle of an answer.
func cut(w http.ResponseWriter) {
	w.Header().Set("Content-Length", "1000")
	fmt.Fprint(w, `{"limit":100,"data":[{"id":"`)
	http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// TestWhatPassesIsWaitedFor puts one bad answer in the place of the second page.
func TestWhatPassesIsWaitedFor(t *testing.T) {
	for _, c := range []struct {
		name    string
		answer  func(w http.ResponseWriter)
		atLeast time.Duration
	}{
		{"500", func(w http.ResponseWriter) { refuse(w, 500, "internal") }, 0},
		{"503 with Retry-After", func(w http.ResponseWriter) { w.Header().Set("Retry-After", "1"); refuse(w, 503, "busy") }, time.Second},
		{"429 with Retry-After", func(w http.ResponseWriter) { w.Header().Set("Retry-After", "1"); refuse(w, 429, "slow down") }, time.Second},
		{"429 in words", func(w http.ResponseWriter) { refuse(w, 429, "rate limit exceeded, retry after 1 seconds") }, time.Second},
		{"429 without a time", func(w http.ResponseWriter) { refuse(w, 429, "slow down") }, 0},
		{"an answer that is cut", cut, 0},
		{"a connection that is reset", func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.fill("/rooms", 150, nil)
			s.answer = func(n int, w http.ResponseWriter, _ *http.Request) bool {
				if n == 2 {
					c.answer(w)
				}
				return n == 2
			}
			begun := time.Now()
			g := read(t, s.source(), "rooms", "", all)
			if g.err != nil || len(g.keys) != 300 || len(s.calls) != 5 {
				t.Errorf("%d records in %d calls, %v", len(g.keys), len(s.calls), g.err)
			}
			if took := time.Since(begun); took < c.atLeast {
				t.Errorf("it waited %v", took)
			}
		})
	}
}

// TestPatienceEndsAndTheStateIsKept never gives the second page.
func TestPatienceEndsAndTheStateIsKept(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer func(w http.ResponseWriter)
		code   connector.Code
	}{
		{"500 for ever", func(w http.ResponseWriter) { refuse(w, 500, "internal") }, connector.ServiceUnavailable},
		{"429 that asks for more than the patience", func(w http.ResponseWriter) { w.Header().Set("Retry-After", "3600"); refuse(w, 429, "slow down") }, connector.RateLimited},
		{"cut for ever", cut, connector.NetworkFailure},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.fill("/rooms", 150, nil)
			broken := true
			s.answer = func(n int, w http.ResponseWriter, _ *http.Request) bool {
				if n > 1 && broken {
					c.answer(w)
				}
				return n > 1 && broken
			}
			source := s.source()
			source.Patience = 300 * time.Millisecond
			g := read(t, source, "rooms", "", all)
			fault, ok := errors.AsType[*exchange.Error](g.err)
			if !ok || !errors.Is(g.err, c.code) || fault.Rejected() || len(g.keys) != 100 {
				t.Fatalf("%d records, %v", len(g.keys), g.err)
			}
			s.mu.Lock()
			broken = false
			s.mu.Unlock()
			if rest := read(t, source, "rooms", g.state, all); rest.err != nil || len(rest.keys) != 200 {
				t.Errorf("afterwards %d records, %v", len(rest.keys), rest.err)
			}
		})
	}
}

// TestAnAddressThatNeverAnsweredIsNotWaitedFor is about a mistaken address.
func TestAnAddressThatNeverAnsweredIsNotWaitedFor(t *testing.T) {
	s := newServer(t)
	source := s.source()
	source.Patience = time.Minute
	s.Close()
	begun := time.Now()
	if g := read(t, source, "rooms", "", all); !errors.Is(g.err, connector.ConnectionRefused) || time.Since(begun) > 10*time.Second {
		t.Errorf("after %v: %v", time.Since(begun), g.err)
	}
}

// TestATokenThatDiesEndsTheReadAsATestWould refuses the token from the second page on.
func TestATokenThatDiesEndsTheReadAsATestWould(t *testing.T) {
	s := newServer(t)
	s.fill("/rooms", 150, nil)
	s.answer = func(n int, w http.ResponseWriter, _ *http.Request) bool {
		if n > 1 {
			refuse(w, 401, "token is expired by 1h2m3s")
		}
		return n > 1
	}
	source := s.source()
	g := read(t, source, "rooms", "", all)
	tested := (&connector.Tester{BaseURL: s.URL + "/v2"}).Test(context.Background(), &connector.Credential{Name: "a", APIKeyValue: connector.Secret(live)})
	fault, ok := errors.AsType[*exchange.Error](g.err)
	if !ok || !fault.Rejected() || !errors.Is(g.err, connector.ExpiredToken) || fault.Report.Message != tested.Message || fault.Remedy() != tested.Remedy {
		t.Errorf("%v; a test says %s", g.err, tested.Message)
	}
	if len(s.calls) != 3 || len(g.keys) != 100 || g.state == "" { // one of them the test's
		t.Errorf("%d records in %d calls", len(g.keys), len(s.calls))
	}
}

// rotating is an API that knows a token for some calls only.
func rotating(s *server, calls int, status int) {
	known, left := "", 0
	refused := map[string]bool{}
	s.answer = func(_ int, w http.ResponseWriter, r *http.Request) bool {
		token := r.Header.Get("Authorization")
		if token != known && !refused[token] {
			known, left = token, calls
		}
		if left--; left < 0 {
			refused[token] = true
		}
		switch {
		case !refused[token]:
			return false
		case strings.Contains(r.URL.Path, "analytics"):
			refuse(w, status, "insufficient permissions")
		default:
			refuse(w, 401, "Token validation error")
		}
		return true
	}
}

// TestAMintedTokenThatIsRefusedIsReplacedOnce lets the API forget a token after two calls.
func TestAMintedTokenThatIsRefusedIsReplacedOnce(t *testing.T) {
	key := connector.SigningKey{AccessKey: fixtures.Workspace().AccessKey, AppSecret: connector.Secret(fixtures.Workspace().AppSecret)}
	for _, c := range []struct {
		stream, path string
		calls, want  int
	}{{"rooms", "/rooms", 2, 1100}, {"feedback", "/analytics/feedback", 2, 550}} {
		t.Run(c.stream, func(t *testing.T) {
			s := newServer(t)
			s.fill("/rooms", 550, nil)
			rotating(s, c.calls, 403)
			if c.stream == "feedback" {
				list := s.answer
				s.answer = func(n int, w http.ResponseWriter, r *http.Request) bool {
					if list(n, w, r) {
						return true
					}
					if !strings.HasSuffix(r.URL.Path, c.path) {
						return false
					}
					at := 0
					fmt.Sscanf(r.URL.Query().Get("start"), "p%d", &at)
					var rows []string
					for i := at; i < min(at+100, 550); i++ {
						rows = append(rows, fmt.Sprintf(`{"session_id":"s","peer_id":"p%d","timestamp":"2026-03-01T00:00:00Z"}`, i))
					}
					next := ""
					if at+100 < 550 {
						next = fmt.Sprintf("p%d", at+100)
					}
					fmt.Fprintf(w, `{"limit":%d,"total":550,"next":%q,"data":[%s]}`, len(rows), next, strings.Join(rows, ","))
					return true
				}
			}
			source := s.source()
			minting := &connector.MintingSource{Key: key}
			source.Client.Source = minting
			g := read(t, source, c.stream, "", all)
			if g.err != nil || len(g.keys) != c.want {
				t.Errorf("%d records, %v", len(g.keys), g.err)
			}
			if !slices.ContainsFunc(g.notes, func(n exchange.Note) bool { return n.Kind == exchange.Renewed }) {
				t.Errorf("it is not noted: %v", g.notes)
			}
		})
	}
}

// TestASecondRefusalRightAfterMintingEndsTheRead is a key that was rotated.
func TestASecondRefusalRightAfterMintingEndsTheRead(t *testing.T) {
	s := newServer(t)
	s.answer = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
		refuse(w, 401, "Token validation error")
		return true
	}
	source := s.source()
	source.Client.Source = &connector.MintingSource{Key: connector.SigningKey{AccessKey: fixtures.Workspace().AccessKey, AppSecret: connector.Secret(fixtures.Workspace().AppSecret)}}
	g := read(t, source, "rooms", "", all)
	if fault, ok := errors.AsType[*exchange.Error](g.err); !ok || !fault.Rejected() || len(s.calls) != 2 {
		t.Errorf("after %d calls: %v", len(s.calls), g.err)
	}
}

// perRoom is an API with rooms, each of which has what give says.
func perRoom(t *testing.T, rooms int, give func(w http.ResponseWriter, room int)) *server {
	s := newServer(t)
	s.fill("/rooms", rooms, enabled)
	s.answer = func(_ int, w http.ResponseWriter, r *http.Request) bool {
		var room int
		if _, err := fmt.Sscanf(r.URL.Path, "/v2/room-codes/room/ro-%d", &room); err != nil {
			return false
		}
		give(w, room)
		return true
	}
	return s
}

func codes(w http.ResponseWriter, room int) {
	fmt.Fprintf(w, `{"limit":100,"data":[{"code":"abc-defg-hij","room_id":"ro-%06d","role":"host","enabled":true,"created_at":"2026-03-01T00:00:00Z"}],"last":""}`, room)
}

// TestARoomThatIsRefusedIsPassedOver refuses every tenth room, as the API does with
// disabled ones.
func TestARoomThatIsRefusedIsPassedOver(t *testing.T) {
	for _, status := range []int{403, 404} {
		s := perRoom(t, 30, func(w http.ResponseWriter, room int) {
			if room%10 == 9 {
				refuse(w, status, "room is disabled")
				return
			}
			codes(w, room)
		})
		g := read(t, s.source(), "room_codes", "", all)
		if g.err != nil || !g.done || len(g.keys) != 27 {
			t.Errorf("%d: %d records, %v", status, len(g.keys), g.err)
		}
		var skipped []string
		for _, n := range g.notes {
			if n.Kind == exchange.SkippedParent && n.Status == status {
				skipped = append(skipped, n.Parent)
			}
		}
		if want := []string{"ro-000009", "ro-000019", "ro-000029"}; !slices.Equal(skipped, want) {
			t.Errorf("%d: %v are noted", status, g.notes)
		}
		cleared := 0
		for _, call := range s.calls {
			if strings.Contains(call, "limit=10") && !strings.Contains(call, "limit=100") {
				cleared++
			}
		}
		if cleared != 1 {
			t.Errorf("%d: the credential was cleared %d times", status, cleared)
		}
		if !slices.IsSorted(g.keys) {
			t.Errorf("%d: the order is not stable: %v", status, g.keys)
		}
	}
}

func TestIfEveryRoomIsRefusedTheStreamIsNotComplete(t *testing.T) {
	s := perRoom(t, 30, func(w http.ResponseWriter, _ int) { refuse(w, 403, "insufficient permissions") })
	g := read(t, s.source(), "room_codes", "", all)
	if fault, ok := errors.AsType[*exchange.Error](g.err); !ok || fault.Code != connector.PermissionDenied || !fault.Rejected() || g.done {
		t.Errorf("done %v, %v", g.done, g.err)
	}
}

func TestARefusalThatIsTheTokensIsNotTheRooms(t *testing.T) {
	s := perRoom(t, 30, codes)
	inner, dead := s.answer, atomic.Bool{}
	s.answer = func(n int, w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "ro-000010") {
			dead.Store(true)
		}
		if dead.Load() && strings.Contains(r.URL.Path, "room-codes") {
			refuse(w, 403, "insufficient permissions")
			return true
		}
		if dead.Load() {
			refuse(w, 401, "token is expired")
			return true
		}
		return inner(n, w, r)
	}
	source := s.source()
	source.Concurrency = 1
	g := read(t, source, "room_codes", "", all)
	if !errors.Is(g.err, connector.ExpiredToken) || len(g.keys) != 10 {
		t.Errorf("%d records, %v", len(g.keys), g.err)
	}
}

func TestAListThatIsForbiddenIsPermissionDenied(t *testing.T) {
	s := newServer(t)
	s.fill("/rooms", 3, nil)
	s.answer = func(_ int, w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/rooms") {
			refuse(w, 403, "insufficient permissions")
			return true
		}
		return false
	}
	for _, stream := range []string{"recordings", "webhook_deliveries", "feedback", "sessions"} {
		if g := read(t, s.source(), stream, "", all); !errors.Is(g.err, connector.PermissionDenied) {
			t.Errorf("%s: %v", stream, g.err)
		}
	}
}

// TestAnInterruptedReadKeepsItsState ends the context in the middle.
func TestAnInterruptedReadKeepsItsState(t *testing.T) {
	s := perRoom(t, 60, codes)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	given, state := map[string]bool{}, exchange.State("")
	var last error
	for page, err := range s.source().Read(ctx, find(t, "room_codes"), "") {
		if last = err; err == nil {
			state = page.State
		}
		for _, r := range page.Records {
			given[r.Key] = true
		}
		if len(given) == 20 {
			cancel()
		}
	}
	if !errors.Is(last, context.Canceled) || !errors.Is(last, connector.Canceled) {
		t.Errorf("the error is %v", last)
	}
	for _, key := range read(t, s.source(), "room_codes", state, all).keys {
		given[key] = true
	}
	if len(given) != 60 {
		t.Errorf("%d of 60 rooms", len(given))
	}
}

// TestCallsKeepTheirDistance asks ten rooms with a rate of 50 calls a second.
func TestCallsKeepTheirDistance(t *testing.T) {
	s := perRoom(t, 10, codes)
	source := s.source()
	source.MaxRate = 50
	begun := time.Now()
	g := read(t, source, "room_codes", "", all)
	if took := time.Since(begun); g.err != nil || took < 11*20*time.Millisecond { // 12 calls
		t.Errorf("it took %v, %v", took, g.err)
	}
}

// TestTheFirstRecordComesBeforeTheSecondPageIsAskedFor counts calls from the loop.
func TestTheFirstRecordComesBeforeTheSecondPageIsAskedFor(t *testing.T) {
	s := newServer(t)
	s.fill("/rooms", 300, nil)
	for page := range s.source().Read(context.Background(), find(t, "rooms"), "") {
		if len(page.Records) == 0 || len(s.calls) != 1 {
			t.Errorf("%d records, %d calls", len(page.Records), len(s.calls))
		}
		break
	}
}
