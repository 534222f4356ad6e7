package sink

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/100ms-connector/connector-go/connector/exchange"
)

const (
	checkpointVersion = 1
	maxCheckpoint     = 32 << 20 // bytes
)

// Checkpoint says of each stream how far it was written: what a state file holds.
type Checkpoint struct {
	V       int              `json:"v"`
	Streams map[string]Entry `json:"streams"`
}

// Entry is how far a stream was written.
type Entry struct {
	State  exchange.State `json:"state"`
	Length int64          `json:"length,omitempty"` // of its file, in bytes
}

// NewCheckpoint is one of nothing.
func NewCheckpoint() *Checkpoint {
	return &Checkpoint{V: checkpointVersion, Streams: map[string]Entry{}}
}

// ReadCheckpoint reads a state file; one that is not there is of nothing. The error is
// exchange.ErrState where the file can be read and not used.
func ReadCheckpoint(path string) (*Checkpoint, error) {
	switch info, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return NewCheckpoint(), nil
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular(): // a pipe would block
		return nil, fmt.Errorf("%w: it is no regular file", exchange.ErrState)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxCheckpoint+1))
	if err != nil {
		return nil, err
	}
	return ParseCheckpoint(data)
}

// ParseCheckpoint reads what a state file holds. The error is exchange.ErrState.
func ParseCheckpoint(data []byte) (*Checkpoint, error) {
	c := NewCheckpoint()
	c.V = 0
	switch err := json.Unmarshal(data, c); {
	case len(data) > maxCheckpoint:
		return nil, fmt.Errorf("%w: it is larger than 32 MiB", exchange.ErrState)
	case err != nil || c.V < 1:
		return nil, fmt.Errorf("%w: it is damaged, or no state file", exchange.ErrState)
	case c.V > checkpointVersion:
		return nil, fmt.Errorf("%w: it is of version %d, and this program knows %d: use a newer one", exchange.ErrState, c.V, checkpointVersion)
	}
	for name, e := range c.Streams {
		if e.Length < 0 {
			return nil, fmt.Errorf("%w: it is damaged: the length of %q is negative", exchange.ErrState, name)
		}
	}
	if c.Streams == nil {
		c.Streams = map[string]Entry{}
	}
	return c, nil
}

// Save puts the checkpoint in the place of the file: whole, or not at all, whatever ends
// this process. If durable, that holds for a failure of the machine as well, which costs
// a thousand times as much. A link stays a link.
func (c *Checkpoint) Save(path string, durable bool) error {
	data, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	folder := filepath.Dir(path)
	file, err := os.CreateTemp(folder, "."+filepath.Base(path)+".*") // only its owner can read it
	if err != nil {
		return err
	}
	_, err = file.Write(append(data, '\n'))
	if err == nil && durable {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		os.Remove(file.Name())
		return err
	}
	if !durable {
		return nil
	}
	return syncFolder(folder)
}

// syncFolder makes the names in a folder survive a failure of the machine. Windows
// cannot sync one.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}
