package sink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/100ms-connector/connector-go/connector"
)

// transfer fetches one file. The signed URL is nowhere but in its calls: no error holds
// it.
type transfer struct {
	downloads *Downloads
	asset     asset
	file      *os.File
	got       int64 // bytes fetched
	address   connector.Secret
}

// stall is how long a storage may send nothing.
var stall = time.Minute // a variable for the tests

// run asks and goes on until the file is whole.
func (t *transfer) run(ctx context.Context) (outcome Outcome, why string, err error) {
	patience := t.downloads.Patience
	if patience == 0 {
		patience = time.Minute
	}
	refused := false // the URL at hand is the second one
	began := time.Now()
	for attempt := 0; ; attempt++ {
		if t.address == "" {
			address, found, err := t.downloads.Source.AssetURL(ctx, t.asset.ID)
			if err != nil {
				return "", "", err
			}
			if !found {
				return Gone, "the API has it no longer", nil
			}
			t.address = address
		}
		before := t.got
		err := t.once(ctx)
		if t.got > before {
			began, attempt, refused = time.Now(), 0, false
		}
		answer, answered := errors.AsType[*storageError](err)
		switch {
		case err == nil:
			return Fetched, "", nil
		case ctx.Err() != nil:
			return "", "", ctx.Err()
		case answered && answer.gone():
			return Gone, err.Error(), nil
		case answered && answer.refused() && !refused: // it may have expired
			t.address, refused = "", true
			continue
		case answered && !answer.again():
			return Refused, err.Error(), nil
		case !answered && !errors.Is(err, errConnection):
			return "", "", err // of the file
		}
		wait := min(15*time.Second, 200*time.Millisecond<<min(attempt, 10))
		wait = wait/2 + rand.N(wait/2)
		if time.Since(began)+wait > patience {
			return "", "", err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return "", "", ctx.Err()
		}
	}
}

// errConnection is the error of a storage that did not answer, or not to the end.
var errConnection = errors.New("the connection to the storage failed")

// storageError is an answer that is not the file.
type storageError struct {
	status int
	why    string
}

func (e *storageError) Error() string {
	if e.why != "" {
		return e.why
	}
	return fmt.Sprintf("the storage answered %d", e.status)
}
func (e *storageError) gone() bool {
	return e.status == http.StatusNotFound || e.status == http.StatusGone
}

// refused says that another URL may do: Google's storage calls an expired one 400.
func (e *storageError) refused() bool {
	return e.status == http.StatusForbidden || e.status == http.StatusUnauthorized || e.status == http.StatusBadRequest
}
func (e *storageError) again() bool {
	return e.status == http.StatusTooManyRequests || e.status == http.StatusRequestTimeout || e.status >= 500
}

