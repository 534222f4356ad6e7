package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
)

// keyFlag finds a signing key: in a file, on standard input, or in the
// environment; never in a flag's value, which other processes can read.
type keyFlag struct{ file string }

func (k *keyFlag) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&k.file, "key-file", "", `signing key, {"access_key":"…","app_secret":"…"}, or - for standard input; else HMS_APP_ACCESS_KEY and HMS_APP_SECRET`)
}

// find returns the key; nil if none is given. others are the arguments that read
// too: standard input holds one thing.
func (k *keyFlag) find(ctx context.Context, c *command, others []string) (*connector.SigningKey, error) {
	if k.file == "-" && slices.Contains(others, "-") {
		return nil, errors.New("standard input (-) can be read only once: it holds the key or the credential")
	}
	if k.file == "" {
		key := connector.SigningKey{AccessKey: os.Getenv("HMS_APP_ACCESS_KEY"), AppSecret: connector.Secret(os.Getenv("HMS_APP_SECRET"))}
		switch {
		case key.AccessKey == "" && key.AppSecret == "":
			return nil, nil
		case key.AccessKey == "" || key.AppSecret == "":
			return nil, errors.New("HMS_APP_ACCESS_KEY and HMS_APP_SECRET belong together: one of them is empty")
		}
		return &key, checkKey("HMS_APP_ACCESS_KEY and HMS_APP_SECRET", &key)
	}
	var data []byte
	var err error
	if k.file == "-" {
		data, err = readPatiently(ctx, c.in)
	} else {
		data, err = store.ReadPrivateFile(k.file)
	}
	if _, named := errors.AsType[*fs.PathError](err); named || err != nil && k.file == "-" {
		return nil, cannotRead(k.file, err)
	}
	if err != nil {
		return nil, unreadable(err)
	}
	key, err := connector.ParseSigningKey(data)
	if err != nil {
		return nil, &failure{exitUsage, fmt.Errorf("%s: %w", k.file, err), `a key file is {"access_key":"…","app_secret":"…"}; the 100ms dashboard shows both under Developer`}
	}
	return key, checkKey(k.file, key)
}

// must is find for verbs that cannot do without a key.
func (k *keyFlag) must(ctx context.Context, c *command, others []string) (*connector.SigningKey, error) {
	key, err := k.find(ctx, c, others)
	if err == nil && key == nil {
		err = errors.New("no signing key: give --key-file, or set HMS_APP_ACCESS_KEY and HMS_APP_SECRET")
	}
	return key, err
}

// checkKey says what is wrong with a key, and in which place.
func checkKey(place string, key *connector.SigningKey) error {
	err := key.Check()
	if err == nil {
		return nil
	}
	return &failure{exitUsage, fmt.Errorf("%s: %w", place, err), "the 100ms dashboard shows the access key and the App Secret under Developer"}
}
