package hosts_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/hosts/internal/host"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

// polled reads a stream record by record, stops after n, and returns where.
func polled(t *testing.T, url string, from []byte, n int, streams ...string) (keys []string, place []byte, done bool) {
	t.Helper()
	c, err := host.ParseConfiguration(configuration(url), host.OfSource)
	place0, fault := host.ParsePlace(from)
	chosen, unknown := host.StreamsOf(streams)
	if err := errors.Join(err, fault, unknown); err != nil {
		t.Fatal(err)
	}
	poll := &host.Poll{Source: c.Source(nil), Streams: chosen, From: place0}
	place = from
	for page, err := range poll.Pages(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		for i, record := range page.Records {
			if n == 0 {
				return keys, place, false
			}
			n--
			keys, place = append(keys, page.Stream.Name+" "+record.Key), page.Places[i].Text()
		}
	}
	return keys, place, true
}

// TestAnAccountThatGrowsAtItsFrontLosesNothingWhereverItsPollIsResumed: what has come
// since stands before the records that were given, in the page that is read again.
func TestAnAccountThatGrowsAtItsFrontLosesNothingWhereverItsPollIsResumed(t *testing.T) {
	for _, n := range []int{1, 3, 10, 50, 99, 100, 101, 150} {
		t.Run(fmt.Sprintf("after every %d", n), func(t *testing.T) {
			account := &sandbox.Account{Rooms: 180, Sessions: 40, Now: time.Now()}
			api := httptest.NewServer(&sandbox.Sandbox{Account: account})
			defer api.Close()
			given := map[string]bool{}
			var place []byte
			read := func() (done bool) {
				var keys []string
				keys, place, done = polled(t, api.URL+"/v2", place, n, "rooms", "sessions")
				for _, key := range keys {
					given[key] = true
				}
				return done
			}
			for range 20 {
				read()
				account.Grow()
			}
			// A round may begin anew as often as it is interrupted: its overlap comes again.
			for runs := 0; runs < 50+2*220/n && !read(); runs++ {
			}
			for _, name := range []string{"rooms", "sessions"} {
				all, _, _ := polled(t, api.URL+"/v2", nil, -1, name)
				for _, key := range all {
					if !given[key] {
						t.Fatalf("%s is lost", key)
					}
				}
			}
		})
	}
}

// TestARecordThatChangedWhileItsPollWasStoppedComesAgain: that it was given does not say
// that it was given so.
func TestARecordThatChangedWhileItsPollWasStoppedComesAgain(t *testing.T) {
	api := httptest.NewServer(&sandbox.Sandbox{Account: &sandbox.Account{Rooms: 20, Now: time.Now()}})
	defer api.Close()
	keys, place, _ := polled(t, api.URL+"/v2", nil, 5, "rooms")
	id := strings.TrimPrefix(keys[1], "rooms ")
	id = strings.Trim(id, `[]"`)
	r, err := http.NewRequest(http.MethodPost, api.URL+"/v2/rooms/"+id, strings.NewReader(`{"description":"changed"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token())
	answer, err := http.DefaultClient.Do(r)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatal(answer, err)
	}
	answer.Body.Close()
	again, _, done := polled(t, api.URL+"/v2", place, -1, "rooms")
	if !done || !slices.Contains(again, keys[1]) {
		t.Errorf("%s changed, and of %q it does not come", keys[1], again)
	}
}

func TestAStreamThatIsForbiddenAmongOthersIsNotedAndTheOthersAreRead(t *testing.T) {
	next := &sandbox.Sandbox{Account: &sandbox.Account{Rooms: 20, Sessions: 10, Now: time.Now()}}
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v2/recordings" {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `{"code":403,"message":"user does not have required permission"}`)
			return
		}
		next.ServeHTTP(w, r)
	}))
	defer api.Close()
	c, err := host.ParseConfiguration(configuration(api.URL+"/v2"), host.OfSource)
	if err != nil {
		t.Fatal(err)
	}
	chosen, _ := host.StreamsOf([]string{"rooms", "recordings"})
	rooms, notes := 0, ""
	for page, err := range (&host.Poll{Source: c.Source(nil), Streams: chosen}).Pages(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		rooms += len(page.Records)
		if page.After.States == nil {
			t.Error("a page has no place behind it")
		}
		notes += strings.Join(page.Notes, "\n")
	}
	if rooms != 20 || !strings.Contains(notes, "recordings was not read: permission_denied") {
		t.Errorf("%d rooms; %s", rooms, notes)
	}
	// Alone it is the failure.
	chosen, _ = host.StreamsOf([]string{"recordings"})
	for _, err := range (&host.Poll{Source: c.Source(nil), Streams: chosen}).Pages(t.Context()) {
		if !errors.Is(err, connector.PermissionDenied) {
			t.Errorf("%v", err)
		}
	}
}
