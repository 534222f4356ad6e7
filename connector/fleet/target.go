package fleet

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
)

// ErrTargets is the error about a file of targets that cannot be used.
var ErrTargets = errors.New("the targets cannot be used")

// Targets are where tokens are used on this machine: files and commands, by the name of
// the credential whose token they get. ReadTargets makes them.
//
// They are declared in a local file and never in the store: who can write a row of a
// shared database must not run code on every machine that watches it.
type Targets struct {
	Tell func(Pushed) // is told of each token that was handed over, or could not be; nil if nobody is

	path string
	all  []target
	done map[string]string // by target: the hash of the token that it has
}

// Pushed is a token that was handed to a target.
type Pushed struct {
	Name   string // of the credential
	Target string // as the file of targets has it, or the host and the place
	Err    error  // why it could not be handed over; nil if it was

	id string // tells targets apart, on all machines
}

// target is one place where a token is used: a file, or a command.
type target struct {
	name    string
	file    string
	command []string
}

func (t target) String() string {
	if t.file != "" {
		return "file " + t.file
	}
	return "command " + t.command[0]
}

// key tells targets apart.
func (t target) key() string { return t.name + "\x00" + t.file + strings.Join(t.command, "\x00") }

// id tells a target apart from those of other machines as well.
func (t target) id() string {
	machine, _ := os.Hostname() // without a name machines are told apart by what they have
	sum := sha256.Sum256([]byte(machine + "\x00" + t.key()))
	return hex.EncodeToString(sum[:16])
}

// ReadTargets reads a file of targets, YAML or JSON, which only its owner can read and
// change:
//
//	production:
//	  - file: /run/secrets/100ms-token
//	  - command: [/usr/local/bin/put-token, production]
//
// A file is replaced whole, and keeps its mode; a new one is its owner's alone. A command
// is run without a shell and with an empty environment, and has the token on its standard
// input and 30 seconds. Paths are absolute. The error is ErrTargets, or store.ErrFile.
func ReadTargets(path string) (*Targets, error) {
	data, err := store.ReadPrivateFile(path)
	if err != nil {
		return nil, err
	}
	mine, err := ownedByMe(path)
	if err != nil || !mine {
		return nil, fmt.Errorf("%w: %s belongs to another user, who could have this one run any program", ErrTargets, path)
	}
	var declared map[string][]struct {
		File    string   `yaml:"file"`
		Command []string `yaml:"command"`
	}
	if err := yaml.Load(data, &declared, yaml.WithKnownFields()); err != nil {
		return nil, fmt.Errorf("%w: %s is not of the form name: [{file: PATH}, {command: [PATH, …]}]", ErrTargets, path)
	}
	t := &Targets{path: path, done: map[string]string{}}
	for name, places := range declared {
		for i, place := range places {
			one := target{name: name, file: place.File, command: place.Command}
			program := one.file
			if program == "" && len(one.command) > 0 {
				program = one.command[0]
			}
			switch {
			case (one.file == "") == (len(one.command) == 0):
				return nil, fmt.Errorf("%w: target %d of %q is a file or a command, one of the two", ErrTargets, i+1, name)
			case !filepath.IsAbs(program):
				return nil, fmt.Errorf("%w: target %d of %q: %q is not an absolute path", ErrTargets, i+1, name, program)
			case slices.ContainsFunc(one.command, connector.HoldsSecret):
				return nil, fmt.Errorf("%w: target %d of %q has a secret among its arguments, which every process can read", ErrTargets, i+1, name)
			}
			t.all = append(t.all, one)
		}
	}
	slices.SortFunc(t.all, func(a, b target) int { return strings.Compare(a.key(), b.key()) })
	return t, t.readDone()
}

// Push hands each target the token of its credential, if it does not have it. The error is
// the store's, or the context's; what a target says is told.
func (t *Targets) Push(ctx context.Context, db *store.Store) error {
	for _, one := range t.all {
		cred, err := db.Credential(ctx, one.name)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, store.ErrUnavailable) {
			return err
		}
		if err == nil {
			if has := t.has(one, cred.APIKeyValue); has {
				continue
			}
			err = one.push(ctx, cred.APIKeyValue)
		}
		if err == nil {
			t.done[one.key()] = hashOf(cred.APIKeyValue)
			err = t.writeDone()
		}
		if t.Tell != nil {
			t.Tell(Pushed{Name: one.name, Target: one.String(), Err: err, id: one.id()})
		}
	}
	return nil
}

