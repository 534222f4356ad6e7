package benthos_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector/hosts/benthos"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

func TestAPageThatIsRefusedComesAgain(t *testing.T) {
	url := serve(t, &sandbox.Account{Rooms: 250, Sessions: 5})
	spec, build := benthos.Input()
	parsed, err := spec.ParseYAML(fmt.Sprintf("token: %q\nbase_url: %q\nstreams: [rooms]", token(), url), nil)
	if err != nil {
		t.Fatal(err)
	}
	in, err := build(parsed, resources())
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close(context.Background())
	if err := in.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	first, acks, _ := read(t, in, 1)
	if err := acks[0](t.Context(), errors.New("no")); err != nil {
		t.Fatal(err)
	}
	for range 4 {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		batch, ack, err := in.ReadBatch(ctx)
		if err != nil {
			cancel()
			t.Fatalf("the page did not come again: %v", err)
		}
		_ = ack(ctx, nil)
		cancel()
		if key, _ := batch[0].MetaGet("key"); "rooms "+key == first[0][0] {
			return
		}
	}
	t.Error("the page did not come again")
}
