package benthos_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"go.uber.org/goleak"

	_ "github.com/redpanda-data/benthos/v4/public/components/io"
	_ "github.com/redpanda-data/benthos/v4/public/components/pure"

	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/connector/hosts/benthos"
	"github.com/100ms-connector/connector-go/fixtures"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

// environment has the components of 100ms beside Benthos's own.
func environment(t *testing.T) *service.Environment {
	t.Helper()
	env := service.NewEnvironment()
	if err := benthos.Register(env); err != nil {
		t.Fatal(err)
	}
	return env
}

func serve(t *testing.T, account *sandbox.Account) (url string) {
	t.Helper()
	api := httptest.NewServer(&sandbox.Sandbox{Account: account})
	t.Cleanup(api.Close)
	return api.URL + "/v2"
}

func token() string {
	key := fixtures.Workspace()
	return fixtures.Sign(key, fixtures.Management(key, time.Now(), time.Hour))
}

// run reads an input to its end, and returns its messages.
func run(t *testing.T, input string) (messages []*service.Message) {
	t.Helper()
	builder := environment(t).NewStreamBuilder()
	if err := errors.Join(builder.AddInputYAML(input), builder.SetLoggerYAML(`level: "off"`)); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	if err := builder.AddBatchConsumerFunc(func(_ context.Context, batch service.MessageBatch) error {
		mu.Lock()
		defer mu.Unlock()
		messages = append(messages, batch.Copy()...)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	stream, err := builder.Build()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := stream.Run(ctx); err != nil {
		t.Fatal(err)
	}
	return messages
}

func TestEveryStreamComesWholeWithItsNameAndKey(t *testing.T) {
	url := serve(t, &sandbox.Account{Rooms: 130, Sessions: 60, Peers: 9})
	counts := map[string]int{}
	for _, m := range run(t, fmt.Sprintf("hundred_ms: {token: %q, base_url: %q}", token(), url)) {
		name, _ := m.MetaGet("stream")
		key, _ := m.MetaGet("key")
		text, err := m.AsBytes()
		if err != nil || key == "" || !json.Valid(text) {
			t.Fatalf("%s %q %s %v", name, key, text, err)
		}
		for _, mark := range sandbox.SecretMarks {
			if strings.Contains(string(text), mark) {
				t.Errorf("a record of %s has a secret", name)
			}
		}
		counts[name]++
	}
	for _, stream := range exchange.Streams() {
		if counts[stream.Name] == 0 {
			t.Errorf("nothing of %s", stream.Name)
		}
	}
	if counts["rooms"] != 130 {
		t.Errorf("%d rooms", counts["rooms"])
	}
}

// open makes an input alone, whose cache outlives it.
func open(t *testing.T, resources *service.Resources, url, more string) service.BatchInput {
	t.Helper()
	var opened service.BatchInput
	spec, make := benthos.Input()
	parsed, err := spec.ParseYAML(fmt.Sprintf("token: %q\nbase_url: %q\ncache: places\nauto_replay_nacks: false\n%s", token(), url, more), nil)
	if err == nil {
		opened, err = make(parsed, resources)
	}
	if err == nil {
		err = opened.Connect(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

func resources() *service.Resources {
	return service.MockResources(service.MockResourcesOptAddCache("places"))
}

// kept is the place that the cache has.
func kept(t *testing.T, r *service.Resources) (text string) {
	t.Helper()
	if err := r.AccessCache(t.Context(), "places", func(c service.Cache) {
		data, _ := c.Get(t.Context(), "100ms")
		text = string(data)
	}); err != nil {
		t.Fatal(err)
	}
	return text
}

// read reads batches until there are no more, or so many.
func read(t *testing.T, in service.BatchInput, n int) (keys [][]string, acks []service.AckFunc, ended bool) {
	t.Helper()
	for len(keys) < n {
		batch, ack, err := in.ReadBatch(t.Context())
		if errors.Is(err, service.ErrEndOfInput) {
			return keys, acks, true
		}
		if err != nil {
			t.Fatal(err)
		}
		var of []string
		for _, m := range batch {
			stream, _ := m.MetaGet("stream")
			key, _ := m.MetaGet("key")
			of = append(of, stream+" "+key)
		}
		keys, acks = append(keys, of), append(acks, ack)
	}
	return keys, acks, false
}

func TestThePlaceIsThatOfWhichAllEarlierPagesAreAcknowledged(t *testing.T) {
	url := serve(t, &sandbox.Account{Rooms: 450, Sessions: 5})
	r := resources()
	in := open(t, r, url, "streams: [rooms]")
	defer in.Close(context.Background())
	_, acks, _ := read(t, in, 4)
	for _, step := range []struct {
		name  string
		ack   int
		err   error
		moves bool
	}{
		{"the third", 2, nil, false},
		{"the second is refused", 1, errors.New("no"), false},
		{"the first", 0, nil, true},
		{"the second, at last", 1, nil, true},
		{"the fourth", 3, nil, true},
	} {
		before := kept(t, r)
		if err := acks[step.ack](t.Context(), step.err); err != nil {
			t.Fatal(err)
		}
		if moved := kept(t, r) != before; moved != step.moves {
			t.Errorf("%s: the place moves: %v, want %v", step.name, moved, step.moves)
		}
	}
}

func TestAcksOfAReadingThatHasEndedMoveNoPlace(t *testing.T) {
	url := serve(t, &sandbox.Account{Rooms: 250, Sessions: 5})
	r := resources()
	in := open(t, r, url, "streams: [rooms]")
	_, acks, _ := read(t, in, 1)
	if err := in.Connect(t.Context()); err != nil { // as after a failure
		t.Fatal(err)
	}
	before := kept(t, r)
	if err := acks[0](t.Context(), nil); err != nil || kept(t, r) != before {
		t.Errorf("the place was moved by an earlier reading: %v", err)
	}
	_ = in.Close(t.Context())
}

// TestKilledAfterEveryNPagesAndResumedNothingIsLost ends a run after some pages, of which
// the last is never acknowledged, while the account grows.
func TestKilledAfterEveryNPagesAndResumedNothingIsLost(t *testing.T) {
	for _, n := range []int{1, 2, 3, 5} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			account := &sandbox.Account{Rooms: 330, Sessions: 120, Now: time.Now()}
			url := serve(t, account)
			r, given := resources(), map[string]int{}
			pages := func(n int) (ended bool) {
				in := open(t, r, url, "streams: [rooms, sessions, recordings]")
				defer in.Close(context.Background())
				keys, acks, ended := read(t, in, n)
				for i := range keys {
					if i == len(keys)-1 && !ended {
						break // it is killed while it writes this one
					}
					for _, key := range keys[i] {
						given[key]++
					}
					if err := acks[i](t.Context(), nil); err != nil {
						t.Fatal(err)
					}
				}
				return ended
			}
			for range 12 {
				pages(n + 1)
				account.Grow()
			}
			for range 40 {
				if pages(n + 1) {
					break
				}
			}
			pages(1 << 20)
			in := open(t, resources(), url, "streams: [rooms, sessions, recordings]")
			defer in.Close(context.Background())
			all, _, _ := read(t, in, 1<<20)
			for _, key := range slices.Concat(all...) {
				if given[key] == 0 {
					t.Fatalf("%s is lost", key)
				}
			}
		})
	}
}

func TestACredentialThatIsRefusedIsSaidWithItsCause(t *testing.T) {
	url := serve(t, nil)
	for _, c := range fixtures.Cases(time.Now()) {
		wanted, tried := map[string]string{"expired": "expired_token: the token expired", "app": "wrong_token_type: ", "app-secret": "not_a_token: "}[c.Name]
		if !tried {
			continue
		}
		spec, build := benthos.Input()
		parsed, err := spec.ParseYAML(fmt.Sprintf("token: %q\nbase_url: %q", c.Value, url), nil)
		if err != nil {
			t.Fatal(err)
		}
		in, err := build(parsed, resources())
		if err != nil {
			t.Fatal(err)
		}
		if err := in.Connect(t.Context()); err == nil || !strings.HasPrefix(err.Error(), wanted) || strings.Contains(err.Error(), c.Value) {
			t.Errorf("%s: %v", c.Name, err)
		}
		_ = in.Close(t.Context())
	}
}

func TestFieldsThatCannotBeRightAreRefused(t *testing.T) {
	for _, c := range []struct{ name, yaml, says string }{
		{"no credential", "streams: [rooms]", "token: it is missing"},
		{"a stream that there is not", "token: x\nstreams: [polls]", "polls"},
		{"a date that is none", "token: x\nstart_date: soon", "start_date"},
		{"a cache that there is not", "token: x\ncache: nowhere", "no cache resource"},
		{"an address without https", "token: x\nbase_url: http://api.example", "base_url"},
	} {
		spec, build := benthos.Input()
		parsed, err := spec.ParseYAML(c.yaml, nil)
		if err == nil {
			_, err = build(parsed, resources())
		}
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestMessagesThatAreRefusedFailAndNoOthers(t *testing.T) {
	spec, build := benthos.Output()
	write := func(url string, names ...string) error {
		parsed, err := spec.ParseYAML(fmt.Sprintf("token: %q\nbase_url: %q", token(), url), nil)
		if err != nil {
			t.Fatal(err)
		}
		out, _, _, err := build(parsed, resources())
		if err != nil {
			t.Fatal(err)
		}
		defer out.Close(context.Background())
		var batch service.MessageBatch
		for _, name := range names {
			batch = append(batch, service.NewMessage(fmt.Appendf(nil, `{"name":%q,"description":null}`, name)))
		}
		return out.WriteBatch(t.Context(), batch)
	}
	url := serve(t, nil)
	if err := write(url, "lesson-1", "lesson-2"); err != nil {
		t.Error(err)
	}
	err := write(url, "lesson-1", "not a name!", "lesson-3")
	refused, ok := errors.AsType[*service.BatchError](err)
	if !ok || refused.IndexedErrors() != 1 || !strings.Contains(err.Error(), `the field "name"`) {
		t.Errorf("%v", err)
	}
	if err := write(strings.Replace(url, "/v2", "/fault/401/v2", 1), "a", "b"); err == nil {
		t.Error("a credential that is refused fails nothing")
	}
}

func TestCredentialsInMessagesAreTested(t *testing.T) {
	url := serve(t, nil)
	for _, c := range fixtures.Cases(time.Now()) {
		wanted, tried := map[string]string{"live": "accepted ok", "expired": "rejected expired_token", "app": "rejected wrong_token_type"}[c.Name]
		if !tried {
			continue
		}
		for _, text := range []string{c.Value, fmt.Sprintf(`{"name":"n","api_key_value":%q}`, c.Value)} {
			m := tested(t, url, text)
			verdict, _ := m.MetaGet("hundred_ms_verdict")
			code, _ := m.MetaGet("hundred_ms_code")
			report, _ := m.AsBytes()
			if verdict+" "+code != wanted || m.GetError() != nil || strings.Contains(string(report), c.Value) || !json.Valid(report) {
				t.Errorf("%s: %s %s %v %s", c.Name, verdict, code, m.GetError(), report)
			}
		}
	}
	m := tested(t, "http://127.0.0.1:1/v2", token())
	if verdict, _ := m.MetaGet("hundred_ms_verdict"); verdict != "inconclusive" || m.GetError() == nil {
		t.Errorf("an environment that is at fault: %s, %v", verdict, m.GetError())
	}
	if m := tested(t, url, `{"name":""}`); m.GetError() != nil {
		t.Errorf("a document that is none: %v", m.GetError())
	}
}

// tested is a message behind the processor.
func tested(t *testing.T, url, text string) *service.Message {
	t.Helper()
	spec, build := benthos.Processor()
	parsed, err := spec.ParseYAML(fmt.Sprintf("base_url: %q", url), nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := build(parsed, resources())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close(context.Background())
	batch, err := p.Process(t.Context(), service.NewMessage([]byte(text)))
	if err != nil || len(batch) != 1 {
		t.Fatal(err)
	}
	return batch[0]
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
