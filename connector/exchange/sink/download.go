package sink

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/100ms-connector/connector-go/connector/exchange"
)

// Downloads keeps the files of recording assets in a folder, each under the asset's id.
// One that is there is whole, for it gets its name last. Source and Folder must be set.
type Downloads struct {
	Source *exchange.Source
	Folder string

	Transport   http.RoundTripper // if nil, one that all share, without a proxy
	Patience    time.Duration     // for waiting and repeating while no byte comes; 60 s if zero, none if negative
	Concurrency int               // files fetched at once; 4 if zero
}

// Outcome is what came of the file of an asset.
type Outcome string

// The outcomes.
const (
	Fetched Outcome = "fetched"
	Present Outcome = "present" // since an earlier run
	Gone    Outcome = "gone"    // the API or the storage has it no longer
	Refused Outcome = "refused" // the storage does not give it, or gives another than the record says
)

// Download says what came of one file.
type Download struct {
	ID      string
	Outcome Outcome
	Bytes   int64 // that were fetched, in this run
	Why     string
}

// asset is a record of recording_assets, as far as its file is concerned.
type asset struct {
	ID     string `json:"id"`
	Status string `json:"status"`
	Path   string `json:"path"`
	Size   int64  `json:"size"` // in bytes; 0 if it is not known
}

var (
	fileID    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*$`)
	extension = regexp.MustCompile(`^\.[A-Za-z0-9]+$`)
)

// Longer names are no ids of 100ms's, and some systems have no room for them. A bound
// within the expression would take a millisecond to compile.
const (
	maxFileID    = 128
	maxExtension = 9
)

// Fetch fetches the files of the assets that are completed, several at once, and tells
// of each. Those that are there are not asked for. The error is why it ended before: a
// fault of the API, of the network or of the folder; what was fetched of a file stays,
// and the next run goes on behind it.
func (d *Downloads) Fetch(ctx context.Context, records []exchange.Record, tell func(Download)) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	queue := make(chan asset)
	var mu sync.Mutex
	var workers sync.WaitGroup
	for range d.concurrency() {
		workers.Go(func() {
			for a := range queue {
				done, err := d.fetch(ctx, a)
				if err != nil {
					stop(err)
					continue
				}
				mu.Lock()
				tell(done)
				mu.Unlock()
			}
		})
	}
	for _, record := range records {
		var a asset
		if json.Unmarshal(record.Data, &a) != nil || a.Status != "completed" {
			continue
		}
		select {
		case queue <- a:
		case <-ctx.Done():
		}
	}
	close(queue)
	workers.Wait()
	return context.Cause(ctx)
}

func (d *Downloads) concurrency() int {
	if d.Concurrency <= 0 {
		return 4
	}
	return d.Concurrency
}

// fetch fetches one file, if it is not there.
func (d *Downloads) fetch(ctx context.Context, a asset) (Download, error) {
	if len(a.ID) > maxFileID || !fileID.MatchString(a.ID) {
		return Download{a.ID, Refused, 0, "its id cannot be the name of a file"}, nil
	}
	end := strings.ToLower(filepath.Ext(a.Path))
	if len(end) > maxExtension || !extension.MatchString(end) {
		end = ".bin"
	}
	path := filepath.Join(d.Folder, a.ID+end)
	switch info, err := os.Stat(path); {
	case err == nil && (info.Size() == a.Size || a.Size == 0):
		return Download{a.ID, Present, 0, ""}, nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return Download{}, err
	}
	if err := os.MkdirAll(d.Folder, 0o700); err != nil {
		return Download{}, err
	}
	temporary := filepath.Join(d.Folder, "."+a.ID+end+".partial")
	file, err := os.OpenFile(temporary, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return Download{}, err
	}
	t := &transfer{downloads: d, asset: a, file: file}
	outcome, why, err := t.run(ctx)
	if err == nil && outcome == Fetched {
		err = file.Sync()
	}
	err = errors.Join(err, file.Close())
	switch {
	case err != nil:
		return Download{}, fmt.Errorf("the file of %s: %w", a.ID, err)
	case outcome != Fetched:
		return Download{a.ID, outcome, t.got, why}, os.Remove(temporary)
	}
	if err := os.Rename(temporary, path); err != nil {
		return Download{}, err
	}
	return Download{a.ID, Fetched, t.got, ""}, syncFolder(d.Folder)
}
