package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// KeyFile takes the keys from a text file, which is made at first use: mode
// 0600, in a folder made with 0700. It has one key a line in base64; the first
// one seals, all unseal; # begins a comment. A file that others than its owner
// may read is refused. Rotations lock the file path+".lock".
//
// Where a store holds credentials, a file that is missing is never made anew:
// ErrLocked then says which file it is. Several stores may share one.
func KeyFile(path string) KeySource { return KeySource{&fileKeys{path}} }

type fileKeys struct{ path string }

func (f *fileKeys) String() string { return "the key file " + f.path }

// maxKeyFile bounds what is read: someone may name a device, or a film.
const maxKeyFile = 1 << 20

func (f *fileKeys) read() (*keySet, error) {
	file, err := os.Open(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errNoKeys
	}
	if err != nil {
		return nil, f.told(err)
	}
	defer file.Close()
	info, err := file.Stat() // of what was opened, not of what may since have taken its place
	switch {
	case err != nil:
		return nil, f.told(err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%w: %s is not a file", ErrKey, f.path)
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("%w: %s can be used by others than its owner (mode %04o): chmod 600 it, and consider its keys known", ErrKey, f.path, info.Mode().Perm())
	}
	text, err := io.ReadAll(io.LimitReader(file, maxKeyFile))
	if err != nil {
		return nil, f.told(err)
	}
	ks, err := parseKeys(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.path, err)
	}
	return ks, nil
}

// lock waits for other processes that are about to write the file.
func (f *fileKeys) lock(ctx context.Context) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(f.path), 0o700); err != nil {
		return nil, f.told(err)
	}
	return lockPath(ctx, f.target()+".lock", f.told)
}

// target is the file itself, where path is a link to it: who keeps a key in a
// vault wants the new one there, too.
func (f *fileKeys) target() string {
	if target, err := filepath.EvalSymlinks(f.path); err == nil {
		return target
	}
	return f.path
}

// lockPath holds a lock that ends with the process, however it ends. The file
// stays: whoever removed it could lock a file that no longer has a name.
func lockPath(ctx context.Context, path string, told func(error) error) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, told(err)
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		locked, err := tryLock(file)
		if locked {
			return func() { file.Close() }, nil
		}
		if err != nil {
			file.Close()
			return nil, told(err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			file.Close()
			return nil, ctx.Err()
		}
	}
}

// write replaces the file: whoever reads it finds all of the old or all of the
// new, also after a crash. The lock makes one name for the new file enough, so
// that a crash leaves one stray file at most.
func (f *fileKeys) write(ks *keySet) error {
	target := f.target()
	fresh := target + ".new"
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return f.told(err)
	}
	file, err := os.OpenFile(fresh, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return f.told(err)
	}
	_, err = file.WriteString(ks.text())
	if err == nil {
		err = file.Sync()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(fresh, target)
	}
	if err != nil {
		os.Remove(fresh)
		return f.told(err)
	}
	if err := syncDir(filepath.Dir(target)); err != nil {
		return f.told(err)
	}
	return nil
}

func (f *fileKeys) told(err error) error {
	var detail *fs.PathError
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%w: this user has no permission for %s or its folder%w", ErrKey, f.path, errFixed)
	case errors.As(err, &detail):
		return fmt.Errorf("%w: %s: %v", ErrKey, f.path, detail.Err)
	}
	return fmt.Errorf("%w: %s: %v", ErrKey, f.path, err)
}
