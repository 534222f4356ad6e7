package store

import (
	"context"
	"os"
	"time"

	"github.com/gofrs/flock"
)

// lockPath holds a lock that ends with the process, however it ends. The file
// stays: whoever removed it could lock a file that no longer has a name.
func lockPath(ctx context.Context, path string, explain func(error) error) (unlock func(), err error) {
	// Opened for reading alone, a pipe in the file's place would block.
	lock := flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(0o600))
	if _, err := lock.TryLockContext(ctx, 20*time.Millisecond); err != nil {
		lock.Close()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, explain(err)
	}
	return func() { lock.Close() }, nil
}
