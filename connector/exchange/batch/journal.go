package batch

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/gofrs/flock"

	"github.com/100ms-connector/connector-go/connector/exchange"
)

// ErrJournal is the error about a journal that does not belong to the file, is damaged,
// or is in use.
var ErrJournal = errors.New("the journal cannot be used")

// started is the status of a record whose writing began.
const started exchange.Status = "started"

// entry is a line of a journal.
type entry struct {
	exchange.Ack
	Sum string `json:"sha256"`
}

// Journal is a file that says what became of each record of a Batch. It implements
// exchange.Journal, and is safe for concurrent use.
type Journal struct {
	records []Record
	file    *os.File
	lock    *flock.Flock
	earlier map[int]exchange.Ack // by the record's number; of those that only began with the status started

	mu      sync.Mutex
	written int // entries that were written

	syncing sync.Mutex
	synced  int // entries of which it is known that they are on disk
}

// OpenJournal opens the journal of a file, or makes it. One process has it at a time. The
// caller closes it. The error is ErrJournal, or one of the file.
func OpenJournal(path string, of *Batch) (*Journal, error) {
	j := &Journal{records: of.Records, lock: flock.New(path+".lock", flock.SetPermissions(0o600)), earlier: map[int]exchange.Ack{}}
	switch locked, err := j.lock.TryLock(); {
	case err != nil:
		return nil, err
	case !locked:
		return nil, fmt.Errorf("%w: another process writes %s", ErrJournal, path)
	}
	var err error
	if j.file, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600); err == nil {
		err = j.read()
	}
	if err != nil {
		return nil, errors.Join(err, j.Close())
	}
	return j, nil
}

// Earlier implements exchange.Journal.
func (j *Journal) Earlier(record int) (ack *exchange.Ack, began bool) {
	last, ok := j.earlier[record]
	if !ok || last.Status == started {
		return nil, ok
	}
	return &last, true
}

// Acked says whether an earlier run left an ack of a record.
func (j *Journal) Acked(record int) bool {
	ack, _ := j.Earlier(record)
	return ack != nil
}

// Begin implements exchange.Journal: it returns once the entry is on disk. Those that
// wait at the same time are waited for together.
func (j *Journal) Begin(record int) error {
	n, err := j.append(record, exchange.Ack{Status: started})
	if err != nil {
		return err
	}
	j.syncing.Lock()
	defer j.syncing.Unlock()
	if j.synced >= n {
		return nil
	}
	j.mu.Lock()
	n = j.written
	j.mu.Unlock()
	if err := j.file.Sync(); err != nil {
		return err
	}
	j.synced = n
	return nil
}

// End implements exchange.Journal. An entry that is lost with the machine's power leaves
// a record that began, which is looked up.
func (j *Journal) End(record int, ack exchange.Ack) error {
	_, err := j.append(record, ack)
	return err
}

func (j *Journal) append(record int, ack exchange.Ack) (n int, err error) {
	of := j.records[record-1]
	ack.Line = of.Line
	text, err := json.Marshal(entry{ack, hex.EncodeToString(of.Sum[:])})
	if err != nil {
		return 0, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.written++
	_, err = j.file.Write(append(text, '\n'))
	return j.written, err
}

// Close waits until all is on disk.
func (j *Journal) Close() error {
	var err error
	if j.file != nil {
		err = errors.Join(j.file.Sync(), j.file.Close())
	}
	return errors.Join(err, j.lock.Close())
}

// read reads what earlier runs left, and takes off the half line that a kill leaves.
func (j *Journal) read() error {
	numbers := make(map[int]int, len(j.records))
	for i, r := range j.records {
		numbers[r.Line] = i + 1
	}
	lines := bufio.NewReader(j.file)
	whole := int64(0)
	var first int // the line of the records that the fault is about
	var fault error
	for at := 1; ; at++ {
		text, err := line(lines)
		if err == io.EOF && fault != nil {
			return fault
		}
		if err == io.EOF {
			return j.file.Truncate(whole)
		}
		if err != nil {
			return fmt.Errorf("%w: line %d of it is damaged", ErrJournal, at)
		}
		whole += int64(len(text))
		var e entry
		if json.Unmarshal(text, &e) != nil || e.Line < 1 || e.Status == "" {
			return fmt.Errorf("%w: line %d of it is damaged, or it is another file", ErrJournal, at)
		}
		n, known := numbers[e.Line]
		why := ""
		switch {
		case !known:
			why = "it has line %d, of which the records have no valid one: it belongs to another file"
		case !strings.EqualFold(e.Sum, hex.EncodeToString(j.records[n-1].Sum[:])):
			why = "line %d of the records has changed since it was written"
		default:
			j.earlier[n] = e.Ack
		}
		// Entries stand in the order in which records ended, which differs from run to
		// run; the first line of the records is told.
		if why != "" && (first == 0 || e.Line < first) {
			first, fault = e.Line, fmt.Errorf("%w: "+why, ErrJournal, e.Line)
		}
	}
}

// line reads one line with its end; io.EOF is the end, or a line without its end.
func line(from *bufio.Reader) ([]byte, error) {
	var text []byte
	for {
		part, err := from.ReadSlice('\n')
		text = append(text, part...)
		switch {
		case err == nil:
			return text, nil
		case err != bufio.ErrBufferFull:
			return nil, err
		case len(text) > exchange.MaxRecord:
			return nil, ErrJournal
		}
	}
}
