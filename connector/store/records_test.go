package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/100ms-connector/connector-go/connector/store"
)

// TestRecordsAreThoseOfTheListPageByPage: more than two pages, and on SQLite damaged names
// among them.
func TestRecordsAreThoseOfTheListPageByPage(t *testing.T) {
	onEach(t, func(t *testing.T, p place) {
		s := p.open(t)
		if got := slices.Collect(records(t, s)); got != nil {
			t.Errorf("%v", got)
		}
		for n := range 1001 {
			ok(t, s.Save(ctx, credential(fmt.Sprintf("c %d", n), token(1))))
		}
		if s.IsFile() {
			p.tamper(t, `UPDATE connector_credentials SET name = CAST(name AS BLOB) WHERE name LIKE '%7'`)
		}
		listed, err := s.List(ctx)
		ok(t, err)
		if got := slices.Collect(records(t, s)); !slices.Equal(got, listed) || len(got) != 1001 {
			t.Errorf("%d records, and %d are listed", len(got), len(listed))
		}
		for range records(t, s) {
			break
		}
		ending, end := context.WithCancel(ctx)
		end()
		for _, err := range s.Records(ending) {
			if !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		}
	})
}

// records are those of a store, without an error.
func records(t *testing.T, s *store.Store) func(func(store.Record) bool) {
	return func(yield func(store.Record) bool) {
		for r, err := range s.Records(ctx) {
			if err != nil {
				t.Error(err)
				return
			}
			if !yield(r) {
				return
			}
		}
	}
}
