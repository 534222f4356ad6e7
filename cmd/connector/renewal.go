package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/100ms-connector/connector-go/cmd/connector/internal/output"
	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/fleet"
	"github.com/100ms-connector/connector-go/connector/store"
)

// statusOf is what a renewal means for the exit code.
func statusOf(r fleet.Renewal) output.Status {
	switch {
	case r.Outcome != fleet.NotRenewed:
		return passed
	case r.Environment:
		return unknown
	}
	return failed
}

// keys finds signing keys: the one that is given is the only one; without one, those that
// are kept.
type keys struct {
	given *connector.SigningKey
	kept  *store.Store
}

// of gives the signing key of an access key.
func (k keys) of(ctx context.Context, accessKey string) (*connector.SigningKey, error) {
	switch {
	case k.given != nil && k.given.AccessKey != accessKey:
		return nil, fmt.Errorf("the signing key is of another access key; give the key of %s", printable(accessKey))
	case k.given != nil:
		return k.given, nil
	}
	key, err := k.kept.SigningKey(ctx, accessKey)
	if errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("no signing key of %s is kept: connector key add keeps it, and --key-file gives it", printable(accessKey))
	}
	return key, err
}

// keyFor gives the signing keys that are kept, for tests of signatures: one that cannot be
// had proves nothing, and is no fault of what is tested.
func (s *saved) keyFor(ctx context.Context) func(accessKey string) *connector.SigningKey {
	return func(accessKey string) *connector.SigningKey {
		db, err := s.lookup(ctx)
		if err != nil {
			return nil
		}
		key, err := db.SigningKey(ctx, accessKey)
		if err != nil {
			return nil
		}
		return key
	}
}
