//go:build !unix

package main

import (
	"io"
	"os"
)

// openPlain opens a regular file.
func openPlain(path string) (io.ReadCloser, error) { return os.Open(path) }
