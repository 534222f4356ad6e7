package exchange_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

// lastWeek asks for what failed in the last seven days.
func lastWeek() string {
	now := time.Now().UTC()
	return fmt.Sprintf(`{"start_time":%q,"end_time":%q}`, now.Add(-7*24*time.Hour).Format(time.RFC3339), now.Format(time.RFC3339))
}

func TestAReplayIsFollowedToItsEnd(t *testing.T) {
	action, _ := exchange.FindAction("webhook_replays")
	for name, c := range map[string]struct {
		prefix, record, want, says string
		pusher                     *sandbox.Pusher
	}{
		"what failed is sent again":                {record: lastWeek(), want: "created", says: " sent, 0 failed"},
		"where the body counts":                    {prefix: "/replay/body", record: lastWeek(), want: "created", says: " sent, 0 failed"},
		"an answer that is lost is asked for anew": {prefix: "/fault/lost-500@1-2", record: lastWeek(), want: "created", says: " sent, 0 failed"},
		"a window that is too old is refused":      {record: `{"start_time":"2026-01-01T00:00:00Z","end_time":"2026-01-02T00:00:00Z"}`, want: "failed", says: "start_time must be within the last 30 days"},
		"what could not be sent has failed": {record: lastWeek(), want: "failed", says: "the replay ended as completed_with_failures: 0 of ",
			pusher: &sandbox.Pusher{URL: "http://127.0.0.1:1/", ReplayRate: 10000, Waits: []time.Duration{}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorkspace(t)
			if c.pusher != nil {
				ctx, cancel := context.WithCancel(t.Context())
				c.pusher.Sandbox = w.Sandbox
				var running sync.WaitGroup
				running.Go(func() { c.pusher.Replay(ctx) })
				t.Cleanup(running.Wait)
				t.Cleanup(cancel)
				time.Sleep(50 * time.Millisecond) // until it is there
			}
			for ack, err := range w.at(c.prefix).Write(t.Context(), action, records(c.record)) {
				if err != nil || string(ack.Status) != c.want || !strings.Contains(ack.Message, c.says) || strings.HasPrefix(ack.Message, "0 of 0") {
					t.Errorf("%+v, %v; want %s: …%s", ack, err, c.want, c.says)
				}
			}
			for replay, times := range w.made() {
				if times != 1 {
					t.Errorf("%s took place %d times", replay, times)
				}
			}
		})
	}
}
