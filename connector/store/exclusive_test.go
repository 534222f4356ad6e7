package store_test

import (
	"testing"

	"github.com/100ms-connector/connector-go/connector/store"
)

func TestWhatIsExclusiveIsDoneByOne(t *testing.T) {
	onEach(t, func(t *testing.T, p place) {
		one, two := p.open(t), p.open(t)
		release, _, err := one.Exclusive(ctx, "watch")
		ok(t, err)
		_, _, err = two.Exclusive(ctx, "watch")
		fails(t, err, store.ErrTaken)
		other, _, err := two.Exclusive(ctx, "another")
		ok(t, err)
		other()
		release()
		release, _, err = two.Exclusive(ctx, "watch")
		ok(t, err)
		release()
	})
}