// pushEvery is how often it is looked whether a token was renewed, here or elsewhere.
const pushEvery = 5 * time.Second

// Run hands over tokens whenever they were renewed, by whichever process, until ctx ends.
// A store that cannot be read is told once, and asked again.
func (t *Targets) Run(ctx context.Context, db *store.Store) {
	repeat(ctx, func(ctx context.Context) error { return t.Push(ctx, db) }, t.Tell)
}

// has says whether a target has a token: a file shows it, of a command it was noted.
func (t *Targets) has(one target, token connector.Secret) bool {
	if one.file == "" {
		return t.done[one.key()] == hashOf(token)
	}
	data, err := os.ReadFile(one.file)
	return err == nil && string(data) == token.Reveal()
}

func hashOf(token connector.Secret) string {
	sum := sha256.Sum256([]byte("connector target " + token.Reveal()))
	return hex.EncodeToString(sum[:])
}

func (one target) push(ctx context.Context, token connector.Secret) error {
	if one.file != "" {
		return replaceFile(one.file, token)
	}
	return runWith(ctx, one.command, token)
}

// replaceFile puts a token in the place of what a file holds, in one step.
func replaceFile(path string, token connector.Secret) error {
	mode := os.FileMode(0o600)
	switch info, err := os.Stat(path); { // of what a link leads to
	case err == nil && !info.Mode().IsRegular():
		return errors.New("it is no regular file")
	case err == nil:
		mode = info.Mode().Perm()
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return plainPath(err)
		}
	case !errors.Is(err, os.ErrNotExist):
		return plainPath(err)
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".100ms-token-*") // 0600
	if err != nil {
		return plainPath(err)
	}
	defer os.Remove(file.Name()) // nothing is there once it was renamed
	_, err = file.WriteString(token.Reveal())
	err = errors.Join(err, file.Chmod(mode), file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	return plainPath(err)
}

// plainPath is an error of a file without its path, which is told beside it.
func plainPath(err error) error {
	if path, ok := errors.AsType[*os.PathError](err); ok {
		return path.Err
	}
	if link, ok := errors.AsType[*os.LinkError](err); ok {
		return link.Err
	}
	return err
}

// commandTime is how long a command may take.
const commandTime = 30 * time.Second

// runWith runs a command with a token on its standard input. What it prints is dropped,
// for it may hold the token.
func runWith(ctx context.Context, argv []string, token connector.Secret) error {
	limited, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	cmd := exec.CommandContext(limited, argv[0], argv[1:]...)
	cmd.Env = []string{}
	cmd.Dir = string(filepath.Separator)
	cmd.Stdin = bytes.NewReader([]byte(token.Reveal()))
	cmd.WaitDelay = time.Second // for what it started and left behind
	err := cmd.Run()
	exited, ended := errors.AsType[*exec.ExitError](err)
	switch {
	case err == nil:
		return nil
	case limited.Err() != nil && ctx.Err() == nil:
		return fmt.Errorf("it took longer than %s, and was ended", connector.Span(commandTime))
	case ended:
		return fmt.Errorf("it ended with %s", exited.ProcessState)
	}
	return plainPath(err)
}

// donePath is where it is noted which command has which token, by hashes.
func (t *Targets) donePath() string { return t.path + ".pushed" }

func (t *Targets) readDone() error {
	data, err := os.ReadFile(t.donePath())
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err == nil && json.Unmarshal(data, &t.done) != nil {
		t.done = map[string]string{} // each command then gets its token once more
	}
	if err != nil {
		return fmt.Errorf("%w: %s cannot be read: %w", ErrTargets, t.donePath(), plainPath(err))
	}
	return nil
}

func (t *Targets) writeDone() error {
	noted := map[string]string{}
	for _, one := range t.all {
		if one.file == "" && t.done[one.key()] != "" {
			noted[one.key()] = t.done[one.key()]
		}
	}
	data, err := json.Marshal(noted)
	if err == nil {
		err = replaceFile(t.donePath(), connector.Secret(data))
	}
	if err != nil {
		return fmt.Errorf("that it has the token could not be noted in %s: %w", t.donePath(), err)
	}
	return nil
}