// once asks for what the file lacks, and writes what comes.
func (t *transfer) once(ctx context.Context) error {
	have, err := t.file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if t.asset.Size > 0 && have >= t.asset.Size {
		if have == t.asset.Size {
			return nil
		}
		if have, err = 0, t.anew(); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	watch := time.AfterFunc(stall, cancel)
	defer watch.Stop()
	resp, err := t.get(ctx, have)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var total int64 // of the whole file, as the storage says it; 0 if it does not
	switch resp.StatusCode {
	case http.StatusPartialContent:
		var from int64
		if from, total = contentRange(resp.Header.Get("Content-Range")); from != have {
			return t.anewAfter(&storageError{status: 500, why: "the storage gave another part of the file than was asked for"})
		}
	case http.StatusOK: // all of it, whatever was asked for
		if err := t.anew(); err != nil {
			return err
		}
		have, total = 0, max(0, resp.ContentLength)
	case http.StatusRequestedRangeNotSatisfiable:
		if _, total = contentRange(resp.Header.Get("Content-Range")); total == have && (total == t.asset.Size || t.asset.Size == 0) {
			return nil
		}
		return t.anewAfter(&storageError{status: 500, why: "the storage has a shorter file than what is here"})
	default:
		return &storageError{status: resp.StatusCode}
	}
	if t.asset.Size > 0 && total > 0 && total != t.asset.Size {
		return &storageError{why: fmt.Sprintf("the file has %d bytes, and its record says %d", total, t.asset.Size)}
	}
	want := max(t.asset.Size, total)
	most := int64(1) << 62
	if want > 0 {
		most = want - have
	}
	n, err := io.Copy(t.file, io.LimitReader(&watched{resp.Body, watch}, most))
	t.got += n
	switch broken, ok := errors.AsType[*readError](err); {
	case ok:
		return fmt.Errorf("%w: %s", errConnection, plain(broken.err))
	case err != nil:
		return err
	case have+n < want:
		return fmt.Errorf("%w: it sent %d of %d bytes", errConnection, have+n, want)
	}
	return nil
}

// anew forgets what is there of the file.
func (t *transfer) anew() error {
	_, err := t.file.Seek(0, io.SeekStart)
	return errors.Join(err, t.file.Truncate(0))
}

func (t *transfer) anewAfter(err error) error {
	if failed := t.anew(); failed != nil {
		return failed
	}
	return err
}

// get asks the storage. The token does not go there.
func (t *transfer) get(ctx context.Context, from int64) (*http.Response, error) {
	u, err := url.Parse(t.address.Reveal())
	if err != nil || !fetchable(u) {
		return nil, &storageError{why: "the API gave an address that is no https URL"}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, &storageError{why: "the API gave an address that cannot be asked"}
	}
	req.Header.Set("Accept-Encoding", "identity") // sizes are those of the file
	if from > 0 {
		req.Header.Set("Range", "bytes="+strconv.FormatInt(from, 10)+"-")
	}
	resp, err := t.downloads.client().Do(req)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", errConnection, plain(err))
	}
	return resp, nil
}

// fetchable says whether a file may be fetched from an address.
func fetchable(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || ip.IsLoopback())
}

// client makes the calls. It has no token.
func (d *Downloads) client() *http.Client {
	transport := d.Transport
	if transport == nil {
		transport = sharedTransport()
	}
	return &http.Client{Transport: transport, CheckRedirect: func(req *http.Request, via []*http.Request) error {
		req.Header.Del("Referer") // it would be the signed URL
		if !fetchable(req.URL) || len(via) > 5 {
			return errors.New("it redirects to where nothing is fetched from")
		}
		return nil
	}}
}

var sharedTransport = sync.OnceValue(func() *http.Transport {
	transport := connector.NewTransport()
	transport.ResponseHeaderTimeout = 30 * time.Second
	return transport
})

// plain is the cause of a failed call, without the URL that net/http puts before it.
func plain(err error) string {
	if call, ok := errors.AsType[*url.Error](err); ok {
		err = call.Err
	}
	switch words := err.Error(); {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "it closed the connection"
	case errors.Is(err, context.Canceled): // not the caller's, who is asked first
		return fmt.Sprintf("nothing came for %s", stall)
	case strings.Contains(words, "://"), strings.Contains(words, "?"):
		return "it redirects to what is no address"
	default:
		return words
	}
}

// watched is a body that puts off the end of a call as long as bytes come.
type watched struct {
	body  io.Reader
	watch *time.Timer
}

// readError tells an error of reading from one of writing.
type readError struct{ err error }

func (e *readError) Error() string { return e.err.Error() }

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.body.Read(p)
	w.watch.Reset(stall)
	if err != nil && err != io.EOF {
		err = &readError{err}
	}
	return n, err
}

// contentRange reads where a part begins, and how long the whole is; -1 and 0 if it is
// not said.
func contentRange(header string) (from, total int64) {
	from = -1
	span, whole, _ := strings.Cut(strings.TrimPrefix(header, "bytes "), "/")
	if n, err := strconv.ParseInt(whole, 10, 64); err == nil {
		total = n
	}
	first, _, _ := strings.Cut(span, "-")
	if n, err := strconv.ParseInt(first, 10, 64); err == nil {
		from = n
	}
	return from, total
}
