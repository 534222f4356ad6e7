package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/100ms-connector/connector-go/cmd/connector/internal/document"
	"github.com/100ms-connector/connector-go/connector"
)

// input is one document to read, or the reason why there is none.
type input struct {
	source string                                               // as results name it
	path   string                                               // empty if it is no file: standard input, or saved
	plain  bool                                                 // known to be a regular file
	saved  bool                                                 // a saved credential; source is its name
	load   func(context.Context) (*connector.Credential, error) // of a saved one
	err    error

	dir  *directory // in which it was found; nil if it was named itself
	last bool       // of those found in dir
}

// inputs finds the documents that the arguments name: files, those that search finds
// below directories, standard input for "-", which is read for nothing else, and
// saved credentials. An argument with a path separator or a document's ending is a
// file, also one that does not exist; a directory may be named without a separator.
func inputs(args []string, from *saved, search search) ([]input, error) {
	var found []input
	stdin := false
	for _, arg := range args {
		if arg == "" {
			return nil, errors.New("an input is empty: is a variable not set?")
		}
		if arg == "-" {
			if stdin {
				return nil, errors.New("standard input (-) can be read only once")
			}
			stdin = true
			found = append(found, input{source: sourceName(arg)})
			continue
		}
		info, err := os.Stat(arg)
		switch {
		case err == nil && info.IsDir():
			found = append(found, search.below(arg)...)
		case !isPath(arg):
			found = append(found, from.input(arg))
		case err != nil:
			found = append(found, input{source: arg, path: arg, err: err})
		default:
			found = append(found, input{source: arg, path: arg, plain: info.Mode().IsRegular()})
		}
	}
	return found, nil
}

// sourceName is how results name an argument.
func sourceName(arg string) string {
	if arg == "-" {
		return "stdin"
	}
	return arg
}

// isPath says whether an argument names a file, and not a saved credential.
func isPath(arg string) bool {
	return arg == "-" || document.Named(arg) || strings.ContainsRune(arg, '/') || strings.ContainsRune(arg, filepath.Separator)
}

// read returns the document, in buf if it fits there. One byte more than the most
// a document may have is read, so that validation can say that it is too large.
func (in input) read(ctx context.Context, stdin io.Reader, buf []byte) ([]byte, error) {
	switch {
	case in.err != nil:
		return nil, in.err
	case in.load != nil:
		cred, err := in.load(ctx)
		if err != nil {
			return nil, err
		}
		return cred.Document(), nil
	case in.path == "":
		return readPatiently(ctx, stdin)
	case in.plain:
		f, err := openPlain(in.path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return readDocument(f, buf)
	}
	// Opening a pipe that nobody writes to would wait for ever.
	f, err := os.OpenFile(in.path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := readPatiently(ctx, f)
	if info, _ := f.Stat(); err == nil && len(data) == 0 && info != nil && info.Mode()&fs.ModeNamedPipe != 0 {
		return nil, &failure{exitUntested, errors.New("nothing came out of the pipe"), "Start what writes to the pipe first."}
	}
	return data, err
}

// readPatiently reads until the end or until ctx is done, whichever is first: a person
// at the other end of a pipe may never finish.
func readPatiently(ctx context.Context, from io.Reader) ([]byte, error) {
	type read struct {
		data []byte
		err  error
	}
	done := make(chan read, 1)
	go func() {
		data, err := readDocument(from, nil)
		done <- read{data, err}
	}()
	select {
	case r := <-done:
		return r.data, r.err
	case <-ctx.Done():
		return nil, &failure{exitUntested, errors.New("interrupted"), "Run it again."}
	}
}

func readDocument(r io.Reader, buf []byte) ([]byte, error) {
	buf = buf[:0]
	for {
		if len(buf) == cap(buf) {
			buf = slices.Grow(buf, max(2048, len(buf)))
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case err == io.EOF || len(buf) > connector.MaxDocument:
			return buf, nil
		case err != nil:
			return nil, err
		}
	}
}
