package webhook

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/100ms-connector/connector-go/connector/exchange/sink/tables"
)

// Table is a Store in a database: a row of webhook_events for each event. Events that come
// at the same time are committed together, and nobody waits for company. It is safe for
// concurrent use, also by several processes.
type Table struct {
	db      *sql.DB
	dialect *tables.Dialect

	mu      sync.Mutex
	waiting []*put
	writing bool // a goroutine takes what is waiting, and ends once nothing is
	writer  sync.WaitGroup
}

// put is one event that waits.
type put struct {
	event Event
	over  chan struct{}
	fresh bool
	err   error
}

// mostAtOnce is how many events one transaction has. SQLite takes 32,766 arguments of a
// statement.
const mostAtOnce = 500

var statements = []string{
	`CREATE TABLE IF NOT EXISTS webhook_events (
	id          TEXT PRIMARY KEY,
	type        TEXT,
	timestamp   {moment},
	received_at {moment} NOT NULL,
	is_replay   BOOLEAN NOT NULL,
	room_id     TEXT,
	session_id  TEXT,
	body        {json} NOT NULL
)`,
	`CREATE INDEX IF NOT EXISTS webhook_events_received_at ON webhook_events (received_at)`,
	// From when on events may be missing, which no replay has been asked for.
	`CREATE TABLE IF NOT EXISTS webhook_gaps (since {moment} NOT NULL)`,
}

// Open makes the tables webhook_events and webhook_gaps, if there are none. The database
// stays the caller's, to close after Close.
func Open(ctx context.Context, db *sql.DB, dialect *tables.Dialect) (*Table, error) {
	t := &Table{db: db, dialect: dialect}
	return t, t.transaction(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, statement := range statements {
			if _, err := tx.ExecContext(ctx, dialect.SQL(statement)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Close waits until what is waiting is stored.
func (t *Table) Close() { t.writer.Wait() }

// Put stores an event. Once ctx ends nobody waits for it any more, but it may be stored
// all the same. The error is the database's.
func (t *Table) Put(ctx context.Context, event Event) (fresh bool, err error) {
	p := &put{event: event, over: make(chan struct{})}
	t.mu.Lock()
	t.waiting = append(t.waiting, p)
	if !t.writing {
		t.writing = true
		t.writer.Go(t.write)
	}
	t.mu.Unlock()
	select {
	case <-p.over:
		return p.fresh, p.err
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// write stores what is waiting, until nothing is. While one group is committed the next
// one gathers.
func (t *Table) write() {
	for {
		t.mu.Lock()
		group := t.waiting
		if len(group) > mostAtOnce {
			group = group[:mostAtOnce:mostAtOnce]
		}
		t.waiting = t.waiting[len(group):]
		if t.writing = len(group) > 0; !t.writing {
			t.waiting = nil // gives the memory of a burst back
		}
		t.mu.Unlock()
		if len(group) == 0 {
			return
		}
		// The senders are many, so that none of their contexts is the group's.
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		t.store(ctx, group)
		cancel()
	}
}

// store commits a group. The order is that of the ids: two processes that get the same
// events never wait for each other.
func (t *Table) store(ctx context.Context, group []*put) {
	slices.SortStableFunc(group, func(a, b *put) int { return cmp.Compare(a.event.ID, b.event.ID) })
	rows := slices.CompactFunc(slices.Clone(group), func(a, b *put) bool { return a.event.ID == b.event.ID })
	fresh := make(map[string]bool, len(rows))
	err := t.transaction(ctx, func(ctx context.Context, tx *sql.Tx) error { return t.insert(ctx, tx, rows, fresh) })
	for _, p := range group {
		if p.err = err; err == nil {
			p.fresh = fresh[p.event.ID]
			delete(fresh, p.event.ID) // its doubles in the group are not
		}
		close(p.over)
	}
}

const columns = `(id, type, timestamp, received_at, is_replay, room_id, session_id, body)`

// insert adds the rows whose ids are not there, and notes which those were.
func (t *Table) insert(ctx context.Context, tx *sql.Tx, rows []*put, fresh map[string]bool) error {
	args := make([]any, 0, 8*len(rows))
	for _, p := range rows {
		e := p.event
		args = append(args, e.ID, orNull(e.Type), t.moment(e.Timestamp), t.moment(e.Received), e.Replay, orNull(e.RoomID), orNull(e.SessionID), string(e.Body))
	}
	places := strings.TrimSuffix(strings.Repeat(`(?, ?, ?, ?, ?, ?, ?, ?), `, len(rows)), ", ")
	found, err := tx.QueryContext(ctx, t.dialect.SQL(`INSERT INTO webhook_events `+columns+` VALUES `+places+` ON CONFLICT (id) DO NOTHING RETURNING id`), args...)
	if err != nil {
		return err
	}
	defer found.Close()
	for found.Next() {
		var id string
		if err := found.Scan(&id); err != nil {
			return err
		}
		fresh[id] = true
	}
	return errors.Join(found.Err(), found.Close())
}

// Reach is how far back a replay goes (100ms docs).
const Reach = 30 * 24 * time.Hour

// Gap says from when on events may be missing: since the last one that was stored before
// the first call after CloseGap. If there was none, it is as far back as a replay goes.
func (t *Table) Gap(ctx context.Context) (since time.Time, err error) {
	err = t.transaction(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if since, err = first(ctx, tx, `SELECT since FROM webhook_gaps ORDER BY since LIMIT 1`); err != nil || !since.IsZero() {
			return err
		}
		since, err = first(ctx, tx, `SELECT received_at FROM webhook_events ORDER BY received_at DESC LIMIT 1`)
		if err != nil {
			return err
		}
		if since.IsZero() {
			since = time.Now().Add(-Reach)
		}
		_, err = tx.ExecContext(ctx, t.dialect.SQL(`INSERT INTO webhook_gaps (since) VALUES (?)`), t.dialect.Time(since))
		return err
	})
	return since, err
}

// CloseGap says that what was missing has come.
func (t *Table) CloseGap(ctx context.Context) error {
	return t.transaction(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM webhook_gaps`)
		return err
	})
}

// first reads a time; zero if there is none.
func first(ctx context.Context, tx *sql.Tx, query string) (time.Time, error) {
	var found any
	err := tx.QueryRowContext(ctx, query).Scan(&found)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	if at, ok := found.(time.Time); ok {
		return at, nil
	}
	var text sql.NullString // SQLite has no times
	if err := text.Scan(found); err != nil {
		return time.Time{}, err
	}
	return time.Parse(time.RFC3339, text.String)
}

// transaction does something in a transaction that is durable once it is committed.
func (t *Table) transaction(ctx context.Context, do func(context.Context, *sql.Tx) error) error {
	connection, err := t.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer connection.Close() // it goes back to the pool
	if t.dialect.Durable != "" {
		if _, err := connection.ExecContext(ctx, t.dialect.Durable); err != nil {
			return err
		}
	}
	return t.dialect.Transaction(ctx, connection, do)
}

func (t *Table) moment(at time.Time) any {
	if at.IsZero() {
		return nil
	}
	return t.dialect.Time(at)
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}
