//go:build linux || darwin

package store_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
)

// The tests of this file's parts run them in processes of their own, which they
// kill, limit, or take permissions from.

// parts are what a child process may be told to do with the store.
var parts = map[string]func(s *store.Store) error{
	"write": partWrite, "count": partCount, "rotate": partRotate, "save": partSave, "list": partList,
	"save one": func(s *store.Store) error { return s.Save(ctx, credential("one", childToken(1))) },
}

// play does a part, and prints what went wrong.
func play(part string) int {
	if user, err := strconv.Atoi(os.Getenv("STORE_TEST_USER")); err == nil {
		for _, err := range []error{syscall.Setgroups(nil), syscall.Setgid(user), syscall.Setuid(user)} {
			if err != nil {
				fmt.Println(err)
				return 1
			}
		}
	}
	if size, err := strconv.ParseUint(os.Getenv("STORE_TEST_LIMIT"), 10, 64); err == nil {
		signal.Ignore(syscall.SIGXFSZ) // so that a write fails instead of the process
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: size, Max: size}); err != nil {
			fmt.Println(err)
			return 1
		}
	}
	s, err := store.Open(ctx, os.Getenv("STORE_TEST_URL"), store.KeyFile(os.Getenv("STORE_TEST_KEY")))
	if err == nil {
		err = parts[part](s)
		s.Close()
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

// child prepares a process that does a part on the store of a place.
func child(p place, part string, more ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "STORE_TEST_PART="+part, "STORE_TEST_URL="+p.url, "STORE_TEST_KEY="+p.keyFile)
	cmd.Env = append(cmd.Env, more...)
	cmd.Stderr = os.Stderr
	return cmd
}

// partWrite saves, edits, renames and deletes for ever, and says before and
// after each what it is about to do, and has done.
func partWrite(s *store.Store) error {
	prefix := os.Getenv("STORE_TEST_NAME")
	did := func(what string, err error) error {
		if err == nil {
			fmt.Println("done", what)
		}
		return err
	}
	for n := 0; ; n++ {
		a, b := fmt.Sprint(prefix, "-", n), fmt.Sprint(prefix, "-", n, "-renamed")
		steps := []struct {
			what string
			do   func() error
		}{
			{fmt.Sprint("save ", a, " 1"), func() error { return s.Save(ctx, credential(a, childToken(1))) }},
			{fmt.Sprint("edit ", a, " 2"), func() error { return s.Edit(ctx, a, store.Changes{APIKeyValue: ptr(childToken(2))}) }},
			{fmt.Sprint("rename ", a, " ", b), func() error { return s.Edit(ctx, a, store.Changes{Name: &b}) }},
			{fmt.Sprint("edit ", b, " 3"), func() error { return replace(s, b, childToken(2), childToken(3)) }},
			{fmt.Sprint("save ", a, " 4"), func() error { return s.Save(ctx, credential(a, childToken(4))) }},
			{fmt.Sprint("delete ", b), func() error { return s.Delete(ctx, b) }},
		}
		for _, step := range steps {
			fmt.Println("begin", step.what)
			if err := did(step.what, step.do()); err != nil {
				return err
			}
		}
	}
}

// childToken is the same in every process.
func childToken(n int) connector.Secret {
	return connector.Secret(fmt.Sprintf("%s.number-%d", strings.Repeat("childtoken", 30), n))
}

// partCount replaces the value number n of "shared" by number n+1, a hundred
// times, and saves as many of its own.
func partCount(s *store.Store) error {
	prefix := os.Getenv("STORE_TEST_NAME")
	for n := range updates {
		if err := s.Save(ctx, credential(fmt.Sprint(prefix, n), childToken(n))); err != nil {
			return err
		}
		for {
			c, err := s.Credential(ctx, "shared")
			if err != nil {
				return err
			}
			_, number, _ := strings.Cut(c.APIKeyValue.Reveal(), ".number-")
			at, err := strconv.Atoi(number)
			if err != nil {
				return err
			}
			err = replace(s, "shared", c.APIKeyValue, childToken(at+1))
			if errors.Is(err, store.ErrChanged) {
				continue
			}
			if err != nil {
				return err
			}
			break
		}
	}
	return nil
}

const updates = 100

func partRotate(s *store.Store) error {
	fmt.Println("ready")
	return s.RotateKey(ctx, func(done, total int) { fmt.Println(done, "of", total) })
}

// partSave saves until that fails, but not for ever.
func partSave(s *store.Store) error {
	for n := range 2000 {
		if err := s.Save(ctx, credential(fmt.Sprint("more ", n), childToken(n))); err != nil {
			return err
		}
		fmt.Println("saved", n)
	}
	return nil
}

func partList(s *store.Store) error {
	list, err := s.List(ctx)
	fmt.Println("listed", len(list))
	return err
}

// start starts a child and returns what it prints, line by line.
func start(t *testing.T, cmd *exec.Cmd) *bufio.Scanner {
	t.Helper()
	r, w, err := os.Pipe()
	ok(t, err)
	t.Cleanup(func() { r.Close() })
	cmd.Stdout = w
	ok(t, cmd.Start())
	ok(t, w.Close()) // so that the lines end when the child does
	return bufio.NewScanner(io.Reader(r))
}
