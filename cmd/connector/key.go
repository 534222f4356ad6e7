package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/connector"
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
		return &key, wrap("HMS_APP_ACCESS_KEY and HMS_APP_SECRET", key.Check())
	}
	in := input{source: k.file, path: k.file}
	// Windows has no such modes; there every file looks open to others.
	if k.file == "-" {
		in.path = ""
	} else if info, err := os.Stat(k.file); err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, &failure{exitUntested, fmt.Errorf("%s can be read by others than its owner", k.file), "chmod 600 " + k.file}
	}
	data, err := in.read(ctx, c.in, nil)
	if err != nil {
		return nil, unreadable(fmt.Errorf("%s cannot be read: %s", k.file, reason(err)))
	}
	var file struct {
		AccessKey string `json:"access_key"`
		AppSecret string `json:"app_secret"`
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if d.Decode(&file) != nil || d.More() { // the decoder's words can quote the secret
		return nil, &failure{exitUsage, fmt.Errorf("%s is not a key file", k.file), `a key file is {"access_key":"…","app_secret":"…"}`}
	}
	key := connector.SigningKey{AccessKey: file.AccessKey, AppSecret: connector.Secret(file.AppSecret)}
	return &key, wrap(k.file, key.Check())
}

// must is find for verbs that cannot do without a key.
func (k *keyFlag) must(ctx context.Context, c *command, others []string) (*connector.SigningKey, error) {
	key, err := k.find(ctx, c, others)
	if err == nil && key == nil {
		err = errors.New("no signing key: give --key-file, or set HMS_APP_ACCESS_KEY and HMS_APP_SECRET")
	}
	return key, err
}

// wrap names the place of what is wrong.
func wrap(place string, err error) error {
	if err == nil {
		return nil
	}
	return &failure{exitUsage, fmt.Errorf("%s: %w", place, err), ""}
}
