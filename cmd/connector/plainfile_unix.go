//go:build unix

package main

import (
	"io"
	"io/fs"
	"os"
	"syscall"
)

// plainFile is a regular file, open for reading. os.File would ask the kernel six
// times more for each, to find out whether it can be polled, which takes as long
// as reading a credential does; and there may be thousands.
type plainFile struct {
	path string
	fd   int
}

// openPlain opens a regular file.
func openPlain(path string) (io.ReadCloser, error) {
	for {
		fd, err := syscall.Open(path, os.O_RDONLY|syscall.O_CLOEXEC, 0)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return nil, &fs.PathError{Op: "open", Path: path, Err: err}
		}
		return plainFile{path, fd}, nil
	}
}

func (f plainFile) Read(p []byte) (int, error) {
	for {
		n, err := syscall.Read(f.fd, p)
		switch {
		case err == syscall.EINTR:
			continue
		case err != nil:
			return 0, &fs.PathError{Op: "read", Path: f.path, Err: err}
		case n == 0:
			return 0, io.EOF
		}
		return n, nil
	}
}

func (f plainFile) Close() error { return syscall.Close(f.fd) }
