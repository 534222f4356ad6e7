package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"syscall"

	"github.com/100ms-connector/connector-go/connector"
)

// maxPrivateFile bounds what is read, in bytes: someone may name a disk image.
const maxPrivateFile = 1 << 20

// ReadPrivateFile reads a file that holds a secret, such as a key or a password:
// a regular file of at most 1 MiB, or a link to one, that nobody but its owner has
// any permission for (on Windows, whose modes say nothing of that, any). A pipe or
// device is refused without being opened. Errors: ErrFile, and fs.ErrNotExist if
// nothing is there; a link to nothing is ErrFile alone.
func ReadPrivateFile(path string) (data []byte, err error) { return readPrivate(path, ErrFile) }

// SigningKeyFile reads a workspace's signing key from a file, as ReadPrivateFile
// and connector.ParseSigningKey do. Errors: ErrFile.
func SigningKeyFile(path string) (*connector.SigningKey, error) {
	data, err := ReadPrivateFile(path)
	if err != nil {
		return nil, err
	}
	key, err := connector.ParseSigningKey(data)
	if err != nil {
		return nil, &fileError{ErrFile, err, path + ": " + err.Error()}
	}
	return key, nil
}

// fileError is an error about a file: its class, its cause, and the words.
type fileError struct {
	class, cause error
	text         string
}

func (e *fileError) Error() string   { return e.class.Error() + ": " + e.text }
func (e *fileError) Unwrap() []error { return []error{e.class, e.cause} }

func readPrivate(path string, class error) ([]byte, error) {
	fault := func(format string, args ...any) error {
		return &fileError{class, nil, path + " " + fmt.Sprintf(format, args...)}
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(path); err == nil {
			return nil, fault("is a link to a file that is not there: put the file back, or remove the link")
		}
	}
	if err != nil {
		return nil, explainPrivate(path, class, err)
	}
	if !info.Mode().IsRegular() {
		return nil, fault("is not a file: name a regular file")
	}
	// What has since taken the file's place must not block either.
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, explainPrivate(path, class, err)
	}
	defer file.Close()
	info, err = file.Stat()
	switch {
	case err != nil:
		return nil, explainPrivate(path, class, err)
	case !info.Mode().IsRegular():
		return nil, fault("is not a file: name a regular file")
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		return nil, fault("can be used by others than its owner (mode %04o): chmod 600 it, and consider what it holds known", info.Mode().Perm())
	}
	data, err := io.ReadAll(io.LimitReader(file, maxPrivateFile+1))
	switch {
	case err != nil:
		return nil, explainPrivate(path, class, err)
	case len(data) > maxPrivateFile:
		return nil, fault("is larger than 1 MiB: it is not the file that is meant")
	}
	return data, nil
}

// explainPrivate puts an error of the file system into words.
func explainPrivate(path string, class, err error) error {
	var detail *fs.PathError
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return &fileError{class, err, "this user has no permission for " + path + " or its folder: change their owner or mode"}
	case errors.Is(err, fs.ErrNotExist):
		return &fileError{class, err, path + " is not there: check the path"}
	case errors.As(err, &detail):
		return &fileError{class, err, path + ": " + detail.Err.Error()}
	}
	return &fileError{class, err, path + ": " + err.Error()}
}
