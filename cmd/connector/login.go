package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
)

// login finds the tokens for the verbs that use an account: of a credential in a file,
// saved, or on standard input, or minted with a signing key.
type login struct {
	credential string
	key        keyFlag
	saved      saved
}

func (l *login) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&l.credential, "credential", "", "the credential: a file, the name of a saved one, or - for standard input; if not given, the only saved one")
	l.key.flags(cmd)
	l.saved.flags(cmd)
	_ = cmd.RegisterFlagCompletionFunc("credential", l.saved.names)
}

func (l *login) close() { l.saved.close() }

// tokens gives the source of the tokens.
func (l *login) tokens(ctx context.Context, c *command) (connector.TokenSource, error) {
	if l.credential != "" && l.key.file != "" {
		return nil, errors.New("give --credential or --key-file, not both")
	}
	if l.credential == "" {
		key, err := l.key.find(ctx, c, nil)
		if err != nil {
			return nil, err
		}
		if key != nil {
			return &connector.MintingSource{Key: *key}, nil
		}
		if l.credential, err = l.onlySaved(ctx); err != nil {
			return nil, err
		}
		return l.named(ctx, l.credential)
	}
	if !isPath(l.credential) {
		return l.named(ctx, l.credential)
	}
	value, err := c.tokenAt(ctx, l.credential, &l.saved, new(connector.Validator))
	if err != nil {
		return nil, err
	}
	return connector.Secret(value), nil
}

// named gives the tokens of a saved credential: also those that it gets while they are
// used.
func (l *login) named(ctx context.Context, name string) (connector.TokenSource, error) {
	db, err := l.saved.lookup(ctx)
	if errors.Is(err, store.ErrNotFound) {
		err = &store.RecordError{Name: name, Err: err}
	}
	var record store.Record
	if err == nil {
		record, err = db.Show(ctx, name)
	}
	if err == nil {
		_, err = db.Credential(ctx, name)
	}
	if err != nil {
		return nil, missing(name, explained(err))
	}
	// With the signing key of its workspace a token is never too old.
	if key, err := db.SigningKey(ctx, record.AccessKey); err == nil {
		return &connector.MintingSource{Key: *key}, nil
	}
	return db.TokenSource(name, 0), nil
}

func (l *login) onlySaved(ctx context.Context) (string, error) {
	only, count := "", 0
	for r, err := range l.saved.records(ctx) {
		if err != nil {
			return "", err
		}
		only = r.Name
		count++
	}
	switch {
	case count == 0:
		return "", &failure{exitUsage, errors.New("no credential: none is given, and none is saved"), "give --credential FILE or --key-file FILE, or save one with connector credential add NAME"}
	case count > 1:
		return "", fmt.Errorf("%d credentials are saved: say which with --credential NAME", count)
	}
	return only, nil
}
