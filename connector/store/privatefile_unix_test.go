//go:build linux || darwin

package store_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector/store"
)

// TestAPipeInTheKeysPlaceDoesNotBlock: nobody writes to it.
func TestAPipeInTheKeysPlaceDoesNotBlock(t *testing.T) {
	limited, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	p := onSQLite(t)
	ok(t, os.MkdirAll(filepath.Dir(p.keyFile), 0o700))
	ok(t, syscall.Mkfifo(p.keyFile, 0o600))
	s := p.open(t)
	done := make(chan error, 1)
	go func() { done <- s.Save(limited, credential("a", token(1))) }()
	select {
	case err := <-done:
		if fails(t, err, store.ErrKey); !strings.Contains(err.Error(), "is not a file") {
			t.Error(err)
		}
	case <-limited.Done():
		t.Error("it blocks")
		if f, err := os.OpenFile(p.keyFile, os.O_WRONLY|syscall.O_NONBLOCK, 0); err == nil {
			f.Close() // so that it ends
		}
		<-done
	}

	lock := onSQLite(t)
	ok(t, os.MkdirAll(filepath.Dir(lock.keyFile), 0o700))
	ok(t, syscall.Mkfifo(lock.keyFile+".lock", 0o600))
	ok(t, lock.open(t).Save(limited, credential("a", token(1)))) // a pipe can be locked too
}
