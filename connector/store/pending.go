package store

import (
	"fmt"
	"io"
	"os"
	"runtime"
)

// ReadPrivateFile reads a regular file of at most 1 MiB that only its owner can
// use.
func ReadPrivateFile(path string) (data []byte, err error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a file: name a regular file", path)
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("%s can be used by others than its owner (mode %04o): chmod 600 it", path, info.Mode().Perm())
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, 1<<20))
}
