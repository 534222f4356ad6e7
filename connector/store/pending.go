package store

import (
	"fmt"
	"io"
	"net/url"
	"os"
	"runtime"
	"syscall"
)

// ReadPrivateFile reads a regular file that only its owner can read, up to 1 MiB.
func ReadPrivateFile(path string) ([]byte, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file", path)
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("%s can be read by others than its owner (mode %04o): chmod 600 it, and consider what it holds known", path, info.Mode().Perm())
	}
	return io.ReadAll(io.LimitReader(file, maxKeyFile))
}

// PasswordInURL says whether a store's URL has a password in it.
func PasswordInURL(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil {
		return false
	}
	_, set := u.User.Password()
	return set || u.Query().Has("password")
}
