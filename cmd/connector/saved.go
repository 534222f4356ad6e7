package main

import (
	"context"
	"errors"
	"iter"
	"os"
	"sync"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
)

// saved finds the store of saved credentials. It is opened when it is needed
// and not before: most runs read files only.
type saved struct {
	url, key string
	mu       sync.Mutex
	open     *store.Store
}

func (s *saved) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.url, "store", "", "where credentials are saved, also CONNECTOR_STORE: sqlite:///path or postgres://…; a file of yours if empty")
	cmd.Flags().StringVar(&s.key, "store-key", "", `file of the key that seals them, or "keyring" for the system's; else CONNECTOR_STORE_KEY holds the key; a file of yours if both are empty`)
}

// store opens the store.
func (s *saved) store(ctx context.Context) (*store.Store, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open != nil {
		return s.open, nil
	}
	url, err := s.location()
	if err != nil {
		return nil, unreadable(err)
	}
	key, err := s.keySource()
	if err != nil {
		return nil, unreadable(err)
	}
	db, err := store.Open(ctx, url, key)
	if err != nil {
		return nil, explained(err)
	}
	s.open = db
	return db, nil
}

func (s *saved) location() (string, error) {
	if s.url != "" {
		return s.url, nil
	}
	if url := os.Getenv("CONNECTOR_STORE"); url != "" {
		return url, nil
	}
	return store.DefaultURL()
}

func (s *saved) keySource() (store.KeySource, error) {
	switch text := os.Getenv("CONNECTOR_STORE_KEY"); {
	case s.key == "keyring":
		return store.Keyring("connector", "store-key"), nil
	case s.key != "":
		return store.KeyFile(s.key), nil
	case text != "":
		return store.Keys(connector.Secret(text)), nil
	}
	path, err := store.DefaultKeyFile()
	return store.KeyFile(path), err
}

// lookup opens the store if there is one. Looking must leave nothing behind: not
// for a name that was mistyped, nor for a shell that completes one.
func (s *saved) lookup(ctx context.Context) (*store.Store, error) {
	url, err := s.location()
	if err != nil {
		return nil, unreadable(err)
	}
	if exists, err := store.Exists(url); err == nil && !exists {
		return nil, store.ErrNotFound
	}
	return s.store(ctx)
}

// use opens the store for one verb, and closes it. Errors of the store get their
// exit codes and next steps.
func (s *saved) use(ctx context.Context, do func(*store.Store) error) error {
	defer s.close()
	db, err := s.store(ctx)
	if err != nil {
		return err
	}
	return s.suggest(ctx, explained(do(db)))
}

func (s *saved) close() {
	if s.open != nil {
		s.open.Close()
		s.open = nil
	}
}

// input is a saved credential in the place of a file.
func (s *saved) input(name string) input {
	return input{source: name, saved: true, load: func(ctx context.Context) (*connector.Credential, error) {
		db, err := s.lookup(ctx)
		var cred *connector.Credential
		if err == nil {
			cred, err = db.Credential(ctx, name)
		} else if errors.Is(err, store.ErrNotFound) {
			err = &store.RecordError{Name: name, Err: err}
		}
		if err != nil {
			return nil, missing(name, s.suggest(ctx, explained(err)))
		}
		return cred, nil
	}}
}

// records gives what is saved: nothing, if there is no store. An error is the last.
func (s *saved) records(ctx context.Context) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		db, err := s.lookup(ctx)
		if errors.Is(err, store.ErrNotFound) {
			return
		}
		if err != nil {
			yield(store.Record{}, err)
			return
		}
		for r, err := range db.Records(ctx) {
			if !yield(r, explained(err)) {
				return
			}
		}
	}
}

// names completes the names of saved credentials in a shell.
func (s *saved) names(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	defer s.close()
	var names []string
	for r, err := range s.records(cmd.Context()) {
		if err == nil {
			names = append(names, r.Name)
		}
	}
	return names, cobra.ShellCompDirectiveDefault
}

// sources is what the verbs that take credentials share: files, directories,
// standard input, saved names, or all of the saved ones.
type sources struct {
	saved
	search
	everything bool
}

func (s *sources) flags(cmd *cobra.Command) {
	s.saved.flags(cmd)
	s.search.flags(cmd)
	cmd.Flags().BoolVar(&s.everything, "all", false, "every saved credential")
	cmd.ValidArgsFunction = s.names
}

// find returns what to read.
func (s *sources) find(ctx context.Context, args []string) ([]input, error) {
	switch {
	case s.everything && len(args) > 0:
		return nil, errors.New("--all stands for every saved credential; name none beside it")
	case s.everything:
		var found []input
		for r, err := range s.records(ctx) {
			if err != nil {
				return nil, err
			}
			found = append(found, s.input(r.Name))
		}
		return found, nil
	case len(args) == 0:
		return nil, errors.New("no input: name files, directories or saved credentials, or - for standard input")
	}
	if err := s.search.check(); err != nil {
		return nil, err
	}
	return inputs(args, &s.saved, s.search)
}
