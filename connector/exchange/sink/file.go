package sink

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/100ms-connector/connector-go/connector/exchange"
)

// ErrFile is a file that does not go with its state, or with the stream: it is as it
// was.
var ErrFile = errors.New("the file cannot be gone on with")

// File holds the records of one stream. Only its owner can read it.
type File struct {
	Output
	file *os.File
	path string // where it will be
	new  bool   // it is written under another name
}

// Create begins a file anew, under a temporary name until Commit. What a killed run left
// there is removed.
func Create(path string, e Encoder) (*File, error) {
	temporary := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".partial")
	if err := os.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	file, err := os.OpenFile(temporary, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	return &File{Output{To: file, Encoder: e}, file, path, true}, nil
}

// Append opens a file to go on behind its first length bytes; what a killed run left
// behind them is cut off. The errors about a file that cannot be gone on with are those
// of Check.
func Append(path string, e Encoder, length int64) (*File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	err = judge(file, e.Header(nil), length)
	if err == nil {
		err = file.Truncate(length)
	}
	if err == nil {
		_, err = file.Seek(length, io.SeekStart)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return &File{Output{To: file, Encoder: e, begun: length > 0}, file, path, false}, nil
}

// Check says whether Append would take a file, and leaves it as it is. The error is
// ErrFile for one that is shorter than length, or begins with another header.
func Check(path string, e Encoder, length int64) error {
	switch info, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist) && length == 0:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: it is not there, and the state says that it has %d bytes: put it back, or begin anew without the state", ErrFile, length)
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%w: it is no regular file", ErrFile)
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	return judge(file, e.Header(nil), length)
}

func judge(file *os.File, header []byte, length int64) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	begin := make([]byte, len(header))
	n, _ := io.ReadFull(file, begin)
	switch {
	case !info.Mode().IsRegular():
		return fmt.Errorf("%w: it is no regular file", ErrFile)
	case length > 0 && !bytes.Equal(begin[:n], header[:n]):
		return fmt.Errorf("%w: its header is another: its columns changed, so begin a new file", ErrFile)
	case info.Size() < length:
		return fmt.Errorf("%w: it has %d bytes, and the state says %d: put the file back, or begin anew without the state", ErrFile, info.Size(), length)
	}
	return nil
}

// Length is how many bytes the file has.
func (f *File) Length() (int64, error) { return f.file.Seek(0, io.SeekCurrent) }

// Sync makes what was written survive a failure of the machine.
func (f *File) Sync() error { return f.file.Sync() }

// Commit ends the file, and puts it in its place.
func (f *File) Commit() error {
	err := errors.Join(f.file.Sync(), f.file.Close())
	if err == nil && f.new {
		if err = os.Rename(f.file.Name(), f.path); err == nil {
			err = syncFolder(filepath.Dir(f.path))
		}
	}
	if err != nil && f.new {
		os.Remove(f.file.Name())
	}
	return err
}

// Discard closes a file that is not complete: one that was begun anew is removed, one
// that was gone on with stays as far as it was written. After Commit it does nothing.
func (f *File) Discard() {
	if f.file.Close() == nil && f.new {
		os.Remove(f.file.Name())
	}
}

// Write writes the records of a page. After an error the file is as long as before.
func (f *File) Write(records []exchange.Record) error {
	length, err := f.Length()
	if err != nil {
		return err
	}
	if err := f.Output.Write(records); err != nil {
		return errors.Join(err, f.file.Truncate(length))
	}
	return nil
}
