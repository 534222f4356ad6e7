package exchange

import (
	"context"
	"errors"
	"hash/maphash"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/100ms-connector/connector-go/connector"
)

// What ends a read without a fault.
var (
	errStopped = errors.New("the caller takes no more")
	errLimit   = errors.New("the limit is reached")
)

// reading is one Read that is under way.
type reading struct {
	source *Source
	ctx    context.Context // of the one Read
	stream Stream
	yield  func(Page, error) bool
	filter *filter

	state *position
	given State // of the last page
	left  int   // records until the limit; negative if there is none
	batch []Record

	notes   []Note
	noted   map[Note]bool
	keys    recent
	cleared connector.Secret // the token that was found to work
	renewed int64
}

// walk is one list of the stream: its query, and its name in the state.
type walk struct {
	name  string
	query url.Values
}

// walks are those of the stream, under the Source's rooms.
func (r *reading) walks() []walk {
	rooms, queries := []string{""}, r.stream.walks
	if r.stream.room != "" && len(r.source.Rooms) > 0 {
		rooms = r.source.Rooms
	}
	if len(queries) == 0 {
		queries = []string{""}
	}
	var found []walk
	for _, room := range rooms {
		for _, q := range queries {
			query, _ := url.ParseQuery(q) // of the table
			if room != "" {
				query.Set(r.stream.room, room)
			}
			found = append(found, walk{query.Encode(), query})
		}
	}
	return found
}

// read gives everything. A pass that was interrupted is finished, and then another one
// catches up with what has come at the front meanwhile.
func (r *reading) read() error {
	r.renewed = r.source.api.renewed.Load()
	interrupted := r.state.interrupted()
	if err := r.pass(); err != nil {
		return err
	}
	if interrupted {
		r.state.CatchUp = true
		if err := r.pass(); err != nil {
			return err
		}
	}
	if !r.stream.Incremental() {
		r.state.Walks = map[string]*place{} // the next read is of everything again
	}
	return r.give(nil, true)
}

// pass makes every walk once.
func (r *reading) pass() error {
	walk := r.list
	walks := r.walks()
	if r.asksParents() {
		walk, walks = r.parents, walks[:1]
		walks[0].name = ""
	}
	for _, w := range walks {
		p := r.state.walk(w.name)
		if p.Ended {
			continue
		}
		r.keys = recent{}
		if err := walk(w, p); err != nil {
			return err
		}
	}
	for _, p := range r.state.Walks {
		p.Ended = false
	}
	r.state.CatchUp = false
	return nil
}

// asksParents says whether the records are asked for parent by parent.
func (r *reading) asksParents() bool {
	return r.stream.perParent() || r.stream.oneRoom != "" && len(r.source.Rooms) > 0
}

// since is where a walk begins; zero for the beginning.
func (r *reading) since(p *place) time.Time {
	switch {
	case r.state.CatchUp && !p.Seen.At.IsZero() && !r.asksParents():
		return p.Seen.At
	case !r.stream.Incremental():
		return time.Time{}
	case p.Done.IsZero():
		return r.source.Since
	}
	return p.Done.Add(-r.stream.lookBack)
}

// give hands a page out, with the state as it is now.
func (r *reading) give(records []Record, done bool) error {
	if n := r.source.api.renewed.Load(); n > r.renewed {
		r.renewed = n
		r.notes = append(r.notes, Note{Kind: Renewed})
	}
	page := Page{Stream: r.stream.Name, Records: records, State: r.state.text(), Done: done, Notes: r.notes}
	r.given, r.notes = page.State, nil
	if !r.yield(page, nil) {
		return errStopped
	}
	return nil
}

// maxNotes bounds how many causes are remembered, so as to be noted once.
const maxNotes = 10_000

func (r *reading) note(n Note) {
	if r.noted[n] {
		return
	}
	if len(r.noted) < maxNotes {
		r.noted[n] = true
	}
	r.notes = append(r.notes, n)
}

// judgeKey notes a record without a key, and a key that stands for two records.
func (r *reading) judgeKey(record Record) {
	if record.Key == "" {
		r.note(Note{Kind: NoKey})
		return
	}
	if r.keys.differs(record) {
		r.notes = append(r.notes, Note{Kind: DuplicateKey, Parent: record.Key})
	}
}

// recent remembers the last records by their hashes: as many as a megabyte holds, so
// that memory stays bounded.
type recent struct{ slots *[1 << 16][2]uint64 }

var seed = maphash.MakeSeed()

// differs says whether another record of that key was met.
func (r *recent) differs(record Record) bool {
	if r.slots == nil {
		r.slots = new([1 << 16][2]uint64)
	}
	key, data := maphash.String(seed, record.Key), maphash.Bytes(seed, record.Data)
	slot := &r.slots[key%uint64(len(r.slots))]
	other := slot[0] == key && slot[1] != data
	*slot = [2]uint64{key, data}
	return other
}

// judgeWorkspace binds the state to the workspace of its records, or of the token if
// records do not name it.
func (r *reading) judgeWorkspace(account string) error {
	if account == "" {
		if r.state.Workspace != "" && r.stream.account != "" {
			return nil // this record does not say
		}
		token, err := r.source.Client.Source.Token(r.ctx)
		if err != nil {
			return ofCall(err)
		}
		account = connector.Inspect(token.Reveal()).AccessKey
	}
	if r.state.Workspace == "" {
		r.state.Workspace = account
	}
	if account != "" && account != r.state.Workspace {
		return errWorkspace(r.state.Workspace, account)
	}
	return nil
}

// refused judges the refusal of a whole list. again says that another token may do
// better.
func (r *reading) refused(err error) (again bool, _ error) {
	if statusOf(err) != http.StatusForbidden {
		return false, err
	}
	if again, fault := r.judge(err); again || fault != nil {
		return again, fault
	}
	return false, err
}

// judge says whether the credential is at fault where a path was refused: then that is
// the error. One path that every good token may ask decides it. again says that the token
// is another one by now than the one that was refused.
//
// It is asked once for each token; of the analytics every time, for they alone answer a
// token that has died with a 403 too.
func (r *reading) judge(refusal error) (again bool, err error) {
	token, err := r.source.Client.Source.Token(r.ctx)
	if err != nil {
		return false, ofCall(err)
	}
	if token != r.cleared || strings.HasPrefix(r.stream.Path, "/analytics") {
		if token, err = r.clear(); err != nil {
			return false, err
		}
	}
	fault, ok := errors.AsType[*Error](refusal)
	return ok && fault.sent != hashOf(token), nil
}

// clear makes the call that every good token may make, and returns the token that it was
// made with.
func (r *reading) clear() (connector.Secret, error) {
	if err := r.source.api.clear(r.ctx, r.source.terms()); err != nil {
		return "", err
	}
	token, err := r.source.Client.Source.Token(r.ctx)
	if err != nil {
		return "", ofCall(err)
	}
	r.cleared = token
	return token, nil
}

func hashOf(token connector.Secret) uint64 { return maphash.String(seed, token.Reveal()) }

// learnTime makes sure that the API's clock is known, for what it takes times for.
func (r *reading) learnTime() error {
	if r.source.api.answered.Load() {
		return nil
	}
	_, err := r.clear()
	return err
}
