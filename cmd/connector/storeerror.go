package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/100ms-connector/connector-go/connector/store"
)

// explained gives an error of the store its exit code and its next step.
func explained(err error) error {
	var done exit
	var known *failure
	if err == nil || errors.As(err, &done) || errors.As(err, &known) {
		return err
	}
	f := &failure{exitUntested, err, ""}
	switch {
	case errors.Is(err, store.ErrExists):
		f.code, f.hint = exitRejected, "choose another name, or change it with connector credential edit"
	case errors.Is(err, store.ErrInvalid):
		f.code = exitRejected
	case errors.Is(err, store.ErrNotFound):
		f.hint = "connector credential list shows the names; for a file write a path such as ./NAME"
	case errors.Is(err, store.ErrKey) && strings.Contains(err.Error(), "keyring"):
		f.hint = "without a keyring keep the key in a file: --store-key FILE, or leave --store-key out for the default one"
	case errors.Is(err, store.ErrLocked):
		f.hint = "give the key that sealed it, with --store-key or CONNECTOR_STORE_KEY"
	case errors.Is(err, store.ErrDamaged):
		f.hint = "save its value anew: connector credential edit NAME"
	case errors.Is(err, store.ErrURL):
		f.code, f.hint = exitUsage, "a store is sqlite:///absolute/path or postgres://user@host/database"
	}
	return f
}

// suggest adds the name that was probably meant to the error about one that no
// credential has.
func (s *saved) suggest(ctx context.Context, err error) error {
	f, _ := errors.AsType[*failure](err)
	record, _ := errors.AsType[*store.RecordError](err)
	if f == nil || record == nil || s.open == nil || !errors.Is(err, store.ErrNotFound) {
		return err
	}
	records, _ := s.open.List(ctx)
	var names []string
	for _, r := range records {
		names = append(names, r.Name)
	}
	if near := nearest(record.Name, names); near != "" {
		f.hint = fmt.Sprintf("did you mean %q? %s", near, f.hint)
	}
	return err
}

// missing makes the next step exact where a file has the name that no credential
// has.
func missing(name string, err error) error {
	var f *failure
	if _, statErr := os.Stat(name); statErr == nil && errors.Is(err, store.ErrNotFound) && errors.As(err, &f) {
		f.hint = "a file of this name is here: write ./" + name
	}
	return err
}

// errNothingSaved is the error of --all where nothing is saved: a check of
// nothing must not pass.
var errNothingSaved = &failure{exitUntested, errors.New("no credential is saved"), "save one with connector credential add NAME"}
