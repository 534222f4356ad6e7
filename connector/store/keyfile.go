package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// KeyFile takes the keys from a text file, which is made at first use: mode
// 0600, in a folder made with 0700. It has one key a line in base64; the first
// one seals, all unseal; # begins a comment. It is read as ReadPrivateFile does:
// one that others than its owner may read is refused, as is a pipe or a link to
// nothing. Rotations lock the file path+".lock".
//
// Where a store holds credentials, a file that is missing is never made anew:
// ErrLocked then says which file it is. Several stores may share one.
func KeyFile(path string) KeySource { return KeySource{&fileKeys{path}} }

type fileKeys struct{ path string }

func (f *fileKeys) String() string { return "the key file " + f.path }

func (f *fileKeys) read() (*keySet, error) {
	text, err := readPrivate(f.path, ErrKey)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errNoKeys
	}
	if err != nil {
		return nil, err
	}
	return parseKeys(f.path, string(text))
}

// lock waits for other processes that are about to write the file.
func (f *fileKeys) lock(ctx context.Context) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(f.path), 0o700); err != nil {
		return nil, f.explain(err)
	}
	return lockPath(ctx, f.target()+".lock", f.explain)
}

// target is the file itself, where path is a link to it: who keeps a key in a
// vault wants the new one there, too.
func (f *fileKeys) target() string {
	if target, err := filepath.EvalSymlinks(f.path); err == nil {
		return target
	}
	return f.path
}

// write replaces the file: whoever reads it finds all of the old or all of the
// new, also after a crash. The lock makes one name for the new file enough, so
// that a crash leaves one stray file at most.
func (f *fileKeys) write(ks *keySet) error {
	target := f.target()
	if info, err := os.Lstat(target); err == nil && !info.Mode().IsRegular() { // it was one when it was read
		return &fileError{ErrKey, nil, target + " is no longer a file: put the key file back"}
	}
	fresh := target + ".new"
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return f.explain(err)
	}
	file, err := os.OpenFile(fresh, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return f.explain(err)
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
		return f.explain(err)
	}
	if err := syncDir(filepath.Dir(target)); err != nil {
		return f.explain(err)
	}
	return nil
}

// explain marks a folder that cannot be written: its keys can still be read.
func (f *fileKeys) explain(err error) error {
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		err = errors.Join(err, errFixed)
	}
	return explainPrivate(f.path, ErrKey, err)
}
