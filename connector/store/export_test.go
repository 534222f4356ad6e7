package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/100ms-connector/connector-go/connector"
)

// SetPatience shortens the wait for other processes, until restore is called.
func SetPatience(d time.Duration) (restore func()) {
	before := patience
	patience = d
	return func() { patience = before }
}

// SaveMany saves in one transaction, so that tests need not wait for 10,000.
func (s *Store) SaveMany(ctx context.Context, creds []*connector.Credential) error {
	return s.writeSealed(ctx, func(ctx context.Context, tx *sql.Tx, _ *keySet, k *key) error {
		for _, c := range creds {
			if err := s.insert(ctx, tx, k, c, c.APIKeyValue.Reveal()); err != nil {
				return err
			}
		}
		return nil
	})
}

// SchemaVersion is the version that this program writes.
const SchemaVersion = schemaVersion

// CurrentReading says whether a token source's look at the store still counts.
func CurrentReading(at, next, now time.Time) bool {
	return (&reading{at: at, next: next}).current(now)
}
